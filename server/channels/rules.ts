import type { ChannelMember, Language } from '@shared/contract'
import { USUAL_DIGEST_MINUTES } from '@shared/contract/channels'
import { NekodeError } from '@shared/errors'
import { newId } from '@shared/ids'
import type { UserPrincipal } from '../access/principal'
import type { Channel, Member } from '../directory/directory'

/** Where everybody is. */
export const GENERAL = '#general'

export type Kind = Member['kind']

export interface Membership {
  role?: Member['role'] | undefined
  deliveryMode?: Member['deliveryMode'] | undefined
  digestMinutes?: number | undefined
}

export interface Changes {
  name?: string | undefined
  topic?: string | undefined
  visibility?: 'public' | 'private' | undefined
  language?: Language | undefined
}

/** What is worth a line in the channel. */
export function factsOf(
  p: UserPrincipal,
  was: Channel,
  now: Channel,
): { type: string; data: Record<string, unknown> }[] {
  const by = p.name
  return [
    ...(was.name === now.name ? [] : [{ type: 'channel.renamed', data: { by, name: now.name, before: was.name } }]),
    ...(was.topic === now.topic
      ? []
      : [{ type: now.topic === '' ? 'channel.topic_cleared' : 'channel.topic', data: { by, topic: now.topic } }]),
    ...(was.visibility === now.visibility ? [] : [{ type: `channel.made_${now.visibility}`, data: { by } }]),
  ]
}

export const taken = (target: string): NekodeError =>
  new NekodeError('conflict', `There is a channel ${target} already.`, {
    code: 'name_taken',
    next: 'Choose another name.',
  })

export const gone = (channel: Channel): NekodeError =>
  new NekodeError('not_found', `There is no channel ${channel.target} any more.`)

export const notAMember = (channel: Channel, kind: Kind): NekodeError =>
  new NekodeError('not_found', `That ${kind === 'human' ? 'person' : 'agent'} is not a member of ${channel.target}.`)

export function keepAnAdmin(channel: Channel, others: Member[]): void {
  if (others.some((m) => m.role === 'admin')) return
  throw new NekodeError('precondition', `${channel.target} would have no admin.`, {
    code: 'last_admin',
    next: 'Make somebody else an admin of the channel first.',
  })
}

/** How messages reach a member, after a change; a digest starts with what is written from now on. */
export function deliveryOf(
  set: Membership,
  was: Member | undefined,
): Pick<Member, 'deliveryMode' | 'digestMinutes' | 'digestAt' | 'digestedId'> {
  const deliveryMode = set.deliveryMode ?? was?.deliveryMode ?? 'mentions'
  if (deliveryMode !== 'periodic') {
    if (set.digestMinutes !== undefined)
      throw new NekodeError('invalid', 'digestMinutes belongs to the mode “periodic”.', { code: 'invalid_request' })
    return { deliveryMode, digestMinutes: null, digestAt: null, digestedId: null }
  }
  const digestMinutes = set.digestMinutes ?? was?.digestMinutes ?? USUAL_DIGEST_MINUTES
  const digestAt = Date.now() + digestMinutes * 60_000
  return { deliveryMode, digestMinutes, digestAt, digestedId: was?.digestedId ?? newId('msg') }
}

export const newMember = (channelId: string, kind: Kind, memberId: string, options: Membership): Member => ({
  channelId,
  kind,
  memberId,
  role: options.role ?? 'member',
  ...deliveryOf(options, undefined),
  lastReadMessageId: null,
  notify: null,
  joinedAt: Date.now(),
})

export const memberView = (m: Member, who: { name: string; displayName: string }): ChannelMember => ({
  kind: m.kind,
  memberId: m.memberId,
  name: who.name,
  displayName: who.displayName,
  role: m.role,
  deliveryMode: m.deliveryMode,
  digestMinutes: m.digestMinutes,
  joinedAt: m.joinedAt,
})
