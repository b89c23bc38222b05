import type { Run } from '@shared/gen/nekode/daemon/v1/runs_pb'
import type { Prompt } from './prompt'

/** One attempt at a run, from its assignment to its report. */
export interface Task {
  readonly runId: string
  readonly agentId: string
  readonly target: string
  readonly attempt: number
  readonly summary: string
  /** Empty until the server has given one. */
  leaseId: string
  /** The server knows that it runs. */
  running: boolean
  prompt?: Prompt
  /** It could not be given to a running turn: it gets one of its own. */
  alone: boolean
  /** It was tried once more with a new session, after the old one was lost. */
  fresh: boolean
}

export const taskOf = ({ runId, agentId, target, attempt, summary, leaseId }: Run): Task => ({
  runId,
  agentId,
  target,
  attempt,
  summary,
  leaseId,
  running: false,
  alone: false,
  fresh: false,
})
