import type { Actor, Delivery, MessagePage } from '@shared/contract'
import { failures } from '@shared/contract/failures'
import { NekodeError } from '@shared/errors'
import { type ComputerPrincipal, SYSTEM, type Principal, type UserPrincipal, actorOf } from '../access/principal'
import type { Core } from '../core'
import type { Tx } from '../db/database'
import { agentAt } from '../directory/current'
import type { RunService } from '../runs/service'
import type { RunStarter } from '../runs/starter'
import type { RunRow } from '../runs/view'
import type { DeliveryRouter } from './router'
import { DeliveryStore } from './store'
import { type DeliveryRow, deliveryView } from './view'

type State = DeliveryRow['state']

/** What became of messages to agents, and trying again. */
export class DeliveryService {
  readonly #store: DeliveryStore

  constructor(
    private readonly core: Core,
    private readonly router: DeliveryRouter,
    private readonly starter: RunStarter,
    private readonly runs: RunService,
  ) {
    this.#store = new DeliveryStore(core.db)
  }

  async list(
    p: Principal,
    query: {
      messageId?: string | undefined
      agentId?: string | undefined
      target?: string | undefined
      state?: State | undefined
      limit?: number | undefined
      cursor?: string | undefined
    },
  ): Promise<{ items: Delivery[]; nextCursor?: string }> {
    const limit = query.limit ?? 50
    const rows = await this.#store.list({
      ...this.#seenBy(p, query),
      messageId: query.messageId,
      state: query.state,
      before: query.cursor,
      limit: limit + 1,
    })
    const items = rows.slice(0, limit)
    const last = items.at(-1)
    return { items: items.map(deliveryView), ...(rows.length > limit && last ? { nextCursor: last.id } : {}) }
  }

  /** What of the deliveries somebody may see: those of their channels, or all to a computer's own agents. */
  #seenBy(
    p: Principal,
    { target, agentId }: { target?: string | undefined; agentId?: string | undefined },
  ): { channelIds?: string[]; agentIds?: string[] } {
    const { access, directory } = this.core
    const agentIds = agentId === undefined ? undefined : [agentId]
    if (p.kind === 'computer') {
      const own = directory.agents().flatMap((agent) => (agent.computerId === p.id ? agent.id : []))
      const channelIds = target === undefined ? undefined : [directory.channelAt(target)?.id ?? '']
      return {
        agentIds: agentIds ? own.filter((id) => agentIds.includes(id)) : own,
        ...(channelIds ? { channelIds } : {}),
      }
    }
    const channelIds = target === undefined ? access.visibleChannels(p) : [access.channel(p, 'read', target).id]
    return { channelIds, ...(agentIds ? { agentIds } : {}) }
  }

  /**
   * A delivery to one of a computer's own agents.
   * @throws NekodeError not_found for any other
   */
  async own(p: ComputerPrincipal, id: string): Promise<Delivery> {
    const row = await this.#store.get(id)
    if (!row || this.core.directory.agent(row.agentId)?.computerId !== p.id)
      throw new NekodeError('not_found', 'There is no such delivery.')
    return deliveryView(row)
  }

  /** What became of messages that the caller has been shown to see. */
  async ofMessages(messageIds: string[]): Promise<Pick<MessagePage, 'deliveries' | 'runs'>> {
    const deliveries = await this.#store.ofMessages(messageIds)
    const runs = deliveries.length ? await this.runs.ofMessages(deliveries.map((d) => d.messageId)) : []
    return { deliveries: deliveries.map(deliveryView), runs }
  }

  /** Tries a delivery that failed once more. A person asked for it, so guards do not stop it: this is also “continue”. */
  async retry(p: UserPrincipal, id: string): Promise<Delivery> {
    const seen = await this.#store.get(id)
    if (!seen) throw new NekodeError('not_found', 'There is no such delivery.')
    this.core.access.channelById(p, 'write', seen.channelId)
    const { delivery } = await this.core.db.tx((tx) => this.startAgain(tx, id, actorOf(p)))
    return deliveryView(delivery)
  }

  /** A new run for a delivery whose last one is over. */
  async startAgain(tx: Tx, id: string, actor: Actor): Promise<{ delivery: DeliveryRow; run: RunRow }> {
    const row = await this.#store.get(id, tx.q)
    if (!row) throw new NekodeError('not_found', 'There is no such delivery.')
    if (row.state === 'pending' || row.state === 'claimed')
      throw new NekodeError('conflict', 'The agent is at it already.', {
        code: 'illegal_transition',
        next: 'Wait for its answer, or restart the run.',
      })
    const name = this.core.directory.agent(row.agentId)?.name
    if (name === undefined)
      throw new NekodeError('conflict', 'The agent was deleted.', { code: 'agent_removed', next: 'Ask another agent.' })
    const agent = await agentAt(this.core.db, tx, row.agentId, row.channelId)
    if (!agent)
      throw new NekodeError('conflict', `@${name} is not in ${row.target} any more.`, {
        code: 'agent_left',
        next: 'Add it to the channel, then retry.',
      })
    const refused = await this.starter.refusal(tx, agent)
    if (refused)
      throw new NekodeError('conflict', refused.message, { code: refused.reason, next: failures[refused.reason].next })
    const { run, waiting } = await this.starter.start(tx, row, agent, actor)
    const set = { state: 'pending' as const, waiting, failure: null, runId: run.id, updatedAt: Date.now() }
    await this.#store.update(tx, id, set)
    const delivery = { ...row, ...set }
    this.router.emit(tx, delivery, 'state_changed', actor)
    return { delivery, run }
  }

  /** Of a digest: the message after which it begins; null for any other delivery. */
  async digestSince(id: string): Promise<string | null> {
    return (await this.#store.get(id))?.sinceMessageId ?? null
  }

  /** How far a delivery is from a person's message, in agents. */
  async hops(tx: Tx, id: string): Promise<number> {
    return (await this.#store.get(id, tx.q))?.hops ?? 0
  }

  /** A computer came or went: what waits for it says so. */
  async computerChanged(computerId: string, online: boolean): Promise<void> {
    const agents = this.core.directory.agents().filter((a) => a.computerId === computerId && a.enabled)
    const open = await this.#store.open(agents.map((a) => a.id))
    const waiting = online ? null : ('computer_offline' as const)
    const stale = open.filter((d) => d.state === 'pending' && (d.waiting === 'computer_offline') === online)
    if (!stale.length) return
    await this.core.db.tx(async (tx) => {
      for (const { id } of stale) {
        const row = await this.#store.get(id, tx.q)
        // Turned off in between, an agent does not wait for its computer.
        if (row?.state !== 'pending' || row.waiting === 'agent_disabled') continue
        const set = { waiting, updatedAt: Date.now() }
        await this.#store.update(tx, id, set)
        this.router.emit(tx, { ...row, ...set }, 'state_changed', SYSTEM)
      }
    })
  }
}
