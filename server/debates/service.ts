import type { Actor, Debate, DebateState, Failure } from '@shared/contract'
import { NekodeError } from '@shared/errors'
import { newId } from '@shared/ids'
import { type Principal, SYSTEM, type UserPrincipal, actorOf } from '../access/principal'
import type { Core } from '../core'
import type { Tx } from '../db/database'
import type { Routing } from '../deliveries/router'
import type { DeliveryRow } from '../deliveries/view'
import type { Channel } from '../directory/directory'
import { type Once, always } from '../idempotency/service'
import type { MessageRow } from '../messages/view'
import type { NewMessage } from '../messages/writer'
import { type DebateRow, DebateStore, debateView } from './store'
import { opening, summary, turnText } from './text'

/** Debates of a channel that are not over, at most. */
const MAX_OPEN = 5
const USUAL_TURNS = 6
const PAGE = 50

export interface Talk {
  writer: { write(tx: Tx, message: NewMessage): Promise<MessageRow> }
  router: { debate(tx: Tx, routing: Routing, agentId: string): Promise<DeliveryRow | undefined> }
  /** What is not asked any more is not begun. */
  cleanup: { unasked(tx: Tx, messageId: string, failure: Failure, actor: Actor): Promise<void> }
}

/**
 * Lets two agents take turns. What they say in a turn sets nothing else going, so that the turns are all there is; the guards of each
 * agent hold as for any delivery.
 */
export class DebateService {
  readonly #store: DebateStore

  constructor(
    private readonly core: Core,
    private readonly talk: Talk,
  ) {
    this.#store = new DebateStore(core.db)
  }

  async list(
    p: Principal,
    query: {
      target?: string | undefined
      state?: DebateState | undefined
      limit?: number | undefined
      cursor?: string | undefined
    },
  ): Promise<{ items: Debate[]; nextCursor?: string }> {
    const { access } = this.core
    const limit = query.limit ?? PAGE
    const rows = await this.#store.list({
      channelIds: query.target === undefined ? access.visibleChannels(p) : [access.channel(p, 'read', query.target).id],
      state: query.state,
      before: query.cursor,
      limit: limit + 1,
    })
    const items = rows.slice(0, limit)
    const last = items.at(-1)
    return {
      items: items.map((row) => this.#view(row)),
      ...(rows.length > limit && last ? { nextCursor: last.id } : {}),
    }
  }

  async get(p: Principal, id: string): Promise<Debate> {
    return this.#view(await this.#seen(p, id))
  }

  /** Begins a debate: its first message, and the first turn. */
  async start(
    p: UserPrincipal,
    input: { target: string; topic: string; agentIds: readonly string[]; turns?: number | undefined },
    once: Once = always,
  ): Promise<Debate> {
    const channel = this.core.access.channel(p, 'write', input.target)
    const agents = this.#agents(channel, input.agentIds)
    const { topic, turns = USUAL_TURNS } = input
    return this.core.db.tx((tx) =>
      once(tx, async () => {
        if ((await this.#store.open(tx, channel.id)) >= MAX_OPEN)
          throw new NekodeError('precondition', `${channel.target} has ${MAX_OPEN} debates that are not over.`, {
            code: 'too_many_debates',
            next: 'Stop one of them first.',
          })
        const content = opening({ topic, agents, turns }, channel.language)
        const root = await this.talk.writer.write(tx, { channel, threadId: null, sender: actorOf(p), content })
        const now = Date.now()
        const row: DebateRow = {
          id: newId('deb'),
          channelId: channel.id,
          threadId: root.id,
          topic,
          agents,
          turns,
          turn: 0,
          state: 'running',
          deliveryId: null,
          answers: [],
          reason: '',
          summaryMessageId: null,
          creatorId: p.id,
          createdBy: actorOf(p),
          createdAt: now,
          updatedAt: now,
          endedAt: null,
        }
        await this.#store.insert(tx, row)
        this.#emit(tx, row, 'created', actorOf(p))
        return this.#view(await this.#turn(tx, row, channel))
      }),
    )
  }

  pause(p: UserPrincipal, id: string): Promise<Debate> {
    return this.#change(p, id, ['running'], (tx, row) => this.#set(tx, row, { state: 'paused' }, actorOf(p)))
  }

  resume(p: UserPrincipal, id: string): Promise<Debate> {
    return this.#change(p, id, ['paused'], async (tx, row, channel) => {
      const running = await this.#set(tx, row, { state: 'running' }, actorOf(p))
      return running.deliveryId === null ? this.#turn(tx, running, channel) : running
    })
  }

  /** A turn that has not begun is taken back; one that has may still be answered. */
  stop(p: UserPrincipal, id: string): Promise<Debate> {
    return this.#change(p, id, ['running', 'paused'], async (tx, row, channel) => {
      const turn = row.deliveryId === null ? undefined : await this.#store.turnMessage(tx, row.deliveryId)
      // First the end, so that the turn that is taken back is none of a debate any more.
      const ended = await this.#end(tx, row, channel, { state: 'stopped', reason: '' })
      const by = actorOf(p)
      const failure = { reason: 'killed', message: `@${by.name} stopped the debate.` } as const
      if (turn !== undefined) await this.talk.cleanup.unasked(tx, turn, failure, by)
      return ended
    })
  }

  /** A delivery is over: when it was a turn, the next one is given, or the debate ends. */
  async settled(tx: Tx, delivery: DeliveryRow): Promise<void> {
    if (delivery.cause !== 'debate') return
    const row = await this.#store.ofDelivery(tx, delivery.id)
    const channel = row && this.core.directory.channel(row.channelId)
    if (!row || !channel || (row.state !== 'running' && row.state !== 'paused')) return
    if (delivery.state !== 'answered' || delivery.answerMessageId === null) {
      const who = this.core.directory.agent(delivery.agentId)?.name ?? 'deleted'
      const reason = delivery.failure?.message ?? `@${who} had nothing to say.`
      await this.#end(tx, row, channel, { state: 'failed', reason })
      return
    }
    const answers = [...row.answers, delivery.answerMessageId]
    const answered = await this.#set(tx, row, { answers, deliveryId: null }, SYSTEM)
    if (row.turn >= row.turns) await this.#end(tx, answered, channel, { state: 'completed', reason: '' })
    else if (row.state === 'running') await this.#turn(tx, answered, channel)
  }

  /** Gives the next turn. Whoever cannot take it ends the debate. */
  async #turn(tx: Tx, row: DebateRow, channel: Channel): Promise<DebateRow> {
    const turn = row.turn + 1
    const agent = row.agents[(turn - 1) % 2]
    if (!agent) throw new Error('a debate has two agents')
    const message = await this.talk.writer.write(tx, {
      channel,
      threadId: row.threadId,
      sender: SYSTEM,
      content: turnText(row, turn, channel.language),
      kind: 'status',
      metadata: { debateId: row.id, turn },
    })
    const delivery = await this.talk.router.debate(tx, { channel, message, sender: SYSTEM, hops: 0 }, agent.id)
    const given = await this.#set(tx, row, { turn, deliveryId: delivery?.id ?? null }, SYSTEM)
    if (delivery && delivery.state !== 'failed') return given
    const reason = delivery?.failure?.message ?? `@${agent.name} is not in ${channel.target} any more.`
    return this.#end(tx, given, channel, { state: 'failed', reason })
  }

  async #end(
    tx: Tx,
    row: DebateRow,
    channel: Channel,
    end: { state: 'completed' | 'stopped' | 'failed'; reason: string },
  ): Promise<DebateRow> {
    const last = row.answers.slice(-2)
    const said = await this.#store.contents(tx, last)
    const words = last.flatMap((id, i) => {
      // Answers take turns, as agents do.
      const agent = row.agents[(row.answers.length - last.length + i) % 2]
      const text = said.get(id)
      return agent && text ? { name: agent.name, text } : []
    })
    const message = await this.talk.writer.write(tx, {
      channel,
      threadId: row.threadId,
      sender: SYSTEM,
      content: summary({ ...end, turns: row.answers.length }, words, channel.language),
      kind: 'status',
      metadata: { debateId: row.id },
    })
    return this.#set(tx, row, { ...end, deliveryId: null, summaryMessageId: message.id, endedAt: Date.now() }, SYSTEM)
  }

  async #set(tx: Tx, row: DebateRow, set: Partial<DebateRow>, actor: Actor): Promise<DebateRow> {
    const next = { ...row, ...set, updatedAt: Date.now() }
    await this.#store.update(tx, row.id, { ...set, updatedAt: next.updatedAt })
    this.#emit(tx, next, set.state ? 'state_changed' : 'updated', actor)
    return next
  }

  #emit(tx: Tx, row: DebateRow, operation: 'created' | 'updated' | 'state_changed', actor: Actor): void {
    const payload = this.#view(row)
    tx.emit({
      kind: 'debate',
      operation,
      aggregateId: row.id,
      audience: `channel:${row.channelId}`,
      target: payload.target,
      actor,
      payload,
    })
  }

  async #change(
    p: UserPrincipal,
    id: string,
    from: readonly DebateState[],
    work: (tx: Tx, row: DebateRow, channel: Channel) => Promise<DebateRow>,
  ): Promise<Debate> {
    const seen = await this.#seen(p, id)
    const channel = this.core.access.channelById(p, 'write', seen.channelId)
    if (seen.creatorId !== p.id && !this.core.access.can(p, 'manage', channel))
      throw new NekodeError('forbidden', `This debate was started by @${seen.createdBy.name}.`, {
        next: 'Ask them, or an admin of the channel.',
      })
    return this.core.db.tx(async (tx) => {
      const row = await this.#store.get(id, tx.q)
      if (!row) throw unknown()
      if (!from.includes(row.state))
        throw new NekodeError('conflict', `This debate is ${row.state}.`, { code: 'illegal_transition' })
      return this.#view(await work(tx, row, channel))
    })
  }

  #agents(channel: Channel, ids: readonly string[]): Actor[] {
    const { directory } = this.core
    const agents = [...new Set(ids)].map((id): Actor => {
      const agent = directory.agent(id)
      const member = directory.member(channel.id, 'agent', id)
      if (!agent || !member || member.deliveryMode === 'off')
        throw new NekodeError('precondition', `@${agent?.name ?? id} does not answer in ${channel.target}.`, {
          code: 'not_a_member',
          next: 'Add the agent to the channel, in another mode than “off”.',
        })
      return { kind: 'agent', id, name: agent.name, displayName: agent.displayName }
    })
    if (agents.length === 2) return agents
    throw new NekodeError('invalid', 'A debate takes two different agents.', { code: 'invalid_request' })
  }

  async #seen(p: Principal, id: string): Promise<DebateRow> {
    const row = await this.#store.get(id)
    if (!row) throw unknown()
    this.core.access.channelById(p, 'read', row.channelId)
    return row
  }

  #view(row: DebateRow): Debate {
    return debateView(row, this.core.directory.channel(row.channelId)?.target ?? row.channelId)
  }
}

const unknown = (): NekodeError => new NekodeError('not_found', 'There is no such debate.')
