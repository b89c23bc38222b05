import type { Channel, Message, User } from '@shared/contract'

/** What one reader may do with one message; the server decides, and this keeps what it would refuse out of sight. */
export interface Allowed {
  /** React, reply, pin, promote. */
  join: boolean
  edit: boolean
  delete: boolean
  promote: boolean
}

const nothing: Allowed = { join: false, edit: false, delete: false, promote: false }

/** Whether `me` may write in `channel`: in a public one also without being a member. */
export const mayWrite = (me: User | null, channel: Channel | undefined): boolean =>
  me !== null &&
  me.role !== 'viewer' &&
  channel !== undefined &&
  (channel.joined ? channel.role !== 'viewer' : channel.visibility === 'public')

/** Whether `me` may change `channel` and what others wrote in it. */
export const mayManage = (me: User | null, channel: Channel): boolean =>
  channel.kind === 'channel' &&
  (channel.role === 'admin' ||
    ((me?.role === 'owner' || me?.role === 'admin') && (channel.visibility === 'public' || channel.joined)))

export function allowedOn(message: Message, me: User | null, channel: Channel | undefined): Allowed {
  if (!me || !channel || message.deletedAt !== null || !mayWrite(me, channel)) return nothing
  const mine = message.sender.kind === 'human' && message.sender.id === me.id
  const said = message.system === null
  return {
    join: true,
    edit: mine && said && message.kind !== 'decision',
    delete: mine || mayManage(me, channel),
    promote: said && channel.joined && message.kind !== 'decision' && message.content.trim() !== '',
  }
}
