import type { Job, ListedJob, Run, Schedule } from './shapes'
import { describe } from './job'
import type { JobRow, RunRow } from './rows'

/** A job as it is told. @param last its newest run */
export function jobView(job: JobRow, last: RunRow | undefined): Job {
  const { definition, plan } = job
  return {
    id: job.id,
    name: job.name,
    workflow: describe(definition.work),
    work: definition.work,
    args: definition.args ?? null,
    cwd: definition.cwd,
    env: definition.env,
    schedule: job.schedule,
    cron: plan?.kind === 'cron' ? plan.rule : null,
    timezone: plan?.timezone ?? null,
    enabled: job.enabled,
    next_run_at: job.enabled ? job.next_at : null,
    overlap: definition.overlap,
    missed: definition.missed,
    max_missed: definition.max_missed,
    timeout_secs: definition.timeout_ms / 1000,
    max_retries: definition.max_retries,
    backoff_secs: definition.backoff_ms / 1000,
    tags: definition.tags,
    run_count: job.run_count,
    created_at: job.created_at,
    updated_at: job.updated_at,
    state: last?.state ?? 'idle',
    last_run_id: last?.id ?? null,
    started_at: last?.started_at ?? null,
    completed_at: last?.completed_at ?? null,
    exit_code: last?.exit_code ?? null,
    retry_count: Math.max(0, (last?.attempt ?? 0) - 1),
    failure: last?.failure ?? null,
    error: last?.error ?? null,
  }
}

/** A job as it stands in a list. */
export function listView(job: JobRow, last: RunRow | undefined): ListedJob {
  const { work: _work, args: _args, env: _env, ...rest } = jobView(job, last)
  return rest
}

export function runView(run: RunRow, name: string): Run {
  const { id, job_id, state, attempt, why, reason, due_at, created_at, started_at, completed_at } = run
  const isAgain = state === 'pending' && attempt > 0
  return {
    id,
    job_id,
    name,
    state,
    attempt,
    why,
    reason,
    due_at,
    ready_at: isAgain ? run.ready_at : null,
    created_at,
    started_at,
    completed_at,
    exit_code: run.exit_code,
    failure: run.failure,
    error: run.error,
  }
}

/** A job with a cron line, as the operations on schedules tell it. */
export function scheduleView(job: JobRow, last: RunRow | undefined): Schedule | undefined {
  const { plan, definition } = job
  if (plan?.kind !== 'cron') return undefined
  return {
    id: job.id,
    name: job.name,
    workflow: describe(definition.work),
    cron_expr: plan.rule,
    timezone: plan.timezone,
    paused: !job.enabled,
    overlap: definition.overlap,
    next_run_at: job.enabled ? job.next_at : null,
    last_run_at: last?.started_at ?? null,
    run_count: job.run_count,
    last_job_id: last?.id ?? null,
    created_at: job.created_at,
    updated_at: job.updated_at,
  }
}
