import type { AgentStatus, EventPayload } from '@shared/contract'
import type { z } from 'zod'
import { type ComputerPrincipal, type Principal, isAdmin } from '../access/principal'
import type { Core } from '../core'
import type { Tx } from '../db/database'
import type { RunService } from '../runs/service'
import type { ComputerPresence } from '../runs/starter'
import type { AgentStore } from './store'
import { type AgentRow, discreet, statusView } from './view'

/** What ails the runtime itself, whatever it was asked: its login, its quota. */
const ABOUT_THE_ACCOUNT = new Set<AgentStatus['health']>(['auth_required', 'quota'])

/** What agents are at, and who gets to know how much of it. */
export class AgentStatuses {
  /** Where each agent was last at work; an agent that nothing is known of is taken to be at something private. */
  readonly #places = new Map<string, { runId: string; channelId: string }>()

  constructor(
    private readonly core: Core,
    private readonly store: AgentStore,
    private readonly services: { presence: ComputerPresence; runs: Pick<RunService, 'ofComputer'> },
  ) {}

  /** Takes in what a daemon says about its agent. */
  async report(p: ComputerPrincipal, row: AgentRow, status: AgentStatus): Promise<AgentStatus> {
    const { id } = row
    const place = await this.#place(p, id, status.runId)
    const { updatedAt: _, ...now } = status
    const { updatedAt: __, ...before } = row.status
    if (Bun.deepEquals(now, before)) return row.status
    await this.core.db.tx(async (tx) => {
      await this.store.update(tx, id, { status })
      const whole = statusView({ ...row, status }, true)
      this.#tell(tx, row, 'all', discreet(whole))
      // After the other one: whoever gets both ends up with what they may know.
      if (place !== undefined) this.#tell(tx, row, `channel:${place}`, whole)
    })
    row.status = status
    return status
  }

  /** After everybody was told how an agent is, less what it is at: the rest, for those who read where it is at work. */
  tellPlace(tx: Tx, row: AgentRow): void {
    const place = this.#places.get(row.id)
    if (place) this.#tell(tx, row, `channel:${place.channelId}`, this.#now(row))
  }

  #tell(tx: Tx, { id, name, displayName }: AgentRow, audience: string, shown: AgentStatus): void {
    tx.emit({
      kind: 'agent_status',
      operation: 'updated',
      aggregateId: id,
      audience,
      actor: { kind: 'agent', id, name, displayName },
      payload: { ...shown, agentId: id } satisfies z.infer<(typeof EventPayload)['agent_status']>,
    })
  }

  /** The channel that an agent's status is about: that of its run, and after the run still the same one. */
  async #place(p: ComputerPrincipal, id: string, runId: string | null): Promise<string | undefined> {
    const known = this.#places.get(id)
    if (runId === null || known?.runId === runId) return known?.channelId
    const channelId = (await this.services.runs.ofComputer(p, [runId])).get(runId)?.channelId
    if (channelId === undefined) this.#places.delete(id)
    else this.#places.set(id, { runId, channelId })
    return channelId
  }

  /** As much of it as a caller may know. */
  of(p: Principal, row: AgentRow): AgentStatus {
    const status = this.#now(row)
    if (p.kind === 'computer' ? p.id === row.computerId : p.kind === 'agent' && p.id === row.id) return status
    const channel = this.core.directory.channel(this.#places.get(row.id)?.channelId ?? '')
    if (channel && this.core.access.can(p, 'read', channel)) return status
    // Whoever looks after the server learns what to do about a login, but not what a program said about its work.
    const ailing = isAdmin(p) && status.runId === null && ABOUT_THE_ACCOUNT.has(status.health)
    return ailing ? { ...discreet(status), detail: status.detail } : discreet(status)
  }

  /** What anybody may know. */
  ofAll = (row: AgentRow): AgentStatus => discreet(this.#now(row))

  forget(id: string): void {
    this.#places.delete(id)
  }

  #now = (row: AgentRow): AgentStatus => statusView(row, this.services.presence.isOnline(row.computerId))
}
