import type { Missing, NewEvidence, ReleaseGate, Task, TaskCheck, TaskEvidence, TaskReview } from '@shared/contract'
import { NekodeError } from '@shared/errors'
import { newId } from '@shared/ids'
import { redactText } from '@shared/redact'
import { type UserPrincipal, actorOf } from '../access/principal'
import type { Core } from '../core'
import type { Query, Tx } from '../db/database'
import type { Worker } from '../tasks/book'
import type { Tasks } from '../tasks/create'
import { words } from '../tasks/errors'
import { isOwn, mayChange } from '../tasks/rules'
import { type TaskRow, gateId, isAgent, isClosed } from '../tasks/view'
import { type EvidenceRow, type GateRow, GateStore, type ReviewRow } from './store'

/** Whether the work of a task may be released: what it waits for, who said what about it, and that it was. */
export class GateService {
  readonly #store: GateStore

  constructor(
    private readonly core: Core,
    private readonly deps: Tasks,
  ) {
    this.#store = new GateStore(core.db)
  }

  async get(p: Worker, ref: string): Promise<ReleaseGate> {
    return this.view((await this.deps.book.find(p, 'read', ref)).row)
  }

  async require(
    p: UserPrincipal,
    ref: string,
    { name, requiredChecks }: { name?: string | undefined; requiredChecks: string[] },
  ): Promise<ReleaseGate> {
    return this.#change(p, ref, async (tx, row) => {
      const gate = await this.#gate(tx, row)
      const set = { requiredChecks, ...(name === undefined ? {} : { name }), updatedAt: Date.now() }
      await this.#store.update(tx, gate.id, set)
      const fields = [{ field: 'requiredChecks', from: gate.requiredChecks, to: requiredChecks }]
      await this.deps.book.touch(tx, row, actorOf(p), 'updated', fields)
    })
  }

  /** A person lets a release through although something is missing. */
  async waive(p: UserPrincipal, ref: string, reason: string): Promise<ReleaseGate> {
    return this.#change(p, ref, async (tx, row) => {
      const gate = await this.#gate(tx, row)
      const at = Date.now()
      await this.#store.update(tx, gate.id, { waiver: { by: actorOf(p), reason, at }, updatedAt: at })
      await this.deps.book.touch(tx, row, actorOf(p), 'updated', [{ field: 'waiver', from: null, to: reason }])
    })
  }

  async addEvidence(p: Worker, ref: string, input: NewEvidence): Promise<ReleaseGate> {
    return this.#change(p, ref, (tx, row) => this.#add(tx, p, row, input))
  }

  /** Evidence out of a record that anybody may publish: it counts when the task is the author's own. */
  async record(tx: Tx, p: Worker, taskId: string, input: NewEvidence): Promise<void> {
    const { row } = await this.deps.book.find(p, 'write', taskId, tx.q)
    if (isOwn(p, row, await this.deps.claims.held(tx, row.id))) await this.#add(tx, p, row, input)
  }

  async #add(tx: Tx, p: Worker, row: TaskRow, input: NewEvidence): Promise<void> {
    mayChange(p, row, await this.deps.claims.held(tx, row.id))
    const evidence: EvidenceRow = {
      id: newId('tev'),
      taskId: row.id,
      runId: input.runId ?? null,
      actor: actorOf(p),
      summary: redactText(input.summary),
      checks: (input.checks ?? []).map((c) => ({
        name: c.name,
        kind: c.kind,
        status: c.status,
        command: redactText(c.command ?? ''),
        summary: redactText(c.summary ?? ''),
        excerpt: redactText(c.excerpt ?? ''),
      })),
      commitIds: input.commitIds ?? [],
      createdAt: Date.now(),
    }
    await this.#store.addEvidence(tx, evidence)
    const to = { id: evidence.id, summary: evidence.summary.slice(0, 200) }
    await this.deps.book.touch(tx, row, evidence.actor, 'evidence', [{ field: 'evidence', from: null, to }])
  }

  /** What a reviewer says. Changes that are asked for give the task back to whoever does it. */
  async review(p: Worker, ref: string, verdict: TaskReview['verdict'], comment = ''): Promise<ReleaseGate> {
    return this.#change(p, ref, async (tx, row) => {
      if (!row.reviewerIds.includes(p.id))
        throw new NekodeError('forbidden', `You are not a reviewer of #${row.number}.`, {
          code: 'not_reviewer',
          next: 'Add yourself to its reviewers first, or write in its thread.',
        })
      if (row.state !== 'in_review' && row.state !== 'done')
        throw new NekodeError('conflict', `#${row.number} is ${words(row.state)}; there is nothing to review yet.`, {
          code: 'not_in_review',
        })
      const reviewer = actorOf(p)
      const review: ReviewRow = { taskId: row.id, reviewerId: p.id, reviewer, verdict, comment, createdAt: Date.now() }
      await this.#store.review(tx, review)
      const fields = [{ field: 'review', from: null, to: { verdict, comment: comment.slice(0, 1000) } }]
      const next = await this.deps.book.touch(tx, row, reviewer, 'reviewed', fields)
      if (verdict === 'changes_requested' && row.state === 'in_review')
        await this.deps.tasks.apply(tx, next, { state: 'in_progress' }, reviewer)
    })
  }

  /**
   * Records that the work was released.
   * @throws NekodeError `gate_closed` with what is missing, `already_released`
   */
  async release(
    p: Worker,
    ref: string,
    about: { version?: string | undefined; environment?: string | undefined; note?: string | undefined },
  ): Promise<{ task: Task; gate: ReleaseGate }> {
    await this.deps.book.find(p, 'write', ref)
    return this.core.db.tx(async (tx) => {
      const { row } = await this.deps.book.find(p, 'write', ref, tx.q)
      mayChange(p, row, (await this.deps.claims.fresh(tx, row)).held)
      const gate = await this.#gate(tx, row)
      if (gate.release)
        throw new NekodeError('conflict', `#${row.number} was released already.`, { code: 'already_released' })
      const { missing, passed } = await this.view(row, tx.q)
      if (!passed)
        throw new NekodeError('conflict', `#${row.number} cannot be released yet: ${missing[0]?.message ?? ''}`, {
          code: 'gate_closed',
          next: 'See to what is missing, or ask a person to waive it.',
          data: { missing },
        })
      const at = Date.now()
      const { version = '', environment = '', note = '' } = about
      const release = { by: actorOf(p), version, environment, note, at }
      await this.#store.update(tx, gate.id, { release, updatedAt: at })
      const next = await this.deps.book.change(tx, row, { releasedAt: at }, release.by, 'released')
      return { task: await this.deps.book.view(next, tx.q), gate: await this.view(next, tx.q) }
    })
  }

  async #change(p: Worker, ref: string, work: (tx: Tx, row: TaskRow) => Promise<void>): Promise<ReleaseGate> {
    await this.deps.book.find(p, 'write', ref)
    return this.core.db.tx(async (tx) => {
      const { row } = await this.deps.book.find(p, 'write', ref, tx.q)
      await work(tx, row)
      return this.view(await this.deps.book.current(tx, row.id), tx.q)
    })
  }

  /** The stored gate of a task, made when it is first needed. */
  async #gate(tx: Tx, row: TaskRow): Promise<GateRow> {
    const known = await this.#store.get(row.id, tx.q)
    if (known) return known
    const gate = emptyGate(row)
    await this.#store.insert(tx, gate)
    return gate
  }

  /** A gate as it stands. The caller has been shown to see the task. */
  async view(row: TaskRow, q: Query = this.core.db.q): Promise<ReleaseGate> {
    const gate = (await this.#store.get(row.id, q)) ?? emptyGate(row)
    const evidence = await this.#store.evidence(row.id, q)
    const reviews = await this.#store.reviews(row.id, q)
    const checks = latest(evidence)
    const missing = [
      ...missingState(row),
      ...missingChecks(gate, evidence),
      ...this.#missingReviews(row, reviews),
      ...(await this.#missingTasks(row, q)),
    ]
    const failed = gate.requiredChecks.some((name) => resultOf(name, evidence)?.status === 'failed')
    return {
      id: gate.id,
      taskId: row.id,
      name: gate.name,
      status: missing.length === 0 ? 'passed' : gate.waiver ? 'waived' : failed ? 'failed' : 'pending',
      passed: missing.length === 0 || gate.waiver !== null,
      requiredChecks: gate.requiredChecks,
      checks,
      evidence: evidence.map(evidenceView),
      reviews: reviews.map(({ reviewer, verdict, comment, createdAt }) => ({ reviewer, verdict, comment, createdAt })),
      missing,
      waiver: gate.waiver,
      release: gate.release,
      updatedAt: gate.updatedAt,
    }
  }

  #missingReviews(row: TaskRow, reviews: ReviewRow[]): Missing[] {
    const { directory } = this.core
    return row.reviewerIds.flatMap((id): Missing[] => {
      const verdict = reviews.find((r) => r.reviewerId === id)?.verdict
      if (verdict === 'approved') return []
      const name = isAgent(id) ? directory.agent(id)?.name : directory.user(id)?.username
      const message = verdict ? `@${name ?? id} asked for changes.` : `@${name ?? id} has not approved it.`
      return [{ kind: 'review', subject: id, message }]
    })
  }

  async #missingTasks(row: TaskRow, q: Query): Promise<Missing[]> {
    const open = await this.deps.book.edges.open(row.id, q)
    const parts = (await this.deps.book.children(row.id, q)).filter((t) => !isClosed(t.state))
    return [
      ...open.map((t): Missing => ({ kind: 'dependency', subject: t.id, message: `It waits for #${t.number}.` })),
      ...parts.map((t): Missing => ({ kind: 'subtask', subject: t.id, message: `Its part #${t.number} is open.` })),
    ]
  }
}

const missingState = (row: TaskRow): Missing[] =>
  row.state === 'done' ? [] : [{ kind: 'state', subject: row.state, message: `It is ${words(row.state)}, not done.` }]

/** The latest result that goes by a name, or has it in its summary, which is all that the wire has for it. */
function resultOf(name: string, evidence: EvidenceRow[]): TaskCheck | undefined {
  for (const { checks } of evidence) {
    const found = checks.findLast((c) => c.name === name || c.summary.includes(name))
    if (found) return found
  }
  return undefined
}

const missingChecks = (gate: GateRow, evidence: EvidenceRow[]): Missing[] =>
  gate.requiredChecks.flatMap((name): Missing[] => {
    const status = resultOf(name, evidence)?.status
    if (status === 'passed') return []
    const message = status ? `The check “${name}” is ${status}.` : `There is no result of the check “${name}”.`
    return [{ kind: 'check', subject: name, message }]
  })

/** The latest result of each check. `evidence` is newest first. */
function latest(evidence: EvidenceRow[]): TaskCheck[] {
  const found = new Map<string, TaskCheck>()
  for (const { checks } of evidence)
    for (const check of checks.toReversed()) if (!found.has(check.name)) found.set(check.name, check)
  return [...found.values()].toSorted((a, b) => (a.name < b.name ? -1 : 1))
}

const evidenceView = (r: EvidenceRow): TaskEvidence => ({
  id: r.id,
  taskId: r.taskId,
  runId: r.runId,
  actor: r.actor,
  summary: r.summary,
  checks: r.checks,
  commitIds: r.commitIds,
  createdAt: r.createdAt,
})

const emptyGate = (row: TaskRow): GateRow => ({
  id: gateId(row.id),
  taskId: row.id,
  name: 'release',
  requiredChecks: [],
  waiver: null,
  release: null,
  updatedAt: row.createdAt,
})
