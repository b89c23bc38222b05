import type { Run, RunState } from '@shared/contract'
import { isOver } from '../store/runs'

export const states = ['active', 'queued', 'running', 'waiting_approval', 'completed', 'failed', 'canceled'] as const
export const times = ['hour', 'day', 'week', 'month'] as const
export type StateFilter = (typeof states)[number]
export type TimeFilter = (typeof times)[number]

/** Which runs are listed; what is left out does not matter. */
export interface RunFilter {
  agentId?: string | undefined
  target?: string | undefined
  state?: StateFilter | undefined
  time?: TimeFilter | undefined
}

const lengths: Record<TimeFilter, number> = {
  hour: 3_600_000,
  day: 86_400_000,
  week: 7 * 86_400_000,
  month: 30 * 86_400_000,
}

/** The moment since which a run must have been made. */
export const sinceOf = (filter: RunFilter, now: number): number => (filter.time ? now - lengths[filter.time] : 0)

/** Whether a run is one of those that are listed, as it is now. */
export const fits = (run: Run, filter: RunFilter, since: number): boolean =>
  (!filter.agentId || run.agentId === filter.agentId) &&
  (!filter.target || run.target === filter.target) &&
  (!filter.state || (filter.state === 'active' ? !isOver(run) : run.state === filter.state)) &&
  run.createdAt >= since

/** What the server is asked for; runs come newest first, so those since a moment are the first ones. */
export function queryOf(filter: RunFilter): { agentId?: string; target?: string; state?: RunState; active?: 'true' } {
  return {
    ...(filter.agentId ? { agentId: filter.agentId } : {}),
    ...(filter.target ? { target: filter.target } : {}),
    ...(filter.state === 'active' ? { active: 'true' as const } : filter.state ? { state: filter.state } : {}),
  }
}

/** A filter as an address has it; what it does not know is left out. */
export const readFilter = (query: Record<string, string | string[] | undefined>): RunFilter => ({
  agentId: typeof query['agent'] === 'string' ? query['agent'] : undefined,
  target: typeof query['channel'] === 'string' ? query['channel'] : undefined,
  state: states.find((state) => state === query['state']),
  time: times.find((time) => time === query['time']),
})
