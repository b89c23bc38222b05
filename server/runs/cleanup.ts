import type { Actor, Failure } from '@shared/contract'
import type { Commands } from '../computers/commands'
import type { Core } from '../core'
import type { Tx } from '../db/database'
import type { RunService } from './service'
import { RunStore } from './store'

/** What happens to runs when their agent, channel or computer goes or moves. */
export class RunCleanup {
  readonly #store: RunStore

  constructor(
    core: Core,
    private readonly runs: RunService,
    private readonly commands: Commands,
  ) {
    this.#store = new RunStore(core.db)
  }

  async cancelAll(tx: Tx, agentId: string, failure: Failure, actor: Actor): Promise<void> {
    for (const run of await this.#store.active({ agentId }, tx.q)) await this.runs.cancel(tx, run, failure, actor)
  }

  /** Ids of the channels in which an agent has work that is not over. */
  async placesOfWork(tx: Tx, agentId: string): Promise<string[]> {
    const runs = await this.#store.active({ agentId }, tx.q)
    return [...new Set(runs.map((run) => run.channelId))]
  }

  /** The agent left a channel: its work there is over. */
  async leave(tx: Tx, agentId: string, channelId: string, failure: Failure, actor: Actor): Promise<void> {
    for (const run of await this.#store.active({ agentId, channelId }, tx.q))
      await this.runs.cancel(tx, run, failure, actor)
  }

  /** What was asked was taken back: who has not begun with it does not. */
  async unasked(tx: Tx, messageId: string, failure: Failure, actor: Actor): Promise<void> {
    for (const run of await this.#store.queuedFor(tx, messageId)) await this.runs.cancel(tx, run, failure, actor)
  }

  /** A channel was archived: what goes on in it is over. */
  async archived(tx: Tx, channelId: string, failure: Failure, actor: Actor): Promise<void> {
    for (const run of await this.#store.active({ channelId }, tx.q)) await this.runs.cancel(tx, run, failure, actor)
  }

  async computerRemoved(tx: Tx, computerId: string, actor: Actor): Promise<void> {
    const failure: Failure = { reason: 'computer_removed', message: 'The agent’s computer was removed.' }
    for (const run of await this.#store.active({ computerId }, tx.q)) await this.runs.fail(tx, run, failure, actor)
  }

  async switched(tx: Tx, agentId: string, enabled: boolean, actor: Actor): Promise<void> {
    for (const run of await this.#store.active({ agentId }, tx.q)) await this.runs.switched(tx, run, enabled, actor)
  }

  /** What has not started yet goes to the agent's new computer; what runs is ended where it is and starts again there. */
  async move(tx: Tx, agentId: string, computerId: string, actor: Actor): Promise<void> {
    for (const run of await this.#store.active({ agentId }, tx.q)) {
      await this.runs.move(tx, run, computerId, actor)
      if (run.leaseId === null) continue
      const command = { type: 'kill' as const, runId: run.id }
      await this.commands.enqueue(tx, { computerId: run.computerId, agentId, requestedBy: actor, command })
    }
  }
}
