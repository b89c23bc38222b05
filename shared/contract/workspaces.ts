import { z } from 'zod'
import { Id, Time } from './common'
import { routes } from './route'

/** Below the workspace, with forward slashes; empty for the workspace itself. */
const Path = z
  .string()
  .max(1000)
  .regex(/^(?!\/)[^\0\\]*$/, 'is relative to the workspace, with forward slashes')

export const MAX_TREE_ENTRIES = 1000
export const MAX_TREE_DEPTH = 8
export const MAX_FILE_BYTES = 1 << 20
/** Of a picture that is shown. */
export const MAX_IMAGE_BYTES = 16 << 20

export const WorkspaceEntry = z.object({
  path: z.string(),
  name: z.string(),
  /** A link is shown, and followed where it leads to somewhere in the workspace. */
  kind: z.enum(['folder', 'file', 'link', 'other']),
  /** 0 for anything but files. */
  sizeBytes: z.number().int().nonnegative(),
  modifiedAt: Time,
})
export type WorkspaceEntry = z.infer<typeof WorkspaceEntry>

export const WorkspaceTree = z.object({
  path: z.string(),
  /** Folders before files, each folder followed by what is in it. */
  items: z.array(WorkspaceEntry),
  nextCursor: z.string().optional(),
  /** A folder has more entries than are listed. */
  truncated: z.boolean(),
})
export type WorkspaceTree = z.infer<typeof WorkspaceTree>

export const WorkspaceFile = z.object({
  path: z.string(),
  /** Empty when the file is not UTF-8 text. */
  content: z.string(),
  binary: z.boolean(),
  /** Of the whole file. */
  sizeBytes: z.number().int().nonnegative(),
  modifiedAt: Time,
  /** In bytes; a part is cut between characters. */
  offset: z.number().int().nonnegative(),
  /** Where the next part begins; null at the end of the file. */
  nextOffset: z.number().int().nonnegative().nullable(),
})
export type WorkspaceFile = z.infer<typeof WorkspaceFile>

const ById = z.object({ id: Id })
const Errors = ['computer_offline', 'daemon_outdated', 'workspace_unavailable', 'path_hidden'] as const

export const workspaceRoutes = routes({
  'GET /api/agents/{id}/workspace/tree': {
    summary: 'What is in an agent’s workspace, as it is on its computer now',
    tag: 'agents',
    who: ['user', 'agent'],
    params: ById,
    query: z.object({
      path: Path.optional(),
      depth: z.coerce.number().int().min(1).max(MAX_TREE_DEPTH).optional(),
      limit: z.coerce.number().int().min(1).max(MAX_TREE_ENTRIES).optional(),
      cursor: z.string().max(5000).optional(),
    }),
    response: WorkspaceTree,
    errors: Errors,
  },
  'GET /api/agents/{id}/workspace/file': {
    summary: 'The text of a file in an agent’s workspace, or a part of it',
    tag: 'agents',
    who: ['user', 'agent'],
    params: ById,
    query: z.object({
      path: Path.min(1),
      offset: z.coerce.number().int().min(0).max(Number.MAX_SAFE_INTEGER).optional(),
      /** Bytes; default and most: 1 MiB. */
      length: z.coerce.number().int().min(1).max(MAX_FILE_BYTES).optional(),
    }),
    response: WorkspaceFile,
    errors: Errors,
  },
  'GET /api/agents/{id}/workspace/image': {
    summary: 'A picture in an agent’s workspace, of at most 16 MiB; what its bytes do not tell to be one is refused',
    tag: 'agents',
    who: ['user', 'agent'],
    params: ById,
    query: z.object({ path: Path.min(1) }),
    response: z.string(),
    media: 'application/octet-stream',
    errors: [...Errors, 'no_picture', 'too_large'],
  },
})
