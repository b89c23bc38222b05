import type { Actor } from '@shared/contract'
import { newId } from '@shared/ids'
import type { Core } from '../core'
import type { Tx } from '../db/database'
import type { Agent } from '../directory/directory'
import type { DeliveryRow } from '../deliveries/view'
import { RunStore } from './store'
import { type RunRow, runView } from './view'

/** How often the same run is tried when its computer fails. */
export const MAX_ATTEMPTS = 3

/** Whether a computer's daemon has been heard of lately. */
export interface ComputerPresence {
  isOnline(computerId: string): boolean
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
      failure: null,
      summary: '',
      usage: null,
      costUsd: null,
      startedAt: null,
      completedAt: null,
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
