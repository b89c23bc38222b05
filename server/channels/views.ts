import type { Channel as ChannelView, ChannelMember, EventPayload } from '@shared/contract'
import { NekodeError } from '@shared/errors'
import type { z } from 'zod'
import type { Principal } from '../access/principal'
import type { Core } from '../core'
import type { Channel, Member } from '../directory/directory'
import { usualLevel } from './levels'
import { type Kind, memberView, notAMember } from './rules'
import type { ChannelStore } from './store'

type ChannelEvent = z.infer<(typeof EventPayload)['channel']>

/** Milliseconds out of an id: its first 12 digits are those of a UUIDv7. */
const timeOf = (id: string | null | undefined): number | null =>
  id ? Number.parseInt(id.slice(id.indexOf('_') + 1, id.indexOf('_') + 13), 16) : null

/** A channel without what differs from reader to reader. */
export function channelEvent(c: Channel, memberCount: number): ChannelEvent {
  const { id, target, kind, name, topic, visibility, language, createdAt, updatedAt } = c
  return {
    id,
    target,
    kind,
    name,
    topic,
    visibility,
    language,
    memberCount,
    lastMessageAt: null,
    createdAt,
    updatedAt,
  }
}

/** Channels and their members as one reader sees them. */
export class ChannelViews {
  constructor(
    private readonly core: Core,
    private readonly store: ChannelStore,
  ) {}

  /** Who is in a channel, as far as they are on this server still. */
  members(channel: Channel): ChannelMember[] {
    return this.core.directory.members(channel.id).flatMap((m) => this.#seen(m) ?? [])
  }

  async one(p: Principal, channel: Channel): Promise<ChannelView> {
    const [view] = await this.all(p, [this.core.directory.channel(channel.id) ?? channel])
    if (!view) throw new NekodeError('not_found', 'There is no such channel.')
    return view
  }

  async all(p: Principal, channels: Channel[]): Promise<ChannelView[]> {
    const ids = channels.map((c) => c.id)
    const last = await this.store.lastMessageIds(ids)
    const user = p.kind === 'user' ? p.id : undefined
    const marks = user ? await this.store.lastRead(ids, user) : new Map<string, string | null>()
    const behind = [...marks].flatMap(([id, mark]) => ((last.get(id) ?? '') > (mark ?? '') ? id : []))
    const unread = user
      ? await this.store.unread(behind, user)
      : new Map<string, { unread: number; mentions: number }>()
    return channels.map((c) => {
      const member = this.core.access.membership(p, c.id)
      return {
        ...channelEvent(c, this.core.directory.memberCount(c.id)),
        joined: member !== undefined,
        role: member?.role ?? null,
        notify: member?.notify ?? usualLevel(c.kind),
        peers: c.kind === 'dm' ? this.#peers(p, c) : [],
        unreadCount: unread.get(c.id)?.unread ?? 0,
        mentionCount: unread.get(c.id)?.mentions ?? 0,
        lastReadMessageId: marks.get(c.id) ?? null,
        lastMessageAt: timeOf(last.get(c.id)),
      }
    })
  }

  #peers(p: Principal, c: Channel): ChannelView['peers'] {
    const own = p.kind === 'user' || p.kind === 'agent' ? p.id : ''
    const views = this.members(c)
    const others = views.filter((m) => m.memberId !== own)
    return (others.length ? others : views).map(({ kind, memberId, name, displayName }) => ({
      kind,
      memberId,
      name,
      displayName,
    }))
  }

  #seen(member: Member): ChannelMember | undefined {
    const { directory } = this.core
    const found = member.kind === 'human' ? directory.user(member.memberId) : directory.agent(member.memberId)
    if (!found) return undefined
    return memberView(member, {
      name: 'username' in found ? found.username : found.name,
      displayName: found.displayName,
    })
  }

  /** @throws NekodeError not_found */
  member(channel: Channel, kind: Kind, memberId: string): ChannelMember {
    const member = this.core.directory.member(channel.id, kind, memberId)
    if (!member) throw notAMember(channel, kind)
    const view = this.#seen(member)
    if (!view) throw new NekodeError('not_found', 'That member is not on this server any more.')
    return view
  }

  /** What a person or an agent is called. @throws NekodeError not_found */
  someone(kind: Kind, id: string): { name: string; displayName: string } {
    const { directory } = this.core
    const found = kind === 'human' ? directory.user(id) : directory.agent(id)
    if (!found)
      throw new NekodeError('not_found', kind === 'human' ? 'There is no such person.' : 'There is no such agent.')
    return { name: 'username' in found ? found.username : found.name, displayName: found.displayName }
  }
}
