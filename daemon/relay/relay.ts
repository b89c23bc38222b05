import { errorText, HTTP_STATUS, NekodeError } from '@shared/errors'
import type { ErrorBody } from '@shared/contract/common'
import type { Logger } from '@shared/log'
import { bearerOf, MAX_MOUNTED, type Mount } from '../local/http'
import type { Caller } from '../local/operation'
import type { AgentTokens } from '../tools/tokens'
import { type LocalAgent, noAgent } from './agents'

/** Below it the server's own paths: `/server/api/messages`. */
export const RELAY_PREFIX = '/server/'
/** Names the agent that the owner of the computer speaks as. */
export const AS_HEADER = 'nekode-as'

/** Requests of one agent that are under way at once; a stream of events is one. */
const MAX_OPEN = 64
/** Longest wait for an answer to begin. A body that is long on its way counts too. */
const PATIENCE_MS = 10 * 60_000
/** A body up to this size is held, so that it can be sent once more with another token; one of JSON is no longer. */
const HELD_BYTES = 2 << 20

const METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'])
/** What a request is about. Nothing else goes on: no credential, no origin, nothing of a proxy. */
const REQUEST_HEADERS = [
  'accept',
  'content-type',
  'idempotency-key',
  'if-match',
  'if-none-match',
  'if-range',
  'last-event-id',
  'range',
  'upload-length',
  'upload-metadata',
  'upload-offset',
]
const RESPONSE_HEADERS = [
  'accept-ranges',
  'cache-control',
  'content-disposition',
  'content-range',
  'content-type',
  'etag',
  'last-modified',
  'retry-after',
  'upload-length',
  'upload-offset',
]

export interface RelayOptions {
  serverUrl: string
  /** PEM of the authority behind the server's certificate. */
  ca?: string | undefined
  /** This computer, as the server knows it. */
  computerId: string
  tokens: Pick<AgentTokens, 'get'>
  /** An agent of this computer by id or name, of those that are known here. */
  agentNamed: (text: string) => LocalAgent | undefined
  /** The same, of those that the server knows. */
  findAgent: (text: string) => Promise<LocalAgent | undefined>
  /** Takes what must not leave this computer out of what is said. */
  clean: (input: unknown) => unknown
  log: Logger
}

/**
 * The server's HTTP API for the agents of this computer: what comes in with an agent's key goes on with that agent's own token, which
 * nobody here gets to see. The owner of the computer may speak as any of its agents, with the local token and `nekode-as`.
 */
export function createRelay(options: RelayOptions): Mount {
  const open = new Map<string, number>()
  return {
    prefix: RELAY_PREFIX,
    async answer(request, callerOf) {
      try {
        const token = bearerOf(request)
        const caller = token === undefined ? undefined : callerOf(token)
        const agent = await speakerOf(request, caller, options)
        const path = new URL(request.url).pathname.slice(RELAY_PREFIX.length - 1)
        if (path === '/self') return Response.json({ ...agent, computerId: options.computerId })
        const target = targetOf(request, path, options.serverUrl)
        const held = open.get(agent.id) ?? 0
        if (held >= MAX_OPEN)
          throw new NekodeError('throttled', `This agent has ${held} requests under way already.`, {
            retryAfterSeconds: 1,
          })
        open.set(agent.id, held + 1)
        const leave = once(() => open.set(agent.id, (open.get(agent.id) ?? 1) - 1))
        try {
          return relayed(await send(request, target, agent.id, options), leave)
        } catch (error) {
          leave()
          throw error
        }
      } catch (error) {
        return refusal(error, options)
      }
    },
  }
}

/** Whom a request speaks as. @throws NekodeError */
async function speakerOf(
  request: Request,
  caller: Caller | undefined,
  { agentNamed, findAgent }: RelayOptions,
): Promise<LocalAgent> {
  const named = request.headers.get(AS_HEADER) ?? undefined
  if (!caller)
    throw new NekodeError('unauthenticated', 'The daemon does not know this key.', {
      code: 'key_unknown',
      next: 'An agent’s key works while the daemon runs that started it: the agent gets a new one with its next start.',
    })
  if (caller.kind === 'owner') {
    if (named === undefined)
      throw new NekodeError('invalid', 'It is not said which agent this is for.', {
        code: 'agent_missing',
        next: `Name one in the header ${AS_HEADER}.`,
      })
    const agent = await findAgent(named)
    if (!agent) throw noAgent(named)
    return agent
  }
  const own = agentNamed(caller.agentId) ?? { id: caller.agentId, name: caller.agentId }
  if (named !== undefined && agentNamed(named)?.id !== own.id)
    throw new NekodeError('forbidden', 'An agent speaks in its own name only.', { code: 'not_yours' })
  return own
}

/** Where a request goes to: below `/api/` of the configured server and nowhere else. @throws NekodeError */
function targetOf(request: Request, path: string, serverUrl: string): URL {
  if (!METHODS.has(request.method) || request.headers.has('upgrade'))
    throw new NekodeError('unimplemented', 'Only plain requests are passed on.', { code: 'not_relayed' })
  const base = new URL(`${serverUrl.replace(/\/+$/, '')}/api/`)
  const target = new URL(serverUrl.replace(/\/+$/, '') + path + new URL(request.url).search)
  // Checked after everything that reads a path has read it.
  if (!path.startsWith('/api/') || target.origin !== base.origin || !target.pathname.startsWith(base.pathname))
    throw new NekodeError('not_found', 'Only the paths of the server’s API are passed on: /server/api/…', {
      code: 'not_relayed',
    })
  return target
}

async function send(request: Request, target: URL, agentId: string, options: RelayOptions): Promise<Response> {
  const body = await bodyOf(request, options.clean)
  const first = await attempt(request, target, body, await options.tokens.get(agentId), options)
  if (first.status !== 401) return first
  await first.body?.cancel()
  const token = await options.tokens.get(agentId, true)
  if (body instanceof ReadableStream)
    throw new NekodeError('unavailable', 'The agent has got a new access meanwhile.', {
      code: 'try_again',
      next: 'Send it again.',
      retryAfterSeconds: 1,
    })
  return attempt(request, target, body, token, options)
}

type Body = Uint8Array<ArrayBuffer> | ReadableStream<Uint8Array<ArrayBuffer>> | undefined

async function bodyOf(request: Request, clean: RelayOptions['clean']): Promise<Body> {
  if (request.body === null || request.method === 'GET' || request.method === 'HEAD') return undefined
  const length = Number(request.headers.get('content-length') ?? Number.NaN)
  const isJson = /^application\/(?:[\w.-]+\+)?json\b/i.test(request.headers.get('content-type') ?? '')
  if (length > (isJson ? HELD_BYTES : MAX_MOUNTED)) throw tooLarge()
  if (isJson) return cleaned(await Bun.readableStreamToBytes(bounded(request.body, HELD_BYTES)), clean)
  return length <= HELD_BYTES ? request.bytes() : bounded(request.body, MAX_MOUNTED)
}

function cleaned(body: Uint8Array<ArrayBuffer>, clean: RelayOptions['clean']): Uint8Array<ArrayBuffer> {
  if (body.length === 0) return body
  try {
    return new TextEncoder().encode(
      JSON.stringify(clean(JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body)))),
    )
  } catch (cause) {
    throw new NekodeError('invalid', 'The body is not JSON in UTF-8.', { code: 'invalid_body', cause })
  }
}

/** The same stream, which fails where it gets too long. */
function bounded(
  stream: ReadableStream<Uint8Array<ArrayBuffer>>,
  most: number,
): ReadableStream<Uint8Array<ArrayBuffer>> {
  let size = 0
  return stream.pipeThrough(
    new TransformStream({
      transform(piece, controller) {
        size += piece.length
        if (size > most) controller.error(tooLarge())
        else controller.enqueue(piece)
      },
    }),
  )
}

const tooLarge = (): NekodeError =>
  new NekodeError('too_large', `More than ${MAX_MOUNTED >> 20} MiB are not passed on.`)

async function attempt(
  request: Request,
  target: URL,
  body: Body,
  token: string,
  { serverUrl, ca }: RelayOptions,
): Promise<Response> {
  const headers = new Headers({ authorization: `Bearer ${token}` })
  for (const name of REQUEST_HEADERS) {
    const value = request.headers.get(name)
    if (value !== null) headers.set(name, value)
  }
  const late = new AbortController()
  const timer = setTimeout(() => late.abort(), PATIENCE_MS)
  try {
    const response = await fetch(target, {
      method: request.method,
      headers,
      // One that leads elsewhere would be followed with what is meant for the server.
      redirect: 'manual',
      signal: AbortSignal.any([request.signal, late.signal]),
      ...(body === undefined ? {} : { body }),
      ...(ca ? { tls: { ca } } : {}),
    })
    if (response.status < 300 || response.status >= 400 || response.status === 304) return response
    await response.body?.cancel()
    throw new NekodeError('unavailable', `The server at ${serverUrl} points elsewhere, which is not followed.`, {
      code: 'redirected',
      next: 'Enroll this computer with the address that the server really has.',
    })
  } catch (cause) {
    if (cause instanceof NekodeError) throw cause
    throw new NekodeError(
      'unavailable',
      `The server at ${serverUrl} cannot be reached: ${errorText(cause).replace(/\.+$/, '')}.`,
      {
        code: 'unreachable',
        next: 'Go on without it, or try again in a minute. What the daemon knows of it: nekode-daemon status',
        cause,
      },
    )
  } finally {
    clearTimeout(timer)
  }
}

/** The server's answer, without what is between it and the daemon only. */
function relayed(response: Response, leave: () => void): Response {
  const headers = new Headers()
  for (const name of RESPONSE_HEADERS) {
    const value = response.headers.get(name)
    if (value !== null) headers.set(name, value)
  }
  const reader = response.body?.getReader()
  if (!reader) {
    leave()
    return new Response(null, { status: response.status, headers })
  }
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      try {
        const { value, done } = await reader.read()
        if (!done) return controller.enqueue(value)
        leave()
        controller.close()
      } catch (error) {
        leave()
        controller.error(error)
      }
    },
    cancel: async (reason) => {
      leave()
      await reader.cancel(reason)
    },
  })
  return new Response(body, { status: response.status, headers })
}

function refusal(error: unknown, { log }: RelayOptions): Response {
  if (!(error instanceof NekodeError)) log.error('a request for the server was not passed on', { error })
  const body: ErrorBody =
    error instanceof NekodeError
      ? { error: error.message, code: error.code, ...(error.next === undefined ? {} : { next: error.next }) }
      : { error: 'The daemon failed; its log says more.', code: 'internal' }
  const retry = error instanceof NekodeError ? error.retryAfterSeconds : undefined
  return Response.json(body, {
    status: error instanceof NekodeError ? HTTP_STATUS[error.kind] : 500,
    headers: retry === undefined ? {} : { 'retry-after': String(retry) },
  })
}

function once(work: () => void): () => void {
  let isDone = false
  return () => {
    if (isDone) return
    isDone = true
    work()
  }
}
