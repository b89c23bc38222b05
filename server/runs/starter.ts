import type { Actor, Failure } from '@shared/contract'
import { newId } from '@shared/ids'
import type { Core } from '../core'
import type { Query, Tx } from '../db/database'
import type { Agent } from '../directory/directory'
import type { DeliveryRow } from '../deliveries/view'
import { RunStore } from './store'
import { type RunRow, runView } from './view'

/** How often the same run is tried when its computer fails. */
export const MAX_ATTEMPTS = 3

/** Whether a computer's daemon has been heard of lately, and whether the computer was removed. */
export interface ComputerPresence {
  isOnline(computerId: string): boolean
  isKnown(q: Query, computerId: string): Promise<boolean>
}

/** Makes runs and assigns them to the agent's computer. */
export class RunStarter {
  readonly #store: RunStore

  constructor(
    core: Core,
    private readonly presence: ComputerPresence,
  ) {
    this.#store = new RunStore(core.db)
  }

  /** Why no run of this agent would ever start, or nothing. */
  async refusal(tx: Tx, { name, enabled, computerId }: Agent): Promise<Failure | undefined> {
    if (!enabled) return { reason: 'agent_disabled', message: `@${name} is turned off.` }
    if (await this.presence.isKnown(tx.q, computerId)) return undefined
    return { reason: 'computer_removed', message: `The computer of @${name} was removed.` }
  }

  /** A new run for a delivery, and what keeps it from starting at once. */
  async start(
    tx: Tx,
    delivery: DeliveryRow,
    agent: Agent,
    actor: Actor,
  ): Promise<{ run: RunRow; waiting: DeliveryRow['waiting'] }> {
    const now = Date.now()
    const run: RunRow = {
      id: newId('run'),
      deliveryId: delivery.id,
      agentId: agent.id,
      computerId: agent.computerId,
      channelId: delivery.channelId,
      target: delivery.target,
      threadId: delivery.threadId,
      inputMessageId: delivery.messageId,
      resultMessageId: null,
      joinedRunId: null,
      state: 'queued',
      attempt: 1,
      maxAttempts: MAX_ATTEMPTS,
      leaseId: null,
      leaseExpiresAt: null,
      pastLeases: [],
      failure: null,
      summary: '',
      usage: null,
      costUsd: null,
      startedAt: null,
      completedAt: null,
      detailRemovedAt: null,
      createdAt: now,
      updatedAt: now,
    }
    await this.#store.insert(tx, run)
    announceRun(tx, run, 'created', actor)
    return { run, waiting: this.presence.isOnline(agent.computerId) ? null : 'computer_offline' }
  }
}

/** Tells whoever reads the channel, and the computer that has to do it. */
export function announceRun(
  tx: Tx,
  run: RunRow,
  operation: 'created' | 'state_changed' | 'updated',
  actor: Actor,
): void {
  const event = {
    kind: 'run' as const,
    operation,
    aggregateId: run.id,
    target: run.target,
    actor,
    payload: runView(run),
  }
  tx.emit({ ...event, audience: `channel:${run.channelId}` })
  tx.emit({ ...event, audience: `computer:${run.computerId}` })
}
