import type {
  CoordinationKind,
  CoordinationPayload,
  CoordinationRecord,
  HandoffResponse,
  Message,
  NewCoordination,
  NewCounterProposal,
} from '@shared/contract'
import { type Actor, type MessageKind } from '@shared/contract'
import { NekodeError } from '@shared/errors'
import { newId } from '@shared/ids'
import { type AgentPrincipal, type Principal, SYSTEM, type UserPrincipal, actorOf } from '../access/principal'
import type { Core } from '../core'
import type { Tx } from '../db/database'
import type { Channel } from '../directory/directory'
import { type Once, always } from '../idempotency/service'
import type { Posted } from '../messages/parts'
import type { NewMessage } from '../messages/writer'
import { cut } from '../rpc/text'
import { Drafts } from './drafts'
import { type Handoff, type Negotiation, isParty, mayCounter, mayDecide, mayRespond } from './rules'
import { CoordinationStore } from './store'
import { type CoordinationRow, coordinationView } from './view'

const PAGE = 100
const SWEEP = 100

/** Whoever may take part: people and agents. */
export type Author = UserPrincipal | AgentPrincipal

export interface Publication {
  record: NewCoordination
  threadId?: string | undefined
  taskId?: string | undefined
}

export interface CoordinationDeps {
  messages: {
    postIn(
      tx: Tx,
      p: Author,
      channel: Channel,
      post: { content: string; kind: MessageKind; threadId: string | null },
    ): Promise<Posted>
    get(p: Principal, id: string): Promise<{ message: Message }>
  }
  writer: { write(tx: Tx, message: NewMessage): Promise<unknown> }
  /** The id of a task that the caller may see. Throws for any other. */
  taskId(p: Author, ref: string): Promise<string>
  /** Hands evidence about a task to its release gate, where it counts when the task is the author's own. */
  evidence(tx: Tx, p: Author, taskId: string, evidence: Evidence): Promise<void>
}

export type Evidence = Extract<CoordinationPayload, { kind: 'acceptance_evidence' }>

/** Where a record stands. */
interface Place {
  channel: Channel
  threadId: string
  taskId: string
}

/** The account of work that agents and people share: plans, progress, evidence, hand-offs and negotiations. */
export class CoordinationService {
  readonly #store: CoordinationStore
  readonly #drafts: Drafts

  constructor(
    private readonly core: Core,
    private readonly deps: CoordinationDeps,
  ) {
    this.#store = new CoordinationStore(core.db)
    this.#drafts = new Drafts(core, this.#store)
  }

  /** What any of the readers may see: a computer reads for all of its agents. */
  async list(
    p: Principal | readonly Principal[],
    query: {
      target?: string | undefined
      kind?: CoordinationKind | undefined
      taskId?: string | undefined
      subjectId?: string | undefined
      actorId?: string | undefined
      current?: boolean | undefined
      limit?: number | undefined
      cursor?: string | undefined
    },
  ): Promise<{ items: CoordinationRecord[]; nextCursor?: string }> {
    const { access } = this.core
    const { target, cursor: before, limit = PAGE, ...filter } = query
    const readers = 'kind' in p ? [p] : p
    const channelIds = new Set(
      readers.flatMap((reader) =>
        target === undefined ? access.visibleChannels(reader) : [access.channel(reader, 'read', target).id],
      ),
    )
    const rows = await this.#store.list({ ...filter, channelIds: [...channelIds], before, limit: limit + 1 })
    const items = rows.slice(0, limit)
    const last = items.at(-1)
    return {
      items: items.map((row) => this.#view(row)),
      ...(rows.length > limit && last ? { nextCursor: last.id } : {}),
    }
  }

  /** A record by its id, or the latest one about a subject. */
  async get(p: Principal, id: string): Promise<CoordinationRecord> {
    return this.#view(await this.#seen(p, 'read', id))
  }

  async publish(p: Author, target: string, input: Publication, once: Once = always): Promise<CoordinationRecord> {
    const channel = this.core.access.channel(p, 'write', target)
    this.#mustBeMember(p, channel)
    const taskId = input.taskId ? await this.deps.taskId(p, input.taskId) : ''
    const threadId = input.threadId ? await this.#thread(p, channel, input.threadId) : ''
    return this.core.db.tx((tx) =>
      once(tx, async () => {
        const place = { channel, threadId, taskId }
        const { record } = input
        const payload = await this.#drafts.make(tx, p, place, record)
        if (payload.kind === 'acceptance_evidence' && taskId) await this.deps.evidence(tx, p, taskId, payload)
        if (payload.kind === 'work_plan') await this.#supersedePlans(tx, p, place, payload)
        if (payload.kind === 'role_handoff') return this.#handOver(tx, p, place, payload)
        if ('negotiationId' in payload) await this.#supersedeNegotiations(tx, p, place, payload.kind)
        return this.#append(tx, place, payload, actorOf(p))
      }),
    )
  }

  /** The receiver hears of it as of any message, and answers in its thread. */
  async #handOver(tx: Tx, p: Author, place: Place, handoff: Handoff): Promise<CoordinationRecord> {
    const to = this.core.directory.agent(handoff.toAgentId)
    const { message } = await this.deps.messages.postIn(tx, p, place.channel, {
      content: `@${to?.name ?? handoff.toAgentId} please take over the role of ${handoff.role} (${handoff.handoffId}).\n\n${cut(handoff.contextSummary, 8000)}`,
      kind: 'note',
      threadId: place.threadId || null,
    })
    return this.#append(tx, { ...place, threadId: place.threadId || message.id }, handoff, actorOf(p))
  }

  /** Accepts, declines, completes or cancels a hand-off. */
  async respond(
    p: Author,
    id: string,
    input: { response: HandoffResponse; note?: string | undefined },
    once: Once = always,
  ): Promise<CoordinationRecord> {
    return this.#change(p, id, once, async (tx, row, place) => {
      const { payload } = row
      if (payload.kind !== 'role_handoff') throw not('a hand-off')
      const { response, note = '' } = input
      mayRespond(payload, response, { id: p.id, manages: this.core.access.can(p, 'manage', place.channel) })
      const acceptedAt = response === 'accepted' ? Date.now() : payload.acceptedAt
      await this.#tellGiver(tx, p, place, payload, response, note)
      return this.#append(tx, place, { ...payload, status: response, note, acceptedAt }, actorOf(p))
    })
  }

  /** What the giver has to go on from is a message to it; the rest is only to be seen. */
  async #tellGiver(
    tx: Tx,
    p: Author,
    { channel, threadId }: Place,
    handoff: Handoff,
    response: HandoffResponse,
    note: string,
  ): Promise<void> {
    const said = `the hand-off of the role of ${handoff.role} is ${response}${note ? `: ${note}` : '.'}`
    if (response === 'declined' || response === 'completed') {
      const content = `@${handoff.from.name} ${said}`
      await this.deps.messages.postIn(tx, p, channel, { content, kind: 'note', threadId: threadId || null })
      return
    }
    await this.deps.writer.write(tx, {
      channel,
      threadId: threadId || null,
      sender: SYSTEM,
      content: `@${actorOf(p).name}: ${said}`,
      kind: 'status',
      system: {
        type: `handoff.${response}`,
        data: { handoffId: handoff.handoffId, role: handoff.role, by: actorOf(p).name, note },
      },
    })
  }

  /** Answers a negotiation with another offer. */
  async counter(p: Author, id: string, offer: NewCounterProposal, once: Once = always): Promise<CoordinationRecord> {
    return this.#change(p, id, once, async (tx, row, place) => {
      const negotiation = negotiationOf(row)
      mayCounter(negotiation, p.id)
      if (negotiation.kind === 'deadline_negotiation' && offer.proposedDeadlineAt === null)
        throw new NekodeError('invalid', 'An offer about a deadline names one.', { code: 'invalid_request' })
      if (negotiation.kind === 'scope_negotiation' && !offer.includedScope.length && !offer.deferredScope.length)
        throw new NekodeError('invalid', 'An offer about scope says what is in or what is left for later.', {
          code: 'invalid_request',
        })
      const made = {
        ...offer,
        counterProposalId: newId('offer'),
        proposedBy: actorOf(p),
        createdAt: Date.now(),
      }
      // Whoever answers first is the other side from then on.
      const addresseeId = negotiation.addresseeId ?? p.id
      const counterProposals = [...negotiation.counterProposals, made]
      return this.#append(tx, place, { ...negotiation, addresseeId, counterProposals }, actorOf(p))
    })
  }

  /** Accepts or rejects the offer that is on the table. */
  async decide(
    p: Author,
    id: string,
    input: { accept: boolean; counterProposalId?: string | null | undefined },
    once: Once = always,
  ): Promise<CoordinationRecord> {
    return this.#change(p, id, once, async (tx, row, place) => {
      const negotiation = negotiationOf(row)
      const manages = this.core.access.can(p, 'manage', place.channel)
      mayDecide(negotiation, { id: p.id, person: p.kind === 'user', manages })
      const last = negotiation.counterProposals.at(-1)?.counterProposalId ?? null
      if (input.counterProposalId !== undefined && input.counterProposalId !== last)
        throw new NekodeError('conflict', 'There is another offer on the table by now.', {
          code: 'offer_changed',
          next: 'Read the negotiation again, then decide.',
        })
      return this.#append(
        tx,
        place,
        closed(negotiation, input.accept ? 'accepted' : 'rejected', actorOf(p)),
        actorOf(p),
      )
    })
  }

  /** Rejects the negotiations whose time is over. Returns how many. */
  async expire(now = Date.now()): Promise<number> {
    const ids = await this.#store.expired(now, SWEEP)
    for (const id of ids)
      await this.core.db.tx(async (tx) => {
        const row = await this.#store.latest(id, tx.q)
        const channel = row && this.core.directory.channel(row.channelId)
        // It may have been decided in between.
        if (!row || !channel || row.expiresAt === null || row.expiresAt > now) return
        const place = { channel, threadId: row.threadId, taskId: row.taskId }
        await this.#append(tx, place, closed(negotiationOf(row), 'rejected', null), SYSTEM)
      })
    return ids.length
  }

  /** A newer plan of the same agent for the same task takes the place of the earlier ones. */
  async #supersedePlans(
    tx: Tx,
    p: Author,
    place: Place,
    plan: CoordinationPayload & { kind: 'work_plan' },
  ): Promise<void> {
    if (!place.taskId || plan.status !== 'active') return
    for (const row of await this.#store.ofTask(tx, place.channel.id, place.taskId, 'work_plan')) {
      const { payload } = row
      if (payload.kind !== 'work_plan' || payload.planId === plan.planId) continue
      if (payload.ownerAgentId !== plan.ownerAgentId) continue
      if (payload.status !== 'active' && payload.status !== 'draft') continue
      await this.#append(
        tx,
        placeOf(row, place.channel),
        { ...payload, status: 'superseded', updatedAt: Date.now() },
        actorOf(p),
      )
    }
  }

  async #supersedeNegotiations(tx: Tx, p: Author, place: Place, kind: Negotiation['kind']): Promise<void> {
    if (!place.taskId) return
    for (const row of await this.#store.ofTask(tx, place.channel.id, place.taskId, kind)) {
      const open = negotiationOf(row)
      if (open.status !== 'proposed') continue
      if (!isParty(open, p.id))
        throw new NekodeError('conflict', 'Others negotiate about this task already.', {
          code: 'negotiation_open',
          next: `Wait for the end of ${open.negotiationId}, or ask the two to let you in.`,
        })
      await this.#append(tx, placeOf(row, place.channel), closed(open, 'superseded', actorOf(p)), actorOf(p))
    }
  }

  async #append(tx: Tx, place: Place, payload: CoordinationPayload, actor: Actor): Promise<CoordinationRecord> {
    const row: CoordinationRow = {
      id: newId('coord'),
      channelId: place.channel.id,
      threadId: place.threadId,
      taskId: place.taskId,
      kind: payload.kind,
      subjectId: subjectOf(payload),
      current: true,
      actor,
      actorId: actor.id,
      payload,
      expiresAt: 'negotiationId' in payload && payload.status === 'proposed' ? payload.expiresAt : null,
      createdAt: Date.now(),
    }
    await this.#store.append(tx, row)
    const view = this.#view(row)
    tx.emit({
      kind: 'coordination',
      operation: 'created',
      aggregateId: row.id,
      audience: `channel:${row.channelId}`,
      target: view.target,
      actor,
      payload: view,
    })
    return view
  }

  /** Does something about a subject as it is now. */
  async #change(
    p: Author,
    id: string,
    once: Once,
    work: (tx: Tx, row: CoordinationRow, place: Place) => Promise<CoordinationRecord>,
  ): Promise<CoordinationRecord> {
    const { channelId, subjectId } = await this.#seen(p, 'write', id)
    const channel = this.core.access.channelById(p, 'write', channelId)
    this.#mustBeMember(p, channel)
    return this.core.db.tx((tx) =>
      once(tx, async () => {
        const row = await this.#store.latest(subjectId, tx.q)
        if (!row) throw unknown()
        return work(tx, row, placeOf(row, channel))
      }),
    )
  }

  async #seen(p: Principal, action: 'read' | 'write', id: string): Promise<CoordinationRow> {
    const row = id.startsWith('coord_') ? await this.#store.get(id) : await this.#store.latest(id)
    if (!row) throw unknown()
    this.core.access.channelById(p, action, row.channelId)
    return row
  }

  /** The first message of a thread, whichever of its messages was named. */
  async #thread(p: Author, channel: Channel, id: string): Promise<string> {
    const { message } = await this.deps.messages.get(p, id)
    if (message.target === channel.target) return message.threadId ?? message.id
    throw new NekodeError('not_found', `There is no such thread in ${channel.target}.`, { code: 'thread_unknown' })
  }

  #mustBeMember(p: Author, channel: Channel): void {
    if (this.core.access.membership(p, channel.id)) return
    throw new NekodeError('forbidden', `Only members of ${channel.target} coordinate there.`, {
      code: 'not_a_member',
      next: 'Join the channel first.',
    })
  }

  #view(row: CoordinationRow): CoordinationRecord {
    return coordinationView(row, this.core.directory.channel(row.channelId)?.target ?? row.channelId)
  }
}

const placeOf = (row: CoordinationRow, channel: Channel): Place => ({
  channel,
  threadId: row.threadId,
  taskId: row.taskId,
})

function subjectOf(payload: CoordinationPayload): string {
  switch (payload.kind) {
    case 'work_plan':
      return payload.planId
    case 'progress_update':
      return payload.updateId
    case 'acceptance_evidence':
      return payload.evidenceId
    case 'role_handoff':
      return payload.handoffId
    case 'deadline_negotiation':
    case 'scope_negotiation':
      return payload.negotiationId
  }
}

function negotiationOf({ payload }: CoordinationRow): Negotiation {
  if ('negotiationId' in payload) return payload
  throw not('a negotiation')
}

const closed = <N extends Negotiation>(n: N, status: 'accepted' | 'rejected' | 'superseded', by: Actor | null): N => ({
  ...n,
  status,
  decidedBy: by,
  decidedAt: Date.now(),
  acceptedCounterProposalId: status === 'accepted' ? (n.counterProposals.at(-1)?.counterProposalId ?? null) : null,
})

const not = (what: string): NekodeError =>
  new NekodeError('invalid', `This is not ${what}.`, { code: 'invalid_request' })
const unknown = (): NekodeError => new NekodeError('not_found', 'There is no such record.')
