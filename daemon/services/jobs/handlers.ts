import { NekodeError } from '@shared/errors'
import { type Handlers, serve, type Served } from '../../local/operation'
import { JOBS } from './contract'
import { describe } from './job'
import { refused } from './submission'
import type { Jobs } from './jobs'
import { jobView, listView, runView, scheduleView } from './view'

const USUAL = 1000

/** The operations of the jobs at the local API. */
export const serveJobs = (jobs: Jobs): Map<string, Served> =>
  serve(JOBS, { ...ofJobs(jobs), ...ofRuns(jobs), ...ofSchedules(jobs) })

type Part<Names extends keyof typeof JOBS> = Pick<Handlers<typeof JOBS>, Names>

const Ok = { type: 'Ok' } as const

function ofJobs(
  jobs: Jobs,
): Part<
  | 'JobSubmit'
  | 'JobPreview'
  | 'JobList'
  | 'JobStatus'
  | 'JobNext'
  | 'JobHistory'
  | 'JobPause'
  | 'JobResume'
  | 'JobRemove'
> {
  return {
    JobSubmit: async ({ request_id: requestId, ...submission }) => {
      const { job, run, warnings } = await jobs.submit(submission, requestId)
      return {
        type: 'JobCreated',
        id: job.id,
        name: job.name,
        run_id: run?.id ?? null,
        next_run_at: job.enabled ? job.next_at : null,
        warnings,
      }
    },
    JobPreview: async ({ count = 5, ...submission }) => {
      const { definition, schedule, timezone, next, warnings } = await jobs.preview(submission, count)
      return { type: 'JobPreviewed', workflow: describe(definition.work), schedule, timezone, next, warnings }
    },
    JobList: async ({ state, tag, limit = USUAL }) => {
      const { jobs: found, setAside } = await jobs.list({ state, tag, limit })
      return { type: 'JobList', jobs: found.map(({ job, last }) => listView(job, last)), set_aside: setAside ?? null }
    },
    JobStatus: async ({ id }) => {
      const { job, last } = await jobs.get(id)
      const output = last ? (await jobs.output(last.id)).output.text : ''
      return { type: 'JobDetail', job: { ...jobView(job, last), output } }
    },
    JobNext: async ({ id, count = 10 }) => {
      const moments = await jobs.next(id, count)
      return { type: 'JobNextList', moments: moments.map(({ job, at }) => ({ id: job.id, name: job.name, at })) }
    },
    JobHistory: async ({ id, before = Number.MAX_SAFE_INTEGER, limit = 100 }) => ({
      type: 'JobHistoryList',
      events: (await jobs.history(id, before, limit)).map(({ at, ...event }) => ({ ...event, timestamp: at })),
    }),
    JobPause: async ({ id }) => (await jobs.pause(id), Ok),
    JobResume: async ({ id }) => (await jobs.resume(id), Ok),
    JobRemove: async ({ id }) => (await jobs.remove(id), Ok),
  }
}

function ofRuns(
  jobs: Jobs,
): Part<'JobRuns' | 'JobOutput' | 'JobRun' | 'JobCancel' | 'JobRetry' | 'GetWorkflowHistory'> {
  return {
    JobRuns: async ({ id, state, before, limit = 100 }) => {
      const runs = await jobs.runs({ state, before, limit }, id)
      const last = runs.length === limit ? runs.at(-1)?.run.id : undefined
      return { type: 'JobRunList', runs: runs.map(({ run, name }) => runView(run, name)), next: last ?? null }
    },
    JobOutput: async ({ id, from = 0, wait_ms: waitMs = 0 }) => {
      const until = performance.now() + waitMs
      for (;;) {
        const { run, name, output, news } = await jobs.output(id)
        const over = run.state !== 'pending' && run.state !== 'running'
        const left = until - performance.now()
        if (output.end > from || over || left <= 0)
          return { type: 'JobOutput', run: runView(run, name), ...output.since(from), end: output.end, over }
        await Promise.race([output.changed, news, Bun.sleep(left)])
      }
    },
    JobRun: async ({ id, request_id: requestId }) => {
      const done = await jobs.trigger(id, 'manual', requestId === undefined ? {} : { requestId })
      if ('run' in done) return { type: 'JobCreated', id: done.run.job_id, run_id: done.run.id }
      throw new NekodeError('conflict', done.skipped, {
        code: 'JOB-001',
        next: 'Wait for it, or end it first: nekode-daemon jobs cancel',
      })
    },
    JobCancel: async ({ id }) => (await jobs.cancel(id), Ok),
    JobRetry: async ({ id }) => {
      const run = await jobs.retry(id)
      return { type: 'JobCreated', id: run.job_id, run_id: run.id }
    },
    GetWorkflowHistory: async ({ workflow }) => {
      const { jobs: found } = await jobs.list({ limit: USUAL })
      const same = found.filter(({ job }) => describe(job.definition.work) === workflow)
      const runs = await Promise.all(same.map(({ job }) => jobs.runs({ limit: 100 }, job.id)))
      return {
        type: 'WorkflowHistoryResult',
        runs: runs.flat().map(({ run: { job_id, state, created_at, started_at, completed_at, exit_code } }) => ({
          job_id,
          state,
          workflow,
          created_at,
          started_at,
          completed_at,
          exit_code,
        })),
      }
    },
  }
}

/** Jobs with a cron line, under the names that these operations had before they became one with the jobs. */
function ofSchedules(
  jobs: Jobs,
): Part<'ScheduleCreate' | 'ScheduleList' | 'ScheduleGet' | 'SchedulePause' | 'ScheduleResume' | 'ScheduleDelete'> {
  return {
    ScheduleCreate: async ({ name, workflow, cron_expr: cron, timezone, source, overlap, inputs_json: inputs }) => {
      const { job } = await jobs.submit({
        name,
        workflow,
        cron,
        ...(timezone === undefined ? {} : { timezone }),
        ...(source === undefined ? {} : { tags: [`source:${source.replace(/[^\w.-]/g, '_')}`] }),
        ...(overlap === undefined ? {} : { overlap }),
        ...(inputs === undefined ? {} : { args: parseInputs(inputs) }),
      })
      return { type: 'ScheduleCreated', id: job.id, name: job.name }
    },
    ScheduleList: async ({ enabled_only: enabledOnly = false }) => {
      const { jobs: all } = await jobs.list({ limit: USUAL })
      const schedules = all.flatMap(({ job, last }) =>
        job.enabled || !enabledOnly ? (scheduleView(job, last) ?? []) : [],
      )
      return { type: 'ScheduleListResult', schedules }
    },
    ScheduleGet: async ({ name }) => {
      const { job, last } = await jobs.get(name)
      const schedule = scheduleView(job, last)
      if (schedule) return { type: 'ScheduleDetail', schedule }
      throw new NekodeError('not_found', `The job “${name}” has no cron line.`, { code: 'JOB-004' })
    },
    SchedulePause: async ({ name }) => (await jobs.pause(name), Ok),
    ScheduleResume: async ({ name }) => (await jobs.resume(name), Ok),
    ScheduleDelete: async ({ name }) => (await jobs.remove(name), Ok),
  }
}

function parseInputs(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw refused(`inputs_json is not JSON: ${cause instanceof Error ? cause.message : ''}`)
  }
}
