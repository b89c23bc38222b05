import { z } from 'zod'
import { HTTP_STATUS } from '@shared/errors'
import { type Dispatcher, failure, type Outcome } from './dispatch'
import type { LocalEvents } from './events'
import { MAX_FRAME } from './frames'
import type { Caller } from './operation'

/** A line now and then keeps what is between from closing a quiet stream. */
const BEAT_MS = 20_000

/** Longest body that a mount gets; one for an operation is no longer than a frame. */
export const MAX_MOUNTED = 256 << 20

export interface HttpOptions {
  port: number
  dispatcher: Dispatcher
  events: LocalEvents
}

/** A request that another part of the daemon answers: a path prefix and what answers below it. */
export interface Mount {
  prefix: string
  /** @param callerOf tells who holds a token; undefined when nobody does */
  answer(request: Request, callerOf: (token: string) => Caller | undefined): Promise<Response>
}

export interface LocalHttp {
  readonly port: number
  stop(): Promise<void>
}

/**
 * The local API over HTTP on loopback: `POST /v1/<name>` with the fields as JSON, `GET /v1/events` as server-sent events, `GET /v1` for
 * what there is. Every request carries the local token, because every user of this computer can reach the port.
 */
export function serveHttp({ port, dispatcher, events }: HttpOptions, mounts: readonly Mount[] = []): LocalHttp {
  const server = Bun.serve({
    hostname: '127.0.0.1',
    port,
    maxRequestBodySize: MAX_MOUNTED,
    // A development server writes what breaks off in the middle of an answer to the log, and otherwise Bun would share the port with others.
    development: false,
    reusePort: false,
    idleTimeout: 0,
    async fetch(request, server) {
      const refused = refuse(request, server.port)
      if (refused) return refused
      const path = new URL(request.url).pathname
      const mount = mounts.find(({ prefix }) => path.startsWith(prefix))
      if (mount) return mount.answer(request, (token) => dispatcher.callerOf(token))
      const token = bearerOf(request)
      const caller = token === undefined ? undefined : dispatcher.callerOf(token)
      if (!caller) return respond({ reply: { type: 'AuthRequired' }, failed: 'unauthenticated' })
      if (path === '/v1' && request.method === 'GET') return Response.json(await list(dispatcher))
      if (path === '/v1/events' && request.method === 'GET')
        return caller.kind === 'owner' ? stream(events, request.signal) : respond(notForAgents())
      const name = /^\/v1\/([A-Za-z]{1,64})$/.exec(path)?.[1]
      if (name === undefined || request.method !== 'POST')
        return respond(failure('not_found', 'not_found', `There is no ${request.method} ${path}; GET /v1 lists all.`))
      const text = await textOf(request)
      if (text === undefined)
        return respond(failure('too_large', 'message_too_large', `A body of more than ${MAX_FRAME} bytes is too long.`))
      const input = fieldsOf(text)
      if (input === undefined) return respond(failure('invalid', 'invalid_request', 'The body is not a JSON object.'))
      return respond(await dispatcher.call(name, input, caller))
    },
    error: () => respond(failure('internal', 'internal', 'The daemon failed; its log says more.')),
  })
  return { port: server.port ?? port, stop: () => server.stop(true) }
}

/** The bearer token of a request. */
export const bearerOf = (request: Request): string | undefined =>
  /^Bearer (\S+)$/i.exec(request.headers.get('authorization') ?? '')?.[1]

const notForAgents = (): Outcome => failure('forbidden', 'not_for_agents', 'The events are not for agents.')

/** A foreign Host or any Origin is a web page that reaches for loopback. */
function refuse(request: Request, port: number | undefined): Response | undefined {
  const host = request.headers.get('host') ?? ''
  if (host !== `127.0.0.1:${port}` && host !== `localhost:${port}`)
    return respond(failure('forbidden', 'foreign_host', 'This host is not served here.'))
  if (request.headers.has('origin'))
    return respond(failure('forbidden', 'foreign_origin', 'Web pages cannot use the local API.'))
  return undefined
}

/** The body; undefined when it is too long, of which no more is read then. */
async function textOf(request: Request): Promise<string | undefined> {
  const pieces: Uint8Array[] = []
  let size = 0
  for await (const piece of request.body ?? []) {
    size += piece.length
    if (size > MAX_FRAME) return undefined
    pieces.push(piece)
  }
  return Buffer.concat(pieces).toString('utf8')
}

function fieldsOf(text: string): Record<string, unknown> | undefined {
  if (text.trim() === '') return {}
  try {
    return Fields.safeParse(JSON.parse(text)).data
  } catch {
    // Not JSON: the caller is told.
    return undefined
  }
}

const Fields = z.record(z.string(), z.unknown())

const list = async (dispatcher: Dispatcher) => ({
  operations: [...(await dispatcher.served())].map(([name, { operation }]) => ({
    name,
    about: operation.about,
    needsToken: operation.needsToken ?? false,
    forAgents: operation.forAgents ?? false,
    input: z.toJSONSchema(operation.input, { io: 'input', unrepresentable: 'any' }),
  })),
})

function respond({ reply, failed }: Outcome): Response {
  return Response.json(reply, {
    status: failed === undefined ? 200 : HTTP_STATUS[failed],
    headers: failed === 'unauthenticated' ? { 'www-authenticate': 'Bearer realm="nekode-daemon"' } : {},
  })
}

function stream(events: LocalEvents, gone: AbortSignal): Response {
  const ended = new AbortController()
  const signal = AbortSignal.any([gone, ended.signal])
  const text = new TextEncoder()
  let beat: ReturnType<typeof setInterval> | undefined
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      controller.enqueue(text.encode(': the events of this daemon\n\n'))
      beat = setInterval(() => controller.enqueue(text.encode(':\n\n')), BEAT_MS)
      const tell = async () => {
        for await (const event of events.listen(signal))
          controller.enqueue(text.encode(`event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`))
      }
      tell()
        .catch(() => ended.abort()) // The reader has gone in the middle of an event.
        .finally(() => clearInterval(beat))
    },
    cancel() {
      clearInterval(beat)
      ended.abort()
    },
  })
  return new Response(body, { headers: { 'content-type': 'text/event-stream', 'cache-control': 'no-store' } })
}
