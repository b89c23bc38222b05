import type { Artifact } from '@shared/contract'
import { isAdmin, me } from '../store/session'
import { state } from '../store/state'

/** Whether the reader may take it back, as the server decides it: a button that would be refused is not shown. */
export function mayRevoke({ owner, target }: Artifact): boolean {
  if (me().role === 'viewer') return false
  if (owner.kind === 'human' && owner.id === me().id) return true
  const agent = owner.kind === 'agent' ? state.agents[owner.id] : undefined
  if (agent && (isAdmin() || agent.createdBy === me().id)) return true
  if (target === null) return owner.kind !== 'human' && isAdmin()
  const channel = state.channels[target]
  if (!channel || channel.kind !== 'channel') return false
  return channel.role === 'admin' || (isAdmin() && (channel.visibility === 'public' || channel.joined))
}
