import { z } from 'zod'
import { Actor, Id, PageQuery, Target, Time, page } from './common'
import { routes } from './route'

export const SearchKind = z.enum(['message', 'task', 'attachment'])
export type SearchKind = z.infer<typeof SearchKind>

/** One thing that was found. */
export const SearchHit = z.object({
  kind: SearchKind,
  id: Id,
  target: Target,
  /** The thread that it stands in; null at the top level. */
  threadId: z.string().nullable(),
  /** The message that it is, or that carries the file; null for a task. */
  messageId: z.string().nullable(),
  sender: Actor.nullable(),
  /** A task's title, a file's name; empty for a message. */
  title: z.string(),
  /** The text around the first match, on one line; of what is Markdown without its signs. */
  snippet: z.string(),
  /** What matched in the snippet: pairs of UTF-16 offsets, start and end. */
  highlights: z.array(z.tuple([z.number().int(), z.number().int()])),
  createdAt: Time,
})
export type SearchHit = z.infer<typeof SearchHit>

export const SearchSort = z.enum(['recent', 'relevance'])
export type SearchSort = z.infer<typeof SearchSort>

/** What somebody may type: words, "exact words", -without, and `from:`, `in:`, `has:`, `kind:`, `before:`, `after:`. */
export const SearchText = z.string().trim().min(1).max(400)

export const searchRoutes = routes({
  'GET /api/search': {
    summary: 'Search messages, tasks and attachments that the caller may see',
    tag: 'search',
    who: ['user', 'agent'],
    query: PageQuery.extend({
      q: SearchText,
      target: Target.optional(),
      /** What to look for, separated by commas. Everything by default. */
      kinds: z
        .string()
        .max(100)
        .transform((text) => text.split(','))
        .pipe(z.array(SearchKind).min(1))
        .optional(),
      /** `relevance` puts the newest few hundred matches in order of fit. */
      sort: SearchSort.optional(),
    }),
    response: page(SearchHit),
    errors: ['invalid_search'],
  },
})
