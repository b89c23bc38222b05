import { z } from 'zod'
import { nothing, onDemand, operations } from '../../local/operation'
import { FAILURES, JOB_STATES, OVERLAPS, RUN_STATES } from './job'
import {
  eventShape,
  jobShape,
  listedShape,
  nameShape,
  pieceShape,
  runShape,
  scheduleShape,
  submissionShape,
} from './shapes'

const ref = () => z.string().min(1).max(100)
const requestId = () => z.string().min(1).max(200)
/** Unix milliseconds. */
const time = () => z.number().int()
const zone = () => z.string().max(64)
const limit = () => z.number().int().min(1).max(1000)
const byId = () => z.object({ id: ref() })
const byName = () => z.object({ name: ref() })

export const JOBS = operations({
  JobSubmit: onDemand({ about: 'Adds a job: a command or a message, now or by a schedule' }, () => ({
    input: submissionShape().extend({
      /** The same id adds the job once, however often it is sent. */
      request_id: requestId().optional(),
    }),
    answers: {
      JobCreated: z.object({
        id: z.string(),
        name: z.string(),
        run_id: z.string().nullable(),
        next_run_at: time().nullable(),
        /** What will probably not work. */
        warnings: z.array(z.string()),
      }),
    },
  })),
  JobPreview: onDemand({ about: 'What JobSubmit would add, and when it would run; adds nothing' }, () => ({
    input: submissionShape().extend({ count: z.number().int().min(1).max(100).optional() }),
    answers: {
      JobPreviewed: z.object({
        workflow: z.string(),
        schedule: z.string(),
        timezone: z.string(),
        next: z.array(time()),
        warnings: z.array(z.string()),
      }),
    },
  })),
  JobList: onDemand({ about: 'The jobs, newest first' }, () => ({
    input: z.object({
      state: z.enum(JOB_STATES).optional(),
      tag: z.string().max(64).optional(),
      limit: limit().optional(),
    }),
    answers: {
      JobList: z.object({
        jobs: z.array(listedShape()),
        /** Where an earlier store is that was damaged: its jobs do not run. */
        set_aside: z.string().nullable(),
      }),
    },
  })),
  JobStatus: onDemand({ about: 'One job, by id or name, with the output of its newest run' }, () => ({
    input: byId(),
    answers: { JobDetail: z.object({ job: jobShape().extend({ output: z.string() }) }) },
  })),
  JobNext: onDemand({ about: 'The next moments of one job or of all' }, () => ({
    input: z.object({ id: ref().optional(), count: z.number().int().min(1).max(1000).optional() }),
    answers: {
      JobNextList: z.object({ moments: z.array(z.object({ id: z.string(), name: z.string(), at: time() })) }),
    },
  })),
  JobRuns: onDemand({ about: 'The runs of one job or of all, newest first' }, () => ({
    input: z.object({
      id: ref().optional(),
      state: z.enum(RUN_STATES).optional(),
      /** Runs older than this one. */
      before: ref().optional(),
      limit: limit().optional(),
    }),
    answers: { JobRunList: z.object({ runs: z.array(runShape()), next: z.string().nullable() }) },
  })),
  JobOutput: onDemand(
    { about: 'What a run has said, by the id of the run or of its job; waits for more where asked to' },
    () => ({
      input: z.object({
        id: ref(),
        from: z.number().int().min(0).optional(),
        wait_ms: z.number().int().min(0).max(20_000).optional(),
      }),
      answers: {
        JobOutput: z.object({
          run: runShape(),
          /** Characters from `from` on that are not kept any more. */
          dropped: z.number(),
          pieces: z.array(pieceShape()),
          /** `from` of the next look. */
          end: z.number(),
          /** Nothing more will come. */
          over: z.boolean(),
        }),
      },
    }),
  ),
  JobHistory: onDemand({ about: 'What happened to a job, newest first' }, () => ({
    input: z.object({ id: ref(), before: z.number().int().optional(), limit: limit().optional() }),
    answers: { JobHistoryList: z.object({ events: z.array(eventShape()) }) },
  })),
  JobRun: onDemand({ about: 'Runs a job now' }, () => ({
    input: z.object({ id: ref(), request_id: requestId().optional() }),
    answers: { JobCreated: z.object({ id: z.string(), run_id: z.string() }) },
  })),
  JobPause: onDemand({ about: 'Lets no moment of a job come until it is resumed' }, () => ({
    input: byId(),
    answers: { Ok: nothing },
  })),
  JobResume: onDemand({ about: 'Goes on with a job that was paused' }, () => ({
    input: byId(),
    answers: { Ok: nothing },
  })),
  JobCancel: onDemand(
    {
      about:
        'Ends a run, or every run of a job that waits or is under way; what it has started gets SIGTERM, then SIGKILL',
    },
    () => ({
      input: byId(),
      answers: { Ok: nothing },
    }),
  ),
  JobRetry: onDemand({ about: 'Runs once more what failed or was cancelled' }, () => ({
    input: byId(),
    answers: { JobCreated: z.object({ id: z.string(), run_id: z.string() }) },
  })),
  JobRemove: onDemand({ about: 'Ends a job and forgets it, with its runs' }, () => ({
    input: byId(),
    answers: { Ok: nothing },
  })),
  GetWorkflowHistory: onDemand({ about: 'The runs of every job that does this' }, () => ({
    input: z.object({ workflow: z.string().max(64_000) }),
    answers: {
      WorkflowHistoryResult: z.object({
        runs: z.array(
          z.object({
            job_id: z.string(),
            state: z.enum(RUN_STATES),
            workflow: z.string(),
            created_at: time(),
            started_at: time().nullable(),
            completed_at: time().nullable(),
            exit_code: z.number().nullable(),
          }),
        ),
      }),
    },
  })),
  ScheduleCreate: onDemand({ about: 'A job with a cron line, by name' }, () => ({
    input: z.object({
      name: nameShape(),
      workflow: z.string().min(1).max(64_000),
      cron_expr: z.string().min(1).max(200),
      timezone: zone().optional(),
      source: z.string().max(40).optional(),
      overlap: z.enum(OVERLAPS).optional(),
      /** JSON for the standard input of the command. */
      inputs_json: z.string().max(64_000).optional(),
    }),
    answers: { ScheduleCreated: z.object({ id: z.string(), name: z.string() }) },
  })),
  ScheduleList: onDemand({ about: 'The jobs with a cron line' }, () => ({
    input: z.object({ enabled_only: z.boolean().optional() }),
    answers: { ScheduleListResult: z.object({ schedules: z.array(scheduleShape()) }) },
  })),
  ScheduleGet: onDemand({ about: 'One job with a cron line, by name' }, () => ({
    input: byName(),
    answers: { ScheduleDetail: z.object({ schedule: scheduleShape() }) },
  })),
  SchedulePause: onDemand({ about: 'As JobPause, by name' }, () => ({ input: byName(), answers: { Ok: nothing } })),
  ScheduleResume: onDemand({ about: 'As JobResume, by name' }, () => ({ input: byName(), answers: { Ok: nothing } })),
  ScheduleDelete: onDemand({ about: 'As JobRemove, by name' }, () => ({ input: byName(), answers: { Ok: nothing } })),
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
    failure: z.enum(FAILURES),
    /** When it is tried again; null: never. */
    retry_at: time().nullable(),
  }),
  z.object({ type: z.literal('JobCancelled'), ...Ids }),
] as const
