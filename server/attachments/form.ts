import Busboy, { type BusboyInstance } from '@fastify/busboy'
import { NekodeError } from '@shared/errors'
import { once } from 'node:events'
import type { Arrived } from '../blobs/intake'

/** What a form said, and its file. */
export interface Form {
  fields: Record<string, string>
  filename: string
  mimeType: string
  arrived: Arrived
}

const LIMITS = { files: 1, fields: 20, parts: 22, fieldNameSize: 100, fieldSize: 4096, headerPairs: 50 }

/**
 * Reads a form with one file, which is streamed and not held in memory.
 * @param receive takes the file in; what it throws ends the reading
 * @param discard removes a file that was taken in, when the rest of the form is none
 * @throws NekodeError `invalid` for what is no such form
 */
export async function readForm(
  request: Request,
  receive: (body: AsyncIterable<Uint8Array>) => Promise<Arrived>,
  discard: (arrived: Arrived) => Promise<void>,
): Promise<Form> {
  const fields: Record<string, string> = {}
  let file: { filename: string; mimeType: string; arriving: Promise<Arrived> } | undefined
  let failure: unknown
  const failed = Promise.withResolvers<void>()
  const fail = (error: unknown): void => {
    failure ??= error
    failed.resolve()
  }
  const form = parser(request)
  form.on('field', (name, value) => {
    if (/^\w{1,32}$/.test(name)) fields[name] = value
  })
  form.on('file', (_name, stream, filename, _encoding, mimeType) => {
    // A form that ends in the middle says so to its file, which perhaps nobody reads yet: then nobody hears it, and that ends the process.
    stream.on('error', (error) => void stream.destroy(error))
    const arriving = receive(stream)
    arriving.catch(fail)
    file = { filename, mimeType, arriving }
  })
  const finished = once(form, 'finish').catch((cause: unknown) => fail(malformed(cause)))
  try {
    for await (const chunk of request.body ?? []) {
      if (failure !== undefined) break
      if (!form.write(chunk)) await Promise.race([once(form, 'drain'), finished, failed.promise])
    }
    if (failure === undefined) {
      form.end()
      await finished
    }
  } catch (cause) {
    fail(
      new NekodeError('invalid', 'The connection was closed in the middle of the file.', {
        code: 'interrupted',
        next: 'Send it again.',
        cause,
      }),
    )
  }
  if (failure !== undefined) {
    form.destroy()
    // What arrived before the failure is not kept.
    const arrived = await file?.arriving.catch(() => undefined)
    if (arrived) await discard(arrived)
    throw failure
  }
  if (!file) throw malformed(new Error('no file'))
  const { filename, mimeType, arriving } = file
  return { fields, filename, mimeType, arrived: await arriving }
}

function parser(request: Request): BusboyInstance {
  try {
    return new Busboy({ headers: { 'content-type': request.headers.get('content-type') ?? '' }, limits: LIMITS })
  } catch (cause) {
    throw malformed(cause)
  }
}

const malformed = (cause: unknown): NekodeError =>
  new NekodeError('invalid', 'The body is no form with a file in it.', {
    code: 'invalid_request',
    next: 'Send multipart/form-data with the fields “target” and “file”, or the bytes themselves as application/octet-stream.',
    cause,
  })
