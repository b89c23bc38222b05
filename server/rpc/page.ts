import type { MessageInitShape } from '@bufbuild/protobuf'
import { NekodeError } from '@shared/errors'
import type { EventCursor, EventCursorSchema } from '@shared/gen/nekode/daemon/v1/common_pb'
import { MAX_SKIP, PAGE } from './limits'
import { PROTOCOL_VERSION } from './wire'

/** What a list request has in common. */
export interface PageRequest {
  cursor?: EventCursor | undefined
  limit: number
}

/** Reads one page of a list, from after `cursor`. */
export type Fetch<T> = (
  cursor: string | undefined,
  limit: number,
) => Promise<{ items: T[]; nextCursor?: string | undefined }>

type CursorInit = MessageInitShape<typeof EventCursorSchema>
export interface Page<T> {
  items: T[]
  /** To be spread into the response: absent on the last page. */
  next: { nextCursor?: CursorInit }
}

const PREFIX = 'v1.'
const encode = (key: string): string => PREFIX + Buffer.from(key).toString('base64url')

/** What 0 and too much mean for a number of rows. */
export const limitOf = (limit: number, usual = PAGE.usual): number => Math.min(limit || usual, PAGE.most)

/**
 * Reads the page that a request asks for. Its cursor is one of ours, or the number of rows that an older client has seen
 * (`<target>:<count>`), which is walked. A cursor of another server starts over.
 */
export async function readPage<T>(
  serverId: string,
  request: PageRequest,
  about: { target?: string; aggregateId?: string; usual?: number },
  fetch: Fetch<T>,
): Promise<Page<T>> {
  const limit = limitOf(request.limit, about.usual)
  const start = await startOf(serverId, request.cursor, fetch)
  if (start === 'end') return { items: [], next: {} }
  const { items, nextCursor } = await fetch(start, limit)
  if (nextCursor === undefined) return { items, next: {} }
  const { target = '', aggregateId = '' } = about
  return {
    items,
    next: {
      nextCursor: { cursor: encode(nextCursor), target, aggregateId, serverId, protocolVersion: PROTOCOL_VERSION },
    },
  }
}

async function startOf<T>(
  serverId: string,
  cursor: EventCursor | undefined,
  fetch: Fetch<T>,
): Promise<string | undefined | 'end'> {
  const text = cursor?.cursor ?? ''
  if (text === '' || (cursor?.serverId && cursor.serverId !== serverId)) return undefined
  if (text.startsWith(PREFIX)) return Buffer.from(text.slice(PREFIX.length), 'base64url').toString()
  const count = /:(\d{1,9})$/.exec(text)?.[1]
  if (count === undefined)
    throw new NekodeError('invalid', 'This cursor is none of ours.', {
      code: 'invalid_request',
      next: 'Send back the next_cursor of the page before, or none for the first page.',
    })
  return skip(Math.min(Number(count), MAX_SKIP), fetch)
}

async function skip<T>(count: number, fetch: Fetch<T>): Promise<string | undefined | 'end'> {
  let at: string | undefined
  for (let left = count; left > 0;) {
    const { items, nextCursor } = await fetch(at, Math.min(left, PAGE.most))
    if (nextCursor === undefined) return 'end'
    left -= items.length
    at = nextCursor
  }
  return at
}

/** Pages through what is in memory as a whole, in the order of its keys. */
export function pagesOf<T>(all: readonly T[], keyOf: (item: T) => string): Fetch<T> {
  const sorted = all.toSorted((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1))
  return async (cursor, limit) => {
    const rest = cursor === undefined ? sorted : sorted.filter((item) => keyOf(item) > cursor)
    const items = rest.slice(0, limit)
    const last = items.at(-1)
    return { items, ...(rest.length > limit && last !== undefined ? { nextCursor: keyOf(last) } : {}) }
  }
}
