import { state } from '../store/state'
import type { Someone } from './mentions'

/** Agents and people; who is in the conversation is known for agents, and for people once somebody looked. */
export function everybody(target: string): Someone[] {
  const channel = state.channels[target]
  const members = state.members[target]
  const peers = new Set([...(channel?.peers ?? []), ...(members ?? [])].map((peer) => peer.memberId))
  return [
    ...Object.values(state.agents).map((agent) => ({
      kind: 'agent' as const,
      id: agent.id,
      name: agent.name,
      displayName: agent.displayName,
      inside: peers.has(agent.id) || agent.channels.some((channel) => channel.target === target),
    })),
    ...Object.values(state.users).map((user) => ({
      kind: 'human' as const,
      id: user.id,
      name: user.username,
      displayName: user.displayName,
      inside: members === undefined || peers.has(user.id),
    })),
  ]
}
