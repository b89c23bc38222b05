import { formatDuration } from '@shared/duration'
import type { Job, Run } from '../../services/jobs/shapes'

/** The zone that this computer is in. */
export const localZone = (): string => new Intl.DateTimeFormat().resolvedOptions().timeZone

/** `Mon 2026-11-23 09:00:00 +01:00`, as clocks of the zone show it. */
export function moment(at: number, zone: string): string {
  const time = Temporal.Instant.fromEpochMilliseconds(at).toZonedDateTimeISO(zone)
  const day = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'][time.dayOfWeek - 1] ?? ''
  return `${day} ${time.toPlainDate()} ${time.toPlainTime().toString({ smallestUnit: 'second' })} ${time.offset}`
}

/** What became of a run, in a few words. */
export function outcome({
  state,
  failure,
  exit_code: code,
  error,
}: Pick<Run, 'state' | 'failure' | 'exit_code' | 'error'>): string {
  if (state === 'failed') return failure === 'exit' ? `failed (exit code ${code})` : `failed (${failure ?? error})`
  return state
}

export const stateStyle = (state: Job['state']) =>
  state === 'failed' ? 'red' : state === 'completed' ? 'green' : state === 'running' ? 'cyan' : 'yellow'

/** How long a run took; nothing for one that is not over. */
export const lasted = ({ started_at: from, completed_at: to }: Pick<Run, 'started_at' | 'completed_at'>): string =>
  from === null || to === null ? '' : formatDuration(to - from)
