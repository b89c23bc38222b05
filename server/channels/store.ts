import { NOTICE_ID } from '@shared/contract/notice'
import { UNREAD_COUNTED } from '@shared/limits'
import { and, eq, inArray, isNull, sql, desc, lte } from 'drizzle-orm'
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
    set: Partial<Pick<Channel, 'topic' | 'visibility' | 'archivedAt' | 'target' | 'name' | 'language'>>,
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
    set: Partial<
      Pick<
        Member,
        'role' | 'deliveryMode' | 'digestMinutes' | 'digestAt' | 'digestedId' | 'lastReadMessageId' | 'notify'
      >
    >,
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

  /** A message of a channel's top level and the one before it; empty when it is not there. */
  async withPrevious(channelId: string, messageId: string): Promise<string[]> {
    const { messages: m } = this.db.t
    const rows = await this.db.q
      .select({ id: m.id })
      .from(m)
      .where(and(eq(m.channelId, channelId), eq(m.threadId, ''), lte(m.id, messageId)))
      .orderBy(desc(m.id))
      .limit(2)
    return rows[0]?.id === messageId ? rows.map(({ id }) => id) : []
  }

  async lastMessageIds(channelIds: string[]): Promise<Map<string, string | null>> {
    const { channels } = this.db.t
    if (!channelIds.length) return new Map()
    // One step into the index for each channel; a group by would go through every message of all of them.
    const last = sql<string | null>`(select max(m.id) from messages m where m.channel_id = channels.id)`
    const rows = await this.db.q
      .select({ id: channels.id, last })
      .from(channels)
      .where(inArray(channels.id, channelIds))
    return new Map(rows.map((r) => [r.id, r.last]))
  }

  /**
   * Top-level messages of others after the reader's mark, and mentions of the reader anywhere after it, among the latest
   * UNREAD_COUNTED of each: what a count takes must not grow with what nobody has read.
   */
  async unread(channelIds: string[], userId: string): Promise<Map<string, { unread: number; mentions: number }>> {
    const { members } = this.db.t
    if (!channelIds.length) return new Map()
    const read = sql`coalesce(members.last_read_message_id, '')`
    const most = sql.raw(String(UNREAD_COUNTED))
    const here = sql`m.channel_id = members.channel_id and m.thread_id = ''`
    const me = sql`t.kind = 'human' and t.member_id = members.member_id and t.channel_id = members.channel_id`
    // One lower bound, which the index starts from: a second condition would ask its subquery for each row.
    const unread = sql<number>`(select count(*) from messages m where ${here} and m.sender_id <> members.member_id and m.sender_id <> ${NOTICE_ID} and m.id > coalesce(
      (select m.id from messages m where ${here} and m.id > ${read} order by m.id desc limit 1 offset ${most}), ${read}))`
    const mentions = sql<number>`(select count(*) from mentions t where ${me} and t.message_id > coalesce(
      (select t.message_id from mentions t where ${me} and t.message_id > ${read} order by t.message_id desc limit 1 offset ${most}), ${read}))`
    const rows = await this.db.q
      .select({ id: members.channelId, unread, mentions })
      .from(members)
      .where(and(eq(members.kind, 'human'), eq(members.memberId, userId), inArray(members.channelId, channelIds)))
    return new Map(rows.map((r) => [r.id, { unread: Number(r.unread), mentions: Number(r.mentions) }]))
  }
}
