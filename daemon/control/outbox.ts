import { create, fromBinary, type MessageInitShape, toBinary } from '@bufbuild/protobuf'
import type { Statement } from 'bun:sqlite'
import type { CallOptions } from '@connectrpc/connect'
import type { Logger } from '@shared/log'
import { LogActivityRequestSchema } from '@shared/gen/nekode/daemon/v1/activity_pb'
import { SendMessageRequestSchema } from '@shared/gen/nekode/daemon/v1/messages_pb'
import { ReleaseStartPermitRequestSchema } from '@shared/gen/nekode/daemon/v1/computers_pb'
import { AppendRunStepRequestSchema, UpdateRunStatusRequestSchema } from '@shared/gen/nekode/daemon/v1/runs_pb'
import { Backoff, pause } from './backoff'
import { type ControlClient, isSaidByServer, judge } from './client'
import type { Journal } from './journal'
import { errorOf } from './link'

interface Answer {
  accepted: boolean
  reason: string
}

/** The calls that must reach the server, however long that takes. */
const METHODS = {
  UpdateRunStatus: UpdateRunStatusRequestSchema,
  AppendRunStep: AppendRunStepRequestSchema,
  LogActivity: LogActivityRequestSchema,
  ReleaseStartPermit: ReleaseStartPermitRequestSchema,
  SendMessage: SendMessageRequestSchema,
} as const
export type Method = keyof typeof METHODS

const SENDERS: Record<Method, (client: ControlClient, body: Uint8Array, options: CallOptions) => Promise<Answer>> = {
  UpdateRunStatus: async (client, body, options) => {
    const answer = await client.updateRunStatus(fromBinary(METHODS.UpdateRunStatus, body), options)
    return { accepted: answer.accepted, reason: answer.rejectionReason }
  },
  AppendRunStep: async (client, body, options) => {
    const answer = await client.appendRunStep(fromBinary(METHODS.AppendRunStep, body), options)
    return { accepted: answer.accepted, reason: answer.rejectionReason }
  },
  LogActivity: async (client, body, options) => {
    await client.logActivity(fromBinary(METHODS.LogActivity, body), options)
    return { accepted: true, reason: '' }
  },
  ReleaseStartPermit: async (client, body, options) => {
    await client.releaseStartPermit(fromBinary(METHODS.ReleaseStartPermit, body), options)
    return { accepted: true, reason: '' }
  },
  SendMessage: async (client, body, options) => {
    await client.sendMessage(fromBinary(METHODS.SendMessage, body), options)
    return { accepted: true, reason: '' }
  },
}

const MAX_FAILED = 30

/** The server will not take what was said about this run: it was given to someone else, or is over. */
export const isRunGone = (reason: string): boolean => reason === 'lease_lost' || reason === 'run_over'

export interface OutboxOptions {
  journal: Journal
  log: Logger
  /** The client while the session is up. */
  client: () => ControlClient | null
  /** Call options with the credential of an agent, for what is done in its name; `renew` after the server refused it. */
  asAgent?: (agentId: string, renew: boolean) => Promise<CallOptions>
  /** Told when the server refuses something for good; `queue` is the run. */
  onRejected?: (queue: string, method: Method, reason: string) => void
  onRefused?: () => void
}

interface Row {
  id: number
  queue: string
  method: Method
  principal: string
  body: Uint8Array
}

/**
 * What the daemon has to say to the server. An entry is in the journal before its first try and leaves it only when the server
 * has answered, in order within its queue (a run), so a network that is away or a kill at any point loses and repeats nothing.
 */
export class Outbox {
  readonly #options: OutboxOptions
  readonly #insert: Statement<unknown, [string, string, string, Uint8Array, number]>
  readonly #first: Statement<Row, [string]>
  readonly #remove: Statement<unknown, [number]>
  readonly #count: Statement<{ count: number }, [string]>
  /** Queues that are being worked on. */
  readonly #busy = new Map<string, Promise<void>>()
  readonly #refusedAgents = new Set<string>()
  readonly #failed = new Map<number, number>()
  readonly #stopped = new AbortController()

  constructor(options: OutboxOptions) {
    this.#options = options
    const { journal } = options
    this.#insert = journal.prepare(
      'INSERT INTO outbox (queue, method, principal, body, created_at) VALUES (?, ?, ?, ?, ?)',
    )
    this.#first = journal.prepare(
      'SELECT id, queue, method, principal, body FROM outbox WHERE queue = ? ORDER BY id LIMIT 1',
    )
    this.#remove = journal.prepare('DELETE FROM outbox WHERE id = ?')
    this.#count = journal.prepare('SELECT count(*) AS count FROM outbox WHERE queue = ?')
  }

  /**
   * Puts a call into the journal and sends it as soon as it is its turn. May be part of a transaction of the journal.
   * The idempotency key is made here, once.
   */
  push<M extends Method>(queue: string, method: M, init: MessageInitShape<(typeof METHODS)[M]>, principal = ''): void {
    const key = crypto.randomUUID()
    const body = encode(method, { ...init, idempotencyKey: key, requestId: key })
    this.#insert.run(queue, method, principal, body, Date.now())
    // After the transaction that this may be part of.
    queueMicrotask(() => this.#work(queue))
  }

  /** Entries of a queue that the server has not answered. */
  pending(queue: string): number {
    return this.#count.get(queue)?.count ?? 0
  }

  total(): number {
    return (
      this.#options.journal.prepare<{ count: number }, []>('SELECT count(*) AS count FROM outbox').get()?.count ?? 0
    )
  }

  /** Sends everything that waits: after a start, and each time the session comes up. */
  wake(): void {
    const queues = this.#options.journal.prepare<{ queue: string }, []>('SELECT DISTINCT queue FROM outbox').all()
    for (const { queue } of queues) this.#work(queue)
  }

  /** Forgets what waits for a run that is over for the server. */
  drop(queue: string): void {
    this.#options.journal.prepare<unknown, [string]>('DELETE FROM outbox WHERE queue = ?').run(queue)
  }

  /** Forgets everything: it was meant for another server. */
  forget(): void {
    this.#options.journal.prepare<unknown, []>('DELETE FROM outbox').run()
  }

  /** Resolves when nothing waits any more, or after `ms`. @returns whether the outbox is empty */
  async drain(ms: number): Promise<boolean> {
    const deadline = Date.now() + ms
    while (this.total() > 0 && Date.now() < deadline) {
      this.wake()
      await Promise.race([Promise.all(this.#busy.values()), pause(Math.min(50, deadline - Date.now()))])
    }
    return this.total() === 0
  }

  /** Ends all sending; what waits is sent by the next process. */
  async stop(): Promise<void> {
    this.#stopped.abort()
    await Promise.all(this.#busy.values())
  }

  #work(queue: string): void {
    if (this.#busy.has(queue) || this.#stopped.signal.aborted || !this.#options.client()) return
    const work = this.#send(queue)
      .catch((error: unknown) => this.#options.log.error('the outbox failed', { queue, error }))
      .finally(() => {
        this.#busy.delete(queue)
        // Something may have come in between the last look and now.
        if (!this.#stopped.signal.aborted && this.#options.client() && this.pending(queue) > 0) this.#work(queue)
      })
    this.#busy.set(queue, work)
  }

  async #send(queue: string): Promise<void> {
    const backoff = new Backoff({ firstMs: 200, maxMs: 10_000 })
    const { signal } = this.#stopped
    for (;;) {
      const row = signal.aborted ? null : this.#first.get(queue)
      const client = this.#options.client()
      if (!row || !client) return
      if (await this.#try(client, row, signal)) backoff.reset()
      else await pause(backoff.next(), signal)
    }
  }

  /** @returns whether the entry is done with */
  async #try(client: ControlClient, row: Row, signal: AbortSignal): Promise<boolean> {
    const { queue, method } = row
    try {
      const as = await this.#credential(row.principal)
      const { accepted, reason } = await SENDERS[method](client, row.body, { ...as, signal })
      this.#remove.run(row.id)
      this.#failed.delete(row.id)
      if (!accepted) this.#reject(queue, method, reason)
      return true
    } catch (error) {
      const failure = judge(error, signal)
      if (failure === 'refused' && row.principal) this.#refusedAgents.add(row.principal)
      else if (failure === 'refused') this.#options.onRefused?.()
      if (failure !== 'final' && !this.#isHopeless(row.id, error)) return false
      const { kind, message } = errorOf(error)
      this.#options.log.error('the server does not take a report', { queue, method, kind, message })
      this.#remove.run(row.id)
      this.#reject(queue, method, kind === 'not_found' || kind === 'forbidden' ? 'run_over' : kind)
      return true
    }
  }

  /** The server itself answered, and answered so often that it cannot take this one entry; the rest must not wait for ever. */
  #isHopeless(id: number, error: unknown): boolean {
    if (!isSaidByServer(error)) return false
    const tries = (this.#failed.get(id) ?? 0) + 1
    this.#failed.set(id, tries)
    if (tries < MAX_FAILED) return false
    this.#failed.delete(id)
    return true
  }

  async #credential(agentId: string): Promise<CallOptions> {
    if (!agentId || !this.#options.asAgent) return {}
    return this.#options.asAgent(agentId, this.#refusedAgents.delete(agentId))
  }

  #reject(queue: string, method: Method, reason: string): void {
    this.#options.log.info('the server refused a report', { queue, method, reason })
    // The rest of what there is to say about it would be refused too.
    if (isRunGone(reason)) this.drop(queue)
    this.#options.onRejected?.(queue, method, reason)
  }
}

function encode<M extends Method>(method: M, init: MessageInitShape<(typeof METHODS)[M]>): Uint8Array {
  const schema = METHODS[method]
  return toBinary(schema, create(schema, init))
}
