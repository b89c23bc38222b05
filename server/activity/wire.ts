import type { MessageInitShape } from '@bufbuild/protobuf'
import type { ActivityRecordSchema } from '@shared/gen/nekode/daemon/v1/activity_pb'
import { PROTOCOL_VERSION, seconds } from '../rpc/wire'
import type { ActivityRow } from './view'

/** @param sequence of the event that announced it, where that is known */
export const wireActivity = (row: ActivityRow, sequence = 0): MessageInitShape<typeof ActivityRecordSchema> => ({
  activityId: row.id,
  target: row.target,
  agentId: row.agentId,
  kind: row.kind,
  summary: row.summary,
  detail: row.detail,
  createdTimeUnix: seconds(row.createdAt),
  runId: row.runId ?? '',
  stepId: row.stepId ?? '',
  sequence: BigInt(sequence),
  aggregateId: row.target,
  protocolVersion: PROTOCOL_VERSION,
})
