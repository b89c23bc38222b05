import { type FileHandle, lstat, mkdir, open, realpath, rename, rm } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { NekodeError } from '@shared/errors'
import { openInside } from './files'

/** Where files from conversations are put, below an agent's workspace. */
const FOLDER = 'attachments'

/** A file of a workspace, held open: what is read is what was looked at. */
export interface Outgoing extends AsyncDisposable {
  handle: FileHandle
  name: string
  sizeBytes: number
}

/**
 * A file of a workspace, for sending it elsewhere.
 * @param root real path of the workspace
 * @throws NekodeError not_found, forbidden `path_hidden` for what is outside or usually holds credentials, invalid for what is no file
 */
export async function openOutgoing(root: string, path: string): Promise<Outgoing> {
  const held = await openInside(root, path)
  const { size } = await held.handle.stat()
  return {
    handle: held.handle,
    name: basename(path),
    sizeBytes: size,
    [Symbol.asyncDispose]: held[Symbol.asyncDispose],
  }
}

/**
 * Puts a file from a conversation into a workspace.
 * @param id of the file, which keeps two of one name apart
 * @param mostBytes more is refused
 * @returns its path, relative to the workspace
 */
export async function saveIncoming(
  root: string,
  { id, name, mostBytes }: { id: string; name: string; mostBytes: number },
  body: AsyncIterable<Uint8Array>,
): Promise<string> {
  const folder = join(root, FOLDER)
  await mkdir(folder, { recursive: true })
  // A link in its place would lead out.
  if ((await realpath(folder)) !== folder || !(await lstat(folder)).isDirectory())
    throw new NekodeError('forbidden', `${FOLDER} in your workspace is no folder of its own.`, {
      next: `Move it away, and call again.`,
    })
  const file = `${id.replace(/\W/g, '')}-${plain(name)}`
  const draft = join(folder, `.${crypto.randomUUID()}.part`)
  try {
    const handle = await open(draft, 'wx', 0o600)
    try {
      let size = 0
      for await (const chunk of body) {
        size += chunk.length
        if (size > mostBytes) throw new NekodeError('too_large', `The file has more than ${mostBytes >> 20} MiB.`)
        await handle.writeFile(chunk)
      }
    } finally {
      await handle.close()
    }
    await rename(draft, join(folder, file))
  } catch (error) {
    await rm(draft, { force: true })
    throw error
  }
  return `${FOLDER}/${file}`
}

/** A name that means nothing to a shell or a file system of any kind. */
const plain = (name: string): string =>
  name
    .replace(/[^\p{L}\p{N}._-]+/gu, '_')
    .replace(/^\.+/, '')
    .slice(-120) || 'file'
