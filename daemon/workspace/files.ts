import { constants } from 'node:fs'
import { type FileHandle, lstat, open, opendir, realpath, stat } from 'node:fs/promises'
import { join, relative, sep } from 'node:path'
import type { WorkspaceEntry, WorkspaceFile, WorkspaceTree } from '@shared/contract/workspaces'
import { NekodeError } from '@shared/errors'
import { isHidden } from './hidden'

/** Entries of one folder that are looked at, and of all folders for one answer. */
const MAX_IN_FOLDER = 10_000
const MAX_LOOKED_AT = 50_000
/** How much of a file tells whether it is text. */
const SNIFF_BYTES = 8192

export interface TreeQuery {
  path: string
  depth: number
  limit: number
  /** The `nextCursor` of the page before. */
  cursor?: string | undefined
}

/**
 * What is in a workspace, below a folder of it. Nothing outside is ever looked at: links that lead out are shown and not followed.
 * @param root real path of the workspace
 * @throws NekodeError not_found, forbidden `path_hidden`, invalid
 */
export async function listTree(root: string, { path, depth, limit, cursor }: TreeQuery): Promise<WorkspaceTree> {
  const folder = await resolveInside(root, path)
  await using held = await holdFolder(folder)
  const walk = new Walk(root, depth, limit, cursor === undefined ? undefined : parseKey(cursor))
  await walk.folder(folder, held.path, [], depth)
  const items = walk.found.slice(0, limit)
  const last = items.at(-1)
  return {
    path: shown(root, folder),
    items: items.map(({ entry }) => entry),
    ...(walk.found.length > limit && last ? { nextCursor: JSON.stringify(last.key) } : {}),
    truncated: walk.truncated,
  }
}

/** A place in the order of a tree: of each folder on the way, `0` and its name, and at the end `0` or `1` and the name. */
type Key = string[]

function parseKey(cursor: string): Key {
  const bad = (): NekodeError =>
    new NekodeError('invalid', 'This cursor is none of ours.', {
      code: 'invalid_request',
      next: 'Start over without it.',
    })
  let value: unknown
  try {
    value = JSON.parse(cursor)
  } catch {
    throw bad()
  }
  if (!Array.isArray(value)) throw bad()
  return value.map((part) => {
    if (typeof part !== 'string') throw bad()
    return part
  })
}

function compare(a: Key, b: Key): number {
  for (const [i, part] of a.entries()) {
    const other = b[i]
    if (other === undefined) return 1
    if (part !== other) return part < other ? -1 : 1
  }
  return a.length - b.length
}

/** Whether something in the folder `key` may come after `after`. */
const reaches = (key: Key, after: Key): boolean => compare(key, after.slice(0, key.length)) >= 0

class Walk {
  readonly found: { key: Key; entry: WorkspaceEntry }[] = []
  truncated = false
  #looked = 0

  constructor(
    private readonly root: string,
    private readonly depth: number,
    private readonly limit: number,
    private readonly after: Key | undefined,
  ) {}

  /** @param at where to read it: the folder itself, or what holds it open */
  async folder(folder: string, at: string, key: Key, left: number): Promise<void> {
    const entries: { key: Key; entry: WorkspaceEntry }[] = []
    let count = 0
    for await (const { name } of await opendir(at)) {
      if (++count > MAX_IN_FOLDER || ++this.#looked > MAX_LOOKED_AT) {
        this.truncated = true
        break
      }
      const path = shown(this.root, join(folder, name))
      if (isHidden(path) || !name.isWellFormed()) continue
      const entry = await this.#entry(join(at, name), path, name)
      if (entry) entries.push({ key: [...key, (entry.kind === 'folder' ? '0' : '1') + name], entry })
    }
    for (const one of entries.toSorted((a, b) => compare(a.key, b.key))) {
      if (this.found.length > this.limit) return
      if (!this.after || compare(one.key, this.after) > 0) this.found.push(one)
      const isOpen = one.entry.kind === 'folder' && left > 1
      if (isOpen && (!this.after || reaches(one.key, this.after)))
        await this.#below(join(folder, one.entry.name), one.key, left - 1)
    }
  }

  async #below(folder: string, key: Key, left: number): Promise<void> {
    try {
      await using held = await holdFolder(folder)
      await this.folder(folder, held.path, key, left)
    } catch (error) {
      // It went away, became a link, or may not be read: the rest is still worth seeing.
      if (!isFileError(error) && !(error instanceof NekodeError)) throw error
    }
  }

  async #entry(at: string, path: string, name: string): Promise<WorkspaceEntry | undefined> {
    try {
      const found = await lstat(at)
      const kind = found.isDirectory() ? 'folder' : found.isFile() ? 'file' : found.isSymbolicLink() ? 'link' : 'other'
      return {
        path,
        name,
        kind,
        sizeBytes: kind === 'file' ? found.size : 0,
        modifiedAt: Math.max(0, Math.round(found.mtimeMs)),
      }
    } catch (error) {
      // It went away while the folder was read.
      if (isFileError(error)) return undefined
      throw error
    }
  }
}

export interface FileQuery {
  path: string
  offset: number
  length: number
}

/**
 * A part of a file as text.
 * @param root real path of the workspace
 * @throws NekodeError not_found, forbidden `path_hidden`, invalid for what is no file
 */
export async function readFile(root: string, { path, offset, length }: FileQuery): Promise<WorkspaceFile> {
  const real = await resolveInside(root, path)
  // NONBLOCK: a pipe that nobody writes to would keep the daemon waiting for ever.
  await using file = await hold(real, constants.O_RDONLY | constants.O_NONBLOCK)
  const found = await file.handle.stat()
  if (!found.isFile())
    throw new NekodeError(
      'invalid',
      found.isDirectory() ? `${path} is a folder.` : `${path} is no file with text in it.`,
      {
        code: 'invalid_request',
        ...(found.isDirectory() ? { next: 'List it instead.' } : {}),
      },
    )
  const head = await readAt(file.handle, 0, SNIFF_BYTES)
  const bytes = await readAt(file.handle, offset, length)
  const text = head.includes(0) ? undefined : decode(bytes, offset + bytes.length >= found.size, offset > 0)
  const end = text === undefined ? offset + bytes.length : offset + text.start + text.size
  return {
    path: shown(root, real),
    content: text?.text ?? '',
    binary: text === undefined,
    sizeBytes: found.size,
    modifiedAt: Math.max(0, Math.round(found.mtimeMs)),
    offset,
    nextOffset: end < found.size && end > offset ? end : null,
  }
}

/**
 * A file of the workspace, held open.
 * @throws NekodeError as `readFile`
 */
export async function openInside(root: string, path: string): Promise<AsyncDisposable & { handle: FileHandle }> {
  const held = await hold(await resolveInside(root, path), constants.O_RDONLY | constants.O_NONBLOCK)
  if ((await held.handle.stat()).isFile()) return held
  await held.handle.close()
  throw new NekodeError('invalid', `${path} is no file.`, { code: 'invalid_request' })
}

/** UTF-8 cut between characters; undefined when it is something else. */
function decode(
  bytes: Uint8Array,
  atEnd: boolean,
  inside: boolean,
): { text: string; start: number; size: number } | undefined {
  let start = 0
  // The offset may be in the middle of a character: at most three bytes of one are left.
  if (inside) while (start < 3 && start < bytes.length && ((bytes[start] ?? 0) & 0xc0) === 0x80) start++
  let size = bytes.length - start
  if (!atEnd) {
    let back = 1
    while (back < 4 && back < size && ((bytes[start + size - back] ?? 0) & 0xc0) === 0x80) back++
    const lead = bytes[start + size - back] ?? 0
    const needs = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : lead >= 0xc0 ? 2 : 1
    if (needs > back) size -= back
  }
  const part = bytes.subarray(start, start + size)
  if (part.includes(0)) return undefined
  try {
    return { text: new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(part), start, size }
  } catch {
    return undefined
  }
}

async function readAt(handle: FileHandle, offset: number, length: number): Promise<Uint8Array> {
  const buffer = new Uint8Array(length)
  let size = 0
  while (size < length) {
    const { bytesRead } = await handle.read(buffer, size, length - size, offset + size)
    if (bytesRead === 0) break
    size += bytesRead
  }
  return buffer.subarray(0, size)
}

/** The real path of something in the workspace. */
async function resolveInside(root: string, path: string): Promise<string> {
  const parts = path.split('/').filter((part) => part !== '' && part !== '.')
  if (path.startsWith('/') || path.includes('\\') || path.includes('\0') || parts.includes('..'))
    throw new NekodeError('invalid', 'The path is relative to the workspace and stays in it.', {
      code: 'invalid_request',
    })
  if (isHidden(parts.join('/'))) throw hidden(path)
  let real: string
  try {
    real = await realpath(join(root, ...parts))
  } catch (error) {
    if (isFileError(error)) throw missing(path)
    throw error
  }
  if (real !== root && !real.startsWith(root + sep))
    throw new NekodeError('forbidden', `${path} leads out of the workspace.`, { code: 'path_hidden' })
  // A link may have another name than what it leads to.
  if (isHidden(shown(root, real))) throw hidden(path)
  return real
}

interface Held extends AsyncDisposable {
  handle: FileHandle
  /** What to read it by, now that it is open: not its name, where the system can do without. */
  path: string
}

const holdFolder = (real: string): Promise<Held> => hold(real, constants.O_RDONLY | (constants.O_DIRECTORY ?? 0))

/**
 * Opens what is at a real path and makes sure that it is that: between looking at a path and opening it, a folder on the way may have
 * been replaced by a link that leads out.
 */
async function hold(real: string, flags: number): Promise<Held> {
  let handle: FileHandle
  try {
    handle = await open(real, flags | (constants.O_NOFOLLOW ?? 0))
  } catch (error) {
    if (isFileError(error)) throw missing(real.split(sep).at(-1) ?? '')
    throw error
  }
  try {
    const [opened, now, named] = await Promise.all([handle.stat(), realpath(real), stat(real)])
    if (now !== real || opened.dev !== named.dev || opened.ino !== named.ino)
      throw missing(real.split(sep).at(-1) ?? '')
  } catch (error) {
    await handle.close()
    throw isFileError(error) ? missing(real.split(sep).at(-1) ?? '') : error
  }
  const path =
    process.platform === 'linux' && flags & (constants.O_DIRECTORY ?? 0) ? `/proc/self/fd/${handle.fd}` : real
  return { handle, path, [Symbol.asyncDispose]: () => handle.close() }
}

const shown = (root: string, path: string): string => relative(root, path).split(sep).join('/')

const isFileError = (error: unknown): boolean =>
  error instanceof Error &&
  'code' in error &&
  typeof error.code === 'string' &&
  ['ENOENT', 'ENOTDIR', 'ELOOP', 'EACCES', 'EPERM', 'ENXIO', 'ENAMETOOLONG', 'EINVAL', 'ENODEV', 'EISDIR'].includes(
    error.code,
  )

const missing = (path: string): NekodeError =>
  new NekodeError('not_found', `There is no ${path || 'such folder'} in the workspace that can be read.`)

const hidden = (path: string): NekodeError =>
  new NekodeError('forbidden', `${path} is not shown: it is the agent’s memory, or usually holds credentials.`, {
    code: 'path_hidden',
  })
