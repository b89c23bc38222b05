import { and, asc, desc, eq, gt, inArray, isNull, lt, not, or, like } from 'drizzle-orm'
import type { AttachmentRow } from '../attachments/view'
import type { Database } from '../db/database'

/** Whose artifacts a reader may see. */
export interface Seen {
  channelIds: string[]
  /** Of those that belong to no channel: the reader’s own, and of the agents that they look after. */
  ownerIds: string[]
  /** Everything that agents and computers published outside of channels. */
  machines: boolean
}

export interface ArtifactFilter {
  channelId?: string | undefined
  ownerId?: string | undefined
  runId?: string | undefined
  /** Ids before this one. */
  before?: string | undefined
  limit: number
}

/** Artifacts are rows among the attachments, with the same bytes behind them. */
export class ArtifactStore {
  constructor(private readonly db: Database) {}

  /** Those that are not over, newest first. */
  list(seen: Seen, now: number, f: ArtifactFilter): Promise<AttachmentRow[]> {
    const { attachments: t } = this.db.t
    const unplaced = [
      seen.ownerIds.length ? inArray(t.ownerId, seen.ownerIds) : undefined,
      seen.machines ? not(like(t.ownerId, 'usr%')) : undefined,
    ].filter((condition) => condition !== undefined)
    const theirs = [
      seen.channelIds.length ? inArray(t.channelId, seen.channelIds) : undefined,
      unplaced.length ? and(isNull(t.channelId), or(...unplaced)) : undefined,
    ].filter((condition) => condition !== undefined)
    if (!theirs.length) return Promise.resolve([])
    return this.db.q
      .select()
      .from(t)
      .where(
        and(
          eq(t.artifact, true),
          gt(t.expiresAt, now),
          f.channelId === undefined ? undefined : eq(t.channelId, f.channelId),
          f.ownerId === undefined ? undefined : eq(t.ownerId, f.ownerId),
          f.runId === undefined ? undefined : eq(t.runId, f.runId),
          f.before === undefined ? undefined : lt(t.id, f.before),
          or(...theirs),
        ),
      )
      .orderBy(desc(t.id))
      .limit(f.limit)
  }

  /** Whether a message begins a thread of a channel, or could. */
  async isRoot(messageId: string, channelId: string): Promise<boolean> {
    const { messages } = this.db.t
    const [found] = await this.db.q
      .select({ id: messages.id })
      .from(messages)
      .where(and(eq(messages.id, messageId), eq(messages.channelId, channelId), eq(messages.threadId, '')))
    return found !== undefined
  }

  /** When the next file goes by itself; undefined: none does. */
  async nextEnd(): Promise<number | undefined> {
    const { attachments: t } = this.db.t
    const [row] = await this.db.q
      .select({ expiresAt: t.expiresAt })
      .from(t)
      .where(and(gt(t.expiresAt, 0), eq(t.artifact, true)))
      .orderBy(asc(t.expiresAt))
      .limit(1)
    return row?.expiresAt ?? undefined
  }
}
