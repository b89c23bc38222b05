import { Artifact, type Attachment, Upload, Attachment as AttachmentSchema } from '@shared/contract'
import { ApiError, failure } from '@shared/contract/client'
import { NekodeError, errorText } from '@shared/errors'
import { open, rename, rm, stat } from 'node:fs/promises'
import { basename } from 'node:path'
import { z } from 'zod'
import type { Connection } from './account'

/** A file up to this size is sent at once; a larger one in parts of it, and only the part that failed again. */
const PART_BYTES = 8 << 20
const PART_MS = 10 * 60_000
const RETRY_MS = [500, 2000, 5000, 15_000]

const Published = Artifact.extend({ url: z.string() })

/** What a command tells while a file is on its way: bytes of all. */
export type Progress = (done: number, total: number) => void

/** Sends a file of this computer for a conversation. A broken connection is gone on with where it broke. */
export async function uploadFile(
  connection: Connection,
  path: string,
  target: string,
  { name = basename(path), progress = () => undefined }: { name?: string; progress?: Progress } = {},
): Promise<Attachment> {
  const size = await sizeOf(path)
  const file = Bun.file(path)
  const begin = async (): Promise<Response> => {
    const body = JSON.stringify({
      target,
      filename: name,
      sizeBytes: size,
      ...(file.type ? { mimeType: file.type } : {}),
    })
    return ask(connection, '/api/uploads', { method: 'POST', body })
  }
  let upload = Upload.parse(await (await again(begin)).json())
  const address = `/api/uploads/${upload.id}`
  const standing = async (): Promise<Upload> => Upload.parse(await (await ask(connection, address)).json())
  do {
    upload = await again(async () => {
      const { offset, attachment } = await standing()
      if (attachment) return standing()
      const part = file.slice(offset, Math.min(offset + PART_BYTES, size))
      const headers = { 'upload-offset': String(offset), 'content-type': 'application/offset+octet-stream' }
      await ask(connection, address, { method: 'PATCH', body: part, headers })
      return standing()
    })
    progress(upload.offset, size)
  } while (!upload.attachment)
  return upload.attachment
}

/** What is said of a file that is published; the server has a default for what is left out. */
export interface Publication {
  title?: string | undefined
  mime?: string | undefined
  name?: string | undefined
  /** Seconds. */
  ttl?: number | undefined
  target?: string | undefined
}

/** Publishes a file of this computer for a while. Sending it again after a broken connection publishes it once. */
export async function publishFile(
  connection: Connection,
  path: string,
  { title, mime, name = basename(path), ttl, target }: Publication,
): Promise<z.infer<typeof Published>> {
  await sizeOf(path)
  const file = Bun.file(path)
  const query = new URLSearchParams({
    filename: name,
    mime: mime ?? (file.type || 'application/octet-stream'),
    ...(title === undefined ? {} : { title }),
    ...(ttl === undefined ? {} : { ttl: String(ttl) }),
    ...(target === undefined ? {} : { target }),
  })
  const headers = { 'content-type': 'application/octet-stream', 'idempotency-key': crypto.randomUUID() }
  const send = () => ask(connection, `/api/artifacts?${query}`, { method: 'POST', body: file, headers })
  return Published.parse(await (await again(send)).json())
}

/** Fetches a file to a place, which has all of it or nothing, and checks it. */
export async function downloadFile(
  connection: Connection,
  id: string,
  to: (file: Attachment) => string,
): Promise<{ file: Attachment; path: string }> {
  const file = AttachmentSchema.parse(
    await (await ask(connection, `/api/attachments/${encodeURIComponent(id)}`)).json(),
  )
  const path = to(file)
  const draft = `${path}.${process.pid}.part`
  try {
    const hash = await save(await ask(connection, `${file.downloadUrl}?download=true`), draft)
    if (hash !== file.sha256)
      throw new NekodeError('unavailable', 'What arrived is not the file.', {
        code: 'checksum_mismatch',
        next: 'Try again.',
      })
    await rename(draft, path)
  } catch (error) {
    await rm(draft, { force: true })
    throw unwritable(error, path)
  }
  return { file, path }
}

async function save(response: Response, path: string): Promise<string> {
  const hasher = new Bun.CryptoHasher('sha256')
  const file = await open(path, 'wx', 0o600)
  try {
    for await (const chunk of response.body ?? []) {
      hasher.update(chunk)
      await file.writeFile(chunk)
    }
    await file.sync()
  } finally {
    await file.close()
  }
  return hasher.digest('hex')
}

const unwritable = (error: unknown, path: string): unknown =>
  error instanceof Error && 'code' in error && !(error instanceof NekodeError) && !(error instanceof ApiError)
    ? new NekodeError('invalid', `The file ${path} cannot be written: ${errorText(error)}.`, {
        code: 'file_unwritable',
        cause: error,
      })
    : error

async function sizeOf(path: string): Promise<number> {
  try {
    const found = await stat(path)
    if (found.isFile()) return found.size
  } catch (cause) {
    throw new NekodeError('invalid', `The file ${path} cannot be sent: ${errorText(cause)}.`, {
      code: 'file_unreadable',
      cause,
    })
  }
  throw new NekodeError('invalid', `${path} is not a file.`, { code: 'file_unreadable' })
}

async function ask({ server, headers }: Connection, path: string, init: RequestInit = {}): Promise<Response> {
  let response: Response
  try {
    const all = { ...headers(), ...Object.fromEntries(new Headers(init.headers)) }
    response = await fetch(server + path, { ...init, headers: all, signal: AbortSignal.timeout(PART_MS) })
  } catch (cause) {
    throw new ApiError(0, 'unreachable', `The server at ${server} cannot be reached: ${errorText(cause)}`)
  }
  if (response.ok) return response
  throw failure(response.status, await response.text())
}

/** Tries again while only the way to the server is at fault, or an earlier connection has not ended yet. */
async function again<T>(work: () => Promise<T>): Promise<T> {
  for (const pauseMs of RETRY_MS) {
    try {
      return await work()
    } catch (e) {
      const passing = e instanceof ApiError && ([0, 502, 503, 504].includes(e.status) || e.code === 'upload_busy')
      if (!passing) throw e
    }
    await Bun.sleep(pauseMs)
  }
  return work()
}
