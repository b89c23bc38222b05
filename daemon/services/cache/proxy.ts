import { errorText } from '@shared/errors'
import type { Logger } from '@shared/log'
import type { Caller } from '../../local/operation'
import { KEY_HEADER, type Route } from './environment'
import { type Call, type Exchange, VERDICT } from './exchange'
import { apiOf, type Mode } from './request'
import { addressOf } from './upstreams'

/** Where the proxy is at the local HTTP API. */
export const PREFIX = '/cache/'

/** Longest body of a call of a model, in bytes: as much as the providers take. */
const MAX_BODY = 32 * 1024 * 1024

export interface ProxyOptions {
  exchange: Exchange
  log: Logger
  /** What is cached of a caller, and whose its answers are. @param wish what it asks for itself */
  terms(caller: Caller, wish: string | null): Pick<Call, 'tenant' | 'mode' | 'sampled' | 'onHit'>
  /** The endpoint of this name for this caller. */
  route(caller: Caller, name: string): Route | undefined
  names(): string[]
  /** A secret of this computer, as far as the caller may use it. */
  secret(name: string, caller: Caller): Promise<string | undefined>
}

/** How a caller showed who it is. */
interface Known {
  caller: Caller
  /** The header whose place the endpoint's own key takes. */
  header: 'authorization' | 'x-api-key' | undefined
}

/** Answers a request at `/cache/<endpoint>/<path of the endpoint>`. Never throws. */
export async function proxy(
  request: Request,
  callerOf: (token: string) => Caller | undefined,
  options: ProxyOptions,
): Promise<Response> {
  const known = identify(request.headers, callerOf)
  if (!known)
    return refuse(
      401,
      'authentication_error',
      `Send the key of this daemon as ${KEY_HEADER}, or in the place of the API key.`,
    )
  const { pathname, search } = new URL(request.url)
  const [, name = '', path = ''] = /^\/cache\/([^/]+)(\/.*)$/.exec(pathname) ?? []
  const route = options.route(known.caller, name)
  if (!route)
    return refuse(404, 'not_found_error', `There is no endpoint “${name}”; there are: ${options.names().join(', ')}.`)
  try {
    const body = apiOf(request.method, path) ? await bodyOf(request) : (request.body ?? undefined)
    if (body === 'too long')
      return refuse(
        413,
        'request_too_large',
        `A request of more than ${MAX_BODY} bytes is too long for a call of a model.`,
      )
    return await options.exchange.answer({
      ...options.terms(known.caller, request.headers.get(VERDICT)),
      provider: name,
      address: addressOf(route, path, search),
      method: request.method,
      headers: await forwarded(request.headers, known, route, options),
      body,
      signal: request.signal,
    })
  } catch (error) {
    // Nobody waits for this any more.
    if (request.signal.aborted) return new Response(null, { status: 499 })
    options.log.info('an endpoint of the cache could not be reached', { endpoint: name, error: errorText(error) })
    return refuse(502, 'api_error', `The endpoint ${name} (${route.base}) gave no answer: ${errorText(error)}`)
  }
}

/** The body, of which no more than may be is read. */
async function bodyOf(request: Request): Promise<Uint8Array<ArrayBuffer> | 'too long' | undefined> {
  const told = Number(request.headers.get('content-length') ?? Number.NaN)
  if (told > MAX_BODY) return 'too long'
  // What is announced is no longer than that.
  if (told <= MAX_BODY) return told === 0 ? undefined : new Uint8Array(await request.arrayBuffer())
  const pieces: Uint8Array[] = []
  let size = 0
  for await (const piece of request.body ?? []) {
    size += piece.length
    if (size > MAX_BODY) return 'too long'
    pieces.push(piece)
  }
  return size === 0 ? undefined : Buffer.concat(pieces)
}

function identify(headers: Headers, callerOf: (token: string) => Caller | undefined): Known | undefined {
  const own = headers.get(KEY_HEADER)
  if (own !== null) {
    const caller = callerOf(own)
    return caller && { caller, header: undefined }
  }
  for (const header of ['x-api-key', 'authorization'] as const) {
    const token = headers.get(header)?.replace(/^Bearer /i, '')
    const caller = token ? callerOf(token) : undefined
    if (caller) return { caller, header }
  }
  return undefined
}

/** The caller's headers with the endpoint's key in them. What shows the caller's identity here does not leave this computer. */
async function forwarded(
  given: Headers,
  { caller, header }: Known,
  route: Route,
  options: ProxyOptions,
): Promise<Headers> {
  const headers = new Headers(given)
  headers.delete(KEY_HEADER)
  headers.delete('cookie')
  if (header) headers.delete(header)
  if (headers.has('authorization') || headers.has('x-api-key')) return headers
  const secret = route.isOwners && caller.kind === 'agent' ? undefined : route.secret
  const key = route.key ?? (secret === undefined ? undefined : await options.secret(secret, caller))
  if (key === undefined) return headers
  const isAnthropic = header === 'x-api-key' || (!header && given.has('anthropic-version'))
  if (isAnthropic) headers.set('x-api-key', key)
  else headers.set('authorization', `Bearer ${key}`)
  return headers
}

/** An error as the SDKs of both APIs read it. */
function refuse(status: number, type: string, message: string): Response {
  return Response.json(
    { type: 'error', error: { type, message, code: type } },
    { status, headers: { [VERDICT]: 'pass' } },
  )
}

/** @param wish `off`, `on` or `tools`; anything else is none */
export const modeOf = (wish: string | null | undefined): Mode | undefined =>
  wish === 'off' || wish === 'on' || wish === 'tools' ? wish : undefined
