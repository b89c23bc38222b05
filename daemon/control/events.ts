import { Code, ConnectError } from '@connectrpc/connect'
import { type ServerEvent, ServerEventKind } from '@shared/gen/nekode/daemon/v1/events_pb'
import type { Logger } from '@shared/log'
import { Backoff, pause } from './backoff'
import { type ControlClient, judge } from './client'
import type { Journal } from './journal'

/** A stream that says nothing for this long is dead, until its first ping says otherwise. */
const SILENCE_MS = 60_000
/** Streams in a row that end without a frame before the whole session is set up again. */
const MAX_EMPTY = 3
const ACK_MS = 50

export interface EventStreamOptions {
  client: ControlClient
  info: { daemonId: string; computerId: string }
  journal: Journal
  log: Logger
  admit(event: ServerEvent): void
  handle(event: ServerEvent): void
  /** Any frame, pings included. */
  onFrame(): void
  /** A stream was opened, perhaps after a gap. */
  onOpen(): void
}

/**
 * The server's events for this computer. Each is in the journal, with the cursor behind it, before anything is done about it,
 * and is acknowledged after that. A stream that ends, as proxies end them, is opened again from the cursor.
 */
export class EventStream {
  readonly #options: EventStreamOptions
  #silenceMs = SILENCE_MS
  #ack: Timer | undefined

  constructor(options: EventStreamOptions) {
    this.#options = options
  }

  /** Runs until the signal is aborted. @throws what says that the session is over */
  async run(signal: AbortSignal): Promise<void> {
    const backoff = new Backoff({ firstMs: 200, maxMs: 2000 })
    let empty = 0
    try {
      while (!signal.aborted) {
        const { frames, error } = await this.#follow(signal)
        if (signal.aborted) return
        empty = frames > 0 ? 0 : empty + 1
        if (error !== undefined && judge(error, signal) !== 'retry') throw error
        if (empty >= MAX_EMPTY) throw error ?? new ConnectError('the event stream ends at once', Code.Unavailable)
        if (frames > 0) backoff.reset()
        this.#options.log.debug('the event stream ended and is opened again', { frames, error })
        await pause(backoff.next(), signal)
      }
    } finally {
      clearTimeout(this.#ack)
    }
  }

  /** One stream to its end. */
  async #follow(signal: AbortSignal): Promise<{ frames: number; error?: unknown }> {
    const { client, info, onFrame, onOpen } = this.#options
    const watchdog = new AbortController()
    let timer: Timer | undefined
    const listen = () => {
      clearTimeout(timer)
      timer = setTimeout(() => watchdog.abort(), this.#silenceMs)
    }
    let frames = 0
    try {
      listen()
      const stream = client.subscribeServerEvents(
        { ...info, cursor: this.#cursor(), includeAllAgents: true, requestId: crypto.randomUUID() },
        // The stream has no end; without a signal a stream that is left is not cancelled.
        { signal: AbortSignal.any([signal, watchdog.signal]), timeoutMs: 0 },
      )
      for await (const { event } of stream) {
        listen()
        frames++
        onFrame()
        if (frames === 1) onOpen()
        if (event) this.#take(event)
      }
      return { frames }
    } catch (error) {
      return watchdog.signal.aborted
        ? { frames, error: new ConnectError(`nothing came for ${this.#silenceMs / 1000} s`, Code.Unavailable) }
        : { frames, error }
    } finally {
      clearTimeout(timer)
    }
  }

  #take(event: ServerEvent): void {
    const { journal, admit, handle } = this.#options
    if (event.kind === ServerEventKind.PING) {
      const { payload } = event
      const seconds = payload.case === 'ping' ? payload.value.timeoutSeconds : 0
      if (seconds > 0) this.#silenceMs = seconds * 1000
      return
    }
    if (event.sequence <= this.#sequence()) return
    journal.tx(() => {
      admit(event)
      journal.set('cursor', String(event.sequence))
    })
    this.#acknowledge()
    handle(event)
  }

  #sequence(): bigint {
    return BigInt(this.#options.journal.get('cursor') ?? '0')
  }

  #cursor() {
    const sequence = this.#sequence()
    return { sequence, serverId: sequence > 0n ? (this.#options.journal.get('server_id') ?? '') : '' }
  }

  /** Soon, once for all that came meanwhile. One that fails is made up for by the next. */
  #acknowledge(): void {
    if (this.#ack !== undefined) return
    this.#ack = setTimeout(() => {
      this.#ack = undefined
      const { client, info, log } = this.#options
      client
        .acknowledgeServerEvents({
          ...info,
          cursor: this.#cursor(),
          requestId: crypto.randomUUID(),
          idempotencyKey: crypto.randomUUID(),
        })
        .catch((error: unknown) => log.debug('events were not acknowledged', { error }))
    }, ACK_MS)
  }
}
