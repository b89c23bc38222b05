import { existsSync } from 'node:fs'
import { basename } from 'node:path'
import { oneLine, sizeText } from '@shared/cli/text'
import { errorText, NekodeError } from '@shared/errors'
import type { Upload } from '../client/rest'
import type { ServerPayload } from '../protocol/events'
import type { Manual } from './manual'
import { misuse, number, type Result, said, type Verb } from './verb'

const LIST_MS = 10_000
const MANY = 50

/** Writes a file of this computer. */
export async function saveFile(path: string, content: Uint8Array<ArrayBuffer> | Response): Promise<Result> {
  try {
    const size = content instanceof Response ? await Bun.write(path, content) : await Bun.write(path, content)
    return said(`${path} (${sizeText(size)})`, { path, sizeBytes: size })
  } catch (cause) {
    throw new NekodeError('precondition', `${path} cannot be written: ${errorText(cause)}.`, {
      code: 'file_unwritable',
      cause,
    })
  }
}

function localFiles(paths: readonly string[]): Upload[] {
  const missing = paths.find((path) => !existsSync(path))
  if (missing !== undefined)
    throw new NekodeError('not_found', `There is no file ${missing}.`, { code: 'file_missing' })
  return paths.map((path) => ({ name: basename(path), content: Bun.file(path) }))
}

type Listing = ServerPayload<'filetransfer/update'>

async function listing({ desk, signal }: Manual): Promise<Listing> {
  const { promise, resolve, reject } = Promise.withResolvers<Listing>()
  const end = desk.on('filetransfer/update', resolve)
  const none = new NekodeError('unavailable', 'The server does not say what files it has.', {
    code: 'files_unavailable',
    next: 'Its file transfer may be off.',
  })
  const late = setTimeout(() => reject(none), LIST_MS)
  const abort = (): void => reject(signal.reason)
  signal.addEventListener('abort', abort)
  try {
    desk.send('filetransfer/update', {})
    return await promise
  } finally {
    clearTimeout(late)
    signal.removeEventListener('abort', abort)
    end()
  }
}

function listingText({ enabled, root_dir, files }: Listing): string {
  if (!enabled) return 'The file transfer is off.'
  const lines = (files ?? []).map(({ name, type, size }) =>
    type === 'dir' ? `  ${oneLine(name)}/` : `  ${oneLine(name)}  ${size === undefined ? '' : sizeText(size)}`,
  )
  return [oneLine(root_dir), ...(lines.length === 0 ? ['  (empty)'] : lines)].join('\n')
}

export const files: readonly Verb[] = [
  {
    name: 'upload',
    topic: 'files',
    usage: 'FILE… [X Y]',
    about: 'Drop files onto the screen, where the pointer is or at a point',
    words: [1, MANY],
    run: async ({ desk, input, signal }, words) => {
      const hasPoint = words.length > 2 && words.slice(-2).every((word) => /^[\d.]+$/.test(word) && !existsSync(word))
      const paths = hasPoint ? words.slice(0, -2) : words
      const [x, y] = words.slice(-2)
      const at = hasPoint ? input.toPixel({ x: number('X', x), y: number('Y', y) }) : input.position
      await desk.rest.upload.drop(at, localFiles(paths), { signal })
      return said(`${paths.map((path) => basename(path)).join(', ')} dropped at ${at.x} ${at.y}`, { files: paths, at })
    },
  },
  {
    name: 'dialog',
    topic: 'files',
    usage: 'FILE… | cancel',
    about: 'Give files to the file dialog that is open on the screen, or close it',
    words: [1, MANY],
    run: async ({ desk, signal }, words) => {
      if (words.length === 1 && words[0] === 'cancel') return desk.rest.upload.cancelDialog({ signal })
      await desk.rest.upload.dialog(localFiles(words), { signal })
    },
  },
  {
    name: 'files',
    topic: 'files',
    usage: 'list | get NAME [FILE] | put FILE… | rm NAME',
    about: 'The server’s folder for files',
    words: [0, MANY],
    complete: (words) => (words.length === 1 ? ['list', 'get', 'put', 'rm'] : []),
    run: async (manual, [what = 'list', ...words]) => {
      const { files } = manual.desk.rest
      const { signal } = manual
      const [name = '', path = basename(name)] = words
      if (what === 'list' && words.length === 0) {
        const found = await listing(manual)
        return said(listingText(found), found)
      }
      if (what === 'get' && (words.length === 1 || words.length === 2)) {
        return saveFile(path, new Response(await files.stream(name, { signal })))
      }
      if (what === 'put' && words.length > 0) return files.upload(localFiles(words), { signal })
      if (what === 'rm' && words.length === 1) return files.delete(name, { signal })
      throw misuse('It is one of these: list, get NAME [FILE], put FILE…, rm NAME.')
    },
  },
]
