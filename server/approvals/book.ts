import type { Actor, Approval, StepDetail } from '@shared/contract'
import { newId } from '@shared/ids'
import { SYSTEM } from '../access/principal'
import type { Core } from '../core'
import type { Tx } from '../db/database'
import { fitting, jsonBytes } from '../http/fitting'
import { cut } from '../rpc/text'
import type { RunRow } from '../runs/view'
import { ApprovalStore } from './store'
import { type ApprovalRow, approvalView } from './view'

/** Requests of a run that are shown with it. */
const SHOWN = 100

/** A tunnel that an agent asks for. */
export interface TunnelAsk {
  id: string
  channelId: string | null
  target: string | null
  threadId: string | null
  localPort: number
  label: string
  accessPolicy: string
  ttlSeconds: number
}

/** A request that is not its run's runtime's: its step is the tunnel itself. */
export const isTunnel = ({ stepId, requestId }: Pick<ApprovalRow, 'stepId' | 'requestId'>): boolean =>
  stepId === requestId && stepId.startsWith('tun_')

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

  /** Asks for a tunnel where an agent's other requests are asked for. It outlives its run: a person may take their time. */
  async openTunnel(tx: Tx, run: RunRow, t: TunnelAsk): Promise<void> {
    const row: ApprovalRow = {
      id: newId('apr'),
      runId: run.id,
      stepId: t.id,
      agentId: run.agentId,
      computerId: run.computerId,
      channelId: t.channelId ?? run.channelId,
      target: t.target ?? run.target,
      threadId: t.threadId,
      requestId: t.id,
      name: 'open_preview',
      kind: 'other',
      title: `Show a preview of port ${t.localPort}${t.label ? `: ${t.label}` : ''}`,
      input: { tunnelId: t.id, localPort: t.localPort, accessPolicy: t.accessPolicy, ttlSeconds: t.ttlSeconds },
      canRemember: false,
      state: 'pending',
      decidedBy: null,
      decidedAt: null,
      createdAt: Date.now(),
    }
    await this.#store.insert(tx, row)
    this.emit(tx, row, 'created')
  }

  /** What became of a tunnel that was asked for. */
  async settleTunnel(tx: Tx, tunnelId: string, state: 'allowed' | 'denied' | 'withdrawn', by: Actor): Promise<void> {
    const row = await this.#store.ofStep(tx, tunnelId)
    if (row?.state !== 'pending') return
    const set = { state, decidedBy: by.kind === 'human' ? by : null, decidedAt: Date.now() }
    await this.#store.update(tx, row.id, set)
    this.emit(tx, { ...row, ...set }, 'state_changed')
  }

  /** The runtime no longer waits for it. Returns whether others of the run still do. */
  async withdraw(tx: Tx, stepId: string): Promise<void> {
    const row = await this.#store.ofStep(tx, stepId)
    if (row?.state === 'pending') await this.#close(tx, row)
  }

  async withdrawAll(tx: Tx, run: RunRow): Promise<void> {
    for (const row of await this.#waiting(tx, run.id)) await this.#close(tx, row)
  }

  async anyPending(tx: Tx, runId: string): Promise<boolean> {
    return (await this.#waiting(tx, runId)).length > 0
  }

  /** The latest requests of a run, oldest first; `GET /api/approvals` pages through them all. */
  async ofRun(runId: string): Promise<Approval[]> {
    const newestFirst = (await this.#store.ofRun(runId, SHOWN)).toReversed()
    return fitting(newestFirst.map(approvalView), jsonBytes).toReversed()
  }

  /** What the run itself waits for. */
  async #waiting(tx: Tx, runId: string): Promise<ApprovalRow[]> {
    return (await this.#store.pending(tx, runId)).filter((row) => !isTunnel(row))
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
