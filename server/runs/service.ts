import { type Failure, FailureReason, type Run, type RunResult } from '@shared/contract'
import type { Approval } from '@shared/contract'
import { NekodeError } from '@shared/errors'
import { newId } from '@shared/ids'
import type { Actor } from '@shared/contract'
import { type AgentPrincipal, type ComputerPrincipal, SYSTEM, type Principal, actorOf } from '../access/principal'
import type { ApprovalBook } from '../approvals/book'
import type { Core } from '../core'
import type { Tx } from '../db/database'
import type { DeliverySettler } from '../deliveries/settler'
import { type Once, always } from '../idempotency/service'
import { PermitStore } from './permitstore'
import { announceRun } from './starter'
import { StepStore } from './stepstore'
import { RunStore } from './store'
import { type RunRow, type RunState, isOver, runView } from './view'
import { mayBecome } from './transitions'

/** Seconds that a run's lease lasts; every step renews it. */
export const RUN_LEASE_SECONDS = 300

/** More than a run has attempts, however often it moves to another computer within one. */
const PAST_LEASES = 20

export interface StatusUpdate {
  runId: string
  state: RunState
  leaseId: string
  summary: string
  /** The agent's answer, or as much of it as there is. */
  resultMessage: string
  result: RunResult
  error: string
}

/** A refusal is an answer, not an error: the daemon stops the turn and forgets the run. */
export type Outcome =
  | { accepted: true; run: RunRow }
  | { accepted: false; reason: 'lease_lost' | 'run_over' | 'illegal_transition'; run: RunRow }

/** What else happens, in the same transaction, when a run starts or ends. */
type Follow = (tx: Tx, run: RunRow) => Promise<void>

/** The life of runs, as daemons report it and as people read it. */
export class RunService {
  #onStarted: Follow = async () => {}
  readonly #onOver: Follow[] = []
  readonly #store: RunStore
  readonly #steps: StepStore
  readonly #permits: PermitStore

  constructor(
    private readonly core: Core,
    private readonly approvals: ApprovalBook,
    private readonly settler: DeliverySettler,
  ) {
    this.#store = new RunStore(core.db)
    this.#steps = new StepStore(core.db)
    this.#permits = new PermitStore(core.db)
  }

  whenStarted(then: Follow): void {
    this.#onStarted = then
  }

  whenOver(then: Follow): void {
    this.#onOver.push(then)
  }

  /** Whether a run has been started and is not over. */
  async underWay(tx: Tx, id: string): Promise<boolean> {
    const run = await this.#store.get(id, tx.q)
    return run !== undefined && run.state !== 'queued' && !isOver(run.state)
  }

  /** The runs of an agent's delivery that are not over. */
  async openOf(tx: Tx, agentId: string, channelId: string, deliveryId: string): Promise<RunRow[]> {
    return (await this.#store.active({ agentId, channelId }, tx.q)).filter((run) => run.deliveryId === deliveryId)
  }

  /** What an agent is working on: its latest run that a turn is under way for. */
  async current(agentId: string): Promise<RunRow | undefined> {
    const active = await this.#store.active({ agentId }, this.core.db.q, 100)
    return active.findLast((run) => run.state === 'running' || run.state === 'waiting_approval')
  }

  /** An agent's runs that have begun and are not over, the latest last. */
  async underWayOf(agentId: string): Promise<RunRow[]> {
    const active = await this.#store.active({ agentId }, this.core.db.q, 100)
    return active.filter((run) => run.state !== 'queued')
  }

  /** A daemon says what became of a run. `queued` gives it back. */
  async report(p: ComputerPrincipal, update: StatusUpdate, once: Once = always): Promise<Outcome> {
    return this.core.db.tx((tx) =>
      once(
        tx,
        () => this.#report(tx, p, update),
        (outcome) => outcome.accepted,
      ),
    )
  }

  async #report(tx: Tx, p: ComputerPrincipal, update: StatusUpdate): Promise<Outcome> {
    const run = await this.own(tx, p, update.runId)
    if (run.state === update.state && isOver(run.state)) return { accepted: true, run }
    if (isOver(run.state)) return { accepted: false, reason: 'run_over', run }
    if (!holds(run, update) && !(await this.#permitted(tx, run, update)))
      return { accepted: false, reason: 'lease_lost', run }
    if (run.state === update.state) return { accepted: true, run: await this.#renew(tx, run) }
    if (!mayBecome(run.state, update.state)) return { accepted: false, reason: 'illegal_transition', run }
    return { accepted: true, run: await this.#apply(tx, run, update) }
  }

  /** A permit is for an agent, not for a run: with two runs waiting, the daemon may start either under it. */
  async #permitted(tx: Tx, run: RunRow, update: StatusUpdate): Promise<boolean> {
    if (update.state !== 'running' || run.state !== 'starting') return false
    const permit = await this.#permits.get(tx, update.leaseId)
    return permit?.computerId === run.computerId && permit.agentId === run.agentId && permit.expiresAt > Date.now()
  }

  async #apply(tx: Tx, run: RunRow, update: StatusUpdate): Promise<RunRow> {
    const actor = this.agentActor(run.agentId)
    switch (update.state) {
      case 'running':
        return this.#running(tx, run, update.leaseId, actor)
      case 'queued':
        return this.requeue(tx, run, {
          reason: 'crashed',
          message: update.error || 'The agent’s computer gave the run back.',
        })
      case 'failed':
        return this.fail(tx, run, failureOf(update), actor)
      case 'canceled':
        return this.#end(
          tx,
          run,
          { state: 'canceled', failure: { reason: 'killed', message: update.error || 'The run was stopped.' } },
          update.resultMessage,
          actor,
        )
      case 'completed':
        return this.#end(
          tx,
          run,
          { state: 'completed', summary: update.summary, joinedRunId: update.result.joinedRunId ?? null },
          update.resultMessage,
          actor,
        )
      case 'starting':
      case 'waiting_approval': {
        const next = { ...run, state: update.state, updatedAt: Date.now() }
        await this.#store.update(tx, run.id, { state: next.state, updatedAt: next.updatedAt })
        announceRun(tx, next, 'state_changed', actor)
        return next
      }
    }
  }

  async #running(tx: Tx, run: RunRow, leaseId: string, actor: Actor): Promise<RunRow> {
    const now = Date.now()
    const set = {
      state: 'running' as const,
      leaseId: leaseId || run.leaseId || newId('lease'),
      leaseExpiresAt: now + RUN_LEASE_SECONDS * 1000,
      startedAt: run.startedAt ?? now,
      updatedAt: now,
    }
    await this.#store.update(tx, run.id, set)
    const next = { ...run, ...set }
    announceRun(tx, next, 'state_changed', actor)
    await this.settler.claimed(tx, next, actor)
    await this.#onStarted(tx, next)
    return next
  }

  /** Gives a run to its computer once more, or fails it when it has been tried often enough. */
  async requeue(tx: Tx, run: RunRow, why: Failure): Promise<RunRow> {
    if (run.attempt >= run.maxAttempts)
      return this.fail(tx, run, { ...why, message: `${why.message} It was tried ${run.attempt} times.` }, SYSTEM)
    return this.#queue(tx, run, { attempt: run.attempt + 1 }, SYSTEM)
  }

  /** An agent was turned on or off: what has not started yet goes on, or waits. What has goes on to its end. */
  async switched(tx: Tx, run: RunRow, enabled: boolean, actor: Actor): Promise<void> {
    if (run.state !== 'queued') return
    await this.settler.waiting(tx, run)
    // Its computer has put it aside: it is told of it once more.
    if (enabled) announceRun(tx, run, 'state_changed', actor)
  }

  /** The agent has another computer. What was under way starts again there, as one more attempt: it did not fail. */
  async move(tx: Tx, run: RunRow, computerId: string, actor: Actor): Promise<RunRow> {
    const again = run.leaseId === null ? {} : { attempt: run.attempt + 1, maxAttempts: run.maxAttempts + 1 }
    return this.#queue(tx, run, { computerId, ...again }, actor)
  }

  async #queue(tx: Tx, run: RunRow, change: Partial<RunRow>, actor: Actor): Promise<RunRow> {
    const now = Date.now()
    const pastLeases = run.leaseId === null ? run.pastLeases : [...run.pastLeases, run.leaseId].slice(-PAST_LEASES)
    const set = { ...change, state: 'queued' as const, leaseId: null, leaseExpiresAt: null, pastLeases, updatedAt: now }
    await this.#store.update(tx, run.id, set)
    await this.#steps.closeAll(tx, run.id, 'failed', now)
    await this.approvals.withdrawAll(tx, run)
    const next = { ...run, ...set }
    announceRun(tx, next, 'state_changed', actor)
    await this.settler.waiting(tx, next)
    return next
  }

  async fail(tx: Tx, run: RunRow, failure: Failure, actor: Actor): Promise<RunRow> {
    return this.#end(tx, run, { state: 'failed', failure }, '', actor)
  }

  /** Stops a run from the server's side; its daemon is told separately. */
  async cancel(tx: Tx, run: RunRow, failure: Failure, actor: Actor): Promise<RunRow> {
    return this.#end(tx, run, { state: 'canceled', failure }, '', actor)
  }

  /** Ends a run that nobody has begun with: its agent has nothing to say. */
  async decline(tx: Tx, runId: string, p: AgentPrincipal): Promise<RunRow> {
    const run = await this.#store.get(runId, tx.q)
    if (run?.agentId !== p.id || run.state !== 'queued')
      throw new NekodeError('conflict', 'The turn has begun.', {
        code: 'illegal_transition',
        next: 'End it without a text.',
      })
    return this.#end(tx, run, { state: 'completed' }, '', actorOf(p))
  }

  /** Ends a run: its open steps and approvals, its answer and its delivery, all at once. */
  async #end(
    tx: Tx,
    run: RunRow,
    end: {
      state: 'completed' | 'failed' | 'canceled'
      failure?: Failure
      summary?: string
      joinedRunId?: string | null
    },
    answer: string,
    actor: Actor,
  ): Promise<RunRow> {
    const now = Date.now()
    await this.#steps.closeAll(tx, run.id, end.state === 'completed' ? 'completed' : 'failed', now)
    await this.approvals.withdrawAll(tx, run)
    const next: RunRow = {
      ...run,
      state: end.state,
      failure: end.failure ?? null,
      summary: end.summary ?? run.summary,
      joinedRunId: end.joinedRunId ?? null,
      leaseId: run.leaseId,
      leaseExpiresAt: null,
      completedAt: now,
      updatedAt: now,
    }
    const joined = await this.#joined(tx, next)
    next.joinedRunId = joined?.id ?? null
    next.resultMessageId = await this.settler.settle(tx, next, answer, actor, joined)
    await this.#store.update(tx, run.id, next)
    announceRun(tx, next, 'state_changed', actor)
    for (const follow of this.#onOver) await follow(tx, next)
    return next
  }

  /** The run whose turn took this one in: of the same agent, in the same channel. Any other that a daemon names means nothing. */
  async #joined(tx: Tx, run: RunRow): Promise<RunRow | undefined> {
    const joined = run.joinedRunId === null ? undefined : await this.#store.get(run.joinedRunId, tx.q)
    return joined?.agentId === run.agentId && joined.channelId === run.channelId ? joined : undefined
  }

  /** Every permission request of a run is decided: it goes on. */
  async resume(tx: Tx, runId: string, actor: Actor): Promise<void> {
    const run = await this.#store.get(runId, tx.q)
    if (run?.state !== 'waiting_approval') return
    const next = { ...run, state: 'running' as const, updatedAt: Date.now() }
    await this.#store.update(tx, runId, { state: next.state, updatedAt: next.updatedAt })
    announceRun(tx, next, 'state_changed', actor)
  }

  async #renew(tx: Tx, run: RunRow): Promise<RunRow> {
    if (run.leaseId === null) return run
    const leaseExpiresAt = Date.now() + RUN_LEASE_SECONDS * 1000
    await this.#store.update(tx, run.id, { leaseExpiresAt })
    return { ...run, leaseExpiresAt }
  }

  async renewLease(p: ComputerPrincipal, runId: string, leaseId: string): Promise<Outcome> {
    return this.core.db.tx(async (tx) => {
      const run = await this.own(tx, p, runId)
      if (isOver(run.state)) return { accepted: false, reason: 'run_over', run }
      if (run.leaseId === null || run.leaseId !== leaseId) return { accepted: false, reason: 'lease_lost', run }
      return { accepted: true, run: await this.#renew(tx, run) }
    })
  }

  /** Renews all of a computer's runs that are under way and began less than `forMs` ago: for a daemon that cannot do it itself. */
  async renewAll(p: ComputerPrincipal, forMs: number): Promise<void> {
    await this.core.db.tx(async (tx) => {
      for (const run of await this.#store.active({ computerId: p.id }, tx.q))
        if (run.startedAt !== null && Date.now() - run.startedAt < forMs) await this.#renew(tx, run)
    })
  }

  /** The runs of a computer that are not over, oldest first, but for those that wait for their agent to be turned on. */
  async assigned(p: ComputerPrincipal, agentIds: string[], limit: number): Promise<RunRow[]> {
    const rows = await this.#store.active({ computerId: p.id })
    return rows.filter((r) => (!agentIds.length || agentIds.includes(r.agentId)) && !this.waits(r)).slice(0, limit)
  }

  /** Whether a run does not start before its agent is turned on. */
  waits = (run: RunRow): boolean => run.state === 'queued' && this.core.directory.agent(run.agentId)?.enabled === false

  /** A run of this very computer; another computer's is not even admitted to exist. */
  async own(tx: Tx, p: ComputerPrincipal, runId: string): Promise<RunRow> {
    const run = await this.#store.get(runId, tx.q)
    if (!run) throw new NekodeError('not_found', 'There is no such run.', { code: 'run_unknown' })
    if (run.computerId !== p.id)
      throw new NekodeError('forbidden', 'This run belongs to another computer.', { code: 'foreign_run' })
    return run
  }

  async list(
    p: Principal,
    query: {
      target?: string | undefined
      agentId?: string | undefined
      state?: RunState | undefined
      active?: boolean | undefined
      limit?: number | undefined
      cursor?: string | undefined
    },
  ): Promise<{ items: Run[]; nextCursor?: string }> {
    const limit = query.limit ?? 50
    const rows = await this.#store.list({
      ...this.#seenBy(p, query.target),
      agentId: query.agentId,
      state: query.state,
      active: query.active,
      before: query.cursor,
      limit: limit + 1,
    })
    const items = rows.slice(0, limit)
    const last = items.at(-1)
    return { items: items.map(runView), ...(rows.length > limit && last ? { nextCursor: last.id } : {}) }
  }

  /** What of the runs somebody may see: those of their channels, or all of a computer's own. */
  #seenBy(p: Principal, target: string | undefined): { channelIds?: string[]; computerId?: string; target?: string } {
    const { access } = this.core
    if (p.kind === 'computer') return { computerId: p.id, ...(target === undefined ? {} : { target }) }
    return {
      channelIds: target === undefined ? access.visibleChannels(p) : [access.channel(p, 'read', target).id],
    }
  }

  /** Those of a computer's own runs that these ids name. */
  async ofComputer(p: ComputerPrincipal, ids: string[]): Promise<Map<string, RunRow>> {
    const rows = await this.#store.named(ids)
    return new Map(rows.filter((run) => run.computerId === p.id).map((run) => [run.id, run]))
  }

  async exists(id: string): Promise<boolean> {
    return (await this.#store.get(id)) !== undefined
  }

  /** Where runs are: for showing what an agent is at to those who may know. */
  async placesOf(p: Principal, ids: string[]): Promise<Map<string, RunRow>> {
    const rows = await this.#store.named(ids)
    return new Map(
      rows
        .filter((run) => (p.kind === 'computer' ? run.computerId === p.id : this.#canRead(p, run)))
        .map((run) => [run.id, run]),
    )
  }

  /** All attempts at messages, oldest first. The caller has checked that the reader may see them. */
  async ofMessages(messageIds: string[]): Promise<Run[]> {
    return (await this.#store.ofMessages(messageIds)).map(runView)
  }

  /** A run that the caller may see: whoever reads its channel does. */
  async visible(p: Principal, id: string): Promise<RunRow> {
    const run = await this.#store.get(id)
    if (!run) throw new NekodeError('not_found', 'There is no such run.')
    if (p.kind === 'computer' ? run.computerId !== p.id : !this.#canRead(p, run))
      throw new NekodeError('not_found', 'There is no such run.')
    return run
  }

  #canRead(p: Principal, run: RunRow): boolean {
    const channel = this.core.directory.channel(run.channelId)
    return channel !== undefined && this.core.access.can(p, 'read', channel)
  }

  /** A run and the latest of what it asked permission for. Its steps come page by page. */
  async get(p: Principal, id: string): Promise<{ run: Run; approvals: Approval[] }> {
    const run = await this.visible(p, id)
    return { run: runView(run), approvals: await this.approvals.ofRun(run.id) }
  }

  agentActor(agentId: string): Actor {
    const agent = this.core.directory.agent(agentId)
    return {
      kind: 'agent',
      id: agentId,
      name: agent?.name ?? 'deleted',
      displayName: agent?.displayName ?? 'Deleted agent',
    }
  }
}

/**
 * Whoever reports about a run that was started has to hold its lease. One that waits has none: its computer may start it, or say that it
 * never will (the runtime is missing), but not under a lease that the run had before. That is about an attempt which was given up.
 */
const holds = (run: RunRow, { state, leaseId }: StatusUpdate): boolean =>
  run.leaseId === null
    ? run.state === 'queued' && state !== 'completed' && !run.pastLeases.includes(leaseId)
    : run.leaseId === leaseId

function failureOf(update: StatusUpdate): Failure {
  const reason = FailureReason.safeParse(update.result.failure?.reason)
  const failure: Failure = {
    reason: reason.success ? reason.data : 'crashed',
    message: update.result.failure?.message || update.error || 'The agent gave no reason.',
  }
  if (update.result.failure?.resetsAt !== undefined) failure.resetsAt = update.result.failure.resetsAt
  return failure
}
