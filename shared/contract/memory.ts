import { z } from 'zod'
import { Id, Ok, PageQuery, Target, Time, page } from './common'
import { routes } from './route'

/**
 * What a note is about. `channel`, `thread`, `message` and `task` are about a conversation, and whoever may read that conversation may
 * read the note. `global`, `user`, `runtime` and `endpoint` are the agent's own: they are for the agent, its computer, and those who see
 * how the agent is run.
 */
export const MemoryScope = z.enum(['global', 'channel', 'thread', 'task', 'message', 'runtime', 'endpoint', 'user'])
export type MemoryScope = z.infer<typeof MemoryScope>

/** Scopes whose notes belong to a conversation. */
export const SHARED_SCOPES: ReadonlySet<MemoryScope> = new Set<MemoryScope>(['channel', 'thread', 'task', 'message'])

export const MemoryFormat = z.enum(['markdown', 'json', 'text'])
export type MemoryFormat = z.infer<typeof MemoryFormat>

/** UTF-16 code units of one note. */
export const MAX_MEMORY = 64_000
/** Notes of one agent, and bytes of them all. */
export const MAX_MEMORIES = 1000
export const MAX_MEMORY_BYTES = 8 << 20

/** Where a note stands in the agent's memory: `release.md`, `notes/release.md`. No folder leads up and none is hidden. */
export const MemoryPath = z
  .string()
  .max(200)
  .regex(
    /^[\p{L}\p{N}_][\p{L}\p{N}._ -]*(?:\/[\p{L}\p{N}_][\p{L}\p{N}._ -]*)*$/u,
    'use a name such as notes/release.md, of letters, digits, dots and dashes',
  )

export const MemoryRecord = z.object({
  id: Id,
  agentId: Id,
  scope: MemoryScope,
  /** The conversation that the note is about. */
  target: Target.nullable(),
  path: z.string(),
  title: z.string(),
  /** Empty when only the agent's computer has it. */
  content: z.string(),
  format: MemoryFormat,
  tags: z.array(z.string()),
  /** The messages that it was learned from. */
  sourceMessageIds: z.array(z.string()),
  /** SHA-256 of the content, in lower-case hex. */
  checksum: z.string(),
  /** The content stays on the agent's computer; the server knows that the note exists and how large it is. */
  localOnly: z.boolean(),
  /** Bytes of the content as UTF-8, also when it is not included. */
  sizeBytes: z.number().int(),
  /** Grows by one with each write; starts at 1. */
  version: z.number().int(),
  createdAt: Time,
  updatedAt: Time,
})
export type MemoryRecord = z.infer<typeof MemoryRecord>

export const NewMemory = z.strictObject({
  path: MemoryPath,
  scope: MemoryScope.optional(),
  /** For the scopes that are about a conversation; a thread may follow: `#general:msg_…`. */
  target: Target.optional(),
  title: z.string().trim().max(200).optional(),
  content: z.string().max(MAX_MEMORY),
  format: MemoryFormat.optional(),
  tags: z.array(z.string().trim().min(1).max(50)).max(20).optional(),
  sourceMessageIds: z.array(Id).max(50).optional(),
  /** Only on the agent's computer: `content` is empty, and size and checksum are as the computer says. */
  localOnly: z
    .strictObject({
      sizeBytes: z.number().int().min(0).max(0xffff_ffff),
      checksum: z.string().regex(/^[0-9a-f]{64}$/, 'a SHA-256 in lower-case hex'),
    })
    .optional(),
  /** The version that the writer has read, 0 for a new note. */
  expectedVersion: z.number().int().min(0),
})
export type NewMemory = z.infer<typeof NewMemory>

const ById = z.object({ id: Id })

export const memoryRoutes = routes({
  'GET /api/agents/{id}/memory': {
    summary:
      'An agent’s notes that the caller may see, latest change first; `q` searches path, title, tags and content',
    tag: 'memory',
    who: ['user', 'agent', 'computer'],
    params: ById,
    query: PageQuery.extend({
      scope: MemoryScope.optional(),
      target: Target.optional(),
      path: MemoryPath.optional(),
      q: z.string().trim().min(1).max(200).optional(),
    }),
    response: page(MemoryRecord),
  },
  'PUT /api/agents/{id}/memory': {
    summary: 'Write a note: a new one, or the next version of the one at the same path',
    tag: 'memory',
    who: ['user', 'agent', 'computer'],
    role: 'member',
    params: ById,
    body: NewMemory,
    response: MemoryRecord,
    errors: ['version_conflict', 'memory_full', 'idempotency_conflict'],
  },
  'GET /api/memory/{id}': {
    summary: 'One note',
    tag: 'memory',
    who: ['user', 'agent', 'computer'],
    params: ById,
    response: MemoryRecord,
  },
  'DELETE /api/memory/{id}': {
    summary: 'Remove a note that has not changed since',
    tag: 'memory',
    who: ['user', 'agent', 'computer'],
    role: 'member',
    params: ById,
    query: z.object({ version: z.coerce.number().int().min(1) }),
    response: Ok,
    errors: ['version_conflict'],
  },
})
