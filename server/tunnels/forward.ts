import { NekodeError } from '@shared/errors'
import type { Exchange } from '@shared/tunnel/exchange'
import {
  type Fields,
  PORT_HEADER,
  type ProxyFrame,
  REFUSED_HEADER,
  readHeaders,
  wireHeaders,
} from '@shared/tunnel/frames'
import type { Mux } from '@shared/tunnel/mux'
import type { Edge } from '../listener/listener'
import { type Place, toBrowser, toUpstream } from './headers'
import { PREVIEW } from './limits'
import { PreviewSocket } from './sockets'
import type { TunnelRow } from './view'
import { acceptOf } from './websocket'

export interface Forwarded {
  request: Request
  edge: Edge
  row: TunnelRow
  place: Place
  /** The path and query, as the application is to see them. */
  path: string
  address: string
}

/** Answers that have no body, whatever their fields say. */
const BODILESS = new Set([204, 205, 304])

const requestId = (): string => Buffer.from(crypto.getRandomValues(new Uint8Array(16))).toString('hex')

/**
 * Sends a request to the application and answers with what comes back, as it comes.
 * @param watch notes the request until it is over; what it is given ends it
 * @throws NekodeError why there is no answer
 */
export async function forward(
  mux: Mux,
  { request, edge, row, place, path, address }: Forwarded,
  watch: (end: (reason: NekodeError) => void) => () => void,
): Promise<Response> {
  const declared = Number(request.headers.get('content-length') ?? 0)
  if (declared > PREVIEW.maxRequest) throw tooLarge()
  const fields = toUpstream(request.headers, place)
  if (!fields)
    throw new NekodeError('too_large', 'The header fields of the request are larger than a preview passes on.')
  const isSocket = request.method === 'GET' && /^websocket$/i.test(request.headers.get('upgrade') ?? '')
  const key = Buffer.from(crypto.getRandomValues(new Uint8Array(16))).toString('base64')
  const exchange = mux.open({
    tunnelId: row.id,
    requestId: requestId(),
    method: request.method,
    path,
    requestHeaders: wireHeaders([
      ...(isSocket ? handshake(fields, key) : fields),
      [PORT_HEADER, String(row.localPort)],
    ]),
    remoteAddr: address,
  })
  const over = new Ending(exchange, request, watch)
  try {
    if (!isSocket) void sendBody(exchange, request)
    const head = await within(PREVIEW.headMs, exchange.head)
    const answered = readHeaders(head.responseHeaders)
    if (isSocket && head.statusCode === 101) return upgrade(exchange, edge, answered, key, over)
    return await respond(exchange, request, head, answered, place, over)
  } catch (error) {
    exchange.cancel()
    throw over.reason ?? error
  }
}

/** Ties the life of an exchange to the browser's connection and to the viewer's right. */
class Ending {
  reason: NekodeError | undefined
  /** Called instead of letting the exchange fail, such as to tell a WebSocket why. */
  onEnd: ((reason: NekodeError) => void) | undefined

  constructor(exchange: Exchange, request: Request, watch: (end: (reason: NekodeError) => void) => () => void) {
    const release = watch((reason) => {
      this.reason = reason
      this.onEnd?.(reason)
      exchange.cancel(reason.message)
    })
    const hungUp = (): void => exchange.cancel('The browser is gone.')
    request.signal.addEventListener('abort', hungUp)
    const done = (): void => {
      request.signal.removeEventListener('abort', hungUp)
      release()
    }
    if (exchange.over.aborted) done()
    else exchange.over.addEventListener('abort', done, { once: true })
  }
}

const tooLarge = (): NekodeError =>
  new NekodeError('too_large', `A preview takes bodies of at most ${PREVIEW.maxRequest} bytes.`)

async function sendBody(exchange: Exchange, request: Request): Promise<void> {
  try {
    let size = 0
    if (request.body)
      for await (const chunk of request.body) {
        size += chunk.length
        if (size > PREVIEW.maxRequest) return exchange.fail(tooLarge())
        await exchange.write(chunk)
      }
    await exchange.end()
  } catch {
    // The browser broke off, or the application has answered without reading on. Who waits for the answer hears of the first.
    if (request.signal.aborted) exchange.cancel('The browser is gone.')
  }
}

async function within<T>(ms: number, promise: Promise<T>): Promise<T> {
  let timer: Timer | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () =>
        reject(new NekodeError('unavailable', 'The application did not answer in time.', { code: 'upstream_slow' })),
      ms,
    )
  })
  try {
    return await Promise.race([promise, late])
  } finally {
    clearTimeout(timer)
  }
}

async function respond(
  exchange: Exchange,
  request: Request,
  head: ProxyFrame,
  answered: Fields,
  place: Place,
  over: Ending,
): Promise<Response> {
  const refusal = answered.find(([name]) => name.toLowerCase() === REFUSED_HEADER.toLowerCase())
  if (refusal) {
    const text = new TextDecoder().decode(await gather(exchange, PREVIEW.gathered))
    throw new NekodeError('forbidden', text || 'The computer refused the request.', { code: refusal[1] })
  }
  const status = head.statusCode >= 200 && head.statusCode <= 599 ? head.statusCode : 502
  const headers = toBrowser(answered, place)
  if (request.method === 'HEAD' || BODILESS.has(status)) {
    // Whatever else comes is not for anybody.
    exchange.cancel()
    return new Response(null, { status, headers })
  }
  const size = Number(headers.get('content-length') ?? Number.NaN)
  if (size <= PREVIEW.gathered) return new Response(await gather(exchange, size), { status, headers })
  return new Response(streamed(exchange, over), { status, headers })
}

/** A small body as a whole. */
async function gather(exchange: Exchange, limit: number): Promise<Uint8Array<ArrayBuffer>> {
  const chunks: Uint8Array[] = []
  let size = 0
  for (let chunk = await exchange.read(); chunk; chunk = await exchange.read()) {
    size += chunk.length
    if (size > limit) break
    chunks.push(chunk)
  }
  exchange.cancel()
  return Uint8Array.from(Buffer.concat(chunks))
}

function streamed(exchange: Exchange, over: Ending): ReadableStream<Uint8Array> {
  let size = 0
  return new ReadableStream<Uint8Array>(
    {
      pull: async (controller) => {
        try {
          const chunk = await exchange.read()
          if (!chunk) return controller.close()
          size += chunk.length
          if (size > PREVIEW.maxResponse) throw new NekodeError('too_large', 'The answer has no end.')
          controller.enqueue(chunk)
        } catch (error) {
          exchange.cancel()
          controller.error(over.reason ?? error)
        }
      },
      cancel: () => exchange.cancel('The browser is gone.'),
    },
    { highWaterMark: 0 },
  )
}

/** The fields of a handshake of our own: what the browser agrees on with us is no business of the application's, and the other way. */
function handshake(fields: Fields, key: string): Fields {
  const own = fields.filter(([name]) => !/^sec-websocket-(?:key|version|extensions|accept)$/.test(name))
  return [
    ...own,
    ['connection', 'Upgrade'],
    ['upgrade', 'websocket'],
    ['sec-websocket-version', '13'],
    ['sec-websocket-key', key],
  ]
}

function upgrade(exchange: Exchange, edge: Edge, answered: Fields, key: string, over: Ending): Response {
  const field = (name: string): string | undefined => answered.find(([given]) => given.toLowerCase() === name)?.[1]
  if (field('sec-websocket-accept') !== acceptOf(key))
    throw new NekodeError('unavailable', 'The application did not accept the WebSocket as it should.', {
      code: 'upstream_failed',
    })
  const protocol = field('sec-websocket-protocol')
  const socket = new PreviewSocket(exchange)
  over.onEnd = (reason) => socket.end(reason)
  const headers = protocol === undefined ? undefined : { 'sec-websocket-protocol': protocol }
  if (edge.upgrade(socket, headers)) return new Response(null)
  throw new NekodeError('invalid', 'This is no WebSocket handshake.', { code: 'invalid_request' })
}
