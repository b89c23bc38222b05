import type { Clause } from './query'
import { tokenise, type Token } from './tokens'

/** Text of one document that is looked at when matches are put in order. */
const MAX_TEXT = 20_000
const MONTH = 30 * 86_400_000

export interface Match {
  /** How well a text fits; only the order means something. */
  score: number
  /** UTF-16 offsets of what matched, in order, without overlaps. */
  ranges: [number, number][]
}

/**
 * How well a text that has all the words fits: whole words before beginnings, many before few, short texts before long ones,
 * words that stand together before words far apart, and among equals the newer one.
 * @param age milliseconds
 */
export function match(text: string, clauses: readonly Clause[], age: number): Match {
  const tokens = tokenise(text.slice(0, MAX_TEXT))
  const ranges: [number, number][] = []
  const firsts: number[] = []
  let score = 0
  for (const clause of clauses) {
    let weight = 0
    for (const [at, token] of tokens.entries()) {
      const fit = fits(tokens, at, clause)
      if (fit === 0) continue
      weight += fit
      if (firsts.length === 0 || weight === fit) firsts.push(at)
      ranges.push([token.start, (tokens[at + clause.words.length - 1] ?? token).end])
    }
    score += (weight * 2.2) / (weight + 1.2)
  }
  const spread = firsts.length > 1 ? Math.max(...firsts) - Math.min(...firsts) : 0
  const near = clauses.length > 1 ? clauses.length / (clauses.length + spread) : 0
  const brief = 1 / (1 + Math.log1p(tokens.length / 50))
  return { score: (score + near) * (0.6 + 0.4 * brief) * (1 + 0.5 * Math.exp(-age / MONTH)), ranges: joined(ranges) }
}

/** 1 for the words as they are, less for a beginning, 0 for something else. */
function fits(tokens: readonly Token[], at: number, { words, prefix }: Clause): number {
  const [only] = words
  const token = tokens[at]
  if (token === undefined || only === undefined) return 0
  if (words.length > 1) return words.every((word, i) => tokens[at + i]?.text === word) ? words.length : 0
  if (token.text === only) return 1
  // A single character of a script without spaces is looked for inside the pairs.
  if (prefix ? token.text.startsWith(only) : only.length <= 2 && !isLatin(only) && token.text.includes(only)) return 0.5
  return 0
}

const isLatin = (word: string): boolean => /^[a-z0-9]/.test(word)

function joined(ranges: [number, number][]): [number, number][] {
  const out: [number, number][] = []
  for (const [start, end] of ranges.toSorted((a, b) => a[0] - b[0])) {
    const last = out.at(-1)
    if (last && start <= last[1]) last[1] = Math.max(last[1], end)
    else out.push([start, end])
  }
  return out
}

const SNIPPET = 200

/** The part of a text around its first match, on one line, with what matched in it. */
export function snippetOf(
  text: string,
  ranges: readonly [number, number][],
): { text: string; ranges: [number, number][] } {
  const first = ranges[0]?.[0] ?? 0
  let start = Math.max(0, first - 60)
  if (start > 0) {
    const space = text.indexOf(' ', start)
    start = space >= 0 && space < first ? space + 1 : wholeFrom(text, start)
  }
  const end = wholeFrom(text, Math.min(text.length, start + SNIPPET))
  const before = start > 0 ? '…' : ''
  const shift = before.length - start
  return {
    text: before + text.slice(start, end).replace(/\s/g, ' ') + (end < text.length ? '…' : ''),
    ranges: ranges
      .filter(([from, to]) => from >= start && to <= end)
      .map(([from, to]): [number, number] => [from + shift, to + shift]),
  }
}

/** Does not cut a pair of surrogates in two. */
const wholeFrom = (text: string, at: number): number => (/[\udc00-\udfff]/.test(text[at] ?? '') ? at + 1 : at)
