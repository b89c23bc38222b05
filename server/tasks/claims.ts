import { type Actor, type RunTask, TASK_LIMITS, type TaskClaim, type TaskClaimMode } from '@shared/contract'
import { NekodeError } from '@shared/errors'
import { newId } from '@shared/ids'
import { type Principal, SYSTEM, actorOf } from '../access/principal'
import type { Core } from '../core'
import type { Tx } from '../db/database'
import { type Once, always } from '../idempotency/service'
import type { TaskBook, TaskSet, Worker } from './book'
import { refusal } from './claimable'
import { ClaimStore } from './claimstore'
import { name } from './errors'
import type { TaskDesk } from './desk'
import { type ClaimRow, type TaskRow, type TaskState, claimView, isAgent, isClosed } from './view'

/** How often in a row a claim may come to nothing before the task is blocked. */
const MAX_FAILURES = 3
/** Claims that one pass of the reaper looks at, and that may wait for one task. */
const BATCH = 200
const MAX_QUEUED = 20

export interface ClaimInput {
  mode?: TaskClaimMode | undefined
  leaseSeconds?: number | undefined
  expectedAssigneeId?: string | undefined
  expectedLeaseId?: string | undefined
}

/** A refusal is an answer: an agent that comes too late does something else. */
export type ClaimOutcome =
  | { accepted: true; task: TaskRow; claim: ClaimRow; assists?: boolean }
  | { accepted: false; reason: string; message: string; task: TaskRow; current: ClaimRow | undefined }

type Ending = Exclude<TaskClaim['state'], 'queued' | 'held'>

/** Who has which task in hand, for how long, and what became of it. */
export class TaskClaims {
  readonly #store: ClaimStore

  constructor(
    private readonly core: Core,
    private readonly book: TaskBook,
    private readonly desk: TaskDesk,
  ) {
    this.#store = new ClaimStore(core.db)
  }

  held = (tx: Tx, taskId: string): Promise<ClaimRow[]> => this.#store.of([taskId], 'held', tx.q)

  /** A task and who has it at this very moment: a claim whose time is over ends here, if the reaper has not come by yet. */
  async fresh(tx: Tx, task: TaskRow): Promise<{ row: TaskRow; held: ClaimRow[] }> {
    let row = task
    for (const claim of await this.held(tx, row.id))
      if (!this.#alive(claim)) row = await this.#expire(tx, row, claim, Date.now())
    return { row, held: await this.held(tx, row.id) }
  }

  async history(
    p: Worker,
    ref: string,
    query: { limit?: number | undefined; cursor?: string | undefined },
  ): Promise<{ items: TaskClaim[]; nextCursor?: string }> {
    const { row } = await this.book.find(p, 'read', ref)
    const limit = query.limit ?? 50
    const rows = await this.#store.history(row.id, query.cursor, limit + 1)
    const items = rows.slice(0, limit)
    const last = items.at(-1)
    return { items: items.map(claimView), ...(rows.length > limit && last ? { nextCursor: last.id } : {}) }
  }

  /** The task that a run works on, or worked on: what it was assigned for, or what it took. Null: none that the caller may see. */
  async taskOf(p: Principal, run: { id: string; deliveryId: string | null }): Promise<RunTask | null> {
    const assigned = run.deliveryId === null ? undefined : await this.book.ofDeliveries([run.deliveryId])
    const id = assigned?.values().next().value ?? (await this.#store.taskOfRun(run.id))
    const row = id === undefined ? undefined : (await this.book.named([id]))[0]
    const channel = row && this.core.directory.channel(row.channelId)
    if (!row || !channel || !this.core.access.can(p, 'read', channel)) return null
    return { id: row.id, number: row.number, summary: row.summary }
  }

  /** The runs of a task, newest first. */
  async runIds(taskId: string, limit: number): Promise<string[]> {
    const rows = await this.#store.history(taskId, undefined, limit)
    return [...new Set(rows.flatMap((r) => r.runId ?? []))]
  }

  /** Of several claims at the same moment exactly one is accepted: transactions run one after the other. */
  async claim(p: Worker, ref: string, input: ClaimInput, once: Once = always): Promise<ClaimOutcome> {
    await this.book.find(p, 'write', ref)
    return this.core.db.tx((tx) =>
      once(
        tx,
        () => this.#claim(tx, p, ref, input),
        (outcome) => outcome.accepted,
      ),
    )
  }

  async #claim(tx: Tx, p: Worker, ref: string, input: ClaimInput): Promise<ClaimOutcome> {
    const { row, held } = await this.fresh(tx, (await this.book.find(p, 'write', ref, tx.q)).row)
    const mode = input.mode ?? 'owner'
    const owner = held.find((c) => c.mode === 'owner')
    const own = held.find((c) => c.holderId === p.id && c.mode === mode)
    const refuse = (reason: string, message: string): ClaimOutcome => ({
      accepted: false,
      reason,
      message,
      task: row,
      current: owner,
    })
    if (input.expectedLeaseId !== undefined && own?.leaseId !== input.expectedLeaseId)
      return refuse('lease_lost', `The claim of ${name(row)} that was expected is over.`)
    if (own) return { accepted: true, task: row, claim: await this.#extend(tx, own, input.leaseSeconds) }
    const claimed = owner !== undefined
    const reason = await refusal(this.book, tx, { p, row, mode, claimed, expectedAssigneeId: input.expectedAssigneeId })
    if (reason) return refuse(...reason)
    const others = held.filter((c) => c.mode === 'owner' && c.holderId !== p.id)
    if (mode !== 'owner' || !others.length || row.claimPolicy === 'shared')
      return { accepted: true, ...(await this.#take(tx, p, row, mode, input.leaseSeconds)) }
    if (row.claimConflict === 'assist') {
      const helping = held.find((c) => c.holderId === p.id && c.mode === 'assistant')
      if (helping) return { accepted: true, assists: true, task: row, claim: helping }
      return { accepted: true, assists: true, ...(await this.#take(tx, p, row, 'assistant', input.leaseSeconds)) }
    }
    if (row.claimConflict === 'queue' && (await this.#queue(tx, p, row, input.leaseSeconds)))
      return refuse('claim_queued', `${name(row)} is claimed; yours takes effect when that claim ends.`)
    return refuse('already_claimed', `${name(row)} is claimed by @${others[0]?.holder.name}.`)
  }

  async #take(
    tx: Tx,
    p: Worker,
    before: TaskRow,
    mode: TaskClaimMode,
    leaseSeconds: number | undefined,
  ): Promise<{ task: TaskRow; claim: ClaimRow }> {
    const actor = actorOf(p)
    const at = p.kind === 'agent' ? await this.desk.reach.work.current(tx, p.id, before.channelId) : undefined
    const made = await this.hold(tx, before, actor, { mode, leaseSeconds, runId: at?.runId ?? null })
    // An agent that is not at work already starts on what it took.
    if (p.kind !== 'agent' || at || mode !== 'owner' || (await this.desk.busy(tx, made.task))) return made
    const task = await this.desk.deliver(tx, made.task, actor)
    const [run] =
      task.deliveryId === null ? [] : await this.desk.reach.runs.openOf(tx, p.id, task.channelId, task.deliveryId)
    if (!run) return { ...made, task }
    await this.#store.update(tx, made.claim.id, { runId: run.id })
    return { task, claim: { ...made.claim, runId: run.id } }
  }

  /** The claim itself, and what it does to the task. */
  async hold(
    tx: Tx,
    before: TaskRow,
    holder: Actor,
    about: { mode: TaskClaimMode; leaseSeconds?: number | undefined; runId: string | null },
  ): Promise<{ task: TaskRow; claim: ClaimRow }> {
    const now = Date.now()
    const leaseSeconds = about.leaseSeconds ?? TASK_LIMITS.lease
    const claim: ClaimRow = {
      id: newId('tat'),
      taskId: before.id,
      attempt: before.attempts + 1,
      holder,
      holderId: holder.id,
      mode: about.mode,
      state: 'held',
      leaseId: newId('lease'),
      leaseSeconds,
      expiresAt: holder.kind === 'agent' ? now + leaseSeconds * 1000 : null,
      runId: about.runId,
      assigned: before.assigneeId === holder.id,
      error: '',
      claimedAt: now,
      endedAt: null,
    }
    await this.#store.insert(tx, claim)
    const row = await this.book.attach(tx, before, { attempts: claim.attempt })
    const owns = about.mode === 'owner'
    const set: TaskSet = {
      ...(owns && row.state !== 'in_progress' ? { state: 'in_progress' as const } : {}),
      ...(owns && (row.claimPolicy !== 'shared' || row.assigneeId === null) ? { assigneeId: holder.id } : {}),
    }
    const changed = await this.book.change(tx, row, set, holder, 'claimed')
    if (changed.version !== row.version) return { task: changed, claim }
    return { task: await this.book.touch(tx, row, holder, 'claimed', [claimField(null, claim)]), claim }
  }

  async #queue(tx: Tx, p: Worker, row: TaskRow, leaseSeconds: number = TASK_LIMITS.lease): Promise<boolean> {
    const queued = await this.#store.of([row.id], 'queued', tx.q)
    if (queued.some((c) => c.holderId === p.id)) return true
    if (queued.length >= MAX_QUEUED) return false
    await this.#store.insert(tx, {
      id: newId('tat'),
      taskId: row.id,
      attempt: 0,
      holder: actorOf(p),
      holderId: p.id,
      mode: 'owner',
      state: 'queued',
      leaseId: newId('lease'),
      leaseSeconds,
      expiresAt: null,
      runId: null,
      assigned: false,
      error: '',
      claimedAt: Date.now(),
      endedAt: null,
    })
    return true
  }

  /** Keeps a claim. One whose time is over has ended, whether the reaper came by or not. */
  async renew(
    p: Worker,
    ref: string,
    leaseId: string,
    leaseSeconds?: number,
  ): Promise<{ task: TaskRow; claim: ClaimRow }> {
    await this.book.find(p, 'write', ref)
    return this.core.db.tx(async (tx) => {
      const { row, claim } = await this.#own(tx, p, ref, leaseId)
      return { task: row, claim: await this.#extend(tx, claim, leaseSeconds) }
    })
  }

  async #own(tx: Tx, p: Worker, ref: string, leaseId: string): Promise<{ row: TaskRow; claim: ClaimRow }> {
    const { row, held } = await this.fresh(tx, (await this.book.find(p, 'write', ref, tx.q)).row)
    const claim = held.find((c) => c.leaseId === leaseId && c.holderId === p.id)
    if (claim) return { row, claim }
    throw new NekodeError('conflict', `That claim of ${name(row)} has ended.`, {
      code: 'lease_lost',
      next: 'Claim the task again, or leave it to whoever has it now.',
    })
  }

  #alive = (claim: ClaimRow): boolean => claim.expiresAt === null || claim.expiresAt > Date.now()

  async #extend(tx: Tx, claim: ClaimRow, seconds: number = claim.leaseSeconds): Promise<ClaimRow> {
    if (claim.expiresAt === null) return claim
    const set = { expiresAt: Date.now() + seconds * 1000, leaseSeconds: seconds }
    await this.#store.update(tx, claim.id, set)
    return { ...claim, ...set }
  }

  /** Gives a claim back. */
  async release(p: Worker, ref: string, leaseId: string, reason = ''): Promise<TaskRow> {
    await this.book.find(p, 'write', ref)
    return this.core.db.tx(async (tx) => {
      const { row, claim } = await this.#own(tx, p, ref, leaseId)
      return this.giveBack(tx, row, claim, 'released', reason, actorOf(p))
    })
  }

  /** Ends the claims that a task's new state or assignee leaves without a meaning. `row` is the task as it is going to be. */
  async settle(tx: Tx, row: TaskRow, before: TaskRow, actor: Actor): Promise<void> {
    const closed = isClosed(row.state)
    const handed = row.assigneeId !== before.assigneeId && row.claimPolicy !== 'shared'
    for (const claim of await this.held(tx, row.id)) {
      const over = claim.mode === 'reviewer' ? row.state !== 'in_review' : row.state !== 'in_progress'
      if (handed && claim.mode === 'owner' && claim.holderId !== row.assigneeId)
        await this.#end(tx, claim, 'handed_over', `@${actor.name} gave the task to somebody else.`)
      else if (over) await this.#end(tx, claim, endingOf(row.state, claim.mode), '')
    }
    if (closed)
      for (const claim of await this.#store.of([row.id], 'queued', tx.q)) await this.#end(tx, claim, 'canceled', '')
  }

  #end = (tx: Tx, claim: ClaimRow, state: Ending, error: string): Promise<void> =>
    this.#store.update(tx, claim.id, { state, error, endedAt: Date.now() })

  /** A claim ends without its work being done: the task is open again, for whoever waits for it first. */
  async giveBack(
    tx: Tx,
    row: TaskRow,
    claim: ClaimRow,
    ending: 'released' | 'expired' | 'failed' | 'canceled',
    why: string,
    actor: Actor,
  ): Promise<TaskRow> {
    await this.#end(tx, claim, ending, why)
    const others = (await this.held(tx, row.id)).some((c) => c.mode === 'owner')
    const told = claimField(claim, null, ending)
    if (claim.mode !== 'owner' || others || row.state !== 'in_progress')
      return this.book.touch(tx, row, actor, 'claim_ended', [told])
    const wrong = ending === 'expired' || ending === 'failed'
    const failures = wrong ? row.failures + 1 : row.failures
    const blocked = ending === 'failed' || failures >= MAX_FAILURES
    const keeps = claim.assigned && ending !== 'released'
    if (!keeps) await this.desk.takeBack(tx, row, actor)
    const counted = await this.book.attach(tx, row, {
      failures: blocked ? 0 : failures,
      ...(keeps ? {} : { deliveryId: null }),
    })
    const next = await this.book.change(
      tx,
      counted,
      {
        state: blocked ? 'blocked' : 'todo',
        ...(blocked ? { blockedReason: why || `It was claimed ${failures} times, and nobody finished it.` } : {}),
        ...(keeps ? {} : { assigneeId: null }),
      },
      actor,
      'claim_ended',
    )
    return blocked ? next : this.#promote(tx, next)
  }

  /** The first claim that waits takes effect. */
  async #promote(tx: Tx, row: TaskRow): Promise<TaskRow> {
    for (const queued of await this.#store.of([row.id], 'queued', tx.q)) {
      await this.#store.update(tx, queued.id, { state: 'canceled', endedAt: Date.now() })
      const member = this.core.directory.member(
        row.channelId,
        isAgent(queued.holderId) ? 'agent' : 'human',
        queued.holderId,
      )
      if (!member) continue
      const { task, claim } = await this.hold(tx, row, queued.holder, {
        mode: 'owner',
        leaseSeconds: queued.leaseSeconds,
        runId: null,
      })
      const delivered = isAgent(claim.holderId) ? await this.desk.deliver(tx, task, SYSTEM) : task
      if (delivered.deliveryId !== null && isAgent(claim.holderId)) {
        const runs = this.desk.reach.runs
        const [run] = await runs.openOf(tx, claim.holderId, row.channelId, delivered.deliveryId)
        if (run) await this.#store.update(tx, claim.id, { runId: run.id })
      }
      return delivered
    }
    return row
  }

  /** The claims that a run keeps. */
  ofRun = (tx: Tx, runId: string): Promise<ClaimRow[]> => this.#store.ofRun(tx, runId)

  /** A run that is under way keeps the claim from ending. */
  keptBy = (tx: Tx, claim: ClaimRow, runId: string): Promise<void> => this.#store.update(tx, claim.id, { runId })

  /** The work of a claim is done, and somebody has to look at it. */
  async finish(tx: Tx, row: TaskRow, claim: ClaimRow): Promise<void> {
    await this.#end(tx, claim, 'completed', '')
    if (row.state !== 'in_progress') return
    const counted = await this.book.attach(tx, row, { failures: 0 })
    await this.book.change(tx, counted, { state: 'in_review' }, claim.holder, 'claim_ended')
  }

  /** An agent cannot go on in a channel, or at all: what it has in hand there is open again. */
  async leave(tx: Tx, holderId: string, channelId: string, actor: Actor): Promise<void> {
    for (const claim of await this.#store.ofHolder(tx, holderId)) {
      const row = await this.book.current(tx, claim.taskId)
      if (row.channelId !== channelId) continue
      if (claim.state === 'queued') await this.#end(tx, claim, 'canceled', '')
      else await this.giveBack(tx, row, { ...claim, assigned: false }, 'released', `@${claim.holder.name} left.`, actor)
    }
  }

  /** Ends claims that nobody renewed. One whose run is under way is kept by that run, which has a lease of its own. */
  async reap(now = Date.now()): Promise<number> {
    const found = await this.#store.expired(now, BATCH)
    for (const { id } of found)
      await this.core.db.tx(async (tx) => {
        const claim = await this.#store.get(id, tx.q)
        // It may have been renewed, or ended, in between.
        if (claim?.state !== 'held' || claim.expiresAt === null || claim.expiresAt >= now) return
        await this.#expire(tx, await this.book.current(tx, claim.taskId), claim, now)
      })
    return found.length
  }

  async #expire(tx: Tx, row: TaskRow, claim: ClaimRow, now: number): Promise<TaskRow> {
    if (claim.runId === null || !(await this.desk.reach.runs.underWay(tx, claim.runId)))
      return this.giveBack(tx, row, claim, 'expired', '', SYSTEM)
    await this.#store.update(tx, claim.id, { expiresAt: now + claim.leaseSeconds * 1000 })
    return row
  }
}

const endingOf = (state: TaskState, mode: TaskClaimMode): Ending => {
  if (state === 'canceled') return 'canceled'
  if (mode === 'reviewer') return 'completed'
  return state === 'in_review' || state === 'done' ? 'completed' : 'released'
}

function claimField(from: ClaimRow | null, to: ClaimRow | null, ending?: Ending) {
  const shown = (c: ClaimRow | null) => (c ? { holderId: c.holderId, mode: c.mode, attempt: c.attempt } : null)
  return { field: 'claim', from: shown(from), to: ending ? { ended: ending } : shown(to) }
}
