import { NekodeError } from '@shared/errors'

/**
 * The words of a line, as a POSIX shell has them: quotes of both kinds, a backslash before any character (in double quotes only before `"`,
 * `\`, `$` and `` ` ``), and comments from a `#` at the start of a word. Nothing is expanded.
 * @throws NekodeError invalid `quote_open`
 */
export function wordsOf(line: string): string[] {
  const words: string[] = []
  let word: string | undefined
  for (let at = 0; at < line.length; at++) {
    const character = line.charAt(at)
    if (/\s/.test(character)) {
      if (word !== undefined) words.push(word)
      word = undefined
    } else if (character === '#' && word === undefined) break
    else if (character === "'" || character === '"') {
      const { text, end } = quoted(line, at)
      word = (word ?? '') + text
      at = end
    } else if (character === '\\') {
      at += 1
      if (at >= line.length) throw open(line, 'a backslash', 'Write two of them for one.')
      word = (word ?? '') + line.charAt(at)
    } else word = (word ?? '') + character
  }
  return word === undefined ? words : [...words, word]
}

function quoted(line: string, start: number): { text: string; end: number } {
  const quote = line.charAt(start)
  let text = ''
  for (let at = start + 1; at < line.length; at++) {
    const character = line.charAt(at)
    if (character === quote) return { text, end: at }
    const next = line.charAt(at + 1)
    if (quote === '"' && character === '\\' && /["\\$`]/.test(next)) {
      text += next
      at += 1
    } else text += character
  }
  throw open(
    line,
    quote === '"' ? 'a double quote' : 'an apostrophe',
    `Close it, or write \\${quote} for the sign itself.`,
  )
}

const open = (line: string, what: string, next: string): NekodeError =>
  new NekodeError('invalid', `The line ends in the middle of ${what}: ${line.trim().slice(0, 80)}`, {
    code: 'quote_open',
    next,
  })
