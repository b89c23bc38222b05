import type { Actor } from '@shared/contract'
import { type Principal, actorOf } from '../access/principal'
import type { Core } from '../core'
import type { Tx } from '../db/database'
import type { Channel, Member } from '../directory/directory'
import { GENERAL, memberView } from './rules'
import type { ChannelStore } from './store'
import { type ChannelViews, channelEvent } from './views'

/** Says a fact in a channel, in the same transaction. */
export type Note = (tx: Tx, channel: Channel, fact: { type: string; data: Record<string, unknown> }) => Promise<unknown>

/** What others hear of a change of a channel, in the transaction that makes it: events, lines in the channel, the audit log. */
export class ChannelTelling {
  note: Note = async () => {}

  constructor(
    private readonly core: Core,
    private readonly store: ChannelStore,
    private readonly views: ChannelViews,
  ) {}

  /** Who came or went, where anybody could wonder: not in direct conversations, nor who came to where everybody is. */
  async cameOrWent(
    tx: Tx,
    by: Pick<Actor, 'id' | 'name'>,
    channel: Channel,
    { kind, memberId }: Member,
    name: string,
    came: boolean,
  ): Promise<void> {
    if (channel.kind === 'dm' || (came && channel.target === GENERAL)) return
    const self = by.id === memberId
    const type = came ? (self ? 'joined' : 'added') : self ? 'left' : 'removed'
    const data = { kind, memberId, name, by: by.name, byId: by.id }
    await this.note(tx, channel, { type: `channel.member_${type}`, data })
  }

  /** The channel itself changed; `deleted` is that those who hear it do not see it any more. */
  channel(
    tx: Tx,
    by: Principal,
    channel: Channel,
    operation: 'updated' | 'deleted',
    audience = `channel:${channel.id}`,
  ): void {
    tx.emit({
      kind: 'channel',
      operation,
      aggregateId: channel.id,
      audience,
      target: channel.target,
      actor: actorOf(by),
      payload: channelEvent(channel, this.core.directory.memberCount(channel.id)),
    })
  }

  /** The name of a private channel is its members' only, and the log is every admin's: it has the id. */
  record(tx: Tx, by: Principal, action: string, { id }: Channel, detail: Record<string, unknown> = {}): Promise<void> {
    return this.core.audit.record(tx, { by, action, subject: id, detail })
  }

  /** For those who could read a channel until now and no longer see its own events, it is gone. */
  async gone(tx: Tx, by: Principal, channel: Channel): Promise<void> {
    const members = await this.store.members(tx, channel.id)
    const inside = new Set(members.flatMap((m) => (m.kind === 'human' ? m.memberId : [])))
    for (const { id } of this.core.directory.users())
      if (!inside.has(id)) this.channel(tx, by, channel, 'deleted', `user:${id}`)
  }

  member(tx: Tx, by: Principal, channel: Channel, member: Member, operation: 'updated' | 'deleted'): void {
    this.memberAs(tx, by, channel, member, this.views.someone(member.kind, member.memberId), operation)
  }

  memberAs(
    tx: Tx,
    by: Principal,
    channel: Channel,
    member: Member,
    who: { name: string; displayName: string },
    operation: 'created' | 'updated' | 'deleted',
  ): void {
    const event = {
      kind: 'member' as const,
      operation,
      aggregateId: channel.id,
      target: channel.target,
      actor: actorOf(by),
      payload: { ...memberView(member, who), removed: operation === 'deleted' },
    }
    tx.emit({ ...event, audience: `channel:${channel.id}` })
    // Whoever leaves a private channel no longer sees the channel's own events; of a public one they would hear twice.
    if (operation === 'deleted' && member.kind === 'human' && channel.visibility === 'private')
      tx.emit({ ...event, audience: `user:${member.memberId}` })
  }
}
