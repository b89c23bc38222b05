import { errorText } from '@shared/errors'
import type { Plan } from '@shared/schedule/plan'
import { z } from 'zod'
import { EVENTS, FAILURES, RUN_STATES, WHYS } from './job'
import { definitionShape } from './shapes'

const json = z.string().transform((text, context): unknown => {
  try {
    return JSON.parse(text)
  } catch (error) {
    context.addIssue({ code: 'custom', message: errorText(error) })
    return z.NEVER
  }
})
const Flag = z.number().transform((value) => value === 1)
const Time = z.number().int()

const PlanShape: z.ZodType<Plan> = z.object({
  kind: z.enum(['at', 'every', 'cron', 'rrule']),
  rule: z.string(),
  anchorAt: Time,
  timezone: z.string(),
})

/** A job as it is stored, with the state of its newest run. */
export const JobRow = z.object({
  id: z.string(),
  name: z.string(),
  definition: json.pipe(definitionShape()),
  /** As it was said. */
  schedule: z.string(),
  /** Null: nothing is due by itself. */
  plan: json.pipe(PlanShape).nullable(),
  enabled: Flag,
  next_at: Time.nullable(),
  last_run_id: z.string().nullable(),
  run_count: z.number().int(),
  created_at: Time,
  updated_at: Time,
})
export type JobRow = z.infer<typeof JobRow>

/** A word that this version does not know is read as one that it does. */
export const RunRow = z.object({
  id: z.string(),
  job_id: z.string(),
  state: z.enum(RUN_STATES).catch('failed'),
  /** Starts so far. */
  attempt: z.number().int(),
  why: z.enum(WHYS).catch('manual'),
  /** What of, for people: a path that changed, a name. */
  reason: z.string(),
  /** Moment of the schedule that it is for. */
  due_at: Time.nullable(),
  /** Not before. */
  ready_at: Time,
  created_at: Time,
  started_at: Time.nullable(),
  completed_at: Time.nullable(),
  exit_code: z.number().int().nullable(),
  failure: z.enum(FAILURES).nullable().catch(null),
  error: z.string().nullable(),
})
export type RunRow = z.infer<typeof RunRow>

export const EventRow = z.object({
  seq: z.number().int(),
  job_id: z.string(),
  run_id: z.string().nullable(),
  event: z.enum(EVENTS),
  at: Time,
  details: z.string(),
})
export type EventRow = z.infer<typeof EventRow>

export const MIGRATIONS: readonly string[] = [
  `
  CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
  CREATE TABLE jobs (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    definition TEXT NOT NULL,
    schedule TEXT NOT NULL,
    plan TEXT,
    enabled INTEGER NOT NULL,
    next_at INTEGER,
    last_run_id TEXT,
    run_count INTEGER NOT NULL DEFAULT 0,
    request_id TEXT UNIQUE,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX jobs_due ON jobs (next_at) WHERE enabled = 1 AND next_at IS NOT NULL;
  CREATE TABLE runs (
    id TEXT PRIMARY KEY,
    job_id TEXT NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
    state TEXT NOT NULL,
    attempt INTEGER NOT NULL,
    why TEXT NOT NULL,
    reason TEXT NOT NULL,
    due_at INTEGER,
    ready_at INTEGER NOT NULL,
    request_id TEXT UNIQUE,
    created_at INTEGER NOT NULL,
    started_at INTEGER,
    completed_at INTEGER,
    exit_code INTEGER,
    failure TEXT,
    error TEXT
  ) STRICT;
  CREATE INDEX runs_job ON runs (job_id, id);
  CREATE INDEX runs_waiting ON runs (ready_at, id) WHERE state = 'pending';
  CREATE INDEX runs_open ON runs (job_id, state) WHERE state IN ('pending', 'running');
  CREATE INDEX runs_state ON runs (state, id);
  CREATE INDEX runs_ended ON runs (completed_at) WHERE completed_at IS NOT NULL;
  CREATE TABLE outputs (
    run_id TEXT PRIMARY KEY REFERENCES runs (id) ON DELETE CASCADE,
    body TEXT NOT NULL
  ) STRICT;
  CREATE TABLE moments (
    job_id TEXT NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
    due_at INTEGER NOT NULL,
    PRIMARY KEY (job_id, due_at)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE events (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    job_id TEXT NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
    run_id TEXT,
    event TEXT NOT NULL,
    at INTEGER NOT NULL,
    details TEXT NOT NULL
  ) STRICT;
  CREATE INDEX events_job ON events (job_id, seq);
  `,
]
