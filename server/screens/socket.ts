import {
  SCREEN_CLOSED,
  SCREEN_LIMITS,
  type ScreenAway,
  type ScreenNews,
  ScreenReport,
  type ScreenRights,
  ScreenWish,
  decodePicture,
} from '@shared/contract'
import { NekodeError } from '@shared/errors'
import type { Logger } from '@shared/log'
import type { Exchange } from '@shared/tunnel/exchange'
import { SCREEN } from '@shared/tunnel/names'
import { type Packet, packet, packets } from '@shared/tunnel/packets'
import type { UserPrincipal } from '../access/principal'
import { Rates } from '../limits/rates'
import type { Socket, SocketHandler } from '../listener/listener'
import { SCREENS } from './limits'
import type { Rights, ScreenService, Watching } from './service'

const BYTES = { textBytes: SCREEN_LIMITS.wishBytes, binaryBytes: SCREEN_LIMITS.pictureBytes + 64 }

export interface Viewer {
  principal: UserPrincipal
  agentId: string
  address: string
  rights: Rights
}

/**
 * One viewer of an agent's screen: a browser on one end, an exchange with the agent's computer on the other. When the computer is away the
 * browser is told and the socket waits; what was steered is not steered on.
 */
export class ScreenSocket implements SocketHandler, Watching {
  readonly principal: UserPrincipal
  readonly agentId: string
  readonly #over = new AbortController()
  readonly #rates = new Rates()
  #rights: Rights | undefined
  #exchange: Exchange | undefined
  /** The computer said that this viewer steers, and that is written down. */
  #steers = false
  #away: ScreenAway['code'] | undefined
  /** How large it is shown, which each new exchange has to be told. */
  #view: string | undefined
  #refusedAt = 0
  #writing: Promise<void> = Promise.resolve()
  #backlog = 0
  #drained: (() => void) | undefined
  #wake: (() => void) | undefined
  readonly #ends: (() => void)[]
  #socket: Socket | undefined

  constructor(
    private readonly screens: ScreenService,
    private readonly log: Logger,
    private readonly viewer: Viewer,
    leave: () => void,
  ) {
    this.#ends = [leave]
    this.principal = viewer.principal
    this.agentId = viewer.agentId
    this.#rights = viewer.rights
  }

  open(socket: Socket): void {
    this.#socket = socket
    const { revoked } = this.principal
    const end = (): void => socket.close(SCREEN_CLOSED.revoked, 'This login or token is not valid any more.')
    revoked.addEventListener('abort', end)
    this.#ends.push(() => revoked.removeEventListener('abort', end), this.screens.watch(this))
    if (revoked.aborted) return end()
    this.#sayRights()
    void this.#run()
  }

  close(): void {
    for (const end of this.#ends.splice(0)) end()
    this.#over.abort()
    // Whose login has ended is not waited for.
    this.#end(!this.principal.revoked.aborted)
    this.#stopSteering()
    this.#wake?.()
    this.drain()
  }

  /** Nothing more is shown. @param mayComeBack who steers is waited for */
  #end(mayComeBack: boolean): void {
    const exchange = this.#exchange
    if (!exchange) return
    if (!mayComeBack) this.#sayToComputer(false)
    void this.#sayGoodbye(exchange)
  }

  #sayToComputer(takeOver: boolean): void {
    const said: ScreenRights = { type: 'rights', takeOver }
    this.#write(JSON.stringify(said))
  }

  /** The last that was said, such as that somebody hands back, still arrives. */
  async #sayGoodbye(exchange: Exchange): Promise<void> {
    const timer = setTimeout(() => exchange.cancel(), SCREENS.goodbyeMs)
    exchange.over.addEventListener('abort', () => clearTimeout(timer))
    await this.#writing
    // It may be over already, from the other end.
    await exchange.end().catch(() => undefined)
  }

  drain(): void {
    this.#drained?.()
    this.#drained = undefined
  }

  /** What the viewer may do has been looked at again. */
  allow(rights: Rights | undefined): void {
    const before = this.#rights
    this.#rights = rights
    if (!before && !rights) return
    const isSame = before?.takeOver === rights?.takeOver && before?.runId === rights?.runId
    if (before && rights && isSame && before.computerId === rights.computerId) return
    if (rights && before?.computerId === rights.computerId) this.#sayToComputer(rights.takeOver)
    else this.#end(false)
    this.#sayRights()
    this.#wake?.()
  }

  message(socket: Socket, data: string | Buffer): void {
    if (this.#rates.take('messages', SCREENS.messages))
      return socket.close(SCREEN_CLOSED.invalid, 'Too many messages come.')
    const wish = typeof data === 'string' && data.length <= SCREEN_LIMITS.wishBytes ? readWish(data) : undefined
    if (!wish) return socket.close(SCREEN_CLOSED.invalid, 'This message is not valid.')
    if (wish.type === 'view') this.#view = JSON.stringify(wish)
    if (wish.type === 'view' || wish.type === 'ack') return this.#write(JSON.stringify(wish))
    if (this.#rates.take('inputs', SCREENS.inputs)) return this.#refuse('too_fast', 'More was sent than can be typed.')
    if (wish.type === 'take_over' && !this.#rights?.takeOver)
      return this.#refuse('not_allowed', 'You may watch this screen, but not take it over.')
    if (wish.type === 'take_over' || wish.type === 'hand_back' || this.#steers) this.#write(JSON.stringify(wish))
  }

  async #run(): Promise<void> {
    const { signal } = this.#over
    while (!signal.aborted) {
      const rights = this.#rights
      try {
        if (rights) await this.#connect(rights, signal)
        else await this.#hidden()
      } catch (error) {
        if (signal.aborted) return
        // It was ended here.
        if (this.#rights?.computerId !== rights?.computerId) continue
        const isOffline = error instanceof NekodeError && error.code === 'computer_offline'
        if (!(error instanceof NekodeError)) this.log.warn('a screen could not be shown', { error })
        this.#sayAway(isOffline ? 'computer_offline' : 'daemon_lost')
        if (!isOffline) await this.#pause(SCREENS.retryMs)
      } finally {
        if (!signal.aborted) this.#exchange?.cancel()
        this.#exchange = undefined
        this.#stopSteering()
      }
    }
  }

  /** Nothing is shown until it may be again. */
  async #hidden(): Promise<void> {
    this.#sayAway('hidden')
    await this.#pause()
  }

  async #connect({ computerId }: Rights, signal: AbortSignal): Promise<void> {
    const { mux, features } = await this.screens.deps.attachments.wait(computerId, SCREENS.waitMs, signal)
    if (signal.aborted || this.#rights?.computerId !== computerId) return
    if (!features.has('screen')) {
      this.#sayAway('daemon_outdated')
      return this.#pause(SCREENS.outdatedMs)
    }
    const { id, name, displayName } = this.principal
    const asked = { agent: this.agentId, user: id, name: (displayName.trim() || name).slice(0, 100) }
    const may = this.#rights.takeOver ? 'take-over' : 'watch'
    const path = `/watch?${new URLSearchParams({ ...asked, may })}`
    const requestId = crypto.randomUUID().replaceAll('-', '')
    const exchange = mux.open({ tunnelId: SCREEN, requestId, method: 'GET', path })
    this.#exchange = exchange
    await exchange.head
    if (this.#view !== undefined) this.#write(this.#view)
    for await (const one of packets(exchange, BYTES)) await this.#pass(one)
    throw new NekodeError('unavailable', 'The computer ended it.')
  }

  async #pass(one: Packet): Promise<void> {
    // What may not be seen any more is not shown, though it has come.
    if (!this.#rights) return
    if (one.kind === 'binary') {
      if (!decodePicture(one.bytes)) throw new NekodeError('invalid', 'The computer sent what is no picture.')
      return this.#send(one.bytes)
    }
    const report = readReport(one.text)
    if (report.type === 'state') {
      this.#away = undefined
      const { steering } = report
      await this.#steer(steering.by === 'person' && steering.you && steering.phase === 'steering')
    }
    await this.#send(JSON.stringify(report))
  }

  /** Nobody steers before it is written down. */
  async #steer(is: boolean): Promise<void> {
    if (!is) return this.#stopSteering()
    if (this.#steers) return
    const { address } = this.viewer
    const runId = this.#rights?.runId ?? null
    await this.screens.audit(this.principal, 'screen.take_over', this.agentId, { runId, address })
    this.#steers = !this.#over.signal.aborted
  }

  #stopSteering(): void {
    if (!this.#steers) return
    this.#steers = false
    const { address } = this.viewer
    const runId = this.#rights?.runId ?? null
    this.screens
      .audit(this.principal, 'screen.hand_back', this.agentId, { runId, address })
      .catch((error: unknown) => this.log.error('the end of steering was not written down', { error }))
  }

  /** To the browser; waits until it takes more. */
  async #send(content: string | Uint8Array<ArrayBuffer>): Promise<void> {
    const socket = this.#socket
    if (socket?.readyState !== WebSocket.OPEN) return
    if (socket.send(content) === -1) await new Promise<void>((resolve) => (this.#drained = resolve))
  }

  #say(news: ScreenNews): void {
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(news))
  }

  #sayRights(): void {
    const { takeOver = false, runId = null } = this.#rights ?? {}
    this.#say({ type: 'access', takeOver, runId })
  }

  #sayAway(code: ScreenAway['code']): void {
    if (this.#away === code) return
    this.#away = code
    this.#say({ type: 'away', code })
  }

  #refuse(code: 'too_fast' | 'not_allowed', message: string): void {
    // Not for each of many.
    if (Date.now() - this.#refusedAt < 1000) return
    this.#refusedAt = Date.now()
    this.#say({ type: 'refused', code, message })
  }

  /** To the computer, in order. */
  #write(json: string): void {
    const exchange = this.#exchange
    if (!exchange) return
    const bytes = packet(json)
    if (this.#backlog + bytes.length > SCREENS.backlog)
      return this.#refuse('too_fast', 'More was sent than can be typed.')
    this.#backlog += bytes.length
    this.#writing = this.#writing
      .then(() => exchange.write(bytes))
      // The reader hears why.
      .catch(() => undefined)
      .finally(() => {
        this.#backlog -= bytes.length
      })
  }

  async #pause(ms?: number): Promise<void> {
    if (this.#over.signal.aborted) return
    const { promise, resolve } = Promise.withResolvers<void>()
    const timer = ms === undefined ? undefined : setTimeout(resolve, ms)
    this.#wake = resolve
    await promise
    clearTimeout(timer)
    this.#wake = undefined
  }
}

/** A viewer who may not be one: a browser cannot read a refused handshake, but it can read a close code. */
export class RefusedSocket implements SocketHandler {
  constructor(private readonly error: NekodeError) {}

  open(socket: Socket): void {
    const code = this.error.kind === 'throttled' ? SCREEN_CLOSED.tooMany : SCREEN_CLOSED.hidden
    socket.close(code, this.error.message.slice(0, 120))
  }

  message(): void {}

  close(): void {}
}

function readWish(data: string): ScreenWish | undefined {
  try {
    return ScreenWish.safeParse(JSON.parse(data)).data
  } catch {
    // No JSON is no wish.
    return undefined
  }
}

function readReport(text: string): ScreenReport {
  try {
    return ScreenReport.parse(JSON.parse(text))
  } catch (cause) {
    throw new NekodeError('unavailable', 'The computer said what cannot be read.', { cause })
  }
}
