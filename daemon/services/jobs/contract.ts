import { z } from 'zod'
import { nothing, operations } from '../../local/operation'
import { Definition, Event, Failure, JobState, Name, RunState, Why, Work } from './job'
import { WHOLE_DAY_MS } from './limits'
import { Piece } from './output'

const Ref = z.string().min(1).max(100)
const RequestId = z.string().min(1).max(200)
const Time = z.number().int()
const Zone = z.string().max(64)
const definition = Definition.shape

/** What a job is made of. Times are Unix milliseconds everywhere here. */
const submission = {
  /** A line for a shell. Exactly one of `workflow`, `command` and `message`. */
  workflow: z.string().min(1).max(64_000).optional(),
  /** A program and its arguments. */
  command: Work.options[0].shape.argv.optional(),
  message: Work.options[2].omit({ kind: true }).optional(),
  /** Default: made from what it does. */
  name: Name.optional(),
  /** JSON for the standard input of the command. */
  args: z.unknown().optional(),
  /** A cron line of five fields, or `@daily` and its like. */
  cron: z.string().max(200).optional(),
  /** Or in words, as an interval, a moment, `on watch` or `manual`. Without either: once, now. */
  schedule: z.string().max(500).optional(),
  /** IANA name. Default UTC. */
  timezone: Zone.optional(),
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
}
export const Submission = z.object(submission)
export type Submission = z.infer<typeof Submission>

/** A job with the state of its newest run. */
export const Job = z.object({
  id: z.string(),
  name: z.string(),
  /** What it does, in one line. */
  workflow: z.string(),
  work: Work,
  args: z.unknown(),
  cwd: z.string(),
  env: definition.env,
  schedule: z.string(),
  /** The cron line, where it has one. */
  cron: z.string().nullable(),
  timezone: z.string().nullable(),
  enabled: z.boolean(),
  next_run_at: Time.nullable(),
  overlap: definition.overlap,
  missed: definition.missed,
  max_missed: definition.max_missed,
  timeout_secs: z.number(),
  max_retries: z.number(),
  backoff_secs: z.number(),
  tags: definition.tags,
  run_count: z.number(),
  created_at: Time,
  updated_at: Time,
  state: JobState,
  last_run_id: z.string().nullable(),
  started_at: Time.nullable(),
  completed_at: Time.nullable(),
  exit_code: z.number().nullable(),
  /** Attempts after the first. */
  retry_count: z.number(),
  failure: Failure.nullable(),
  error: z.string().nullable(),
})
export type Job = z.infer<typeof Job>

/** As it stands in a list: without what can be long. */
export const ListedJob = Job.omit({ work: true, args: true, env: true })
export type ListedJob = z.infer<typeof ListedJob>

export const Run = z.object({
  id: z.string(),
  job_id: z.string(),
  name: z.string(),
  state: RunState,
  attempt: z.number(),
  why: Why,
  reason: z.string(),
  due_at: Time.nullable(),
  /** When it is tried again, while it waits for that. */
  ready_at: Time.nullable(),
  created_at: Time,
  started_at: Time.nullable(),
  completed_at: Time.nullable(),
  exit_code: z.number().nullable(),
  failure: Failure.nullable(),
  error: z.string().nullable(),
})
export type Run = z.infer<typeof Run>

const HistoryEvent = z.object({
  seq: z.number(),
  job_id: z.string(),
  run_id: z.string().nullable(),
  event: Event,
  timestamp: Time,
  details: z.string(),
})

const Schedule = z.object({
  id: z.string(),
  name: z.string(),
  workflow: z.string(),
  cron_expr: z.string(),
  timezone: z.string(),
  paused: z.boolean(),
  overlap: definition.overlap,
  next_run_at: Time.nullable(),
  last_run_at: Time.nullable(),
  run_count: z.number(),
  last_job_id: z.string().nullable(),
  created_at: Time,
  updated_at: Time,
})
export type Schedule = z.infer<typeof Schedule>

const ById = z.object({ id: Ref })
const ByName = z.object({ name: Ref })
const Ok = nothing
const Limit = z.number().int().min(1).max(1000)

export const JOBS = operations({
  JobSubmit: {
    about: 'Adds a job: a command or a message, now or by a schedule',
    input: Submission.extend({
      /** The same id adds the job once, however often it is sent. */
      request_id: RequestId.optional(),
    }),
    answers: {
      JobCreated: z.object({
        id: z.string(),
        name: z.string(),
        run_id: z.string().nullable(),
        next_run_at: Time.nullable(),
        /** What will probably not work. */
        warnings: z.array(z.string()),
      }),
    },
  },
  JobPreview: {
    about: 'What JobSubmit would add, and when it would run; adds nothing',
    input: Submission.extend({ count: z.number().int().min(1).max(100).optional() }),
    answers: {
      JobPreviewed: z.object({
        workflow: z.string(),
        schedule: z.string(),
        timezone: z.string(),
        next: z.array(Time),
        warnings: z.array(z.string()),
      }),
    },
  },
  JobList: {
    about: 'The jobs, newest first',
    input: z.object({ state: JobState.optional(), tag: z.string().max(64).optional(), limit: Limit.optional() }),
    answers: {
      JobList: z.object({
        jobs: z.array(ListedJob),
        /** Where an earlier store is that was damaged: its jobs do not run. */
        set_aside: z.string().nullable(),
      }),
    },
  },
  JobStatus: {
    about: 'One job, by id or name, with the output of its newest run',
    input: ById,
    answers: { JobDetail: z.object({ job: Job.extend({ output: z.string() }) }) },
  },
  JobNext: {
    about: 'The next moments of one job or of all',
    input: z.object({ id: Ref.optional(), count: z.number().int().min(1).max(1000).optional() }),
    answers: { JobNextList: z.object({ moments: z.array(z.object({ id: z.string(), name: z.string(), at: Time })) }) },
  },
  JobRuns: {
    about: 'The runs of one job or of all, newest first',
    input: z.object({
      id: Ref.optional(),
      state: RunState.optional(),
      /** Runs older than this one. */
      before: Ref.optional(),
      limit: Limit.optional(),
    }),
    answers: { JobRunList: z.object({ runs: z.array(Run), next: z.string().nullable() }) },
  },
  JobOutput: {
    about: 'What a run has said, by the id of the run or of its job; waits for more where asked to',
    input: z.object({
      id: Ref,
      from: z.number().int().min(0).optional(),
      wait_ms: z.number().int().min(0).max(20_000).optional(),
    }),
    answers: {
      JobOutput: z.object({
        run: Run,
        /** Characters from `from` on that are not kept any more. */
        dropped: z.number(),
        pieces: z.array(Piece),
        /** `from` of the next look. */
        end: z.number(),
        /** Nothing more will come. */
        over: z.boolean(),
      }),
    },
  },
  JobHistory: {
    about: 'What happened to a job, newest first',
    input: z.object({ id: Ref, before: z.number().int().optional(), limit: Limit.optional() }),
    answers: { JobHistoryList: z.object({ events: z.array(HistoryEvent) }) },
  },
  JobRun: {
    about: 'Runs a job now',
    input: z.object({ id: Ref, request_id: RequestId.optional() }),
    answers: { JobCreated: z.object({ id: z.string(), run_id: z.string() }) },
  },
  JobPause: { about: 'Lets no moment of a job come until it is resumed', input: ById, answers: { Ok } },
  JobResume: { about: 'Goes on with a job that was paused', input: ById, answers: { Ok } },
  JobCancel: {
    about:
      'Ends a run, or every run of a job that waits or is under way; what it has started gets SIGTERM, then SIGKILL',
    input: ById,
    answers: { Ok },
  },
  JobRetry: {
    about: 'Runs once more what failed or was cancelled',
    input: ById,
    answers: { JobCreated: z.object({ id: z.string(), run_id: z.string() }) },
  },
  JobRemove: { about: 'Ends a job and forgets it, with its runs', input: ById, answers: { Ok } },
  GetWorkflowHistory: {
    about: 'The runs of every job that does this',
    input: z.object({ workflow: z.string().max(64_000) }),
    answers: {
      WorkflowHistoryResult: z.object({
        runs: z.array(
          z.object({
            job_id: z.string(),
            state: RunState,
            workflow: z.string(),
            created_at: Time,
            started_at: Time.nullable(),
            completed_at: Time.nullable(),
            exit_code: z.number().nullable(),
          }),
        ),
      }),
    },
  },
  ScheduleCreate: {
    about: 'A job with a cron line, by name',
    input: z.object({
      name: Name,
      workflow: z.string().min(1).max(64_000),
      cron_expr: z.string().min(1).max(200),
      timezone: Zone.optional(),
      source: z.string().max(40).optional(),
      overlap: definition.overlap.optional(),
      /** JSON for the standard input of the command. */
      inputs_json: z.string().max(64_000).optional(),
    }),
    answers: { ScheduleCreated: z.object({ id: z.string(), name: z.string() }) },
  },
  ScheduleList: {
    about: 'The jobs with a cron line',
    input: z.object({ enabled_only: z.boolean().optional() }),
    answers: { ScheduleListResult: z.object({ schedules: z.array(Schedule) }) },
  },
  ScheduleGet: {
    about: 'One job with a cron line, by name',
    input: ByName,
    answers: { ScheduleDetail: z.object({ schedule: Schedule }) },
  },
  SchedulePause: { about: 'As JobPause, by name', input: ByName, answers: { Ok } },
  ScheduleResume: { about: 'As JobResume, by name', input: ByName, answers: { Ok } },
  ScheduleDelete: { about: 'As JobRemove, by name', input: ByName, answers: { Ok } },
})

const Ids = { job_id: z.string(), run_id: z.string() }
/** What is told of jobs to those who listen. */
export const JobEvents = [
  z.object({
    type: z.literal('JobSubmitted'),
    ...Ids,
    name: z.string(),
    workflow: z.string(),
    why: z.string(),
  }),
  z.object({ type: z.literal('JobStarted'), ...Ids, attempt: z.number() }),
  z.object({ type: z.literal('JobCompleted'), ...Ids, exit_code: z.number().nullable() }),
  z.object({
    type: z.literal('JobFailed'),
    ...Ids,
    error: z.string(),
    failure: Failure,
    /** When it is tried again; null: never. */
    retry_at: Time.nullable(),
  }),
  z.object({ type: z.literal('JobCancelled'), ...Ids }),
] as const
