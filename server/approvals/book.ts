import type { Approval, StepDetail } from '@shared/contract'
import { newId } from '@shared/ids'
import { SYSTEM } from '../access/principal'
import type { Core } from '../core'
import type { Tx } from '../db/database'
import { cut } from '../rpc/text'
import type { RunRow } from '../runs/view'
import { ApprovalStore } from './store'
import { type ApprovalRow, approvalView } from './view'

type Ask = Extract<StepDetail, { type: 'approval' }>

/** The permission requests of runs: opened and withdrawn by what a run reports. Deciding them is the service's. */
export class ApprovalBook {
  readonly #store: ApprovalStore

  constructor(private readonly core: Core) {
    this.#store = new ApprovalStore(core.db)
  }

  async open(tx: Tx, run: RunRow, stepId: string, ask: Ask): Promise<void> {
    if (await this.#store.ofStep(tx, stepId)) return
    const row: ApprovalRow = {
      id: newId('apr'),
      runId: run.id,
      stepId,
      agentId: run.agentId,
      computerId: run.computerId,
      channelId: run.channelId,
      target: run.target,
      threadId: run.threadId,
      requestId: ask.requestId,
      name: cut(ask.name, 255),
      kind: ask.kind,
      title: ask.title,
      input: ask.input ?? null,
      canRemember: ask.canRemember,
      state: 'pending',
      decidedBy: null,
      decidedAt: null,
      createdAt: Date.now(),
    }
    await this.#store.insert(tx, row)
    this.emit(tx, row, 'created')
  }

  /** The runtime no longer waits for it. Returns whether others of the run still do. */
  async withdraw(tx: Tx, stepId: string): Promise<void> {
    const row = await this.#store.ofStep(tx, stepId)
    if (row?.state === 'pending') await this.#close(tx, row)
  }

  async withdrawAll(tx: Tx, run: RunRow): Promise<void> {
    for (const row of await this.#store.pending(tx, run.id)) await this.#close(tx, row)
  }

  async anyPending(tx: Tx, runId: string): Promise<boolean> {
    return (await this.#store.pending(tx, runId)).length > 0
  }

  async ofRun(runId: string): Promise<Approval[]> {
    return (await this.#store.ofRun(runId)).map(approvalView)
  }

  async #close(tx: Tx, row: ApprovalRow): Promise<void> {
    const set = { state: 'withdrawn' as const, decidedAt: Date.now() }
    await this.#store.update(tx, row.id, set)
    this.emit(tx, { ...row, ...set }, 'state_changed')
  }

  emit(tx: Tx, row: ApprovalRow, operation: 'created' | 'state_changed'): void {
    tx.emit({
      kind: 'approval',
      operation,
      aggregateId: row.id,
      audience: `channel:${row.channelId}`,
      target: row.target,
      actor: row.decidedBy ?? SYSTEM,
      payload: approvalView(row),
    })
  }
}
