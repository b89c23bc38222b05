import type { OutboundDelivery } from '@shared/contract'
import type { Row } from '../db/tables'

export type OutboundRow = Row<'outboundDeliveries'>

/** Without what is sent. */
export const outboundView = (r: OutboundRow): OutboundDelivery => ({
  id: r.id,
  target: r.target,
  messageId: r.messageId || null,
  endpointId: r.endpointId,
  endpointKind: r.endpointKind,
  eventKind: r.eventKind,
  routeId: r.routeId,
  externalMessageId: r.externalMessageId,
  status: r.status,
  attemptCount: r.attemptCount,
  nextRetryAt: r.nextAttemptAt,
  deliveredAt: r.deliveredAt,
  lastError: r.lastError,
  requestId: r.requestId,
  createdAt: r.createdAt,
  updatedAt: r.updatedAt,
})
