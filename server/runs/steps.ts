import type { StepDetail, Usage } from '@shared/contract'
import { NekodeError } from '@shared/errors'
import type { ComputerPrincipal } from '../access/principal'
import type { ApprovalBook } from '../approvals/book'
import type { Core } from '../core'
import type { Tx } from '../db/database'
import { RUN_LEASE_SECONDS, type RunService } from './service'
import { announceRun } from './starter'
import { type Streaming, brief, hasRoom, isStreaming, merge, sizeOf } from './detail'
import { StepStore } from './stepstore'
import { RunStore } from './store'
import { type RunRow, type StepRow, isOver, runView, stepView } from './view'

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
  readonly #steps: StepStore

  constructor(
    private readonly core: Core,
    private readonly runs: RunService,
    private readonly approvals: ApprovalBook,
  ) {
    this.#store = new RunStore(core.db)
    this.#steps = new StepStore(core.db)
  }

  async append(p: ComputerPrincipal, input: NewStep): Promise<StepOutcome> {
    return this.core.db.tx(async (tx) => {
      const run = await this.runs.own(tx, p, input.runId)
      if (isOver(run.state)) return { accepted: false, reason: 'run_over' }
      if (run.leaseId === null || run.leaseId !== input.leaseId) return { accepted: false, reason: 'lease_lost' }
      const known = await this.#steps.row(input.id, tx.q)
      if (known && known.runId !== run.id)
        throw new NekodeError('conflict', 'This step belongs to another run.', { code: 'foreign_step' })
      if (!known && input.sequence > MAX_STEPS) return { accepted: false, reason: 'too_many_steps' }
      const step = (known && (await this.#grown(tx, run, known, input))) ?? (await this.#put(tx, run, known, input))
      if (!step) return { accepted: false, reason: 'step_gap' }
      await this.#follow(tx, run, step, known === undefined)
      return { accepted: true, step }
    })
  }

  /** The usual case of a text that streams: one more piece at its end, for which nothing else is read or written. */
  async #grown(tx: Tx, run: RunRow, known: StepRow, { status, detail: sent }: NewStep): Promise<StepRow | undefined> {
    if (known.status !== 'running' || status !== 'running') return undefined
    if (!isStreaming(sent) || known.detail.type !== sent.type || sent.text === '') return undefined
    const length = await this.#steps.lengthOf(tx, known)
    if (sent.offset !== length || !hasRoom(length, sent.text.length)) return undefined
    const size = known.size + sizeOf(sent.text) - sizeOf('')
    await this.#steps.grow(tx, known.id, { position: length, text: sent.text }, size)
    const step = { ...known, size }
    this.#emit(tx, run, { ...step, detail: sent }, 'appended')
    return step
  }

  /** Writes a step whole; nothing when a piece of its text is missing in between. */
  async #put(tx: Tx, run: RunRow, row: StepRow | undefined, input: NewStep): Promise<StepRow | undefined> {
    const [known] = row ? await this.#steps.whole([row.id], tx.q) : []
    const detail = merge(known?.detail, input.detail)
    if (!detail) return undefined
    const step: StepRow = {
      id: input.id,
      runId: run.id,
      sequence: known?.sequence ?? input.sequence,
      // A repeated piece of a block that is finished does not open it again.
      status: known && known.status !== 'running' ? known.status : input.status,
      detail,
      size: sizeOf(detail),
      startedAt: known?.startedAt ?? input.startedAt,
      completedAt: input.status === 'running' ? (known?.completedAt ?? null) : (input.completedAt ?? Date.now()),
    }
    const sent = input.detail
    if (known && isStreaming(sent) && known.status === step.status && Bun.deepEquals(known.detail, detail)) return known
    if (known) await this.#steps.update(tx, step)
    else await this.#steps.insert(tx, step)
    // Who follows a text has what came before: it travels as pieces to its end.
    const piece = isStreaming(sent) && isStreaming(detail) ? tailOf(detail, sent.offset) : detail
    const streams = isStreaming(detail) && step.status === 'running'
    this.#emit(tx, run, { ...step, detail: piece }, streams ? 'appended' : known ? 'updated' : 'created')
    return step
  }

  #emit(tx: Tx, run: RunRow, step: StepRow, operation: 'created' | 'updated' | 'appended'): void {
    tx.emit({
      kind: 'run_step',
      operation,
      aggregateId: step.id,
      audience: `channel:${run.channelId}`,
      target: run.target,
      actor: this.runs.agentActor(run.agentId),
      payload: brief(stepView(step)),
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

/** The end of a text as a piece. */
function tailOf(detail: Streaming, from: number): Streaming {
  const offset = Math.min(from, detail.text.length)
  return { ...detail, offset, text: detail.text.slice(offset) }
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
