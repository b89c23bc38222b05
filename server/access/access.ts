import type { Agent, Channel, Directory, Member } from '../directory/directory'
import { NekodeError } from '@shared/errors'
import { type AgentAction, canWithAgent } from './agents'
import { administers, isAdmin, type Principal } from './principal'

export type ChannelAction = 'read' | 'write' | 'manage' | 'join'

/** An endpoint takes part in the one channel that somebody gave it. */
const isBoundTo = (p: Principal, channel: Channel): boolean => p.kind === 'endpoint' && p.channelId === channel.id

/** Who may do what in a channel. `member` is the caller's own membership. */
const rules: Record<ChannelAction, (p: Principal, channel: Channel, member: Member | undefined) => boolean> = {
  // An agent sees the channels that somebody put it into, public or not.
  read: (p, channel, member) =>
    (p.kind === 'user' && channel.visibility === 'public') || member !== undefined || isBoundTo(p, channel),
  write: (p, channel, member) =>
    p.kind === 'user'
      ? p.role !== 'viewer' && (member ? member.role !== 'viewer' : channel.visibility === 'public')
      : (member !== undefined && member.role !== 'viewer') || isBoundTo(p, channel),
  manage: (p, channel, member) =>
    p.kind === 'user' &&
    p.role !== 'viewer' &&
    channel.kind === 'channel' &&
    (member?.role === 'admin' || (isAdmin(p) && (channel.visibility === 'public' || member !== undefined))),
  join: (p, channel) => p.kind === 'user' && channel.kind === 'channel' && channel.visibility === 'public',
}

/** The one place that knows who may see and do what. */
export class Access {
  constructor(private readonly directory: Directory) {}

  can(p: Principal, action: ChannelAction, channel: Channel): boolean {
    return rules[action](p, channel, this.membership(p, channel.id))
  }

  withAgent(p: Principal, action: AgentAction, agent: Agent): boolean {
    return canWithAgent(p, action, agent, {
      directory: this.directory,
      writes: (channel) => this.can(p, 'write', channel),
    })
  }

  membership(p: Principal, channelId: string): Member | undefined {
    if (p.kind !== 'user' && p.kind !== 'agent') return undefined
    return this.directory.member(channelId, p.kind === 'user' ? 'human' : 'agent', p.id)
  }

  /**
   * The channel at `target`, when the caller may do `action` there. One that the caller may not even read is `not_found`, as if it did
   * not exist: names of private channels are private.
   */
  channel(p: Principal, action: ChannelAction, target: string): Channel {
    const channel = this.directory.channelAt(target)
    if (!channel || !this.can(p, 'read', channel))
      throw new NekodeError('not_found', `There is no channel ${target} that you can see.`, {
        next: 'Check its name. To read a private channel, ask a member to add you.',
      })
    return this.#check(p, action, channel)
  }

  /** As `channel`, by id. */
  channelById(p: Principal, action: ChannelAction, id: string): Channel {
    const channel = this.directory.channel(id)
    if (!channel || !this.can(p, 'read', channel))
      throw new NekodeError('not_found', 'This is not there, or not for you to see.')
    return this.#check(p, action, channel)
  }

  #check(p: Principal, action: ChannelAction, channel: Channel): Channel {
    if (action !== 'read' && !this.can(p, action, channel))
      throw new NekodeError(
        'forbidden',
        `You may read ${channel.target}, but not ${action === 'manage' ? 'change' : `${action} in`} it.`,
        {
          next: 'Ask an admin of the channel.',
        },
      )
    if (action === 'write' && channel.archivedAt !== null)
      throw new NekodeError('precondition', `${channel.target} is archived and takes no more messages.`, {
        code: 'channel_archived',
      })
    return channel
  }

  /** Ids of the channels whose contents the caller may see. */
  visibleChannels(p: Principal): string[] {
    return this.directory
      .channels()
      .filter((c) => this.can(p, 'read', c))
      .map((c) => c.id)
  }

  /** A stream may be older than its reader's role. */
  #asNow(p: Principal): Principal {
    return p.kind === 'user' ? { ...p, role: this.directory.user(p.id)?.role ?? 'viewer' } : p
  }

  /** Whether an event of the log is for this reader. `audience` as in `NewEvent`. */
  sees(p: Principal, audience: string): boolean {
    const colon = audience.indexOf(':')
    const id = audience.slice(colon + 1)
    switch (colon < 0 ? audience : audience.slice(0, colon)) {
      case 'all':
        return p.kind === 'user'
      // `admin:<id of a user>` is for them too, such as for whoever gave an order.
      case 'admin':
        return administers(this.#asNow(p)) || (p.kind === 'user' && p.id === id)
      case 'user':
        return p.kind === 'user' && p.id === id
      case 'computer':
        return p.kind === 'computer' && p.id === id
      // What is an agent's own: for itself, and for those who see how it is run.
      case 'agent': {
        const agent = this.directory.agent(id)
        return agent !== undefined && p.kind !== 'computer' && this.withAgent(p, 'settings', agent)
      }
      case 'channel': {
        const channel = this.directory.channel(id)
        return channel !== undefined && this.can(p, 'read', channel)
      }
      default:
        return false
    }
  }
}
