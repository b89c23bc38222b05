import type { CoordinationPayload, NewCoordination } from '@shared/contract'
import { NekodeError } from '@shared/errors'
import { newId } from '@shared/ids'
import { type AgentPrincipal, type UserPrincipal, actorOf } from '../access/principal'
import type { Core } from '../core'
import type { Tx } from '../db/database'
import type { Channel } from '../directory/directory'
import { type Plan, checkItems, foreign, planGoesTo } from './rules'
import type { CoordinationStore } from './store'

/** Counter-proposals before a person has to decide, unless somebody says otherwise. */
const ROUNDS = 6
const DAY_MS = 86_400_000
/** How long a negotiation is open, usually and at most. */
const OPEN_MS = 7 * DAY_MS
const MAX_OPEN_MS = 90 * DAY_MS

type Author = UserPrincipal | AgentPrincipal
type Draft<K extends NewCoordination['kind']> = Extract<NewCoordination, { kind: K }>

/** Makes whole records out of what somebody publishes: ids, times and the author are the server's. */
export class Drafts {
  constructor(
    private readonly core: Core,
    private readonly store: CoordinationStore,
  ) {}

  async make(tx: Tx, p: Author, place: { channel: Channel }, draft: NewCoordination): Promise<CoordinationPayload> {
    const { channel } = place
    switch (draft.kind) {
      case 'work_plan':
        return this.#plan(tx, p, channel, draft)
      case 'progress_update':
        return { ...draft, updateId: newId('prog') }
      case 'acceptance_evidence':
        return { ...draft, evidenceId: newId('evid') }
      case 'role_handoff':
        return this.#handoff(p, channel, draft)
      case 'deadline_negotiation': {
        const { requestedDeadlineAt, proposedDeadlineAt } = draft
        return { kind: draft.kind, requestedDeadlineAt, proposedDeadlineAt, ...this.#negotiation(p, channel, draft) }
      }
      case 'scope_negotiation': {
        const { includedScope, deferredScope } = draft
        if (!includedScope.length && !deferredScope.length)
          throw invalid('A negotiation about scope says what is in or what is left for later.')
        return { kind: draft.kind, includedScope, deferredScope, ...this.#negotiation(p, channel, draft) }
      }
    }
  }

  async #plan(tx: Tx, p: Author, channel: Channel, draft: Draft<'work_plan'>): Promise<Plan> {
    checkItems(draft.items)
    const before = draft.planId === undefined ? undefined : await this.#planBefore(tx, p, channel, draft.planId)
    if (before) planGoesTo(before.status, draft.status)
    else if (draft.status !== 'draft' && draft.status !== 'active') throw invalid('A new plan is a draft or active.')
    const ownerAgentId = draft.ownerAgentId ?? before?.ownerAgentId ?? (p.kind === 'agent' ? p.id : '')
    if (ownerAgentId === '') throw invalid('A plan names the agent that carries it out.')
    this.#mustBeThere(channel, ownerAgentId)
    const now = Date.now()
    return {
      kind: 'work_plan',
      planId: before?.planId ?? newId('plan'),
      ownerAgentId,
      status: draft.status,
      summary: draft.summary,
      items: draft.items,
      createdAt: before?.createdAt ?? now,
      updatedAt: now,
    }
  }

  async #planBefore(tx: Tx, p: Author, channel: Channel, planId: string): Promise<Plan> {
    const row = await this.store.latest(planId, tx.q)
    const plan = row?.payload
    if (!row || row.channelId !== channel.id || plan?.kind !== 'work_plan')
      throw new NekodeError('not_found', `There is no such plan in ${channel.target}.`)
    const own = plan.ownerAgentId === p.id || row.actorId === p.id
    if (!own && !this.core.access.can(p, 'manage', channel)) throw foreign('This is the plan of somebody else.')
    return plan
  }

  #handoff(p: Author, channel: Channel, draft: Draft<'role_handoff'>): CoordinationPayload {
    if (draft.toAgentId === p.id) throw invalid('A hand-off is to somebody else.')
    this.#mustBeThere(channel, draft.toAgentId)
    return {
      ...draft,
      handoffId: newId('hand'),
      from: actorOf(p),
      status: 'proposed',
      note: '',
      createdAt: Date.now(),
      acceptedAt: null,
    }
  }

  #negotiation(
    p: Author,
    channel: Channel,
    {
      reason,
      addresseeId,
      expiresAt,
      maxRounds,
    }: Pick<Draft<'scope_negotiation'>, 'reason' | 'addresseeId' | 'expiresAt' | 'maxRounds'>,
  ) {
    const now = Date.now()
    if (expiresAt !== undefined && (expiresAt <= now || expiresAt > now + MAX_OPEN_MS))
      throw invalid('A negotiation ends within the next 90 days.')
    const { directory } = this.core
    const there = (['human', 'agent'] as const).some((kind) => directory.member(channel.id, kind, addresseeId ?? ''))
    if (addresseeId !== undefined && (!there || addresseeId === p.id))
      throw invalid(`Whom a negotiation is with is somebody else in ${channel.target}.`)
    return {
      negotiationId: newId('nego'),
      proposedBy: actorOf(p),
      addresseeId: addresseeId ?? null,
      reason,
      status: 'proposed' as const,
      counterProposals: [],
      acceptedCounterProposalId: null,
      decidedBy: null,
      decidedAt: null,
      expiresAt: expiresAt ?? now + OPEN_MS,
      maxRounds: maxRounds ?? ROUNDS,
    }
  }

  #mustBeThere(channel: Channel, agentId: string): void {
    if (this.core.directory.member(channel.id, 'agent', agentId)) return
    throw new NekodeError('not_found', `There is no such agent in ${channel.target}.`, {
      code: 'agent_unknown',
      next: 'Add the agent to the channel first.',
    })
  }
}

const invalid = (text: string): NekodeError => new NekodeError('invalid', text, { code: 'invalid_request' })
