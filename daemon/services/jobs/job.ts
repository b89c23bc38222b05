import { z } from 'zod'
import { WHOLE_DAY_MS } from './limits'

export const MAX_ENV = 100
export const MAX_COMMAND = 64 * 1024
const MAX_ARGS = 1000

/** Text without a NUL, which no argument, folder or variable can hold. */
const text = (most: number) =>
  z
    .string()
    .max(most)
    .refine((value) => !value.includes('\0'), 'must not hold a NUL character')

export const Name = z
  .string()
  .regex(/^[A-Za-z0-9][\w.-]{0,63}$/, 'must be 1 to 64 letters, digits, dots, dashes or underscores')

/** What a job does: it starts a program, has a shell read a line, or says something in a channel or to an agent. */
export const Work = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('command'),
    argv: z.array(text(MAX_COMMAND)).min(1).max(MAX_ARGS),
  }),
  z.object({ kind: z.literal('shell'), line: text(MAX_COMMAND).min(1) }),
  z.object({
    kind: z.literal('message'),
    /** `#channel`, `#channel:thread` or `dm:@name`. */
    target: z.string().min(1).max(200),
    content: z.string().min(1).max(40_000),
    thread_id: z.string().max(100).optional(),
    /** In whose name: an agent of this computer. Without it, the person who is logged in here. */
    as: z.string().max(100).optional(),
  }),
])
export type Work = z.infer<typeof Work>

/** A due moment while a run of the same job is waiting or under way: leave it out, do it afterwards, or end the run for it. */
export const Overlap = z.enum(['skip', 'queue', 'replace'])
export type Overlap = z.infer<typeof Overlap>

/** Moments that passed while the daemon did not run or the computer slept: none, one run for all, or each. */
export const Missed = z.enum(['skip', 'once', 'all'])
export type Missed = z.infer<typeof Missed>

export const MAX_MISSED = 100
export const MAX_RETRIES = 100

/** How a job is run; everything but its schedule. */
export const Definition = z.object({
  work: Work,
  /** JSON that a command gets on its standard input. */
  args: z.unknown().optional(),
  cwd: text(4096),
  /** Variables of the command. `secret:NAME` stands for a secret, which is looked up when the command starts. */
  env: z.record(z.string().regex(/^[A-Za-z_]\w{0,127}$/), text(32 * 1024)),
  timeout_ms: z
    .number()
    .int()
    .min(1000)
    .max(7 * WHOLE_DAY_MS),
  max_retries: z.number().int().min(0).max(MAX_RETRIES),
  /** Before the first retry; it doubles with each, up to an hour. */
  backoff_ms: z.number().int().min(0).max(WHOLE_DAY_MS),
  overlap: Overlap,
  missed: Missed,
  /** Of `missed: all`: how many of the latest. */
  max_missed: z.number().int().min(1).max(MAX_MISSED),
  tags: z.array(z.string().regex(/^[\w.:/-]{1,64}$/)).max(20),
})
export type Definition = z.infer<typeof Definition>

export const JobState = z.enum(['idle', 'pending', 'running', 'completed', 'failed', 'cancelled'])
export type JobState = z.infer<typeof JobState>
export const RunState = JobState.exclude(['idle'])
export type RunState = z.infer<typeof RunState>

/** Why a run is there. */
export const Why = z.enum(['submitted', 'schedule', 'missed', 'watch', 'manual'])
export type Why = z.infer<typeof Why>

/** Why a run failed, for programs. */
export const Failure = z.enum([
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
])
export type Failure = z.infer<typeof Failure>

export const Event = z.enum([
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
])
export type Event = z.infer<typeof Event>

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
