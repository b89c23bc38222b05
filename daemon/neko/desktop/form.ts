import Busboy, { type BusboyInstance } from '@fastify/busboy'
import { createWriteStream } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { UPLOAD_FILES } from './limits'
import { badRequest, Refusal } from './refusal'

const FIELDS = 20
const LIMITS = { fields: FIELDS, parts: FIELDS + UPLOAD_FILES, fieldNameSize: 100, fieldSize: 4096, headerPairs: 50 }

export interface FormFile {
  /** Without a folder. */
  name: string
  data: Blob
}

export interface Form {
  fields: ReadonlyMap<string, string>
  /** On the disk, as long as the form is looked at. */
  files: FormFile[]
}

/**
 * Reads a form with files, which go to the disk and not into memory, and removes them afterwards.
 * @throws Refusal 400 for what is no form, 413 for one with too many files, and what `act` throws
 */
export async function withForm(request: Request, act: (form: Form) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'nekode-upload-'))
  try {
    await act(await readForm(request, folder))
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

async function readForm(request: Request, folder: string): Promise<Form> {
  const parser = parserFor(request)
  const fields = new Map<string, string>()
  const files: FormFile[] = []
  const arriving: Promise<void>[] = []
  const failed = Promise.withResolvers<never>()
  // Waited for only while there is something to wait for.
  failed.promise.catch(() => undefined)
  parser.on('field', (name, value) => void fields.set(name, value))
  parser.on('file', (name, stream, filename) => {
    if (name !== 'files') return void stream.resume()
    if (files.length === UPLOAD_FILES) {
      stream.resume()
      return failed.reject(new Refusal(413, 'too many files received'))
    }
    const path = join(folder, String(files.length))
    files.push({ name: filename || 'file', data: Bun.file(path) })
    const written = pipeline(stream, createWriteStream(path, { mode: 0o600 }))
    written.catch(failed.reject)
    arriving.push(written)
  })
  const finished = once(parser, 'finish').catch(() => failed.reject(malformed()))
  try {
    for await (const chunk of request.body ?? [])
      if (!parser.write(chunk)) await Promise.race([once(parser, 'drain'), finished, failed.promise])
    parser.end()
    await Promise.race([finished, failed.promise])
    await Promise.race([Promise.all(arriving), failed.promise])
  } catch (error) {
    parser.destroy()
    // What is still being written is gone with the folder.
    await Promise.allSettled(arriving)
    throw error instanceof Refusal ? error : malformed()
  }
  return { fields, files }
}

function parserFor(request: Request): BusboyInstance {
  try {
    return new Busboy({ headers: { 'content-type': request.headers.get('content-type') ?? '' }, limits: LIMITS })
  } catch {
    // It is no form at all.
    throw malformed()
  }
}

/** In the words that Neko has for whatever is wrong with it. */
const malformed = (): Refusal => badRequest('failed to parse multipart form')
