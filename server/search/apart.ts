import { NekodeError } from '@shared/errors'
import type { Principal } from '../access/principal'
import type { Core } from '../core'
import type { Tx } from '../db/database'
import type { SearchEngine } from './engine'
import { type Clause, parseQuery } from './query'
import { match, snippetOf } from './rank'
import { tokenise } from './tokens'

/** Something that is found by a search of its own only. */
export interface ApartDoc {
  refId: string
  /** Who reads it may find it; empty for what is found by its marks only. */
  channelId: string
  text: string
  /** `<two letters>_<id>`: what a search can be limited to. */
  marks: readonly string[]
  createdAt: number
}

export interface ApartSearch {
  q: string
  /** Where the document has to be, for a caller who finds by channel. */
  within: Principal | undefined
  marks: readonly string[]
  limit: number
}

/** As many of the newest matches are put in order of fit. */
const RANKED = 300
const MARKED_CHANNELS = 256
/** Before each word, so that a search for anything else does not meet it: there are far more of these than of messages. */
const PREFIX = 'zqx'

/** What agents did, in the same index as what was said, but out of its way. */
export class ApartIndex {
  constructor(
    private readonly core: Core,
    private readonly engine: SearchEngine,
  ) {}

  add(tx: Tx, { refId, channelId, text, marks, createdAt }: ApartDoc): Promise<void> {
    const words = tokenise(text).map((token) => PREFIX + token.text)
    const own = ['is_archive', ...(channelId ? [here(channelId)] : []), ...marks]
    const doc = { kind: 'archive' as const, refId, channelId, threadId: '', senderId: '', createdAt }
    return this.engine.add(tx, doc, { words, marks: own })
  }

  /** Removes those whose names begin like this. */
  remove(tx: Tx, prefix: string): Promise<void> {
    return this.engine.removeAll(tx, 'archive', prefix)
  }

  /**
   * Names of the newest documents that have all the words.
   * @throws NekodeError `invalid_search`
   */
  async find({ q, within, marks, limit }: ApartSearch): Promise<{ refIds: string[]; clauses: readonly Clause[] }> {
    const query = parseQuery(q)
    if (query.from.length + query.in.length + query.has.length + query.kind.length > 0 || !query.all.length)
      throw new NekodeError('invalid', 'What agents did is looked for by words.', {
        code: 'invalid_search',
        next: 'Give a word; dates (before:2026-01-31, after:…) may limit the time.',
      })
    const channelIds = within && this.core.access.visibleChannels(within)
    if (channelIds?.length === 0) return { refIds: [], clauses: query.all }
    const isMarked = channelIds !== undefined && channelIds.length <= MARKED_CHANNELS
    const docs = await this.engine.find({
      all: query.all.map(apart),
      none: query.none.map(apart),
      marks: [['is_archive'], ...(isMarked ? [channelIds.map(here)] : []), ...marks.map((mark) => [mark])],
      channelIds: isMarked ? undefined : channelIds,
      createdBefore: query.before,
      createdAfter: query.after,
      before: null,
      limit: Math.max(limit, RANKED),
    })
    return { refIds: docs.map((doc) => doc.refId), clauses: query.all }
  }
}

/** Not the mark that messages have: theirs must not lead to these. */
const here = (channelId: string): string => `at_${channelId}`

const apart = ({ words, prefix }: Clause): Clause => ({ words: words.map((word) => PREFIX + word), prefix })

/** The best of what was found first, each with the text around its match. */
export function ranked<T>(
  found: readonly { item: T; text: string; age: number }[],
  clauses: readonly Clause[],
  limit: number,
): { item: T; highlight: string }[] {
  return found
    .map(({ item, text, age }) => ({ item, text, ...match(text, clauses, age) }))
    .toSorted((a, b) => b.score - a.score)
    .slice(0, limit)
    .map(({ item, text, ranges }) => ({ item, highlight: snippetOf(text, ranges).text }))
}
