import type { RunState } from './view'

/** Which state a run may go to from each. What is not here is refused. */
const legal: Record<RunState, readonly RunState[]> = {
  queued: ['starting', 'running', 'failed', 'canceled'],
  starting: ['queued', 'running', 'failed', 'canceled'],
  running: ['queued', 'waiting_approval', 'completed', 'failed', 'canceled'],
  waiting_approval: ['queued', 'running', 'completed', 'failed', 'canceled'],
  completed: [],
  failed: [],
  canceled: [],
}

export const mayBecome = (from: RunState, to: RunState): boolean => legal[from].includes(to)
