import type { Actor } from '@shared/contract'
import type { Core } from '../core'
import type { Tx } from '../db/database'
import { isEnabled } from '../directory/current'
import type { MessageWriter } from '../messages/writer'
import type { ComputerPresence } from '../runs/starter'
import type { RunRow } from '../runs/view'
import type { DeliveryRouter } from './router'
import { DeliveryStore } from './store'
import type { DeliveryRow } from './view'

type Settled = (tx: Tx, delivery: DeliveryRow) => Promise<void>

/** What a run means for its delivery: claimed, answered, declined or failed. */
export class DeliverySettler {
  readonly #store: DeliveryStore
  #onSettled: Settled = async () => {}

  constructor(
    private readonly core: Core,
    private readonly writer: MessageWriter,
    private readonly router: DeliveryRouter,
    private readonly presence: ComputerPresence,
  ) {
    this.#store = new DeliveryStore(core.db)
  }

  /** What else happens, in the same transaction, when a delivery is answered, declined or failed. */
  whenSettled(then: Settled): void {
    this.#onSettled = then
  }

  async claimed(tx: Tx, run: RunRow, actor: Actor): Promise<void> {
    await this.#change(tx, run, { state: 'claimed', waiting: null, runId: run.id }, actor)
  }

  /** In the queue, or back in it; says why when nobody takes it from there. */
  async waiting(tx: Tx, run: RunRow): Promise<void> {
    const waiting = await this.#waitsFor(tx, run)
    await this.#change(tx, run, { state: 'pending', waiting, failure: null, runId: run.id }, this.#actor(run))
  }

  async #waitsFor(tx: Tx, run: RunRow): Promise<DeliveryRow['waiting']> {
    if (!(await isEnabled(this.core.db, tx, run.agentId))) return 'agent_disabled'
    return this.presence.isOnline(run.computerId) ? null : 'computer_offline'
  }

  /**
   * Posts the answer, if there is one, and closes the delivery. Returns the answer's id.
   * @param joined the run whose turn took this one's message in
   */
  async settle(tx: Tx, run: RunRow, answer: string, actor: Actor, joined?: RunRow): Promise<string | null> {
    const delivery = run.deliveryId === null ? undefined : await this.#store.get(run.deliveryId, tx.q)
    const posted = answer.trim()
      ? await this.#post(tx, run, delivery, answer, actor)
      : await this.#earlierAnswer(tx, run, joined)
    if (!delivery || delivery.state === 'answered') return posted
    const closed: Partial<DeliveryRow> =
      run.state === 'completed'
        ? { state: posted === null ? 'declined' : 'answered', answerMessageId: posted, failure: null }
        : { state: 'failed', failure: run.failure, answerMessageId: posted }
    const settled = await this.#change(tx, run, { ...closed, waiting: null, runId: run.id }, actor)
    if (settled) await this.#onSettled(tx, settled)
    return posted
  }

  async #post(
    tx: Tx,
    run: RunRow,
    delivery: DeliveryRow | undefined,
    answer: string,
    actor: Actor,
  ): Promise<string | null> {
    const channel = this.core.directory.channel(run.channelId)
    if (!channel) return null
    const message = await this.writer.write(tx, {
      channel,
      threadId: run.threadId,
      sender: actor,
      content: answer,
      runId: run.id,
    })
    // In a debate whose turn comes next is not for the speaker to say.
    if (delivery?.cause === 'debate') return message.id
    const hops = (delivery?.hops ?? 0) + 1
    await this.router.route(tx, { channel, message, sender: actor, hops })
    return message.id
  }

  /** Of a turn that answered by itself, with the tool for sending messages, or within another run's turn. */
  async #earlierAnswer(tx: Tx, run: RunRow, joined: RunRow | undefined): Promise<string | null> {
    return joined?.resultMessageId ?? this.writer.lastOfRun(tx, joined?.id ?? run.id, run.channelId)
  }

  async #change(tx: Tx, run: RunRow, set: Partial<DeliveryRow>, actor: Actor): Promise<DeliveryRow | undefined> {
    if (run.deliveryId === null) return undefined
    const row = await this.#store.get(run.deliveryId, tx.q)
    if (!row) return undefined
    const next = { ...row, ...set, updatedAt: Date.now() }
    await this.#store.update(tx, row.id, { ...set, updatedAt: next.updatedAt })
    this.router.emit(tx, next, 'state_changed', actor)
    return next
  }

  #actor(run: RunRow): Actor {
    const agent = this.core.directory.agent(run.agentId)
    return {
      kind: 'agent',
      id: run.agentId,
      name: agent?.name ?? 'deleted',
      displayName: agent?.displayName ?? 'Deleted agent',
    }
  }
}
