import type { Tunnel } from '@shared/contract'
import { canWrite, isAdmin, me } from '../store/session'
import { state } from '../store/state'

/* What the reader may do with a preview, as the server decides it: buttons that would be refused are not shown. */

const isMine = (tunnel: Tunnel) => tunnel.creator.kind === 'human' && tunnel.creator.id === me().id

/** Whether the reader may write where the preview is shown. */
const writesThere = ({ target }: Tunnel) => {
  const channel = target === null ? undefined : state.channels[target]
  return channel !== undefined && canWrite() && (channel.joined || channel.visibility === 'public')
}

/** Allow, refuse or extend it. */
export function mayDecide(tunnel: Tunnel): boolean {
  if (!canWrite() || (tunnel.accessPolicy === 'public' && !isAdmin())) return false
  return tunnel.target === null ? isAdmin() || isMine(tunnel) : writesThere(tunnel)
}

export function mayClose(tunnel: Tunnel): boolean {
  if (isMine(tunnel)) return true
  return canWrite() && (tunnel.target === null ? isAdmin() : writesThere(tunnel))
}

export const mayLook = (tunnel: Tunnel): boolean =>
  tunnel.state === 'active' && tunnel.url !== null && (tunnel.accessPolicy !== 'private' || isMine(tunnel) || isAdmin())

/** Where the browser goes to be let in: the server answers with the preview's own address and a ticket. */
export const lookPath = (tunnel: Tunnel): string => `/api/tunnels/${tunnel.id}/open`
