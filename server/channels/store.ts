import { and, count, eq, gt, inArray, isNull, max, ne, or, sql } from 'drizzle-orm'
import type { Database, Tx } from '../db/database'
import type { Channel, Member } from '../directory/directory'

/** What differs from reader to reader, and what follows from the messages. */
export interface Counts {
  unread: number
  mentions: number
  lastMessageId: string | null
}

export class ChannelStore {
  constructor(private readonly db: Database) {}

  insert(tx: Tx, channel: Channel): Promise<void> {
    return tx.insert(this.db.t.channels, channel)
  }

  async update(
    tx: Tx,
    id: string,
    set: Partial<Pick<Channel, 'topic' | 'visibility' | 'archivedAt' | 'target' | 'name'>>,
  ): Promise<void> {
    const { channels } = this.db.t
    await tx.q
      .update(channels)
      .set({ ...set, updatedAt: Date.now() })
      .where(eq(channels.id, id))
  }

  /** The channel as this transaction has it: the directory knows of commits only. */
  async get(tx: Tx, id: string): Promise<Channel | undefined> {
    const { channels } = this.db.t
    const [row] = await tx.q.select().from(channels).where(eq(channels.id, id))
    return row
  }

  /** Everybody in a channel, as this transaction has them. */
  async members(tx: Tx, channelId: string): Promise<Member[]> {
    const { members } = this.db.t
    return tx.q.select().from(members).where(eq(members.channelId, channelId))
  }

  /** @returns false for somebody who is in the channel already, or an agent that is deleted, perhaps since a moment ago */
  async insertMember(tx: Tx, member: Member): Promise<boolean> {
    const { agents, members } = this.db.t
    const known = await tx.q.select({ id: members.memberId }).from(members).where(this.#is(member))
    if (known.length) return false
    const agent = and(eq(agents.id, member.memberId), isNull(agents.deletedAt))
    if (member.kind === 'agent' && !(await tx.q.select({ id: agents.id }).from(agents).where(agent)).length)
      return false
    await tx.insert(members, member)
    return true
  }

  async updateMember(
    tx: Tx,
    member: Member,
    set: Partial<Pick<Member, 'role' | 'deliveryMode' | 'lastReadMessageId'>>,
  ): Promise<void> {
    await tx.q.update(this.db.t.members).set(set).where(this.#is(member))
  }

  async deleteMember(tx: Tx, member: Member): Promise<void> {
    await tx.q.delete(this.db.t.members).where(this.#is(member))
  }

  #is({ channelId, kind, memberId }: Member): ReturnType<typeof and> {
    const { members } = this.db.t
    return and(eq(members.channelId, channelId), eq(members.kind, kind), eq(members.memberId, memberId))
  }

  /** The mark as it is now; the directory does not follow it. */
  async lastRead(channelIds: string[], userId: string): Promise<Map<string, string | null>> {
    const { members } = this.db.t
    if (!channelIds.length) return new Map()
    const rows = await this.db.q
      .select({ id: members.channelId, last: members.lastReadMessageId })
      .from(members)
      .where(and(eq(members.kind, 'human'), eq(members.memberId, userId), inArray(members.channelId, channelIds)))
    return new Map(rows.map((r) => [r.id, r.last]))
  }

  async lastMessageIds(channelIds: string[]): Promise<Map<string, string | null>> {
    const { messages } = this.db.t
    if (!channelIds.length) return new Map()
    const rows = await this.db.q
      .select({ id: messages.channelId, last: max(messages.id) })
      .from(messages)
      .where(inArray(messages.channelId, channelIds))
      .groupBy(messages.channelId)
    return new Map(rows.map((r) => [r.id, r.last]))
  }

  /** Top-level messages of others after the reader's mark, and mentions of the reader anywhere after it, in one query each. */
  async unread(channelIds: string[], userId: string): Promise<Map<string, { unread: number; mentions: number }>> {
    const { members, messages, mentions } = this.db.t
    if (!channelIds.length) return new Map()
    const mine = and(eq(members.kind, 'human'), eq(members.memberId, userId), inArray(members.channelId, channelIds))
    const unread = await this.db.q
      .select({ id: members.channelId, n: count() })
      .from(members)
      .innerJoin(
        messages,
        and(
          eq(messages.channelId, members.channelId),
          eq(messages.threadId, ''),
          ne(messages.senderId, userId),
          or(isNull(members.lastReadMessageId), gt(messages.id, members.lastReadMessageId)),
        ),
      )
      .where(mine)
      .groupBy(members.channelId)
    const mentioned = await this.db.q
      .select({ id: members.channelId, n: count() })
      .from(members)
      .innerJoin(
        mentions,
        and(
          eq(mentions.kind, sql`'human'`),
          eq(mentions.memberId, members.memberId),
          eq(mentions.channelId, members.channelId),
          or(isNull(members.lastReadMessageId), gt(mentions.messageId, members.lastReadMessageId)),
        ),
      )
      .where(mine)
      .groupBy(members.channelId)
    const result = new Map<string, { unread: number; mentions: number }>()
    for (const r of unread) result.set(r.id, { unread: Number(r.n), mentions: 0 })
    for (const r of mentioned) result.set(r.id, { unread: result.get(r.id)?.unread ?? 0, mentions: Number(r.n) })
    return result
  }
}
