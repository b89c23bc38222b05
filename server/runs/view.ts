import type { Run, RunStep } from '@shared/contract'
import type { Row } from '../db/tables'

export type RunRow = Row<'runs'>
export type StepRow = Row<'runSteps'>
export type RunState = RunRow['state']

export const isOver = (state: RunState): boolean => state === 'completed' || state === 'failed' || state === 'canceled'

export const runView = (r: RunRow): Run => ({
  id: r.id,
  deliveryId: r.deliveryId,
  agentId: r.agentId,
  computerId: r.computerId,
  target: r.target,
  threadId: r.threadId,
  inputMessageId: r.inputMessageId,
  resultMessageId: r.resultMessageId,
  joinedRunId: r.joinedRunId,
  state: r.state,
  attempt: r.attempt,
  maxAttempts: r.maxAttempts,
  failure: r.failure,
  summary: r.summary,
  usage: r.usage,
  costUsd: r.costUsd,
  createdAt: r.createdAt,
  startedAt: r.startedAt,
  completedAt: r.completedAt,
  updatedAt: r.updatedAt,
})

export const stepView = (r: StepRow): RunStep => ({
  id: r.id,
  runId: r.runId,
  sequence: r.sequence,
  status: r.status,
  detail: r.detail,
  startedAt: r.startedAt,
  completedAt: r.completedAt,
})
