/** A word as it is looked up, and where it stands in the text. */
export interface Token {
  text: string
  /** UTF-16 offsets. */
  start: number
  end: number
}

/** Letters and digits with their marks; scripts that put no spaces between words are cut out of it below. */
const RUN = /[\p{L}\p{N}][\p{L}\p{N}\p{M}]*/gu
const UNSPACED =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}\u30fc]+/gu
const LATIN_MARKS = /[\u0300-\u036f]/g
const NOT_WORD = /[^\p{L}\p{N}\p{M}]/gu

/** A longer word is found by its beginning: nobody types more. */
const MAX_WORD = 40
/**
 * UTF-16 units of a word that are folded: enough for the letters above with their marks. Putting marks in order takes time that grows
 * with the square of how many stand together, and nothing keeps anybody from writing only marks.
 */
const MAX_FOLDED = 8 * MAX_WORD
/** Words of one document that are looked at; PostgreSQL keeps no positions beyond 16,383. */
const MAX_TOKENS = 12_000

const fold = (word: string): string =>
  word.normalize('NFKD').replace(LATIN_MARKS, '').normalize('NFKC').toLowerCase().replace(NOT_WORD, '')

/**
 * The words of a text in order. Chinese, Japanese, Korean and other text without spaces becomes pairs of neighbouring characters,
 * so that any two of them that follow each other are found; a character that stands alone is a word of its own.
 */
export function tokenise(text: string, max = MAX_TOKENS): Token[] {
  const tokens: Token[] = []
  for (const run of text.matchAll(RUN)) {
    if (tokens.length >= max) break
    let at = 0
    for (const part of run[0].matchAll(UNSPACED)) {
      addWord(tokens, run[0].slice(at, part.index), run.index + at)
      addPairs(tokens, part[0], run.index + part.index)
      at = part.index + part[0].length
    }
    addWord(tokens, run[0].slice(at), run.index + at)
  }
  return tokens.length > max ? tokens.slice(0, max) : tokens
}

function addWord(tokens: Token[], word: string, start: number): void {
  const text = [...fold(word.slice(0, MAX_FOLDED))].slice(0, MAX_WORD).join('')
  if (text) tokens.push({ text, start, end: start + word.length })
}

function addPairs(tokens: Token[], run: string, start: number): void {
  const characters = [...run]
  if (characters.length === 1) return addWord(tokens, run, start)
  let at = start
  for (const [i, character] of characters.entries()) {
    const next = characters[i + 1]
    if (next === undefined) return
    const text = fold(character + next)
    if (text) tokens.push({ text, start: at, end: at + character.length + next.length })
    at += character.length
  }
}

/** The single characters of what `tokenise` pairs up, each once: what a search for one character finds. */
export function characters(text: string, max = MAX_TOKENS): string[] {
  const found = new Set<string>()
  for (const run of text.matchAll(UNSPACED))
    for (const character of run[0]) {
      if (found.size >= max) return [...found]
      const folded = fold(character)
      if (folded) found.add(folded)
    }
  return [...found]
}
