import type { SearchKind } from '@shared/contract'

/** The filters that a search may hold, and what each may be when that is a short list. */
export const FILTERS = {
  from: null,
  in: null,
  has: ['link', 'code', 'file', 'image'],
  is: ['message', 'task', 'file'],
  kind: ['note', 'decision', 'blocker', 'status'],
  before: null,
  after: null,
} as const
export type Filter = keyof typeof FILTERS
const isFilter = (name: string): name is Filter => Object.hasOwn(FILTERS, name)

/** One part of what somebody typed: a filter, or a word. */
export interface Part {
  filter: Filter | undefined
  /** Without quotation marks. */
  value: string
  /** As typed, and where. */
  text: string
  start: number
  end: number
}

const PART = /([a-z]+):(?=\s|$)|-?(?:([a-z]+):)?(?:"([^"]*)"?|(\S+))/giu

export function partsOf(text: string): Part[] {
  return [...text.matchAll(PART)].map((match) => {
    const [whole, bare, name, quoted, plain] = match
    const filter = (bare ?? name ?? '').toLowerCase()
    const known = isFilter(filter)
    return {
      filter: known ? filter : undefined,
      value: known ? (quoted ?? plain ?? '') : whole,
      text: whole,
      start: match.index,
      end: match.index + whole.length,
    }
  })
}

/** The filters of a search that have a value. */
export const filtersOf = (text: string): (Part & { filter: Filter })[] =>
  partsOf(text).flatMap((part) => (part.filter && part.value ? [{ ...part, filter: part.filter }] : []))

const quotedIfNeeded = (value: string) => (/\s/.test(value) ? `"${value.replaceAll('"', '')}"` : value)

/** `text` with this filter at its end. One of the same kind that can only be once is replaced. */
export function withFilter(text: string, filter: Filter, value: string): string {
  const once = filter === 'before' || filter === 'after' || filter === 'is'
  const parts = partsOf(text).filter(
    (part) => part.filter !== filter || (!once && part.value !== '' && part.value !== value),
  )
  return [...parts.map((part) => part.text), `${filter}:${quotedIfNeeded(value)}`].join(' ')
}

/** `text` without one of its parts. */
export const without = (text: string, part: Part): string =>
  `${text.slice(0, part.start)}${text.slice(part.end)}`.replace(/\s+/g, ' ').trim()

/** The filter that the caret stands in, and how far its value is written; undefined in a word. */
export function filterAt(text: string, caret: number): (Part & { filter: Filter }) | undefined {
  const part = partsOf(text).find(({ start, end }) => start < caret && caret <= end)
  return part?.filter ? { ...part, filter: part.filter } : undefined
}

const kinds: Record<string, SearchKind> = { message: 'message', task: 'task', file: 'attachment' }

export interface Request {
  q: string
  kinds: string | undefined
}

/** What the server is asked: `is:` goes into a field of its own. Undefined while there is nothing to look for. */
export function requestOf(text: string): Request | undefined {
  const parts = partsOf(text)
  const q = parts
    .filter(({ filter, value }) => filter !== 'is' && !(filter && value === ''))
    .map(({ text }) => text)
    .join(' ')
  const is = parts.flatMap(({ filter, value }) => (filter === 'is' ? (kinds[value.toLowerCase()] ?? []) : []))
  return q ? { q, kinds: is.length > 0 ? [...new Set(is)].join(',') : undefined } : undefined
}

/** What `is:` may not be, to be said beside the field. */
export const unknownIs = (text: string): string | undefined =>
  partsOf(text).find(({ filter, value }) => filter === 'is' && value !== '' && !kinds[value.toLowerCase()])?.value

/** A text in pieces: what was found in it, and what stands between. */
export function marked(
  text: string,
  highlights: readonly (readonly [number, number])[],
): { text: string; found: boolean }[] {
  const pieces: { text: string; found: boolean }[] = []
  let from = 0
  for (const [start, end] of highlights) {
    if (start < from || end > text.length) continue
    if (start > from) pieces.push({ text: text.slice(from, start), found: false })
    pieces.push({ text: text.slice(start, end), found: true })
    from = end
  }
  if (from < text.length) pieces.push({ text: text.slice(from), found: false })
  return pieces
}
