import { mkdir, open, rename, rm, stat } from 'node:fs/promises'
import { basename, dirname, extname, join } from 'node:path'
import { errorText, NekodeError } from '@shared/errors'
import type { ActionName } from './actions'

/**
 * Keeps the frame that the model saw. A path with an extension is one file that is replaced as a whole; any other is a folder, in which
 * each step has a file of its own.
 *
 * @param file PNG
 * @param path absolute
 * @returns the file's path
 * @throws NekodeError unavailable `save_failed`
 */
export async function saveFrame(path: string, file: Uint8Array, step: number, now = Date.now()): Promise<string> {
  const isFile = extname(path) !== '' && !path.endsWith('/') && !(await isFolder(path))
  return await write(isFile ? path : join(path, `frame_${digits(step)}_${seconds(now)}.png`), file)
}

/**
 * Keeps an annotated picture: in the folder `path`, or beside it with its last part before the name when it ends in `-`, `_` or `.`.
 *
 * @param file PNG
 * @param look of a closer look: which one; undefined for the action as it is done
 */
export async function saveAction(
  path: string,
  file: Uint8Array,
  { step, action, look, now = Date.now() }: { step: number; action: ActionName; look?: number; now?: number },
): Promise<string> {
  const what = look === undefined ? action : `${action}_refine_${look}`
  const name = `action_step_${digits(step)}_${seconds(now)}_${what}.png`
  const isBeginning = /[-_.]$/.test(path) && !(await isFolder(path))
  return await write(isBeginning ? join(dirname(path), basename(path) + name) : join(path, name), file)
}

const digits = (step: number): string => String(step).padStart(3, '0')
const seconds = (now: number): string => (now / 1000).toFixed(3)

/** Not there: nothing, which becomes a folder or a file. */
const isFolder = async (path: string): Promise<boolean> =>
  (await stat(path).catch(() => undefined))?.isDirectory() ?? false

/** Whoever reads the file sees the old picture or the new one, also after the power was cut. */
async function write(path: string, bytes: Uint8Array): Promise<string> {
  const part = join(dirname(path), `.${basename(path)}.${process.pid}.${crypto.randomUUID().slice(0, 8)}`)
  try {
    await mkdir(dirname(path), { recursive: true })
    const file = await open(part, 'wx', 0o600)
    try {
      await file.writeFile(bytes)
      await file.sync()
    } finally {
      await file.close()
    }
    await rename(part, path)
    return path
  } catch (error) {
    // Where its folder is none, it is not there either.
    await rm(part, { force: true }).catch(() => undefined)
    throw new NekodeError('unavailable', `The picture was not saved as ${path}: ${errorText(error)}`, {
      code: 'save_failed',
      cause: error,
    })
  }
}
