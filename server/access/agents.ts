import type { Agent, Channel, Directory } from '../directory/directory'
import { type Principal, administers, hasScope, isAdmin } from './principal'

/**
 * `settings`: see how it is run. `files`: look at what is in its workspace. `stop`: end or restart its process. `reset`: also make it
 * forget its session. Writing to an agent is for everybody who may write at all, and making and changing one for admins.
 */
export type AgentAction = 'settings' | 'files' | 'stop' | 'reset'

interface Known {
  directory: Directory
  /** Whether the caller may write in a channel. */
  writes: (channel: Channel) => boolean
}

const made = (p: Principal, agent: Agent): boolean => p.kind === 'user' && p.id === agent.createdBy

const isViewer = (p: Principal): boolean => p.kind === 'user' && p.role === 'viewer'

/** A channel proper: a direct conversation with an agent is there for the asking. */
const sharesChannel = (agent: Agent, { directory, writes }: Known): boolean =>
  [...directory.memberships('agent', agent.id)].some((id) => {
    const channel = directory.channel(id)
    return channel?.kind === 'channel' && writes(channel)
  })

/** Both are members of a channel: that everybody may read one brings nobody together. */
const isTogether = (userId: string, agent: Agent, { directory }: Known): boolean =>
  [...directory.memberships('agent', agent.id)].some(
    (id) => directory.channel(id)?.kind === 'channel' && directory.member(id, 'human', userId) !== undefined,
  )

const rules: Record<AgentAction, (p: Principal, agent: Agent, known: Known) => boolean> = {
  settings: (p, agent) =>
    administers(p) ||
    (made(p, agent) && hasScope(p, 'admin')) ||
    (p.kind === 'agent' && p.id === agent.id) ||
    (p.kind === 'computer' && p.id === agent.computerId),
  files: (p, agent, known) =>
    administers(p) ||
    made(p, agent) ||
    (p.kind === 'agent' && p.id === agent.id) ||
    (p.kind === 'computer' && p.id === agent.computerId) ||
    (p.kind === 'user' && isTogether(p.id, agent, known)),
  stop: (p, agent, known) =>
    p.kind === 'user' && !isViewer(p) && (isAdmin(p) || made(p, agent) || sharesChannel(agent, known)),
  reset: (p, agent) => administers(p) || (made(p, agent) && !isViewer(p) && hasScope(p, 'admin')),
}

/** Who may do what with an agent, beyond the conversations that it takes part in. */
export const canWithAgent = (p: Principal, action: AgentAction, agent: Agent, known: Known): boolean =>
  rules[action](p, agent, known)

/** Whether an agent is somebody's to look after, wherever it is at work: an admin's, or theirs who made it. */
export const looksAfter = (p: Principal, agent: Agent): boolean => isAdmin(p) || made(p, agent)
