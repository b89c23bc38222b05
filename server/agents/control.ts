import type { Failure } from '@shared/contract'
import { NekodeError } from '@shared/errors'
import { looksAfter } from '../access/agents'
import { type UserPrincipal, actorOf } from '../access/principal'
import type { Commands, ControlAction, Operation } from '../computers/commands'
import type { Core } from '../core'
import type { Tx } from '../db/database'
import { type Once, always } from '../idempotency/service'
import type { RunCleanup } from '../runs/cleanup'
import type { AgentRow } from './view'

/** Those after which an agent does not remember what it was told. */
const FORGETTING: ReadonlySet<ControlAction> = new Set(['restart_reset_session', 'restart_full_reset'])

/** Stopping and restarting agents. */
export class AgentControl {
  constructor(
    private readonly core: Core,
    private readonly services: { commands: Commands; cleanup: RunCleanup },
  ) {}

  /**
   * Orders the agent's daemon to do something with its process.
   * @throws NekodeError `forbidden` when the agent, or what it is at, is not the caller's to stop
   */
  async order(
    p: UserPrincipal,
    row: AgentRow,
    action: ControlAction,
    reason: string,
    once: Once = always,
  ): Promise<Operation> {
    this.#check(p, row, action)
    return this.core.db.tx(async (tx) => {
      await this.#checkWork(tx, p, row)
      return once(tx, () => this.#enqueue(tx, p, row, action, reason))
    })
  }

  #check(p: UserPrincipal, row: AgentRow, action: ControlAction): void {
    const forgets = FORGETTING.has(action)
    if (this.core.access.withAgent(p, forgets ? 'reset' : 'stop', row)) return
    const whom = 'Ask an admin, or whoever made the agent'
    throw forgets
      ? new NekodeError('forbidden', `Only an admin and whoever made @${row.name} may make it forget its session.`, {
          code: 'agent_reset_denied',
          next: `${whom}; with an API token, use one with the scope “admin”.`,
        })
      : new NekodeError('forbidden', `You share no channel with @${row.name} that you may write in.`, {
          code: 'agent_stop_denied',
          next: `${whom}. A run that you can see can be stopped by itself.`,
        })
  }

  /** Ending the process ends all that it is at: what goes on out of the caller's sight is not theirs to end. */
  async #checkWork(tx: Tx, p: UserPrincipal, row: AgentRow): Promise<void> {
    if (looksAfter(p, row)) return
    const { access, directory } = this.core
    const channels = await this.services.cleanup.placesOfWork(tx, row.id)
    const seen = channels.every((id) => {
      const channel = directory.channel(id)
      return channel !== undefined && access.can(p, 'read', channel)
    })
    if (!seen)
      throw new NekodeError('forbidden', `@${row.name} is also at work for others, where you cannot see it.`, {
        code: 'agent_at_work_elsewhere',
        next: 'Stop the run that you can see, wait, or ask an admin or whoever made the agent.',
      })
  }

  async #enqueue(tx: Tx, p: UserPrincipal, row: AgentRow, action: ControlAction, reason: string): Promise<Operation> {
    const requestedBy = actorOf(p)
    const stopped: Failure = { reason: 'killed', message: `@${p.name} stopped @${row.name}.` }
    if (action === 'terminate') await this.services.cleanup.cancelAll(tx, row.id, stopped, requestedBy)
    const operation = await this.services.commands.enqueue(tx, {
      computerId: row.computerId,
      agentId: row.id,
      requestedBy,
      action,
      reason,
    })
    await this.core.audit.record(tx, {
      by: p,
      action: 'agent.control',
      subject: row.id,
      detail: { name: row.name, action, reason, operationId: operation.id },
    })
    return operation
  }
}
