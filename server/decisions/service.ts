import {
  type Decision,
  type DecisionStatus,
  type DecisionVote,
  type DecisionVoteRecord,
  MAX_DECISION_BODY,
  MAX_DECISION_TITLE,
  MAX_QUORUM,
  type Message,
  decisionText,
} from '@shared/contract'
import { NekodeError } from '@shared/errors'
import { newId } from '@shared/ids'
import { type AgentPrincipal, type Principal, type UserPrincipal, actorOf } from '../access/principal'
import type { Core } from '../core'
import type { Tx } from '../db/database'
import type { Channel } from '../directory/directory'
import { type Once, always } from '../idempotency/service'
import type { Posted } from '../messages/parts'
import { cut, firstLine } from '../rpc/text'
import { DecisionBook, type SystemWriter } from './book'
import { carried, next, outcome } from './rules'
import { DecisionStore } from './store'
import { type DecisionRow, type VoteRow, voteView } from './view'

/** Proposals that may be open in a channel at once: nobody reads more. */
export const MAX_OPEN = 200
/** How many have to approve unless the proposal says otherwise. */
const USUAL_QUORUM = 2
const PAGE = 100
const SWEEP = 100

/** Whoever may take part: people and agents. */
export type Author = UserPrincipal | AgentPrincipal

export interface Proposal {
  title: string
  body: string
  quorum?: number | undefined
  expiresAt?: number | undefined
  supersedesDecisionId?: string | undefined
}

/** What is not said is as the message says it. */
export interface Promotion extends Omit<Proposal, 'title' | 'body'> {
  title?: string | undefined
  body?: string | undefined
}

export interface Closing {
  reason?: string | undefined
  expectedVersion?: number | undefined
}

interface PageOf {
  limit?: number | undefined
  cursor?: string | undefined
}

/** How a decision shows in its channel. */
export interface Conversation {
  /** Writes a message of a member as part of a transaction; agents that it concerns get a delivery. */
  postIn(
    tx: Tx,
    p: Author,
    channel: Channel,
    post: { content: string; kind: 'decision'; threadId: string | null },
  ): Promise<Posted>
  /** A message that the caller may see. */
  get(p: Principal, id: string): Promise<{ message: Message }>
}

/** What a channel agrees on: proposed, voted on, in force, replaced. */
export class DecisionService {
  readonly #store: DecisionStore
  readonly #book: DecisionBook

  constructor(
    private readonly core: Core,
    private readonly talk: { messages: Conversation; writer: SystemWriter },
  ) {
    this.#store = new DecisionStore(core.db)
    this.#book = new DecisionBook(core, this.#store, talk.writer)
  }

  async list(
    p: Principal,
    query: PageOf & { target: string; status?: readonly DecisionStatus[] | undefined },
  ): Promise<{ items: Decision[]; nextCursor?: string }> {
    const channel = this.core.access.channel(p, 'read', query.target)
    const limit = query.limit ?? PAGE
    const rows = await this.#store.list({
      channelId: channel.id,
      statuses: query.status,
      before: query.cursor,
      limit: limit + 1,
    })
    return this.#page(rows, limit)
  }

  /** What a channel has decided, newest first: for those who work there, whose access to the channel is checked before. */
  async inForce(channelId: string, limit: number): Promise<Decision[]> {
    const rows = await this.#store.list({ channelId, statuses: ['ratified'], before: undefined, limit })
    return rows.map((row) => this.#book.view(row))
  }

  async get(p: Principal, id: string): Promise<Decision> {
    return this.#book.view(await this.#seen(p, 'read', id))
  }

  async chain(p: Principal, id: string, query: PageOf): Promise<{ items: Decision[]; nextCursor?: string }> {
    const { chainId } = await this.#seen(p, 'read', id)
    const limit = query.limit ?? PAGE
    return this.#page(await this.#store.chain(chainId, query.cursor, limit + 1), limit)
  }

  async votes(p: Principal, id: string, query: PageOf): Promise<{ items: DecisionVoteRecord[]; nextCursor?: string }> {
    await this.#seen(p, 'read', id)
    const limit = query.limit ?? PAGE
    const rows = await this.#store.votes(id, positionOf(query.cursor), limit + 1)
    const items = rows.slice(0, limit)
    const last = items.at(-1)
    const more = rows.length > limit && last ? { nextCursor: `${last.votedAt}.${last.voterId}` } : {}
    return { items: items.map(voteView), ...more }
  }

  /** Proposes to a channel that the caller is a member of. */
  async propose(p: Author, target: string, input: Proposal, once: Once = always): Promise<Decision> {
    const channel = this.core.access.channel(p, 'write', target)
    return this.#propose(p, channel, input, null, once)
  }

  /** Proposes what retires a decision when it comes into force. */
  async supersede(p: Author, id: string, input: Proposal, once: Once = always): Promise<Decision> {
    const { channelId } = await this.#seen(p, 'write', id)
    const channel = this.core.access.channelById(p, 'write', channelId)
    return this.#propose(p, channel, { ...input, supersedesDecisionId: id }, null, once)
  }

  /** Proposes what a message says. */
  async promote(p: Author, messageId: string, input: Promotion, once: Once = always): Promise<Decision> {
    const { message } = await this.talk.messages.get(p, messageId)
    const channel = this.core.access.channel(p, 'write', message.target)
    const title = input.title ?? (firstLine(message.content, MAX_DECISION_TITLE) || 'Decision')
    const body = input.body ?? cut(message.content, MAX_DECISION_BODY)
    if (body.trim() === '')
      throw new NekodeError('invalid', 'This message has no text to decide on.', {
        code: 'invalid_request',
        next: 'Give a text of its own to the decision.',
      })
    return this.#propose(p, channel, { ...input, title, body }, messageId, once)
  }

  async #propose(
    p: Author,
    channel: Channel,
    input: Proposal,
    sourceMessageId: string | null,
    once: Once,
  ): Promise<Decision> {
    this.#mustBeMember(p, channel)
    if (input.expiresAt !== undefined && input.expiresAt <= Date.now())
      throw new NekodeError('invalid', 'The time to decide is over before it has begun.', { code: 'invalid_request' })
    return this.core.db.tx((tx) =>
      once(tx, async () => {
        if ((await this.#store.open(tx, channel.id)) >= MAX_OPEN)
          throw new NekodeError('precondition', `${channel.target} has ${MAX_OPEN} open proposals.`, {
            code: 'too_many_proposals',
            next: 'Decide or withdraw some of them first.',
          })
        if (sourceMessageId) await this.#mustBeNew(tx, sourceMessageId)
        const before = input.supersedesDecisionId
          ? await this.#inForce(tx, channel, input.supersedesDecisionId)
          : undefined
        const row = await this.#insert(tx, p, channel, input, { sourceMessageId, before })
        return this.#book.emit(tx, row, 'created', actorOf(p))
      }),
    )
  }

  async #insert(
    tx: Tx,
    p: Author,
    channel: Channel,
    input: Proposal,
    from: { sourceMessageId: string | null; before: DecisionRow | undefined },
  ): Promise<DecisionRow> {
    const { title, body } = input
    const content = decisionText(title, body)
    const { message } = await this.talk.messages.postIn(tx, p, channel, { content, kind: 'decision', threadId: null })
    const id = newId('dec')
    const now = Date.now()
    const row: DecisionRow = {
      id,
      channelId: channel.id,
      chainId: from.before?.chainId ?? id,
      messageId: message.id,
      sourceMessageId: from.sourceMessageId,
      title,
      body,
      status: 'proposed',
      proposer: actorOf(p),
      quorum: input.quorum ?? this.#usualQuorum(channel),
      approveCount: 0,
      rejectCount: 0,
      abstainCount: 0,
      supersedesId: from.before?.id ?? null,
      supersededById: null,
      forced: false,
      closedBy: null,
      closeReason: '',
      version: 1,
      expiresAt: input.expiresAt ?? null,
      ratifiedAt: null,
      closedAt: null,
      createdAt: now,
      updatedAt: now,
    }
    await this.#store.insert(tx, row)
    return row
  }

  async vote(
    p: Author,
    id: string,
    input: { decision: DecisionVote; reason?: string | undefined; expectedVersion?: number | undefined },
  ): Promise<{ decision: Decision; vote: DecisionVoteRecord }> {
    return this.#change(p, 'write', id, input.expectedVersion, async (tx, row, channel) => {
      this.#mustBeMember(p, channel)
      // A vote is open as long as the proposal could still come into force.
      next(row.status, 'ratify')
      const now = Date.now()
      if (row.expiresAt !== null && row.expiresAt <= now) throw tooLate()
      const vote: VoteRow = {
        decisionId: id,
        voterId: p.id,
        voter: actorOf(p),
        vote: input.decision,
        reason: input.reason ?? '',
        votedAt: now,
      }
      await this.#store.putVote(tx, vote, (await this.#store.vote(tx, id, p.id)) !== undefined)
      const { approve, reject, abstain } = await this.#store.tally(tx, id)
      const set = { approveCount: approve, rejectCount: reject, abstainCount: abstain, updatedAt: now }
      const counted = { ...row, ...set, version: row.version + 1 }
      await this.#store.update(tx, id, { ...set, version: counted.version })
      const what = outcome(counted)
      const decision =
        what === undefined
          ? this.#book.emit(tx, counted, 'updated', actorOf(p))
          : what === 'ratify'
            ? await this.#book.ratify(tx, counted, channel, actorOf(p), false)
            : await this.#book.close(tx, counted, channel, 'reject', { by: null, reason: 'Voted down.' })
      return { decision, vote: voteView(vote) }
    })
  }

  /** Brings a proposal into force; what it supersedes retires in the same transaction. */
  async ratify(
    p: Author,
    id: string,
    input: { force?: boolean | undefined; expectedVersion?: number | undefined },
  ): Promise<Decision> {
    return this.#change(p, 'write', id, input.expectedVersion, async (tx, row, channel) => {
      this.#mustBeMember(p, channel)
      next(row.status, 'ratify')
      if (row.expiresAt !== null && row.expiresAt <= Date.now()) throw tooLate()
      const enough = carried(row)
      if (!enough && !input.force)
        throw new NekodeError(
          'precondition',
          `It takes ${row.quorum} to approve and more for than against; there are ${row.approveCount} for and ${row.rejectCount} against.`,
          { code: 'quorum_not_met', next: 'Ask the members of the channel to vote.' },
        )
      if (!enough) this.#mustManage(p, channel, 'bring a proposal into force without the votes')
      return this.#book.ratify(tx, row, channel, actorOf(p), !enough)
    })
  }

  async reject(p: Author, id: string, input: Closing): Promise<Decision> {
    return this.#change(p, 'write', id, input.expectedVersion, async (tx, row, channel) => {
      next(row.status, 'reject')
      this.#mustManage(p, channel, 'reject a proposal without the votes')
      return this.#book.close(tx, row, channel, 'reject', { by: actorOf(p), reason: input.reason ?? '' })
    })
  }

  async withdraw(p: Author, id: string, input: Closing): Promise<Decision> {
    return this.#change(p, 'write', id, input.expectedVersion, async (tx, row, channel) =>
      this.#withdraw(tx, p, row, channel, input),
    )
  }

  /** Ends a decision that is in force; a proposal is withdrawn. */
  async retire(p: Author, id: string, input: Closing): Promise<Decision> {
    return this.#change(p, 'write', id, input.expectedVersion, async (tx, row, channel) => {
      if (row.status === 'proposed') return this.#withdraw(tx, p, row, channel, input)
      next(row.status, 'retire')
      this.#mustBeMember(p, channel)
      if (row.proposer.id !== p.id) this.#mustManage(p, channel, 'retire a decision of somebody else')
      return this.#book.close(tx, row, channel, 'retire', { by: actorOf(p), reason: input.reason ?? '' })
    })
  }

  async #withdraw(tx: Tx, p: Author, row: DecisionRow, channel: Channel, { reason = '' }: Closing): Promise<Decision> {
    next(row.status, 'withdraw')
    if (row.proposer.id !== p.id)
      throw new NekodeError('forbidden', `Only @${row.proposer.name} can withdraw this proposal.`, {
        next: 'Vote on it, or ask an admin of the channel to reject it.',
      })
    return this.#book.close(tx, row, channel, 'withdraw', { by: actorOf(p), reason })
  }

  /** Rejects the proposals whose time is over. Returns how many. */
  async expire(now = Date.now()): Promise<number> {
    const ids = await this.#store.expired(now, SWEEP)
    for (const id of ids)
      await this.core.db.tx(async (tx) => {
        const row = await this.#store.get(id, tx.q)
        const channel = row && this.core.directory.channel(row.channelId)
        // It may have been decided in between.
        if (!row || !channel || row.status !== 'proposed') return
        await this.#book.close(tx, row, channel, 'expire', { by: null, reason: 'Nobody decided in time.' })
      })
    return ids.length
  }

  /** Does something with a decision as it is now, when that is what the caller has seen. */
  async #change<T>(
    p: Author,
    action: 'write',
    id: string,
    expected: number | undefined,
    work: (tx: Tx, row: DecisionRow, channel: Channel) => Promise<T>,
  ): Promise<T> {
    const { channelId } = await this.#seen(p, action, id)
    const channel = this.core.access.channelById(p, action, channelId)
    return this.core.db.tx(async (tx) => {
      const row = await this.#store.get(id, tx.q)
      if (!row) throw unknown()
      if (expected !== undefined && expected !== row.version)
        throw new NekodeError('conflict', `This decision has changed: it is at version ${row.version}.`, {
          code: 'version_conflict',
          next: 'Read it again, then decide.',
        })
      return work(tx, row, channel)
    })
  }

  async #seen(p: Principal, action: 'read' | 'write', id: string): Promise<DecisionRow> {
    const row = await this.#store.get(id)
    if (!row) throw unknown()
    this.core.access.channelById(p, action, row.channelId)
    return row
  }

  async #mustBeNew(tx: Tx, messageId: string): Promise<void> {
    const known = await this.#store.ofMessage(tx, messageId)
    if (known)
      throw new NekodeError('conflict', `This message is a decision already, which is ${known.status}.`, {
        code: 'already_promoted',
        next: `Look at ${known.id}.`,
      })
  }

  async #inForce(tx: Tx, channel: Channel, id: string): Promise<DecisionRow> {
    const row = await this.#store.get(id, tx.q)
    if (!row || row.channelId !== channel.id)
      throw new NekodeError('not_found', `There is no such decision in ${channel.target}.`)
    if (row.status === 'ratified') return row
    throw new NekodeError('precondition', `“${row.title}” is ${row.status}; only what is in force can be superseded.`, {
      code: 'not_in_force',
    })
  }

  #mustBeMember(p: Author, channel: Channel): void {
    if (this.core.access.membership(p, channel.id)) return
    throw new NekodeError('forbidden', `Only members of ${channel.target} decide there.`, {
      code: 'not_a_member',
      next: 'Join the channel first.',
    })
  }

  #mustManage(p: Author, channel: Channel, what: string): void {
    if (this.core.access.can(p, 'manage', channel)) return
    throw new NekodeError('forbidden', `Only an admin of ${channel.target} may ${what}.`, {
      next: 'Ask an admin of the channel, or let its members vote.',
    })
  }

  /** Two of those who may vote, where there are two. */
  #usualQuorum(channel: Channel): number {
    const voters = this.core.directory.members(channel.id).filter((m) => m.role !== 'viewer')
    return Math.max(1, Math.min(USUAL_QUORUM, voters.length, MAX_QUORUM))
  }

  #page(rows: DecisionRow[], limit: number): { items: Decision[]; nextCursor?: string } {
    const items = rows.slice(0, limit)
    const last = items.at(-1)
    return {
      items: items.map((row) => this.#book.view(row)),
      ...(rows.length > limit && last ? { nextCursor: last.id } : {}),
    }
  }
}

const unknown = (): NekodeError => new NekodeError('not_found', 'There is no such decision.')

const tooLate = (): NekodeError =>
  new NekodeError('conflict', 'The time to decide is over.', { code: 'illegal_transition' })

function positionOf(cursor: string | undefined): { votedAt: number; voterId: string } | undefined {
  if (cursor === undefined) return undefined
  const [, votedAt, voterId] = /^(\d{1,15})\.(.{1,64})$/.exec(cursor) ?? []
  if (votedAt !== undefined && voterId !== undefined) return { votedAt: Number(votedAt), voterId }
  throw new NekodeError('invalid', 'This cursor is none of ours.', { code: 'invalid_request' })
}
