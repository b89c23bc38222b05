import type { Tunnel } from '@shared/contract'
import type { Row } from '../db/tables'

export type TunnelRow = Row<'tunnels'>

/** @param url where to look at it; null when there is no address for previews */
export const tunnelView = (r: TunnelRow, url: string | null): Tunnel => ({
  id: r.id,
  computerId: r.computerId,
  agentId: r.agentId,
  runId: r.runId,
  target: r.target,
  threadId: r.threadId,
  localPort: r.localPort,
  label: r.label,
  state: r.state,
  accessPolicy: r.accessPolicy,
  creator: r.creator,
  url,
  ttlSeconds: r.ttlSeconds,
  approvedBy: r.approvedBy,
  approvedAt: r.approvedAt,
  expiresAt: r.expiresAt,
  closedAt: r.closedAt,
  closeReason: r.closeReason,
  createdAt: r.createdAt,
})
