import { z } from 'zod'
import { once } from '../../local/operation'
import { EVENTS, FAILURES, JOB_STATES, MISSED, OVERLAPS, RUN_STATES, STREAMS, WHYS } from './job'
import { WHOLE_DAY_MS } from './limits'

// Each is made when it is first asked for: a computer without jobs has none of them in memory.

const MAX_ENV = 100
const MAX_COMMAND = 64 * 1024
const MAX_ARGS = 1000
const MAX_MISSED = 100
const MAX_RETRIES = 100

/** Text without a NUL, which no argument, folder or variable can hold. */
const text = (most: number) =>
  z
    .string()
    .max(most)
    .refine((value) => !value.includes('\0'), 'must not hold a NUL character')

export const nameShape = once(() =>
  z.string().regex(/^[A-Za-z0-9][\w.-]{0,63}$/, 'must be 1 to 64 letters, digits, dots, dashes or underscores'),
)

/** What a job does: it starts a program, has a shell read a line, or says something in a channel or to an agent. */
export const workShape = once(() =>
  z.discriminatedUnion('kind', [
    z.object({
      kind: z.literal('command'),
      argv: z.array(text(MAX_COMMAND)).min(1).max(MAX_ARGS),
    }),
    z.object({ kind: z.literal('shell'), line: text(MAX_COMMAND).min(1) }),
    z.object({
      kind: z.literal('message'),
      /** `#general`, `general` or `@name`. */
      target: z.string().min(1).max(200),
      content: z.string().min(1).max(40_000),
      thread_id: z.string().max(100).optional(),
      /** In whose name: an agent of this computer. Without it, the person who is logged in here. */
      as: z.string().max(100).optional(),
    }),
  ]),
)
export type Work = z.infer<ReturnType<typeof workShape>>

/** How a job is run; everything but its schedule. */
export const definitionShape = once(() =>
  z.object({
    work: workShape(),
    /** JSON that a command gets on its standard input. */
    args: z.unknown().optional(),
    cwd: text(4096),
    /** Variables of the command. `secret:NAME` stands for a secret, which is looked up when the command starts. */
    env: z
      .record(z.string().regex(/^[A-Za-z_]\w{0,127}$/), text(32 * 1024))
      .refine((env) => Object.keys(env).length <= MAX_ENV, `must not hold more than ${MAX_ENV} variables`),
    timeout_ms: z
      .number()
      .int()
      .min(1000)
      .max(7 * WHOLE_DAY_MS),
    max_retries: z.number().int().min(0).max(MAX_RETRIES),
    /** Before the first retry; it doubles with each, up to an hour. */
    backoff_ms: z.number().int().min(0).max(WHOLE_DAY_MS),
    overlap: z.enum(OVERLAPS),
    missed: z.enum(MISSED),
    /** Of `missed: all`: how many of the latest. */
    max_missed: z.number().int().min(1).max(MAX_MISSED),
    tags: z.array(z.string().regex(/^[\w.:/-]{1,64}$/)).max(20),
  }),
)
export type Definition = z.infer<ReturnType<typeof definitionShape>>

/** What a job is made of. Times are Unix milliseconds everywhere here. */
export const submissionShape = once(() => {
  const definition = definitionShape().shape
  const [command, , message] = workShape().options
  return z.object({
    /** A line for a shell. Exactly one of `workflow`, `command` and `message`. */
    workflow: z.string().min(1).max(64_000).optional(),
    /** A program and its arguments. */
    command: command.shape.argv.optional(),
    message: message.omit({ kind: true }).optional(),
    /** Default: made from what it does. */
    name: nameShape().optional(),
    /** JSON for the standard input of the command. */
    args: z.unknown().optional(),
    /** A cron line of five fields, or `@daily` and its like. */
    cron: z.string().max(200).optional(),
    /** Or in words, as an interval, a moment, `on watch` or `manual`. Without either: once, now. */
    schedule: z.string().max(500).optional(),
    /** IANA name. Default UTC. */
    timezone: z.string().max(64).optional(),
    /** Default: the home folder. */
    cwd: definition.cwd.optional(),
    env: definition.env.optional(),
    timeout_secs: z
      .number()
      .int()
      .min(1)
      .max((7 * WHOLE_DAY_MS) / 1000)
      .optional(),
    max_retries: definition.max_retries.optional(),
    backoff_secs: z
      .number()
      .min(0)
      .max(WHOLE_DAY_MS / 1000)
      .optional(),
    overlap: definition.overlap.optional(),
    missed: definition.missed.optional(),
    max_missed: definition.max_missed.optional(),
    tags: definition.tags.optional(),
    paused: z.boolean().optional(),
  })
})
export type Submission = z.infer<ReturnType<typeof submissionShape>>

/** A job with the state of its newest run. */
export const jobShape = once(() => {
  const definition = definitionShape().shape
  return z.object({
    id: z.string(),
    name: z.string(),
    /** What it does, in one line. */
    workflow: z.string(),
    work: workShape(),
    args: z.unknown(),
    cwd: z.string(),
    env: definition.env,
    schedule: z.string(),
    /** The cron line, where it has one. */
    cron: z.string().nullable(),
    timezone: z.string().nullable(),
    enabled: z.boolean(),
    next_run_at: z.number().int().nullable(),
    overlap: definition.overlap,
    missed: definition.missed,
    max_missed: definition.max_missed,
    timeout_secs: z.number(),
    max_retries: z.number(),
    backoff_secs: z.number(),
    tags: definition.tags,
    run_count: z.number(),
    created_at: z.number().int(),
    updated_at: z.number().int(),
    state: z.enum(JOB_STATES),
    last_run_id: z.string().nullable(),
    started_at: z.number().int().nullable(),
    completed_at: z.number().int().nullable(),
    exit_code: z.number().nullable(),
    /** Attempts after the first. */
    retry_count: z.number(),
    failure: z.enum(FAILURES).nullable(),
    error: z.string().nullable(),
  })
})
export type Job = z.infer<ReturnType<typeof jobShape>>

/** As it stands in a list: without what can be long. */
export const listedShape = once(() => jobShape().omit({ work: true, args: true, env: true }))
export type ListedJob = z.infer<ReturnType<typeof listedShape>>

export const runShape = once(() =>
  z.object({
    id: z.string(),
    job_id: z.string(),
    name: z.string(),
    state: z.enum(RUN_STATES),
    attempt: z.number(),
    why: z.enum(WHYS),
    reason: z.string(),
    due_at: z.number().int().nullable(),
    /** When it is tried again, while it waits for that. */
    ready_at: z.number().int().nullable(),
    created_at: z.number().int(),
    started_at: z.number().int().nullable(),
    completed_at: z.number().int().nullable(),
    exit_code: z.number().nullable(),
    failure: z.enum(FAILURES).nullable(),
    error: z.string().nullable(),
  }),
)
export type Run = z.infer<ReturnType<typeof runShape>>

export const eventShape = once(() =>
  z.object({
    seq: z.number(),
    job_id: z.string(),
    run_id: z.string().nullable(),
    event: z.enum(EVENTS),
    timestamp: z.number().int(),
    details: z.string(),
  }),
)

export const scheduleShape = once(() =>
  z.object({
    id: z.string(),
    name: z.string(),
    workflow: z.string(),
    cron_expr: z.string(),
    timezone: z.string(),
    paused: z.boolean(),
    overlap: z.enum(OVERLAPS),
    next_run_at: z.number().int().nullable(),
    last_run_at: z.number().int().nullable(),
    run_count: z.number(),
    last_job_id: z.string().nullable(),
    created_at: z.number().int(),
    updated_at: z.number().int(),
  }),
)
export type Schedule = z.infer<ReturnType<typeof scheduleShape>>

/** Text of one stream, and where it begins in all that was said. Positions count UTF-16 code units. */
export const pieceShape = once(() => z.object({ stream: z.enum(STREAMS), at: z.number().int(), text: z.string() }))
export type Piece = z.infer<ReturnType<typeof pieceShape>>
