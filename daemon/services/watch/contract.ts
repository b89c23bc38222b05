import { z } from 'zod'
import { nothing, operations } from '../../local/operation'
import { LIMITS } from './limits'

const MINUTE_MS = 60_000

const Name = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, 'must be letters, digits, dots, dashes and underscores, 64 at most')
const Dir = z.string().min(1).max(4096)
const Patterns = z.array(z.string().min(1).max(1000)).max(LIMITS.patterns)

/** What a watch does when files have changed. */
export const WatchAction = z.discriminatedUnion('kind', [
  /** Only the event `WatchTriggered`. */
  z.object({ kind: z.literal('event') }),
  z.object({ kind: z.literal('job'), job: z.string().min(1).max(200) }),
  z.object({
    kind: z.literal('message'),
    /** A channel (`#general`), a person or an agent (`@ada`). */
    target: z.string().min(1).max(200),
    /** Stands before the list of files. */
    text: z.string().max(4000).optional(),
    /** An agent of this computer in whose name it is said. */
    as: z.string().min(1).max(200).optional(),
    thread_id: z.string().min(1).max(200).optional(),
  }),
  /** Takes entries out of the cache of model answers. */
  z.object({
    kind: z.literal('purge'),
    key: z.string().min(1).max(200).optional(),
    provider: z.string().min(1).max(100).optional(),
    model: z.string().min(1).max(200).optional(),
    tenant: z.string().min(1).max(200).optional(),
  }),
])
export type WatchAction = z.infer<typeof WatchAction>

/** How a watch is made. Times are milliseconds. */
export const WatchSpec = z.object({
  /** Absolute, below `~`, or below the home folder. */
  dir: Dir,
  /** Globs: without a slash they match names, with one the path below the folder; a leading `!` takes out. None: every file. */
  patterns: Patterns.default([]),
  /** Lines in the syntax of `.gitignore`. */
  ignore: z.array(z.string().min(1).max(1000)).max(LIMITS.ignore).default([]),
  /** Whether `.gitignore` files count. */
  gitignore: z.boolean().default(true),
  /** Silence after which it triggers. */
  debounce_ms: z.number().int().min(10).max(MINUTE_MS).default(500),
  /** Longest wait where there is no silence. */
  max_wait_ms: z
    .number()
    .int()
    .min(10)
    .max(60 * MINUTE_MS)
    .default(10_000),
  /** Looks at everything at this interval instead of being told: for network file systems. */
  poll_ms: z
    .number()
    .int()
    .min(1000)
    .max(24 * 60 * MINUTE_MS)
    .optional(),
  /** Whether it triggers once for what changed while the daemon was away or the watch was paused. */
  catch_up: z.boolean().default(false),
  /** With more triggers within a minute the watch pauses itself. */
  max_per_minute: z.number().int().min(1).max(600).default(20),
  /** The same for an hour. Default for messages 60, for the rest none. */
  max_per_hour: z.number().int().min(1).max(36_000).optional(),
  action: WatchAction.default({ kind: 'event' }),
  /** The owner allows a folder outside of the home folder; needs the token. */
  outside_home: z.boolean().default(false),
})
export type WatchSpec = z.infer<typeof WatchSpec>

export const ChangedFile = z.object({ path: z.string(), change: z.enum(['created', 'changed', 'removed']) })

/** `missing`: the folder is gone and waited for. `failed`: it cannot be watched; `reason` says why. */
export const WATCH_STATES = ['watching', 'missing', 'paused', 'failed'] as const

const Watch = WatchSpec.omit({ outside_home: true }).extend({
  id: z.string(),
  name: z.string().nullable(),
  state: z.enum(WATCH_STATES),
  /** Why it is paused, failed, or works less well than it could. */
  reason: z.string().nullable(),
  /** Null while nothing is watched. */
  files: z.number().nullable(),
  folders: z.number().nullable(),
  /** How many times it triggered. */
  triggers: z.number(),
  /** Unix milliseconds. */
  last_trigger_at: z.number().nullable(),
  created_at: z.number(),
})
export type Watch = z.infer<typeof Watch>

/** `pending`: under way, or tried again later. */
export const TRIGGER_STATES = ['pending', 'done', 'failed'] as const
const Trigger = z.object({
  id: z.string(),
  /** Unix milliseconds. */
  at: z.number(),
  files: z.array(ChangedFile),
  /** Files in all; `files` has no more than a part. */
  total: z.number(),
  /** Changed while the daemon was away or the watch was paused. */
  while_away: z.boolean(),
  state: z.enum(TRIGGER_STATES),
  /** What came of it, or what went wrong. */
  outcome: z.string().nullable(),
})
export type Trigger = z.infer<typeof Trigger>

const one = z.object({ id: z.string().min(1).max(200) })
const Active = z.object({ dir: z.string(), patterns: z.array(z.string()) })

export const WATCH = operations({
  WatchStart: {
    about: 'Watches a folder, without a name; there is one such watch',
    input: z.object({ dir: Dir, patterns: Patterns.default([]) }),
    answers: { WatchActive: Active },
  },
  WatchStop: { about: 'Ends the watch without a name', input: nothing, answers: { WatchInactive: nothing } },
  WatchStatus: {
    about: 'Whether there is a watch without a name',
    input: nothing,
    answers: { WatchActive: Active, WatchInactive: nothing },
  },
  WatchAdd: {
    about: 'Adds a watch that is kept, with what it does when files change',
    input: WatchSpec.extend({ name: Name.optional() }),
    answers: { Watch: z.object({ watch: Watch }) },
    needsToken: true,
  },
  WatchList: {
    about: 'All watches',
    input: nothing,
    answers: { WatchList: z.object({ watches: z.array(Watch) }) },
  },
  WatchShow: {
    about: 'One watch with its last triggers',
    input: one,
    answers: { Watch: z.object({ watch: Watch, triggers: z.array(Trigger) }) },
  },
  WatchRemove: { about: 'Removes a watch', input: one, answers: { Ok: nothing }, needsToken: true },
  WatchPause: { about: 'Pauses a watch', input: one, answers: { Watch: z.object({ watch: Watch }) } },
  WatchResume: {
    about: 'Goes on with a watch that is paused or failed',
    input: one,
    answers: { Watch: z.object({ watch: Watch }) },
  },
  WatchTest: {
    about: 'Which files a watch counts, or would count, and why others do not; changes nothing',
    input: z.object({
      /** A watch that there is … */
      id: z.string().min(1).max(200).optional(),
      /** … or one that there might be. */
      spec: WatchSpec.optional(),
      /** Below its folder; whether each would trigger. Default: all files are counted. */
      paths: z.array(z.string().min(1).max(4096)).max(1000).optional(),
    }),
    answers: {
      WatchTest: z.object({
        dir: z.string(),
        files: z.number(),
        folders: z.number(),
        /** Some of the files. */
        some: z.array(z.string()),
        verdicts: z.array(z.object({ path: z.string(), triggers: z.boolean(), why: z.string() })),
        warnings: z.array(z.string()),
      }),
    },
  },
})

/** What happens to watches, for those who listen. */
export const WatchEvents = [
  z.object({ type: z.literal('WatchStarted'), id: z.string(), dir: z.string(), patterns: z.array(z.string()) }),
  z.object({ type: z.literal('WatchStopped'), id: z.string(), reason: z.string().nullable() }),
  z.object({
    type: z.literal('WatchTriggered'),
    /** The first file, absolute. */
    path: z.string(),
    id: z.string(),
    name: z.string().nullable(),
    trigger_id: z.string(),
    dir: z.string(),
    files: z.array(ChangedFile),
    total: z.number(),
    while_away: z.boolean(),
  }),
  /** Changes came faster than they could be read, the folder is missing, or something else that people should know. */
  z.object({ type: z.literal('WatchTrouble'), id: z.string(), name: z.string().nullable(), message: z.string() }),
] as const
