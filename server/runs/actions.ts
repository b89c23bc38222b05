import type { Actor, Failure, Run, RunAction } from '@shared/contract'
import { NekodeError } from '@shared/errors'
import { type UserPrincipal, actorOf } from '../access/principal'
import type { Core } from '../core'
import type { Commands } from '../computers/commands'
import type { Tx } from '../db/database'
import type { DeliveryService } from '../deliveries/service'
import type { RunService } from './service'
import type { ComputerPresence } from './starter'
import { RunStore } from './store'
import { type RunRow, isOver, runView } from './view'

/** What people do to runs: interrupt, kill, restart, retry. */
export class RunActions {
  readonly #store: RunStore

  constructor(
    private readonly core: Core,
    private readonly runs: RunService,
    private readonly deliveries: DeliveryService,
    private readonly commands: Commands,
    private readonly presence: ComputerPresence,
  ) {
    this.#store = new RunStore(core.db)
  }

  async perform(p: UserPrincipal, id: string, action: RunAction): Promise<Run> {
    const seen = await this.runs.visible(p, id)
    this.core.access.channelById(p, 'write', seen.channelId)
    return this.core.db.tx(async (tx) => {
      const run = await this.#store.get(id, tx.q)
      if (!run) throw new NekodeError('not_found', 'There is no such run.')
      return runView(await this.#perform(tx, p, run, action))
    })
  }

  async #perform(tx: Tx, p: UserPrincipal, run: RunRow, action: RunAction): Promise<RunRow> {
    const actor = actorOf(p)
    switch (action) {
      case 'interrupt':
        this.#mustBeActive(run, action)
        // Nothing to interrupt yet, or nobody there to do it.
        if (run.state === 'queued' || !this.presence.isOnline(run.computerId))
          return this.#kill(tx, run, actor, 'interrupted')
        await this.commands.enqueue(tx, {
          computerId: run.computerId,
          agentId: run.agentId,
          requestedBy: actor,
          command: { type: 'interrupt', runId: run.id },
        })
        return run
      case 'kill':
        this.#mustBeActive(run, action)
        return this.#kill(tx, run, actor, 'killed')
      case 'restart':
        if (!isOver(run.state)) await this.#kill(tx, run, actor, 'restarted')
        return this.#again(tx, run, actor)
      case 'retry':
        if (!isOver(run.state))
          throw new NekodeError('conflict', `This run is ${run.state}; only one that is over can be retried.`, {
            code: 'illegal_transition',
            next: 'Use “restart” to stop it and start again.',
          })
        return this.#again(tx, run, actor)
    }
  }

  #mustBeActive(run: RunRow, action: RunAction): void {
    if (isOver(run.state))
      throw new NekodeError('conflict', `This run is ${run.state}; there is nothing to ${action}.`, {
        code: 'illegal_transition',
      })
  }

  /** The run is over at once, whatever its computer does; the computer is told to stop the turn. */
  async #kill(tx: Tx, run: RunRow, actor: Actor, how: 'killed' | 'interrupted' | 'restarted'): Promise<RunRow> {
    const failure: Failure = { reason: 'killed', message: `@${actor.name} ${how} this run.` }
    const canceled = await this.runs.cancel(tx, run, failure, actor)
    await this.commands.enqueue(tx, {
      computerId: run.computerId,
      agentId: run.agentId,
      requestedBy: actor,
      command: { type: 'kill', runId: run.id },
    })
    return canceled
  }

  async #again(tx: Tx, run: RunRow, actor: Actor): Promise<RunRow> {
    if (run.deliveryId === null)
      throw new NekodeError('conflict', 'This run was not started by a message.', { code: 'illegal_transition' })
    const { run: next } = await this.deliveries.startAgain(tx, run.deliveryId, actor)
    return next
  }
}
