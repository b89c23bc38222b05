import { errorText, NekodeError, type ErrorKind } from '@shared/errors'
import type { z } from 'zod'
import { proxyOf } from '../../network/proxy'
import { ErrorBody } from '../protocol/types'
import { type Base, masked } from './address'

/** What one call may take; each has a default of its own kind. */
export interface CallOptions {
  timeoutMs?: number
  signal?: AbortSignal
  /** The longest answer that is read. */
  maxBytes?: number
}

export interface HttpOptions {
  base: Base
  /** PEM of the authority behind the server's certificate, where the system does not know it. */
  ca?: string | undefined
}

export interface Sent extends CallOptions {
  /** Goes as JSON. */
  json?: unknown
  form?: FormData
  query?: Record<string, string | number | undefined>
}

const TIMEOUT_MS = 10_000
const MAX_JSON = 4 << 20

const kinds: Record<number, ErrorKind> = {
  400: 'invalid',
  401: 'unauthenticated',
  403: 'forbidden',
  404: 'not_found',
  409: 'conflict',
  410: 'gone',
  413: 'too_large',
  415: 'unsupported_media',
  // Neko says with it that the state of things does not allow it now.
  422: 'conflict',
  429: 'throttled',
  501: 'unimplemented',
}

/** What to do about what a server says, by its own words. */
const nexts: Record<string, string> = {
  'session is not admin': 'Log in with the password of an administrator.',
  'session is not host': 'Take control first, then try again.',
  'session is not host or admin': 'Take control first, or log in as an administrator.',
  'session cannot watch': 'An administrator of the server has to let this session watch.',
  'session cannot host': 'An administrator of the server has to let this session steer.',
  'session cannot access clipboard': 'An administrator of the server has to let this session use the clipboard.',
  'private mode is enabled': 'Wait until an administrator ends the private mode.',
  'controls are locked': 'Wait until an administrator unlocks the controls.',
  'logins are locked': 'Wait until an administrator unlocks logins.',
  'login is disabled for this session': 'An administrator of the server has to let this session log in.',
  'session already connected': 'Close the other connection of this user, or log in as another one.',
  'screencast pipeline is not enabled':
    'Set NEKO_CAPTURE_SCREENCAST_ENABLED=true on the server, or log in as an administrator.',
  'upload drop is disabled': 'Set NEKO_DESKTOP_UPLOAD_DROP=true on the server.',
  'file chooser dialog is disabled': 'Set NEKO_DESKTOP_FILE_CHOOSER_DIALOG=true on the server.',
  'file chooser dialog is not open': 'Open the page’s file dialog first.',
  'without implicit hosting, only host can upload files': 'Take control first, then try again.',
  'file transfer is disabled': 'An administrator has to allow it in the server’s settings.',
}

const nextByStatus: Record<number, string> = {
  401: 'Log in again: the session has ended, or name and password are wrong.',
  404: 'Check the address: this may be no Neko v3 server, or it is below a path of its own.',
  429: 'Wait a little, then try again.',
}

/** Requests to one Neko server, with the session's token once there is one. It is in no text that comes out of here. */
export class Http {
  readonly base: Base
  readonly ca: string | undefined
  token: string | undefined

  constructor({ base, ca }: HttpOptions, token?: string) {
    this.base = base
    this.ca = ca
    this.token = token
  }

  /** The server's answer as its schema has it. */
  async json<T extends z.ZodType>(method: string, path: string, schema: T, sent: Sent = {}): Promise<z.infer<T>> {
    const bytes = await this.bytes(method, path, { maxBytes: MAX_JSON, ...sent })
    const { success, data } = schema.safeParse(parseJson(bytes))
    if (success) return data
    throw foreign(`${method} ${path}`)
  }

  /** For what is answered with nothing, or with nothing that matters. */
  async done(method: string, path: string, sent: Sent = {}): Promise<void> {
    await this.bytes(method, path, { maxBytes: MAX_JSON, ...sent })
  }

  async bytes(method: string, path: string, sent: Sent = {}): Promise<Uint8Array<ArrayBuffer>> {
    return (await this.answer(method, path, sent)).body
  }

  /** @throws NekodeError of the kind that the status says; unavailable when there is no answer, too_large when it is too long */
  async answer(
    method: string,
    path: string,
    sent: Sent = {},
  ): Promise<{ status: number; headers: Headers; body: Uint8Array<ArrayBuffer> }> {
    const { timeoutMs = TIMEOUT_MS, maxBytes = MAX_JSON } = sent
    const limit = AbortSignal.timeout(timeoutMs)
    const signal = sent.signal ? AbortSignal.any([limit, sent.signal]) : limit
    const what = `${method} ${path}`
    try {
      const response = await this.#fetch(method, path, sent, signal)
      const body = await limited(response, maxBytes, what)
      if (response.ok) return { status: response.status, headers: response.headers, body }
      throw refusal(what, response, body)
    } catch (cause) {
      if (cause instanceof NekodeError) throw cause
      sent.signal?.throwIfAborted()
      throw unreachable(this.base, limit.aborted ? `no answer to ${what} within ${timeoutMs / 1000} s` : reason(cause))
    }
  }

  /** A body that is read piece by piece by whoever called; `timeoutMs` bounds all of it. */
  async stream(method: string, path: string, sent: Sent = {}): Promise<ReadableStream<Uint8Array<ArrayBuffer>>> {
    const limit = AbortSignal.timeout(sent.timeoutMs ?? TIMEOUT_MS)
    const signal = sent.signal ? AbortSignal.any([limit, sent.signal]) : limit
    try {
      const response = await this.#fetch(method, path, sent, signal)
      if (response.ok && response.body) return response.body
      throw refusal(`${method} ${path}`, response, await limited(response, MAX_JSON, path))
    } catch (cause) {
      if (cause instanceof NekodeError) throw cause
      sent.signal?.throwIfAborted()
      throw unreachable(this.base, reason(cause))
    }
  }

  #fetch(method: string, path: string, { json, form, query = {} }: Sent, signal: AbortSignal): Promise<Response> {
    const url = new URL(`${this.base}${path}`)
    for (const [name, value] of Object.entries(query))
      if (value !== undefined) url.searchParams.set(name, String(value))
    const headers = new Headers()
    if (this.token !== undefined) headers.set('authorization', `Bearer ${this.token}`)
    if (json !== undefined) headers.set('content-type', 'application/json')
    const body = json === undefined ? form : JSON.stringify(json)
    const proxy = proxyOf(this.base, process.env)
    return fetch(url, {
      method,
      headers,
      signal,
      // The token would go along to wherever it leads.
      redirect: 'manual',
      ...(body === undefined ? {} : { body }),
      ...(proxy === undefined ? {} : { proxy: proxy.href }),
      ...(this.ca === undefined ? {} : { tls: { ca: this.ca } }),
    })
  }
}

/** The error of a server that gives no answer, or none that is one. */
export function unreachable(base: Base, why: string): NekodeError {
  return new NekodeError('unavailable', `The Neko server at ${base} cannot be reached: ${why.replace(/\.+$/, '')}.`, {
    code: 'neko_unreachable',
    next: 'Check its address, and that it runs.',
  })
}

const reason = (cause: unknown): string => masked(errorText(cause))

const foreign = (what: string): NekodeError =>
  new NekodeError('unavailable', `The answer to ${what} is not what a Neko v3 server says.`, {
    code: 'neko_answer',
    next: 'Check the address, and that the server is Neko v3.',
  })

function refusal(what: string, response: Response, body: Uint8Array): NekodeError {
  const { status } = response
  if (status >= 300 && status < 400)
    return new NekodeError('unavailable', `The server points elsewhere: ${whither(response)}`, {
      code: 'neko_redirected',
      next: 'Give the address that the Neko server really has.',
    })
  const { data } = ErrorBody.safeParse(parseJson(body))
  const said = data ? shown(data.message) : 'it does not say why'
  const kind = kinds[status] ?? (status >= 500 ? 'unavailable' : 'internal')
  const next = nexts[said] ?? (data && status === 404 ? undefined : nextByStatus[status])
  return new NekodeError(kind, `The Neko server refuses ${what} (${status}): ${said}.`, {
    code: `neko_${kind}`,
    data: { status, said },
    ...(next === undefined ? {} : { next }),
  })
}

/** The server's words, on one line and no longer than a line. */
const shown = (text: string): string =>
  masked(text)
    .replace(/\p{Cc}+/gu, ' ')
    .slice(0, 200)

function whither(response: Response): string {
  const url = URL.parse(response.headers.get('location') ?? '', response.url)
  return url ? masked(`${url.origin}${url.pathname}`) : 'nowhere'
}

/** undefined: it is no JSON, which fits no schema either. */
export function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes))
  } catch {
    // No JSON fits no schema either: the caller says what that means.
    return undefined
  }
}

async function limited(response: Response, maxBytes: number, what: string): Promise<Uint8Array<ArrayBuffer>> {
  const pieces: Uint8Array[] = []
  let length = 0
  const over = () =>
    new NekodeError('too_large', `The answer to ${what} is longer than ${maxBytes} bytes.`, { code: 'neko_too_large' })
  if (Number(response.headers.get('content-length') ?? 0) > maxBytes) {
    await response.body?.cancel()
    throw over()
  }
  for await (const piece of response.body ?? []) {
    length += piece.length
    if (length > maxBytes) throw over()
    pieces.push(piece)
  }
  return new Uint8Array(Buffer.concat(pieces))
}
