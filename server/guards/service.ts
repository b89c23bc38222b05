import type { Failure } from '@shared/contract'
import type { Core } from '../core'
import type { Tx } from '../db/database'
import type { Agent } from '../directory/directory'
import { GuardStore } from './store'

/** Agents that may answer each other in one thread before a person has to say something. */
export const MAX_HOPS = 6

/**
 * Limits that hold in code, whatever a prompt says: how often agents answer each other, how many turns an agent has in an hour, what it
 * costs in a day (UTC). A person's message always passes the first one; “continue” passes all of them once.
 */
export class Guards {
  readonly #store: GuardStore

  constructor(core: Core) {
    this.#store = new GuardStore(core.db)
  }

  /** Why this agent must not start now, or nothing. `hops`: agents that answered each other before this delivery. */
  async check(tx: Tx, agent: Agent, hops: number, now = Date.now()): Promise<Failure | undefined> {
    if (hops > MAX_HOPS)
      return {
        reason: 'guard_hops',
        message: `Agents answered each other ${MAX_HOPS} times without a person’s message.`,
      }
    const { turnsPerHour, costPerDayUsd } = agent.limits
    if (turnsPerHour !== null) {
      const since = now - 3_600_000
      const { turns, oldest } = await this.#store.turnsSince(tx, agent.id, since)
      if (turns >= turnsPerHour)
        return {
          reason: 'guard_turns',
          message: `@${agent.name} had ${turns} turns in the last hour; its limit is ${turnsPerHour}.`,
          resetsAt: (oldest ?? since) + 3_600_000,
        }
    }
    if (costPerDayUsd !== null) {
      const midnight = Math.floor(now / 86_400_000) * 86_400_000
      const cost = await this.#store.costSince(tx, agent.id, midnight)
      if (cost >= costPerDayUsd)
        return {
          reason: 'guard_cost',
          message: `@${agent.name} has cost $${cost.toFixed(2)} today; its limit is $${costPerDayUsd.toFixed(2)}.`,
          resetsAt: midnight + 86_400_000,
        }
    }
    return undefined
  }
}
