import type { Actor } from '@shared/contract'
import type { Core } from '../core'
import { SYSTEM } from '../access/principal'
import type { Tx } from '../db/database'
import type { RunRow } from '../runs/view'
import type { TaskBook } from './book'
import type { TaskClaims } from './claims'
import type { TaskRow } from './view'

/** What the runs of agents mean for the tasks that they are about. */
export class TaskRuns {
  constructor(
    private readonly core: Core,
    private readonly book: TaskBook,
    private readonly claims: TaskClaims,
  ) {}

  /** A run of a task's agent has started: the task is in its hands. */
  async started(tx: Tx, run: RunRow): Promise<void> {
    const row = await this.#taskOf(tx, run)
    if (!row || row.assigneeId !== run.agentId) return
    const owner = (await this.claims.held(tx, row.id)).find((c) => c.mode === 'owner')
    if (owner?.holderId === run.agentId) await this.claims.keptBy(tx, owner, run.id)
    if (owner || !starts(row, run)) return
    const agent = this.core.directory.agent(run.agentId)
    const open = await this.book.edges.open(row.id, tx.q)
    if (open.length || !agent || row.claimPolicy === 'reviewer_only') return
    const holder: Actor = { kind: 'agent', id: agent.id, name: agent.name, displayName: agent.displayName }
    await this.claims.hold(tx, row, holder, { mode: 'owner', runId: run.id })
  }

  /** What its end means: done and to be looked at, not possible, or open again. */
  async over(tx: Tx, run: RunRow): Promise<void> {
    const row = await this.#taskOf(tx, run)
    if (!row) return
    const why = run.failure?.message ?? 'The run ended without an answer.'
    // In a turn about something else, an agent may go on with a task in the next one, as long as it keeps its claim.
    const claim = (await this.claims.ofRun(tx, run.id)).find((c) => c.taskId === row.id && c.mode === 'owner')
    if (claim && run.state === 'completed') return this.claims.finish(tx, row, claim)
    if (claim) await this.claims.giveBack(tx, row, claim, run.state === 'failed' ? 'failed' : 'canceled', why, SYSTEM)
    else if (run.state === 'failed' && row.state === 'todo' && delivered(row, run))
      await this.book.change(tx, row, { state: 'blocked', blockedReason: why }, SYSTEM)
  }

  async #taskOf(tx: Tx, run: RunRow): Promise<TaskRow | undefined> {
    const task = run.deliveryId === null ? undefined : await this.book.byDelivery(tx, run.deliveryId)
    return task ?? (run.threadId === null ? undefined : this.book.byThread(tx, run.threadId))
  }
}

const delivered = (row: TaskRow, run: RunRow): boolean => run.deliveryId !== null && row.deliveryId === run.deliveryId

/** Whether the work begins with this run. A blocked task's does when a person had its delivery tried once more. */
const starts = (row: TaskRow, run: RunRow): boolean =>
  row.state === 'in_progress' ||
  (delivered(row, run) && (row.state === 'todo' || (row.state === 'blocked' && run.attempt === 1)))
