import type { Core } from '../core'
import type { Tx } from '../db/database'
import { RunStore } from './store'

/** Which run an agent is at work on, so that what it writes meanwhile belongs to that run. */
export class WorkInProgress {
  readonly #store: RunStore

  constructor(
    core: Core,
    private readonly deliveries: { hops(tx: Tx, deliveryId: string): Promise<number> },
  ) {
    this.#store = new RunStore(core.db)
  }

  /** `channelId` decides between several; a message to another channel belongs to the oldest. `hops` as in deliveries. */
  async current(tx: Tx, agentId: string, channelId: string): Promise<{ runId: string; hops: number } | undefined> {
    const runs = (await this.#store.active({ agentId }, tx.q)).filter(
      (r) => r.state === 'running' || r.state === 'waiting_approval',
    )
    const run = runs.find((r) => r.channelId === channelId) ?? runs[0]
    if (!run) return undefined
    const hops = run.deliveryId === null ? 0 : await this.deliveries.hops(tx, run.deliveryId)
    return { runId: run.id, hops }
  }
}
