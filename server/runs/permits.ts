import { newId } from '@shared/ids'
import { type ComputerPrincipal, actorOf } from '../access/principal'
import { NekodeError } from '@shared/errors'
import type { Core } from '../core'
import type { Tx } from '../db/database'
import { isEnabled } from '../directory/current'
import { type Once, always } from '../idempotency/service'
import { PermitStore } from './permitstore'
import { announceRun } from './starter'
import { RunStore } from './store'

/** Agent processes that may be starting on one computer at once: a start is heavy, a running agent is not. */
const STARTS_AT_ONCE = 4
const DEFAULT_SECONDS = 60
const MAX_SECONDS = 600
const RETRY_SECONDS = 1
/** Nobody has to ask: what waits is assigned again when the agent is turned on. */
const DISABLED_RETRY_SECONDS = 30

export type Permit =
  { granted: true; leaseId: string; expiresAt: number } | { granted: false; retryAfterSeconds: number; reason: string }

/** Hands out permits to start an agent's turn, so that twenty mentions at once do not start twenty processes at once. */
export class PermitService {
  readonly #permits: PermitStore
  readonly #runs: RunStore

  constructor(private readonly core: Core) {
    this.#permits = new PermitStore(core.db)
    this.#runs = new RunStore(core.db)
  }

  async acquire(p: ComputerPrincipal, agentId: string, ttlSeconds: number, once: Once = always): Promise<Permit> {
    const agent = this.core.directory.agent(agentId)
    if (!agent || agent.computerId !== p.id)
      throw new NekodeError('forbidden', 'This agent belongs to another computer.', { code: 'foreign_agent' })
    return this.core.db.tx((tx) =>
      once(
        tx,
        () => this.#acquire(tx, p, agentId, ttlSeconds),
        (permit) => permit.granted,
      ),
    )
  }

  async #acquire(tx: Tx, p: ComputerPrincipal, agentId: string, ttlSeconds: number): Promise<Permit> {
    const now = Date.now()
    await this.#permits.sweep(tx, now)
    if (!(await isEnabled(this.core.db, tx, agentId)))
      return { granted: false, retryAfterSeconds: DISABLED_RETRY_SECONDS, reason: 'agent_disabled' }
    if ((await this.#permits.count(tx, p.id)) >= STARTS_AT_ONCE)
      return { granted: false, retryAfterSeconds: RETRY_SECONDS, reason: 'start_queue' }
    const seconds = Math.min(ttlSeconds || DEFAULT_SECONDS, MAX_SECONDS)
    const permit = { id: newId('lease'), computerId: p.id, agentId, expiresAt: now + seconds * 1000 }
    await this.#permits.insert(tx, permit)
    const queued = (await this.#runs.active({ computerId: p.id, agentId }, tx.q)).find((r) => r.state === 'queued')
    if (queued) {
      const set = { state: 'starting' as const, leaseId: permit.id, leaseExpiresAt: permit.expiresAt, updatedAt: now }
      await this.#runs.update(tx, queued.id, set)
      announceRun(tx, { ...queued, ...set }, 'state_changed', actorOf(p))
    }
    return { granted: true, leaseId: permit.id, expiresAt: permit.expiresAt }
  }

  /** Frees the place in the start queue. Another computer's permit stays where it is. */
  async release(p: ComputerPrincipal, leaseId: string): Promise<boolean> {
    return this.core.db.tx((tx) => this.#permits.delete(tx, p.id, leaseId))
  }
}
