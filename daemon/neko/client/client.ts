import { errorText, NekodeError } from '@shared/errors'
import type { Logger } from '@shared/log'
import { Backoff, pause } from '../../control/backoff'
import type { Size } from '../geometry'
import {
  type ClientEvent,
  type ClientPayload,
  type ServerEvent,
  serverEvents,
  type ServerPayload,
} from '../protocol/events'
import type { Profile, Settings } from '../protocol/types'
import { type Base, parseBase, parseSocketUrl, socketUrl } from './address'
import { Emitter } from './emitter'
import { type Ending, lost } from './endings'
import { type AcquireOptions, Hosting } from './hosting'
import { Http } from './http'
import { login, logout } from './login'
import { NekoRest } from './rest'
import type { Room, RoomChanges, RoomState } from './room'
import { Socket } from './socket'
import { Knowledge, type ServerEvents } from './state'

export interface ConnectOptions {
  /** A full WebSocket address with a token; then `url`, `username` and `password` are not looked at. */
  ws?: string | undefined
  /** The address of the server, with the path that it is below. */
  url?: string | undefined
  username?: string | undefined
  password?: string | undefined
  /** Host with each connection, until somebody lets it go. Default false. */
  autoHost?: boolean
  log: Logger
  /** Closes it. */
  signal?: AbortSignal
  /** Whether a connection that was lost is made again. Default true. */
  reconnect?: boolean
  /** How long the first connection is tried again when the server is not there. Default 0: once. */
  patienceMs?: number
  /** PEM of the authority behind the server's certificate. */
  ca?: string | undefined
  /** Default: 1 s, doubling up to 30 s, half of it random. */
  backoff?: { firstMs: number; maxMs: number }
}

/** A connection that lasted so long was one: the next wait is a short one again. */
const STEADY_MS = 10_000
/** Where the server says nothing that can be. */
const HEARTBEAT_S = 10
const LOGOUT_MS = 2_000
const MAX_REFUSALS = 8
const MAX_KINDS = 100

/** One session of a Neko server: its WebSocket, which comes back whenever it is lost, and its REST API. */
export class NekoClient implements Room {
  readonly rest: NekoRest
  readonly base: Base
  /** What it ended with for good; null: it was closed from here. */
  readonly ended: Promise<NekodeError | null>
  readonly #options: ConnectOptions
  readonly #log: Logger
  readonly #http: Http
  readonly #account: { username: string; password: string } | undefined
  readonly #events: Emitter<ServerEvents>
  readonly #changes: Emitter<RoomChanges>
  readonly #knowledge: Knowledge
  readonly #hosting: Hosting
  readonly #backoff: Backoff
  readonly #stop = new AbortController()
  readonly #first = Promise.withResolvers<void>()
  readonly #end = Promise.withResolvers<NekodeError | null>()
  readonly #complained = new Set<string>()
  /** Whether the token is of a login of our own, which is ended with the connection. */
  #ownsSession = false
  #socket: Socket | undefined
  #isUp = false
  #upAt = 0
  #refusals = 0
  #loop: Promise<void> = Promise.resolve()

  private constructor(options: ConnectOptions) {
    this.#options = options
    const { ws, ca, log, autoHost = false, backoff = { firstMs: 1000, maxMs: 30_000 } } = options
    const given = ws ? parseSocketUrl(ws) : undefined
    this.base = given?.base ?? parseBase(required(options.url))
    this.#account = given ? undefined : { username: options.username ?? '', password: options.password ?? '' }
    this.#log = log
    this.#http = new Http({ base: this.base, ca }, given?.token)
    this.rest = new NekoRest(this.#http)
    this.#backoff = new Backoff(backoff)
    this.ended = this.#end.promise
    const failed = (event: string, error: unknown): void =>
      log.error('What was to be done on an event of the Neko server failed.', { event, error: errorText(error) })
    this.#events = new Emitter<ServerEvents>(failed)
    this.#changes = new Emitter<RoomChanges>(failed)
    this.#knowledge = new Knowledge(this.#events)
    this.#hosting = new Hosting(this, { auto: autoHost, log })
    this.#events.on('system/heartbeat', () => void this.#socket?.send('{"event":"client/heartbeat"}'))
    this.#events.on('system/init', () => this.#up())
    this.#events.on('system/settings', (settings) => this.#watch(settings))
    this.#events.on('control/host', ({ id }) => this.#hostChanged(id))
    options.signal?.addEventListener('abort', () => void this.close(), { signal: this.#stop.signal })
  }

  /**
   * Logs in where there is no token, connects, and waits until the server has said what there is.
   * @throws NekodeError with the reason, of the kinds of `login` and `endings`: unauthenticated, forbidden, conflict, gone, unavailable, invalid
   */
  static async connect(options: ConnectOptions): Promise<NekoClient> {
    options.signal?.throwIfAborted()
    const client = new NekoClient(options)
    client.#loop = client.#run()
    await client.#first.promise
    return client
  }

  get state(): RoomState {
    return this.#knowledge.state
  }

  get connected(): boolean {
    return this.#isUp
  }

  get isHost(): boolean {
    return this.#isUp && this.#knowledge.isHost
  }

  get size(): Size {
    return this.#knowledge.state.screen
  }

  /** What this session may do, as the server said it last. */
  get profile(): Profile | undefined {
    return this.#knowledge.profile
  }

  send<E extends ClientEvent>(
    event: E,
    ...[payload]: undefined extends ClientPayload<E> ? [ClientPayload<E>?] : [ClientPayload<E>]
  ): void {
    this.sendRaw({ event, payload })
  }

  /** Sends whatever it is: what the server makes of an event that it does not know, it tells nobody. */
  sendRaw({ event, payload }: { event: string; payload?: unknown }): void {
    const text = JSON.stringify(payload === undefined ? { event } : { event, payload })
    if (this.#isUp && this.#socket?.send(text)) return
    throw new NekodeError('unavailable', 'There is no connection to the Neko server.', {
      code: 'neko_not_connected',
      next: this.#stop.signal.aborted ? 'It was closed: connect anew.' : 'It is being made again: try in a moment.',
    })
  }

  on<E extends ServerEvent>(event: E, handler: (payload: ServerPayload<E>) => void): () => void {
    return this.#events.on(event, handler)
  }

  onChange<C extends keyof RoomChanges>(change: C, handler: (what: RoomChanges[C]) => void): () => void {
    return this.#changes.on(change, handler)
  }

  acquire(options?: AcquireOptions): Promise<void> {
    return this.#hosting.acquire(options)
  }

  release(): void {
    this.#hosting.release()
  }

  /** Ends the connection, and the session if it was made here. It does not fail. */
  async close(): Promise<void> {
    if (!this.#stop.signal.aborted) {
      this.#stop.abort()
      this.#socket?.close()
    }
    await this.#loop
  }

  /** Connects again and again, until there is a reason not to. It never rejects. */
  async #run(): Promise<void> {
    const { reconnect = true, patienceMs = 0 } = this.#options
    const startedAt = performance.now()
    for (;;) {
      const ending = await this.#once()
      const wasUp = this.#upAt > 0
      const again = wasUp ? reconnect : performance.now() - startedAt < patienceMs
      const isFinal = this.#stop.signal.aborted || !again || !this.#canGoOn(ending)
      this.#down(ending.error, isFinal)
      if (isFinal) return this.#finish(ending)
      const waitMs = this.#backoff.next()
      this.#log.warn('The Neko server is tried again.', { why: ending.error.message, inMs: Math.round(waitMs) })
      await pause(waitMs, this.#stop.signal)
      if (this.#stop.signal.aborted) return this.#finish(ending)
    }
  }

  /** One connection, from the login to the end. */
  async #once(): Promise<Ending> {
    try {
      await this.#login()
      const { token = '' } = this.#http
      const url = this.#options.ws ?? socketUrl(this.base, token)
      if (this.#stop.signal.aborted) return lost('closed from here')
      this.#socket = new Socket({
        url,
        ca: this.#options.ca,
        log: this.#log,
        onEvent: (event, payload) => this.#receive(event, payload),
      })
      const ending = await this.#socket.ended
      if (this.#isUp && performance.now() - this.#upAt > STEADY_MS) this.#backoff.reset()
      return ending
    } catch (error) {
      return failure(error)
    }
  }

  async #login(): Promise<void> {
    if (!this.#account || this.#http.token !== undefined) return
    const { token } = await login(this.#http, this.#account, { signal: this.#stop.signal })
    this.#http.token = token
    this.#ownsSession = true
  }

  /** Whether another connection makes sense; a token that is worth nothing is forgotten. */
  #canGoOn({ retry, error }: Ending): boolean {
    if (retry === 'never') return false
    // A server that is not there is waited for; one that says no, and no again, is not asked for ever.
    if (error.kind !== 'unavailable' && ++this.#refusals > MAX_REFUSALS) return false
    if (retry === 'again') return true
    if (!this.#account) return false
    this.#http.token = undefined
    this.#ownsSession = false
    return true
  }

  #receive(event: string, payload: unknown): void {
    if (isServerEvent(event)) this.#dispatch(event, payload)
    else this.#complain(event, 'The Neko server sent an event of an unknown kind.')
  }

  #dispatch<E extends ServerEvent>(event: E, payload: unknown): void {
    const result = tables[event].safeParse(payload)
    if (result.success) this.#events.emit(event, result.data)
    else this.#complain(event, 'The Neko server sent an event that is not as it has to be; it was left out.')
  }

  /** Says it once for each kind of event. What kinds there are is up to the server, so that there is an end to it. */
  #complain(event: string, message: string): void {
    if (this.#complained.has(event) || this.#complained.size >= MAX_KINDS) return
    this.#complained.add(event)
    this.#log.warn(message, { event: event.slice(0, 100) })
  }

  #up(): void {
    this.#isUp = true
    this.#upAt = performance.now()
    this.#refusals = 0
    const { state } = this.#knowledge
    this.#watch(state.settings)
    this.#first.resolve()
    this.#changes.emit('up', state)
    this.#changes.emit('host', { mine: this.#knowledge.isHost, hostId: state.hostId })
    this.#hosting.up()
  }

  #watch({ heartbeat_interval: seconds }: Settings): void {
    this.#socket?.begin((seconds > 0 ? seconds : HEARTBEAT_S) * 1000)
  }

  #down(error: NekodeError, final: boolean): void {
    const wasUp = this.#isUp
    this.#isUp = false
    this.#socket = undefined
    if (wasUp || final) this.#changes.emit('down', { reason: error.message, final })
  }

  #hostChanged(actor: string): void {
    const { state } = this.#knowledge
    this.#hosting.changed(actor)
    this.#changes.emit('host', { mine: this.#knowledge.isHost, hostId: state.hostId })
  }

  async #finish({ error, retry }: Ending): Promise<void> {
    const isClosed = this.#stop.signal.aborted
    this.#stop.abort()
    this.#hosting.end(error)
    // What somebody else ended, or took over, is no longer ours to end.
    if (this.#ownsSession && (retry !== 'never' || isClosed)) await this.#logout()
    this.#first.reject(error)
    this.#end.resolve(isClosed ? null : error)
  }

  async #logout(): Promise<void> {
    try {
      await logout(this.#http, { timeoutMs: LOGOUT_MS })
    } catch (error) {
      this.#log.debug('The session was not ended on the Neko server.', { error: errorText(error) })
    }
  }
}

const tables: {
  [E in ServerEvent]: {
    safeParse: (payload: unknown) => { success: true; data: ServerEvents[E] } | { success: false }
  }
} = serverEvents

const isServerEvent = (event: string): event is ServerEvent => Object.hasOwn(serverEvents, event)

function required(url: string | undefined): string {
  if (url) return url
  throw new NekodeError('invalid', 'It is not said which Neko server to connect to.', {
    code: 'neko_address',
    next: 'Give its address with a name and a password, or a full WebSocket address with a token.',
  })
}

/** What stopped a connection before there was one. */
function failure(error: unknown): Ending {
  if (!(error instanceof NekodeError)) return lost(errorText(error))
  return {
    error,
    retry: error.kind === 'unavailable' || error.kind === 'throttled' || error.kind === 'conflict' ? 'again' : 'never',
  }
}
