/** A text with what is selected in it. */
export interface Selected {
  text: string
  start: number
  end: number
}

const marks = { bold: '**', italic: '_', code: '`', strike: '~~' } as const
export type Format = keyof typeof marks | 'link' | 'quote' | 'list'

/** Puts Markdown around what is selected, or takes it away again where it is there already. The selection stays on the same words. */
export function format({ text, start, end }: Selected, kind: Format): Selected {
  if (kind === 'link') return link({ text, start, end })
  if (kind === 'quote') return lines({ text, start, end }, '> ')
  if (kind === 'list') return lines({ text, start, end }, '- ')
  const chosen = text.slice(start, end)
  if (kind === 'code' && chosen.includes('\n')) return block({ text, start, end })
  const mark = marks[kind]
  const length = mark.length
  if (text.slice(start - length, start) === mark && text.slice(end, end + length) === mark)
    return {
      text: text.slice(0, start - length) + chosen + text.slice(end + length),
      start: start - length,
      end: end - length,
    }
  return {
    text: text.slice(0, start) + mark + chosen + mark + text.slice(end),
    start: start + length,
    end: end + length,
  }
}

/** `[words](address)`: the part that is missing is selected, to be written next. */
function link({ text, start, end }: Selected): Selected {
  const chosen = text.slice(start, end)
  const isAddress = /^https?:\/\/\S+$/i.test(chosen)
  const [words, address] = isAddress ? ['', chosen] : [chosen, 'https://']
  const made = `[${words}](${address})`
  const at = isAddress ? start + 1 : start + words.length + 3
  return { text: text.slice(0, start) + made + text.slice(end), start: at, end: isAddress ? at : at + address.length }
}

function block({ text, start, end }: Selected): Selected {
  const opening = `${start > 0 && text[start - 1] !== '\n' ? '\n' : ''}\`\`\`\n`
  const closing = `${text[end - 1] === '\n' ? '' : '\n'}\`\`\`${text[end] === '\n' || end === text.length ? '' : '\n'}`
  return {
    text: text.slice(0, start) + opening + text.slice(start, end) + closing + text.slice(end),
    start: start + opening.length,
    end: end + opening.length,
  }
}

/** Each line that is touched begins with `sign`, or none does any more when all did. */
function lines({ text, start, end }: Selected, sign: string): Selected {
  const from = text.lastIndexOf('\n', start - 1) + 1
  const after = text.indexOf('\n', end)
  const to = after < 0 ? text.length : after
  const rows = text.slice(from, to).split('\n')
  const all = rows.every((row) => row.startsWith(sign))
  const changed = rows.map((row) => (all ? row.slice(sign.length) : sign + row)).join('\n')
  return { text: text.slice(0, from) + changed + text.slice(to), start: from, end: from + changed.length }
}

/** Goes on with a list or a quotation on the next line; undefined where the caret stands in none. An empty item ends the list. */
export function nextLine({ text, start, end }: Selected): Selected | undefined {
  if (start !== end) return undefined
  const from = text.lastIndexOf('\n', start - 1) + 1
  const match = /^(\s*)([-*+] (?:\[[ x]\] )?|(\d{1,4})([.)]) |> )/i.exec(text.slice(from, start))
  if (!match) return undefined
  const [all, indent = '', sign = '', number, dot = '.'] = match
  if (text.slice(from, start).trim() === all.trim())
    return { text: text.slice(0, from) + text.slice(start), start: from, end: from }
  const next = number ? `${Number(number) + 1}${dot} ` : sign.replace(/\[x\]/i, '[ ]')
  const inserted = `\n${indent}${next}`
  const at = start + inserted.length
  return { text: text.slice(0, start) + inserted + text.slice(end), start: at, end: at }
}

/** Somebody's words before an answer to them. Goes behind what is written already. */
export function quoted(text: string, words: string): string {
  const quotation = words
    .trim()
    .split('\n')
    .map((line) => `> ${line}`.trimEnd())
    .join('\n')
  const before = text.trimEnd()
  return `${before ? `${before}\n\n` : ''}${quotation}\n\n`
}
