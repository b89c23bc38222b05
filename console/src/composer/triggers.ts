/** What is being typed with a sign before it: where it starts, and what follows the sign up to the caret, in lower case. */
export interface Typed {
  sign: '@' | '#' | ':' | '/'
  start: number
  query: string
}

/** No name is longer, and of a long text nothing else has to be looked at. */
const reach = 100
const before = '(?:^|[\\s([{"\'“‘（，。、：；])'
const signs: [sign: Typed['sign'], pattern: RegExp][] = [
  ['@', new RegExp(`${before}@([\\p{L}\\p{N}._-]{0,32})$`, 'u')],
  // A heading begins with the same sign, so the list opens with the first letter only.
  ['#', new RegExp(`${before}#([\\p{L}\\p{N}][\\p{L}\\p{N}._-]{0,79})$`, 'u')],
  // Two letters: `:)` and `12:3` are none.
  [':', new RegExp(`${before}:([\\p{L}\\p{N}+-][\\p{L}\\p{N}_+-]{1,40})$`, 'u')],
]

/** What is being typed at `caret`. A sign inside a word, an address or a time is none. */
export function typedAt(text: string, caret: number): Typed | undefined {
  const command = caret <= 20 ? /^\/([a-z]*)$/i.exec(text.slice(0, caret)) : null
  if (command) return { sign: '/', start: 0, query: (command[1] ?? '').toLowerCase() }
  const from = Math.max(0, caret - reach)
  const near = text.slice(from, caret)
  for (const [sign, pattern] of signs) {
    const match = pattern.exec(near)
    if (!match || (from > 0 && match.index === 0 && match[0].startsWith(sign))) continue
    const query = match[1] ?? ''
    return { sign, start: caret - query.length - 1, query: query.toLowerCase() }
  }
  return undefined
}

/** Puts what was chosen in the place of what was typed. `caret` is where writing goes on. */
export function replaceTyped(text: string, typed: Typed, chosen: string): { text: string; caret: number } {
  const end = typed.start + 1 + typed.query.length
  const rest = text.slice(end)
  const spaced = /^\s/.test(rest)
  const inserted = `${chosen}${spaced ? '' : ' '}`
  return {
    text: text.slice(0, typed.start) + inserted + rest,
    caret: typed.start + inserted.length + (spaced ? 1 : 0),
  }
}
