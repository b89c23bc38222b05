import http from 'node:http'
import { errorText, NekodeError } from '@shared/errors'
import type { Exchange } from '@shared/tunnel/exchange'
import type { Fields } from '@shared/tunnel/frames'
import { forget, hostOf } from './reach'

export interface Upstream {
  port: number
  method: string
  /** With the query; begins with a slash. */
  path: string
  fields: Fields
}

const BODILESS = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE'])

/**
 * Passes a request on to an application of this computer and its answer back, both as they come and no faster than the other side reads.
 * @throws NekodeError why there is no answer
 */
export async function serveHttp(exchange: Exchange, { port, method, path, fields }: Upstream): Promise<void> {
  const host = await hostOf(port)
  // Whether there is a body is known when its first part is there.
  const first = BODILESS.has(method) ? undefined : await exchange.read()
  const headers = group(fields, first !== undefined)
  const request = http.request({ host, port, method, path, headers, agent: false, setHost: false })
  const answered = Promise.withResolvers<http.IncomingMessage>()
  const failed = (cause: Error): void => answered.reject(unreachable(port, cause))
  request.once('response', answered.resolve)
  request.on('error', failed)
  const stop = (): void => {
    request.destroy()
    answered.reject(new NekodeError('unavailable', 'The request was given up.'))
  }
  if (exchange.isOver) stop()
  exchange.over.addEventListener('abort', stop)
  try {
    // Side by side: an application may answer before it has read everything.
    void sendBody(exchange, request, first)
    const response = await answered.promise
    exchange.respond(response.statusCode ?? 502, pairs(response.rawHeaders))
    for await (const chunk of response) await exchange.write(chunk)
    if (!response.complete) throw new NekodeError('unavailable', 'The application broke off its answer.')
    await exchange.end()
  } finally {
    exchange.over.removeEventListener('abort', stop)
    request.destroy()
  }
}

async function sendBody(exchange: Exchange, request: http.ClientRequest, first: Uint8Array | undefined): Promise<void> {
  try {
    for (let chunk = first; chunk; chunk = await exchange.read()) if (!request.write(chunk)) await drained(request)
    request.end()
  } catch {
    // The browser gave up: an application must not take half a body for a whole one.
    request.destroy()
  }
}

function drained(request: http.ClientRequest): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  const done = (): void => {
    request.off('drain', done)
    request.off('close', done)
    resolve()
  }
  request.on('drain', done)
  request.on('close', done)
  return promise
}

/** Header fields as node takes them: several values of one name as a list. */
function group(fields: Fields, hasBody: boolean): http.OutgoingHttpHeaders {
  const headers: Record<string, string[]> = {}
  for (const [given, value] of fields) {
    const name = given.toLowerCase()
    if (name === 'content-length' && !hasBody) continue
    ;(headers[name] ??= []).push(value)
  }
  // What methods usually have a body is no reason to send one without its end.
  if (hasBody && !headers['content-length']) headers['transfer-encoding'] = ['chunked']
  return Object.fromEntries(Object.entries(headers).map(([name, all]) => [name, all.length === 1 ? all[0] : all]))
}

function pairs(raw: string[]): Fields {
  const fields: Fields = []
  for (let i = 0; i + 1 < raw.length; i += 2) fields.push([raw[i] ?? '', raw[i + 1] ?? ''])
  return fields
}

function unreachable(port: number, cause: Error): NekodeError {
  forget(port)
  return new NekodeError('unavailable', `The application on port ${port} did not answer: ${errorText(cause)}`, {
    cause,
  })
}
