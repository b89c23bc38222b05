import { NekodeError } from '@shared/errors'
import { tokenise } from './tokens'

/** Words that stand next to each other, in this order. */
export interface Clause {
  words: string[]
  /** The last word may go on. Only of a single word. */
  prefix: boolean
}

/** What somebody typed into a search field. */
export interface SearchQuery {
  all: Clause[]
  none: Clause[]
  /** Names as typed, without their sign. */
  from: string[]
  in: string[]
  has: Has[]
  kind: string[]
  /** Unix milliseconds; what was made before this, and at or after that. */
  before: number | null
  after: number | null
}

export const HAS = ['link', 'code', 'file', 'image'] as const
export type Has = (typeof HAS)[number]

/** A word shorter than this is looked for as it is: too much begins with it. */
const PREFIX_LENGTH = 3
const MAX_CLAUSES = 16
const PART = /(-?)(?:([a-z]+):)?(?:"([^"]*)"?|(\S+))/giu

/**
 * Reads `deploy "exact words" -not from:@ada in:#general has:link before:2026-01-31 after:2026-01-01 kind:decision`.
 * A day means midnight UTC. Throws `invalid` with code `invalid_search` and what to write instead.
 */
export function parseQuery(text: string): SearchQuery {
  const query: SearchQuery = { all: [], none: [], from: [], in: [], has: [], kind: [], before: null, after: null }
  for (const [part, minus, name, quoted, plain] of text.matchAll(PART)) {
    const value = quoted ?? plain ?? ''
    if (name !== undefined && readFilter(query, name.toLowerCase(), value, minus === '-')) continue
    const clauses = name === undefined ? clausesOf(value, quoted !== undefined) : clausesOf(part, false)
    for (const clause of clauses) (minus ? query.none : query.all).push(clause)
  }
  if (query.all.length + query.none.length > MAX_CLAUSES)
    throw invalid(`A search has ${MAX_CLAUSES} words at most.`, 'Leave out the common ones.')
  const filters = query.from.length + query.in.length + query.has.length + query.kind.length
  if (query.all.length + filters === 0 && query.before === null && query.after === null)
    throw invalid('There is no word to look for.', 'Give a word, or a filter such as from:@ada or in:#general.')
  return query
}

function clausesOf(value: string, quoted: boolean): Clause[] {
  const words = tokenise(value).map((token) => token.text)
  const [only] = words
  if (only === undefined) return []
  // What was typed without a space (`foo_bar`, `10.0.0.1`, 部署失败) is meant as one thing.
  if (quoted || words.length > 1) return [{ words, prefix: false }]
  return [{ words, prefix: [...only].length >= PREFIX_LENGTH }]
}

/** @returns false when this is no filter, but a word with a colon */
function readFilter(query: SearchQuery, name: string, value: string, negated: boolean): boolean {
  if (!['from', 'in', 'has', 'kind', 'before', 'after'].includes(name) || value === '') return false
  if (negated) throw invalid(`“-${name}:” is not possible.`, 'Leave words out with -word.')
  switch (name) {
    case 'from':
      query.from.push(value.replace(/^@/, ''))
      break
    case 'in':
      query.in.push(/^(#|dm:)/.test(value) ? value : `#${value}`)
      break
    case 'has': {
      const has = HAS.find((one) => one === value.toLowerCase().replace(/s$/, ''))
      if (!has) throw invalid(`There is no “has:${value}”.`, `Use one of ${HAS.map((h) => `has:${h}`).join(', ')}.`)
      query.has.push(has)
      break
    }
    case 'kind':
      query.kind.push(value.toLowerCase().slice(0, 32))
      break
    case 'before':
      query.before = timeOf(name, value)
      break
    default:
      query.after = timeOf(name, value)
  }
  return true
}

function timeOf(name: string, value: string): number {
  const time = /^\d{4}-\d{2}(-\d{2})?(T[\d:.]+(Z|[+-]\d{2}:\d{2})?)?$/.test(value) ? Date.parse(value) : Number.NaN
  if (Number.isNaN(time)) throw invalid(`“${name}:${value}” is no date.`, `Write it as ${name}:2026-01-31.`)
  return time
}

const invalid = (message: string, next: string): NekodeError =>
  new NekodeError('invalid', message, { code: 'invalid_search', next })
