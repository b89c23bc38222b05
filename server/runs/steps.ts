import type { RunStep, StepDetail, Usage } from '@shared/contract'
import { NekodeError } from '@shared/errors'
import type { ComputerPrincipal } from '../access/principal'
import type { ApprovalBook } from '../approvals/book'
import type { Core } from '../core'
import type { Tx } from '../db/database'
import { RUN_LEASE_SECONDS, type RunService } from './service'
import { announceRun } from './starter'
import { RunStore } from './store'
import { type RunRow, type StepRow, isOver, runView, stepView } from './view'

/** Largest text or output of one step, in UTF-16 code units. What is beyond is cut, and the step says so. */
const MAX_STEP_TEXT = 1 << 20
const MAX_STEPS = 20_000

export interface NewStep {
  id: string
  runId: string
  leaseId: string
  sequence: number
  status: StepRow['status']
  detail: StepDetail
  startedAt: number
  completedAt: number | null
}

export type StepOutcome =
  | { accepted: true; step: StepRow }
  | { accepted: false; reason: 'lease_lost' | 'run_over' | 'step_gap' | 'too_many_steps' }

/** What an agent does in a run, step by step. The same step again updates it; the same piece of text again changes nothing. */
export class StepService {
  readonly #store: RunStore

  constructor(
    private readonly core: Core,
    private readonly runs: RunService,
    private readonly approvals: ApprovalBook,
  ) {
    this.#store = new RunStore(core.db)
  }

  async append(p: ComputerPrincipal, input: NewStep): Promise<StepOutcome> {
    return this.core.db.tx(async (tx) => {
      const run = await this.runs.own(tx, p, input.runId)
      if (isOver(run.state)) return { accepted: false, reason: 'run_over' }
      if (run.leaseId === null || run.leaseId !== input.leaseId) return { accepted: false, reason: 'lease_lost' }
      const known = await this.#store.step(input.id, tx.q)
      if (known && known.runId !== run.id)
        throw new NekodeError('conflict', 'This step belongs to another run.', { code: 'foreign_step' })
      if (!known && input.sequence > MAX_STEPS) return { accepted: false, reason: 'too_many_steps' }
      const detail = merge(known?.detail, input.detail)
      if (!detail) return { accepted: false, reason: 'step_gap' }
      const step: StepRow = {
        id: input.id,
        runId: run.id,
        sequence: known?.sequence ?? input.sequence,
        // A repeated piece of a block that is finished does not open it again.
        status: known && known.status !== 'running' ? known.status : input.status,
        detail,
        startedAt: known?.startedAt ?? input.startedAt,
        completedAt: input.status === 'running' ? (known?.completedAt ?? null) : (input.completedAt ?? Date.now()),
      }
      if (known) await this.#store.updateStep(tx, step)
      else await this.#store.insertStep(tx, step)
      this.#emit(tx, run, step, input.detail, known !== undefined)
      await this.#follow(tx, run, step, known === undefined)
      return { accepted: true, step }
    })
  }

  /** While text streams its pieces travel as pieces; everything else, and the end of a text, as the whole step. */
  #emit(tx: Tx, run: RunRow, step: StepRow, sent: StepDetail, known: boolean): void {
    const piece = (sent.type === 'text' || sent.type === 'thought') && step.status === 'running'
    const payload: RunStep = { ...stepView(step), detail: piece ? sent : step.detail }
    tx.emit({
      kind: 'run_step',
      operation: piece ? 'appended' : known ? 'updated' : 'created',
      aggregateId: step.id,
      audience: `channel:${run.channelId}`,
      target: run.target,
      actor: this.runs.agentActor(run.agentId),
      payload,
    })
  }

  /** What a step means for its run: the lease goes on, tokens are counted, an approval holds it up. */
  async #follow(tx: Tx, run: RunRow, step: StepRow, isNew: boolean): Promise<void> {
    const now = Date.now()
    const next: RunRow = { ...run, leaseExpiresAt: now + RUN_LEASE_SECONDS * 1000, updatedAt: now }
    const { detail } = step
    if (detail.type === 'usage' && isNew) {
      next.usage = addUsage(run.usage, detail.usage)
      if (detail.costUsd !== undefined) next.costUsd = (run.costUsd ?? 0) + detail.costUsd
    }
    if (detail.type === 'approval') {
      if (step.status === 'running') await this.approvals.open(tx, run, step.id, detail)
      else await this.approvals.withdraw(tx, step.id)
      const waiting = await this.approvals.anyPending(tx, run.id)
      if (waiting && run.state === 'running') next.state = 'waiting_approval'
      if (!waiting && run.state === 'waiting_approval') next.state = 'running'
    }
    await this.#store.update(tx, run.id, {
      state: next.state,
      leaseExpiresAt: next.leaseExpiresAt,
      usage: next.usage,
      costUsd: next.costUsd,
      updatedAt: now,
    })
    if (next.state !== run.state) announceRun(tx, next, 'state_changed', this.runs.agentActor(run.agentId))
    else if (next.usage !== run.usage)
      tx.emit({
        kind: 'run',
        operation: 'updated',
        aggregateId: run.id,
        audience: `channel:${run.channelId}`,
        target: run.target,
        actor: this.runs.agentActor(run.agentId),
        payload: runView(next),
      })
  }
}

const cut = (text: string): string =>
  text.length <= MAX_STEP_TEXT ? text : `${text.slice(0, MAX_STEP_TEXT).toWellFormed()}\n… (cut)`

/** A step after what was sent about it, or nothing when a piece of text is missing in between. */
export function merge(known: StepDetail | undefined, sent: StepDetail): StepDetail | undefined {
  if (sent.type === 'text' || sent.type === 'thought') {
    const before = known?.type === sent.type ? known.text : ''
    if (sent.offset > before.length) return before.length >= MAX_STEP_TEXT ? known : undefined
    const end = sent.offset + sent.text.length
    const text = before.slice(0, sent.offset) + sent.text + before.slice(end)
    return { type: sent.type, offset: 0, text: cut(text) }
  }
  if (sent.type === 'tool') {
    const before = known?.type === 'tool' ? known : undefined
    const merged = { ...before, ...sent }
    if (merged.output !== undefined) merged.output = cut(merged.output)
    return merged
  }
  return sent
}

const addUsage = (a: Usage | null, b: Usage): Usage =>
  a
    ? {
        input: a.input + b.input,
        cacheRead: a.cacheRead + b.cacheRead,
        cacheWrite: a.cacheWrite + b.cacheWrite,
        output: a.output + b.output,
        reasoning: a.reasoning + b.reasoning,
      }
    : b
