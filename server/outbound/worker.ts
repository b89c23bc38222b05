import { newId } from '@shared/ids'
import { NekodeError } from '@shared/errors'
import { z } from 'zod'
import type { Core } from '../core'
import type { Outcome, Outgoing } from '../endpoints/adapter'
import { ATTEMPT_MS } from '../endpoints/send'
import type { EndpointService } from '../endpoints/service'
import { cut } from '../rpc/text'
import { emitOutbound } from './outbox'
import { MAX_ATTEMPTS, pauseMs } from './schedule'
import { OutboundStore } from './store'
import type { OutboundRow } from './view'

/** Longer than an attempt takes: whoever has not said anything by then is dead. */
const LEASE_MS = ATTEMPT_MS * 4
/** How often retries and the work of dead servers are looked for. What is new is sent at once. */
const EVERY_MS = 5_000
/** Endpoints that are sent to at the same time. */
const PARALLEL = 16

const Payload = z.object({ type: z.string(), timestamp: z.number(), text: z.string(), data: z.unknown() })

/**
 * Sends what is due: to each endpoint one thing at a time, the oldest first. One that waits for another attempt does not hold up those
 * behind it. A row is leased before it is sent, so of several servers one sends it; when that one dies another takes over after the
 * lease, with the same delivery id.
 */
export class OutboundWorker {
  readonly #store: OutboundStore
  readonly #busy = new Map<string, Promise<void>>()
  /** Endpoints to look at when there is room. */
  readonly #waiting = new Set<string>()
  readonly #stopping = new AbortController()
  #timer: Timer | undefined
  #started = false
  #since = 0
  #freed: Promise<void> | undefined

  constructor(
    private readonly core: Core,
    private readonly endpoints: EndpointService,
    private readonly random: () => number = Math.random,
  ) {
    this.#store = new OutboundStore(core.db)
    core.db.onCommit((events) => {
      for (const e of events)
        if (e.kind === 'outbound_delivery')
          this.#wake(z.object({ endpointId: z.string() }).parse(JSON.parse(e.payload)).endpointId)
    })
  }

  start(): void {
    this.#started = true
    this.#since = Date.now()
    const look = (): void => {
      this.#free()
        .then(() => this.#look())
        .catch((error: unknown) => this.core.log.error('outbound deliveries were not looked for', { error }))
    }
    look()
    this.#timer = setInterval(look, EVERY_MS)
    this.#timer.unref()
  }

  /** Ends what is being sent; it is due again at once, here or elsewhere. */
  async stop(): Promise<void> {
    this.#started = false
    clearInterval(this.#timer)
    this.#stopping.abort()
    await Promise.all(this.#busy.values())
  }

  /** Sends everything that is due at a time, and resolves when that is done. */
  async run(now = Date.now()): Promise<void> {
    await Promise.all(this.#busy.values())
    for (const id of await this.#store.endpointsDue(now)) await this.#drain(id, () => now)
  }

  /** One server alone has a SQLite file: what is leased there was being sent when the last one died. */
  #free(): Promise<void> {
    if (this.core.db.dialect !== 'sqlite') return Promise.resolve()
    return (this.#freed ??= this.#store.release(this.#since, this.#since + LEASE_MS).catch((error: unknown) => {
      this.#freed = undefined
      throw error
    }))
  }

  async #look(): Promise<void> {
    for (const id of await this.#store.endpointsDue(Date.now())) this.#wake(id)
  }

  #wake(endpointId: string): void {
    if (!this.#started) return
    this.#waiting.add(endpointId)
    this.#fill()
  }

  #fill(): void {
    for (const id of this.#waiting) {
      if (this.#busy.size >= PARALLEL || !this.#started) return
      if (this.#busy.has(id)) continue
      this.#waiting.delete(id)
      const work = this.#drain(id, Date.now)
        .catch((error: unknown) => this.core.log.error('outbound deliveries were not sent', { endpointId: id, error }))
        .finally(() => {
          this.#busy.delete(id)
          this.#fill()
        })
      this.#busy.set(id, work)
    }
  }

  async #drain(endpointId: string, clock: () => number): Promise<void> {
    while (!this.#stopping.signal.aborted) {
      const row = await this.#claim(endpointId, clock())
      if (!row) return
      if (row.status === 'canceled') continue
      await this.#attempt(row, clock)
    }
  }

  async #attempt(row: OutboundRow, clock: () => number): Promise<void> {
    let outcome: Outcome
    try {
      outcome = await this.#send(row)
    } catch (error) {
      this.core.log.error('an outbound delivery broke', { deliveryId: row.id, error })
      outcome = { ok: false, error: 'The server could not make the request.', retry: true }
    }
    const stopped = this.#stopping.signal.aborted && !outcome.ok
    await this.core.db
      .tx(async (tx) => {
        const now = await this.#store.get(row.id, tx.q)
        // After its lease it is somebody else's.
        if (!now || now.leaseId !== row.leaseId) return
        const set = this.#after(now, outcome, stopped, clock())
        await this.#store.update(tx, row.id, set)
        emitOutbound(tx, { ...now, ...set }, 'state_changed')
      })
      .catch((error: unknown) => {
        // The server stops before it could say so: what arrived is sent once more, which its id tells the receiver.
        if (!(error instanceof NekodeError && this.#stopping.signal.aborted)) throw error
      })
  }

  #send(row: OutboundRow): Promise<Outcome> {
    const endpoint = this.endpoints.book.endpoint(row.endpointId)
    if (!endpoint) return Promise.resolve({ ok: false, error: 'The endpoint was removed.', retry: false })
    const { type, timestamp, text, data } = Payload.parse(JSON.parse(row.payload))
    const outgoing: Outgoing = { id: row.id, type, timestamp, target: row.target, text, data, replyTo: row.replyTo }
    return this.endpoints.send(endpoint, outgoing, this.#stopping.signal)
  }

  /** Takes the next delivery, for this server alone and for as long as the lease. */
  #claim(endpointId: string, now: number): Promise<OutboundRow | undefined> {
    return this.core.db.tx(async (tx) => {
      if (await this.#store.isLeased(tx, endpointId, now)) return undefined
      const row = await this.#store.due(tx, endpointId, now)
      if (!row) return undefined
      const open = this.endpoints.isOpen(endpointId)
      const set: Partial<OutboundRow> = open
        ? {
            attemptCount: row.attemptCount + 1,
            leaseId: newId('lease'),
            leaseUntil: now + LEASE_MS,
            nextAttemptAt: now + LEASE_MS,
            updatedAt: now,
          }
        : canceled('The endpoint was switched off.', now)
      await this.#store.update(tx, row.id, set)
      if (!open) emitOutbound(tx, { ...row, ...set }, 'state_changed')
      return { ...row, ...set }
    })
  }

  #after(row: OutboundRow, outcome: Outcome, stopped: boolean, now: number): Partial<OutboundRow> {
    // What was canceled in the middle of it is not tried again.
    if (row.status === 'canceled' && !outcome.ok) return { leaseId: null, leaseUntil: null }
    return stopped ? released(row, now) : this.#settled(row, outcome, now)
  }

  #settled(row: OutboundRow, outcome: Outcome, now: number): Partial<OutboundRow> {
    const over = { leaseId: null, leaseUntil: null, nextAttemptAt: null, updatedAt: now }
    if (outcome.ok)
      return {
        ...over,
        status: 'delivered',
        deliveredAt: now,
        lastError: '',
        externalMessageId: cut(outcome.externalId ?? '', 255),
      }
    const lastError = cut(outcome.error, 500)
    if (!outcome.retry || row.attemptCount >= MAX_ATTEMPTS) return { ...over, status: 'failed', lastError }
    const nextAttemptAt = now + pauseMs(row.attemptCount, outcome.retryAfterSeconds, this.random())
    return { ...over, status: 'retrying', lastError, nextAttemptAt }
  }
}

const released = (row: OutboundRow, now: number): Partial<OutboundRow> => ({
  leaseId: null,
  leaseUntil: null,
  attemptCount: Math.max(0, row.attemptCount - 1),
  nextAttemptAt: now,
  updatedAt: now,
})

export const canceled = (why: string, now: number): Partial<OutboundRow> => ({
  status: 'canceled',
  lastError: why,
  leaseId: null,
  leaseUntil: null,
  nextAttemptAt: null,
  updatedAt: now,
})
