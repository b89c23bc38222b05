import type { Server, ServerWebSocket, WebSocketHandler } from 'bun'
import type { z } from 'zod'
import { errorText } from '@shared/errors'
import { clientEvents, type ClientEvent, type ClientPayload, Envelope } from '../protocol/events'
import type { Desk } from './desk'
import { handlers } from './handlers'
import { MESSAGE_BYTES, SHORT_MESSAGE, SOCKETS, UNSENT_BYTES, WAITING_LENGTH, WAITING_MESSAGES } from './limits'
import { dismiss } from './sessions'
import { envelope, type Outlet, type Session } from './session'

/** What a socket knows of itself. */
export interface SocketData {
  token: string | undefined
  session?: Session
  outlet?: Outlet
  /** Messages that are not done, and their characters. */
  waiting: number
  waitingLength: number
  last: Promise<void>
}

/** They carry the text of the clipboard. */
const LONG = new Set<ClientEvent>(['clipboard/set', 'control/paste'])

/** Seconds without a word, after which a client counts as gone: it answers a ping every heartbeat. */
const SILENCE_SECONDS = 120

/** The WebSockets of a room. */
export class Sockets {
  private readonly open = new Set<ServerWebSocket<SocketData>>()
  private readonly beat: ReturnType<typeof setInterval>

  constructor(private readonly desk: Desk) {
    this.beat = setInterval(() => this.tick(), 1000)
  }

  get count(): number {
    return this.open.size
  }

  /** Always succeeds, whoever asks: who it is shows after. */
  upgrade(request: Request, server: Server<SocketData>, token: string | undefined): Response | undefined {
    if (this.open.size >= SOCKETS) return new Response('too many connections', { status: 503 })
    const data: SocketData = { token, waiting: 0, waitingLength: 0, last: Promise.resolve() }
    return server.upgrade(request, { data }) ? undefined : new Response('Bad Request', { status: 400 })
  }

  readonly handler: WebSocketHandler<SocketData> = {
    maxPayloadLength: MESSAGE_BYTES,
    backpressureLimit: UNSENT_BYTES,
    closeOnBackpressureLimit: true,
    idleTimeout: SILENCE_SECONDS,
    sendPings: false,
    open: (socket) => this.opened(socket),
    message: (socket, message) => this.received(socket, String(message)),
    close: (socket, code) => {
      this.open.delete(socket)
      const { session, outlet } = socket.data
      // 1000 and 1001: the client says goodbye, and is not waited for.
      if (session && outlet) this.desk.sessions.lost(session, outlet, code === 1000 || code === 1001)
    },
  }

  private opened(socket: ServerWebSocket<SocketData>): void {
    this.open.add(socket)
    const outlet: Outlet = {
      send: (text) => void socket.send(text),
      end: () => socket.terminate(),
    }
    const refused = this.admit(socket, outlet)
    if (refused !== undefined) dismiss(outlet, refused)
  }

  /** @returns why it is not let in */
  private admit(socket: ServerWebSocket<SocketData>, outlet: Outlet): string | undefined {
    const { token } = socket.data
    if (token === undefined) return 'no authentication provided'
    const { sessions, settings } = this.desk
    const session = sessions.withToken(token)
    if (!session) return 'session not found'
    if (!session.profile.can_login) return 'session login disabled'
    if (!session.profile.can_connect) return 'connection disabled'
    if (session.isConnected && !settings.merciful_reconnect) return 'already connected'
    Object.assign(socket.data, { session, outlet })
    sessions.connect(session, outlet)
    return undefined
  }

  private received(socket: ServerWebSocket<SocketData>, text: string): void {
    const { data } = socket
    const { session } = data
    if (!session || session.outlet !== data.outlet) return
    if (data.waiting >= WAITING_MESSAGES || data.waitingLength > WAITING_LENGTH) {
      this.desk.log.warn('a client sends faster than it can be served', { session: session.id })
      socket.terminate()
      return
    }
    const parsed = this.parse(text)
    if (!parsed) return
    if (text.length > SHORT_MESSAGE && !LONG.has(parsed.event)) {
      this.desk.log.warn('an event is too long', { session: session.id, event: parsed.event })
      return
    }
    data.waiting += 1
    data.waitingLength += text.length
    data.last = data.last
      .then(() => this.handle(session, parsed.event, parsed.payload))
      .finally(() => {
        data.waiting -= 1
        data.waitingLength -= text.length
      })
  }

  private parse(text: string): { event: ClientEvent; payload: unknown } | undefined {
    try {
      const { event, payload } = Envelope.parse(JSON.parse(text))
      if (isKnown(event)) return { event, payload }
      this.desk.log.debug('a client sent an unknown event', { event: event.slice(0, 100) })
    } catch (error) {
      this.desk.log.debug('a client sent what is no event', { error: errorText(error).slice(0, 200) })
    }
    return undefined
  }

  private async handle(session: Session, event: ClientEvent, payload: unknown): Promise<void> {
    try {
      await run(event, this.desk, session, payload)
    } catch (error) {
      // As Neko does it: nobody but the log hears of it.
      this.desk.log.debug('an event had no effect', {
        session: session.id,
        event,
        error: errorText(error).slice(0, 300),
      })
    }
  }

  private seconds = 0

  private tick(): void {
    this.seconds += 1
    if (this.seconds < this.desk.settings.heartbeat_interval) return
    this.seconds = 0
    const text = envelope('system/heartbeat')
    for (const socket of this.open) {
      socket.send(text)
      socket.ping()
    }
  }

  close(): void {
    clearInterval(this.beat)
    for (const socket of this.open) socket.terminate()
  }
}

const isKnown = (event: string): event is ClientEvent => Object.hasOwn(handlers, event)

type Schemas = { [E in ClientEvent]: z.ZodType<ClientPayload<E>> }
const schemas: Schemas = clientEvents

async function run<E extends ClientEvent>(event: E, desk: Desk, session: Session, payload: unknown): Promise<void> {
  await handlers[event](desk, session, schemas[event].parse(payload))
}
