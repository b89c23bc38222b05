import type { Delivery } from '@shared/contract'
import type { Row } from '../db/tables'

export type DeliveryRow = Row<'deliveries'>

export const deliveryView = (r: DeliveryRow): Delivery => ({
  id: r.id,
  messageId: r.messageId,
  agentId: r.agentId,
  target: r.target,
  threadId: r.threadId,
  cause: r.cause,
  state: r.state,
  waiting: r.waiting,
  failure: r.failure,
  runId: r.runId,
  answerMessageId: r.answerMessageId,
  createdAt: r.createdAt,
  updatedAt: r.updatedAt,
})
