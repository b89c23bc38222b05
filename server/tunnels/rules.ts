import { type Principal, administers, isAdmin } from '../access/principal'
import type { Core } from '../core'
import type { TunnelRow } from './view'

type Known = Pick<Core, 'access' | 'directory'>

/** Who may do what with a tunnel. A tunnel belongs to its channel; one without is its creator's, and admins look after it. */
export const TunnelRules = {
  /** That it exists, and what it is. */
  see(core: Known, p: Principal, t: TunnelRow): boolean {
    if (p.kind === 'computer') return p.id === t.computerId
    if (isCreator(p, t)) return true
    if (t.channelId === null) return isAdmin(p)
    return reads(core, p, t)
  },

  /** Look through it with a browser. */
  view(core: Known, p: Principal, t: TunnelRow): boolean {
    if (t.accessPolicy === 'public') return true
    if (p.kind !== 'user' || !TunnelRules.see(core, p, t)) return false
    return t.accessPolicy === 'members' || isCreator(p, t) || isAdmin(p)
  },

  /** Approve, refuse or extend it: who may write where it is shown. One for everybody on the net takes an admin. */
  decide(core: Known, p: Principal, t: TunnelRow): boolean {
    if (p.kind !== 'user' || p.role === 'viewer') return false
    if (t.accessPolicy === 'public' && !administers(p)) return false
    return t.channelId === null ? administers(p) || isCreator(p, t) : writes(core, p, t)
  },

  /** Close it: whoever opened it, whose computer it is, and who may write where it is shown. */
  close(core: Known, p: Principal, t: TunnelRow): boolean {
    if (p.kind === 'computer') return p.id === t.computerId
    if (isCreator(p, t)) return true
    if (p.kind !== 'user' || p.role === 'viewer') return false
    return t.channelId === null ? isAdmin(p) : writes(core, p, t)
  },
}

const isCreator = (p: Principal, t: TunnelRow): boolean =>
  (p.kind === 'user' || p.kind === 'agent') && (p.id === t.creatorId || (p.kind === 'agent' && p.id === t.agentId))

function reads({ access, directory }: Known, p: Principal, t: TunnelRow): boolean {
  const channel = t.channelId === null ? undefined : directory.channel(t.channelId)
  return channel !== undefined && access.can(p, 'read', channel)
}

function writes({ access, directory }: Known, p: Principal, t: TunnelRow): boolean {
  const channel = t.channelId === null ? undefined : directory.channel(t.channelId)
  return channel !== undefined && access.can(p, 'write', channel)
}

const NOBODY = { displayName: '', credentialId: '', revoked: new AbortController().signal }

/** Why a tunnel that is open has no standing any more: its channel, or whoever opened it, is not there as it was. */
export function lost({ directory, access }: Known, t: TunnelRow): string | undefined {
  const channel = t.channelId === null ? undefined : directory.channel(t.channelId)
  if (t.channelId !== null && (!channel || channel.archivedAt !== null)) return 'channel_archived'
  if (t.creator.kind === 'agent') {
    const agent = directory.agent(t.creatorId)
    if (!agent) return 'agent_deleted'
    if (agent.computerId !== t.computerId) return 'agent_moved'
    return channel && !directory.member(channel.id, 'agent', agent.id) ? 'agent_left' : undefined
  }
  if (t.creator.kind !== 'human') return undefined
  const user = directory.user(t.creatorId)
  if (!user || user.disabledAt !== null) return 'creator_left'
  const { id, username: name, role } = user
  const creator: Principal = { ...NOBODY, kind: 'user', id, name, role, scopes: null, csrf: null }
  return channel && !access.can(creator, 'read', channel) ? 'creator_left' : undefined
}
