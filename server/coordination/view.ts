import type { CoordinationRecord } from '@shared/contract'
import type { Row } from '../db/tables'

export type CoordinationRow = Row<'coordination'>

/** @param target of its channel, as it is called now */
export const coordinationView = (r: CoordinationRow, target: string): CoordinationRecord => ({
  id: r.id,
  target,
  threadId: r.threadId || null,
  taskId: r.taskId,
  kind: r.kind,
  subjectId: r.subjectId,
  current: r.current,
  actor: r.actor,
  payload: r.payload,
  createdAt: r.createdAt,
})
