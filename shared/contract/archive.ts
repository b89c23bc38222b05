import { z } from 'zod'
import { Flag, Id, PageQuery, Time, page } from './common'
import { routes } from './route'
import { SearchText } from './search'

export const ArchivePhase = z.enum(['start', 'tool_call', 'tool_result', 'error', 'output', 'end'])
export type ArchivePhase = z.infer<typeof ArchivePhase>

/** What is kept of what an agent did in a run, as its daemon saw it. */
export const ArchivedRun = z.object({
  runId: z.string(),
  agentId: Id,
  computerId: Id,
  startedAt: Time,
  /** Null while it goes on, or for ever when the daemon never said. */
  endedAt: Time.nullable(),
  /** Means something once it has ended. */
  exitCode: z.number().int(),
  summary: z.string(),
  error: z.string(),
  eventCount: z.number().int(),
  sizeBytes: z.number().int(),
})
export type ArchivedRun = z.infer<typeof ArchivedRun>

export const ArchivedEvent = z.object({
  runId: z.string(),
  /** Its place in the run, from 0. */
  position: z.number().int(),
  phase: ArchivePhase,
  at: Time,
  /** The same in nanoseconds, as the daemon said it. */
  atNanos: z.string(),
  summary: z.string(),
  /** What it carries: a tool's input, its result. Null for nothing. */
  payload: z.record(z.string(), z.unknown()).nullable(),
  exitCode: z.number().int(),
  error: z.string(),
})
export type ArchivedEvent = z.infer<typeof ArchivedEvent>

/** A run's id; older daemons name runs of direct messages `direct-…`. */
const ByRun = z.object({ id: z.string().min(1).max(128) })
const who = ['user', 'agent', 'computer'] as const
const Of = z.object({ agentId: Id.optional(), computerId: Id.optional() })

export const archiveRoutes = routes({
  'GET /api/agent-runs': {
    summary: 'Archives of runs that the caller may see, newest first',
    tag: 'archive',
    who,
    query: PageQuery.extend(Of.shape),
    response: page(ArchivedRun),
  },
  'GET /api/agent-runs/search': {
    summary: 'Events of archives that have all the words, best match first',
    tag: 'archive',
    who,
    query: Of.extend({ q: SearchText, limit: PageQuery.shape.limit }),
    response: z.object({
      items: z.array(z.object({ run: ArchivedRun, event: ArchivedEvent, highlight: z.string() })),
    }),
    errors: ['invalid_search'],
  },
  'GET /api/agent-runs/{id}': {
    summary: 'One archive; `events` adds the newest of its events that fit into one answer',
    tag: 'archive',
    who,
    params: ByRun,
    query: z.object({ events: Flag.optional() }),
    response: z.object({ run: ArchivedRun, events: z.array(ArchivedEvent) }),
    errors: ['run_unknown'],
  },
  'GET /api/agent-runs/{id}/events': {
    summary: 'An archive’s events from the first on, in order',
    tag: 'archive',
    who,
    params: ByRun,
    query: PageQuery,
    response: page(ArchivedEvent),
    errors: ['run_unknown'],
  },
  'GET /api/agent-runs/{id}/replay': {
    summary:
      'An archive’s events as server-sent events in their order; goes on after Last-Event-ID, and ends with `over`',
    tag: 'archive',
    who,
    params: ByRun,
    response: z.string(),
    media: 'text/event-stream',
    errors: ['run_unknown'],
  },
})
