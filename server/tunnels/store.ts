import type { TunnelState } from '@shared/contract'
import { and, asc, desc, eq, inArray, isNull, lt, or } from 'drizzle-orm'
import { type Database, type Query, type Tx, affected } from '../db/database'
import type { TunnelRow } from './view'

export const OPEN: TunnelState[] = ['pending_approval', 'active']

/** Whose tunnels a reader may see. */
export interface Seen {
  channelIds: string[]
  /** A creator sees its own. */
  creatorId?: string | undefined
  /** Also those that belong to no channel. */
  unplaced?: boolean | undefined
  /** Everything of one computer. */
  computerId?: string | undefined
}

export interface TunnelFilter {
  computerId?: string | undefined
  target?: string | undefined
  state?: TunnelState | undefined
  before?: string | undefined
  limit: number
}

export class TunnelStore {
  constructor(private readonly db: Database) {}

  insert(tx: Tx, row: TunnelRow): Promise<void> {
    return tx.insert(this.db.t.tunnels, row)
  }

  /** Changes a tunnel that is still in one of the states. @returns whether it was */
  async move(tx: Tx, id: string, from: TunnelState[], set: Partial<TunnelRow>): Promise<boolean> {
    const { tunnels } = this.db.t
    const result = await tx.q
      .update(tunnels)
      .set(set)
      .where(and(eq(tunnels.id, id), inArray(tunnels.state, from)))
    return affected(result) > 0
  }

  async get(id: string, q: Query = this.db.q): Promise<TunnelRow | undefined> {
    const { tunnels } = this.db.t
    const [row] = await q.select().from(tunnels).where(eq(tunnels.id, id))
    return row
  }

  async byToken(token: string): Promise<TunnelRow | undefined> {
    const { tunnels } = this.db.t
    const [row] = await this.db.q.select().from(tunnels).where(eq(tunnels.token, token))
    return row
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

  async list(seen: Seen, f: TunnelFilter): Promise<TunnelRow[]> {
    const { tunnels } = this.db.t
    const theirs = [
      seen.channelIds.length ? inArray(tunnels.channelId, seen.channelIds) : undefined,
      seen.creatorId === undefined ? undefined : eq(tunnels.creatorId, seen.creatorId),
      seen.unplaced ? isNull(tunnels.channelId) : undefined,
      seen.computerId === undefined ? undefined : eq(tunnels.computerId, seen.computerId),
    ].filter((condition) => condition !== undefined)
    if (!theirs.length) return []
    return this.db.q
      .select()
      .from(tunnels)
      .where(
        and(
          or(...theirs),
          f.computerId === undefined ? undefined : eq(tunnels.computerId, f.computerId),
          f.target === undefined ? undefined : eq(tunnels.target, f.target),
          f.state === undefined ? undefined : eq(tunnels.state, f.state),
          f.before === undefined ? undefined : lt(tunnels.id, f.before),
        ),
      )
      .orderBy(desc(tunnels.id))
      .limit(f.limit)
  }

  /** Those of a computer that are open or wait to be. */
  async openOf(tx: Tx, computerId: string, limit: number): Promise<TunnelRow[]> {
    const { tunnels } = this.db.t
    return tx.q
      .select()
      .from(tunnels)
      .where(and(eq(tunnels.computerId, computerId), inArray(tunnels.state, OPEN)))
      .orderBy(desc(tunnels.id))
      .limit(limit)
  }

  /** Everything that is open or waits to be, a page after an id. */
  async open(after: string, limit: number): Promise<TunnelRow[]> {
    const { tunnels } = this.db.t
    return this.db.q
      .select()
      .from(tunnels)
      .where(and(inArray(tunnels.state, OPEN), after === '' ? undefined : lt(tunnels.id, after)))
      .orderBy(desc(tunnels.id))
      .limit(limit)
  }

  async expired(now: number): Promise<TunnelRow[]> {
    const { tunnels } = this.db.t
    return this.db.q
      .select()
      .from(tunnels)
      .where(and(inArray(tunnels.state, OPEN), lt(tunnels.expiresAt, now)))
      .orderBy(asc(tunnels.expiresAt))
      .limit(200)
  }

  async prune(tx: Tx, before: number): Promise<void> {
    const { tunnels } = this.db.t
    await tx.q.delete(tunnels).where(and(inArray(tunnels.state, ['rejected', 'closed']), lt(tunnels.expiresAt, before)))
  }
}
