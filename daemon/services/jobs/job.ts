import type { Definition, Work } from './shapes'

/** A due moment while a run of the same job is waiting or under way: leave it out, do it afterwards, or end the run for it. */
export const OVERLAPS = ['skip', 'queue', 'replace'] as const

/** Moments that passed while the daemon did not run or the computer slept: none, one run for all, or each. */
export const MISSED = ['skip', 'once', 'all'] as const

export const RUN_STATES = ['pending', 'running', 'completed', 'failed', 'cancelled'] as const
export type RunState = (typeof RUN_STATES)[number]
/** `idle`: it has not run yet. */
export const JOB_STATES = ['idle', ...RUN_STATES] as const
export type JobState = (typeof JOB_STATES)[number]

/** Why a run is there. */
export const WHYS = ['submitted', 'schedule', 'missed', 'watch', 'manual'] as const
export type Why = (typeof WHYS)[number]

/** Why a run failed, for programs. */
export const FAILURES = [
  'exit',
  'signal',
  'timeout',
  'interrupted',
  'command_missing',
  'not_executable',
  'cwd_missing',
  'secret_missing',
  'start_failed',
  'disk_full',
  'message_failed',
] as const
export type Failure = (typeof FAILURES)[number]

export const EVENTS = [
  'submitted',
  'started',
  'completed',
  'failed',
  'cancelled',
  'retried',
  'interrupted',
  'requeued',
  'skipped',
  'missed',
  'paused',
  'resumed',
] as const
export type Event = (typeof EVENTS)[number]

/** `note`: said by the daemon, not by the command. */
export const STREAMS = ['stdout', 'stderr', 'note'] as const
export type Stream = (typeof STREAMS)[number]

/** What is done, in one line: `workflow` of the events and answers. */
export function describe(work: Work): string {
  switch (work.kind) {
    case 'command':
      return shorten(work.argv.map(quote).join(' '))
    case 'shell':
      return shorten(work.line)
    case 'message':
      return `message to ${work.target}`
  }
}

const shorten = (line: string): string => (line.length > 200 ? `${line.slice(0, 199)}…` : line).replace(/\s+/g, ' ')

const quote = (word: string): string =>
  /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`

/** Milliseconds before the attempt after `attempt`. */
export const backoffMs = ({ backoff_ms }: Definition, attempt: number): number =>
  Math.min(Math.max(backoff_ms, 3_600_000), backoff_ms * 2 ** Math.min(attempt - 1, 30))
