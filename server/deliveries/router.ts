import type { Actor, Failure } from '@shared/contract'
import { newId } from '@shared/ids'
import type { Core } from '../core'
import { SYSTEM } from '../access/principal'
import type { Tx } from '../db/database'
import { agentAt } from '../directory/current'
import type { Agent, Channel, Member } from '../directory/directory'
import type { Guards } from '../guards/service'
import type { MessageRow } from '../messages/view'
import type { MessageWriter } from '../messages/writer'
import type { RunStarter } from '../runs/starter'
import { ThreadBook } from '../threads/book'
import { DeliveryStore } from './store'
import { type DeliveryRow, deliveryView } from './view'

type Cause = DeliveryRow['cause']

export interface Routing {
  channel: Channel
  message: MessageRow
  sender: Actor
  /** Agents that answered each other before this message; 0 for a person's. */
  hops: number
}

/** Agents in a thread: those that have been asked there, and those that were told to follow it, or not to. */
interface ThreadAgents {
  asked: string[]
  on: string[]
  off: string[]
}

/** Whether a mention by somebody reaches a member: one that is muted hears people only. */
const hears = (member: Member | undefined, sender: Actor): boolean =>
  member !== undefined && member.deliveryMode !== 'off' && (member.deliveryMode !== 'muted' || sender.kind === 'human')

/** Whether people who go on in a thread reach a member that they do not mention. */
const follows = (member: Member | undefined): boolean =>
  member !== undefined && member.deliveryMode !== 'off' && member.deliveryMode !== 'muted'

/** Turns a message into what agents owe: one delivery an agent, each with its first run. */
export class DeliveryRouter {
  readonly #store: DeliveryStore
  readonly #threads: ThreadBook

  constructor(
    private readonly core: Core,
    private readonly guards: Guards,
    private readonly starter: RunStarter,
    private readonly writer: MessageWriter,
  ) {
    this.#store = new DeliveryStore(core.db)
    this.#threads = new ThreadBook(core)
  }

  async route(tx: Tx, routing: Routing): Promise<DeliveryRow[]> {
    if (routing.sender.kind === 'system') return []
    const { channel, message } = routing
    const thread: ThreadAgents = message.threadId
      ? {
          asked: await this.#store.agentsIn(tx, channel.id, message.threadId),
          ...(await this.#threads.agents(tx, message.threadId)),
        }
      : { asked: [], on: [], off: [] }
    const rows: DeliveryRow[] = []
    for (const [{ id }, cause] of this.#concerned(routing, thread)) {
      const agent = await agentAt(this.core.db, tx, id, channel.id)
      if (agent) rows.push(await this.#deliver(tx, routing, agent, cause))
    }
    return rows
  }

  /** Deliveries to agents that an edit has called: none for those who had the message before. */
  async routeAdded(tx: Tx, routing: Routing, agentIds: readonly string[]): Promise<DeliveryRow[]> {
    const { channel, message } = routing
    const known = new Set((await this.#store.ofMessage(tx, message.id)).map((row) => row.agentId))
    const rows: DeliveryRow[] = []
    for (const id of agentIds) {
      const member = this.core.directory.member(channel.id, 'agent', id)
      if (known.has(id) || !hears(member, routing.sender)) continue
      const agent = await agentAt(this.core.db, tx, id, channel.id)
      if (agent) rows.push(await this.#deliver(tx, routing, agent, 'mention'))
    }
    return rows
  }

  /** One delivery of a message to one agent that is in the channel, whatever its mode there: a task is its own. */
  async assign(tx: Tx, routing: Routing, agentId: string): Promise<DeliveryRow | undefined> {
    const agent = await agentAt(this.core.db, tx, agentId, routing.channel.id)
    return agent ? this.#deliver(tx, routing, agent, 'task') : undefined
  }

  /** Deliveries of a reminder that fired: to whom it is for whatever their mode, to whom it mentions as any message does. */
  async remind(
    tx: Tx,
    routing: Routing,
    agentIds: readonly string[],
    forId: string | undefined,
  ): Promise<DeliveryRow[]> {
    const { channel } = routing
    const rows: DeliveryRow[] = []
    for (const id of agentIds) {
      const member = this.core.directory.member(channel.id, 'agent', id)
      if (id !== forId && !hears(member, routing.sender)) continue
      const agent = await agentAt(this.core.db, tx, id, channel.id)
      if (agent) rows.push(await this.#deliver(tx, routing, agent, 'reminder'))
    }
    return rows
  }

  /** A turn in a debate: one delivery, answered in the debate’s thread. */
  async debate(tx: Tx, routing: Routing, agentId: string): Promise<DeliveryRow | undefined> {
    const agent = await agentAt(this.core.db, tx, agentId, routing.channel.id)
    return agent && this.#deliver(tx, routing, agent, 'debate')
  }

  /** A digest: one delivery of the last message, about all since `sinceMessageId`. It is answered at the channel's top level. */
  async digest(tx: Tx, routing: Routing, agentId: string, sinceMessageId: string): Promise<DeliveryRow | undefined> {
    const agent = await agentAt(this.core.db, tx, agentId, routing.channel.id)
    return agent && this.#deliver(tx, routing, agent, 'periodic', { sinceMessageId, threadId: null })
  }

  /** Whether a message could concern an agent at all; most do not, and need no look into the thread. */
  concernsAgents(channel: Channel, mentions: MessageRow['mentions'], threadId: string | null): boolean {
    if (mentions.some((m) => m.kind === 'agent')) return true
    return this.core.directory
      .members(channel.id)
      .some((m) => m.kind === 'agent' && (m.deliveryMode === 'all' || threadId !== null))
  }

  #concerned({ channel, message, sender }: Routing, thread: ThreadAgents): Map<Agent, Cause> {
    const { directory } = this.core
    const found = new Map<Agent, Cause>()
    const add = (id: string, cause: Cause): void => {
      const agent = directory.agent(id)
      if (agent && agent.id !== sender.id && !found.has(agent)) found.set(agent, cause)
    }
    for (const m of message.mentions) {
      const member = m.kind === 'agent' ? directory.member(channel.id, 'agent', m.id) : undefined
      if (hears(member, sender)) add(m.id, 'mention')
    }
    const fromPerson = sender.kind === 'human'
    for (const member of directory.members(channel.id)) {
      if (member.kind !== 'agent' || member.deliveryMode !== 'all') continue
      if (channel.kind === 'dm') add(member.memberId, 'direct')
      else if (fromPerson) add(member.memberId, 'subscription')
    }
    // What people write in a thread is for the agents that were told to follow it.
    for (const id of fromPerson ? thread.on : []) {
      const member = directory.member(channel.id, 'agent', id)
      if (follows(member)) add(id, 'subscription')
    }
    // A person who goes on in a thread with one agent and names nobody means that agent, unless it stays out of the thread.
    const [only] = thread.asked.length === 1 ? thread.asked.filter((id) => !thread.off.includes(id)) : []
    const member = only === undefined ? undefined : directory.member(channel.id, 'agent', only)
    if (fromPerson && only !== undefined && follows(member) && !message.mentions.length) add(only, 'direct')
    return found
  }

  async #deliver(
    tx: Tx,
    { channel, message, sender, hops }: Routing,
    agent: Agent,
    cause: Cause,
    more: Partial<Pick<DeliveryRow, 'sinceMessageId' | 'threadId'>> = {},
  ): Promise<DeliveryRow> {
    const now = Date.now()
    const row: DeliveryRow = {
      id: newId('dlv'),
      messageId: message.id,
      agentId: agent.id,
      channelId: channel.id,
      target: channel.target,
      // A question at a channel's top level is answered in a thread of its own; a direct conversation goes on where it is.
      threadId: message.threadId || (channel.kind === 'dm' ? null : message.id),
      cause,
      state: 'pending',
      waiting: null,
      failure: null,
      runId: null,
      answerMessageId: null,
      sinceMessageId: null,
      hops,
      createdAt: now,
      updatedAt: now,
      ...more,
    }
    const refused = await this.#refusal(tx, agent, hops)
    if (refused) Object.assign(row, { state: 'failed', failure: refused } satisfies Partial<DeliveryRow>)
    await this.#store.insert(tx, row)
    if (refused) {
      this.emit(tx, row, 'created', sender)
      if (refused.reason.startsWith('guard_')) await this.#announce(tx, channel, row, agent, refused)
      return row
    }
    const { run, waiting } = await this.starter.start(tx, row, agent, sender)
    const started: DeliveryRow = { ...row, runId: run.id, waiting }
    await this.#store.update(tx, row.id, { runId: run.id, waiting })
    this.emit(tx, started, 'created', sender)
    return started
  }

  async #refusal(tx: Tx, agent: Agent, hops: number): Promise<Failure | undefined> {
    return (await this.starter.refusal(tx, agent)) ?? this.guards.check(tx, agent, hops)
  }

  /** A guard that trips says so where the conversation is. */
  async #announce(tx: Tx, channel: Channel, row: DeliveryRow, agent: Agent, failure: Failure): Promise<void> {
    await this.writer.write(tx, {
      channel,
      threadId: row.threadId,
      sender: SYSTEM,
      content: `${failure.message} Press “continue” to let @${agent.name} go on.`,
      kind: 'status',
      system: {
        type: 'guard.tripped',
        data: {
          deliveryId: row.id,
          agentId: agent.id,
          agentName: agent.name,
          reason: failure.reason,
          message: failure.message,
          resetsAt: failure.resetsAt ?? null,
        },
      },
    })
  }

  emit(tx: Tx, row: DeliveryRow, operation: 'created' | 'state_changed', actor: Actor): void {
    tx.emit({
      kind: 'delivery',
      operation,
      aggregateId: row.id,
      audience: `channel:${row.channelId}`,
      target: row.target,
      actor,
      payload: deliveryView(row),
    })
  }
}
