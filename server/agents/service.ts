import {
  type Agent,
  type AgentSettings,
  type AgentStatus,
  type Api,
  DEFAULT_POLICY,
  type EnvVar,
  type ManagedAgent,
  secretReference,
} from '@shared/contract'
import { NekodeError } from '@shared/errors'
import { newId } from '@shared/ids'
import type { z } from 'zod'
import { type ComputerPrincipal, type Principal, type UserPrincipal, actorOf } from '../access/principal'
import type { Core } from '../core'
import type { ChannelService } from '../channels/service'
import { GENERAL } from '../channels/rules'
import type { Commands, ControlAction } from '../computers/commands'
import type { Tx } from '../db/database'
import { onDuplicate } from '../db/errors'
import type { StoredEnvVar } from '../db/tables'
import type { Member } from '../directory/directory'
import { handleTaken } from '../directory/handles'
import type { Once } from '../idempotency/service'
import type { RunCleanup } from '../runs/cleanup'
import type { RunService } from '../runs/service'
import type { ComputerPresence } from '../runs/starter'
import { AgentControl } from './control'
import { AgentStatuses } from './status'
import { AgentStore } from './store'
import { type AgentRow, agentView, settingsView } from './view'

export type NewAgent = z.output<Api['POST /api/agents']['body']>
export type AgentChange = z.output<Api['PATCH /api/agents/{id}']['body']>

/** Environment that belongs to us: an agent must not be able to point its daemon's parts elsewhere. */
const RESERVED = /^NEKODE_(?!MODEL_|EXECUTOR_)/

export interface ComputerLookup {
  /** The kinds of runtime that a computer has or could have; throws `not_found` for a computer that is not there. */
  runtimeKinds(computerId: string): Promise<Set<string>>
}

export interface AgentServices {
  channels: ChannelService
  commands: Commands
  computers: ComputerLookup
  presence: ComputerPresence
  cleanup: RunCleanup
  runs: Pick<RunService, 'ofComputer'>
}

/** Agents: who they are, where they run, what they may do. */
export class AgentService {
  #onDeleted: (tx: Tx, agentId: string) => Promise<void> = async () => {}
  readonly #store: AgentStore
  readonly #statuses: AgentStatuses
  readonly #control: AgentControl

  constructor(
    private readonly core: Core,
    private readonly services: AgentServices,
  ) {
    this.#store = new AgentStore(core.db)
    this.#statuses = new AgentStatuses(core, this.#store, services)
    this.#control = new AgentControl(core, services)
  }

  list(p: Principal): Agent[] {
    return this.core.directory.agents().map((row) => this.#view(p, row))
  }

  get(p: Principal, id: string): Agent {
    return this.#view(p, this.#row(id))
  }

  /**
   * How an agent is run.
   * @throws NekodeError `settings_hidden` for anybody but admins and whoever made it
   */
  settings(p: Principal, id: string): AgentSettings {
    const settings = this.settingsFor(p, id)
    if (!settings)
      throw new NekodeError('forbidden', 'How an agent is run is shown to admins and to whoever made it.', {
        code: 'settings_hidden',
        next: 'Ask one of them.',
      })
    return settings
  }

  /** How an agent is run; undefined when it is not for this caller. */
  settingsFor(p: Principal, id: string): AgentSettings | undefined {
    const row = this.#row(id)
    return this.core.access.withAgent(p, 'settings', row) ? settingsView(row) : undefined
  }

  async create(p: UserPrincipal, input: NewAgent): Promise<ManagedAgent> {
    const { directory, db } = this.core
    if (directory.byHandle(input.name)) throw taken(input.name)
    await this.#checkRuntime(input.computerId, input.runtimeKind)
    const channels = (input.channels ?? [GENERAL]).map((target) => this.services.channels.admitting(p, target))
    const now = Date.now()
    const row: AgentRow = {
      id: newId('agent'),
      name: input.name,
      displayName: input.displayName ?? input.name,
      description: input.description ?? '',
      computerId: input.computerId,
      runtimeKind: input.runtimeKind,
      model: input.model ?? '',
      workspace: input.workspace ?? '',
      instructions: input.instructions ?? '',
      approvals: input.approvals ?? DEFAULT_POLICY,
      limits: input.limits ?? { turnsPerHour: 120, costPerDayUsd: null },
      confinement: input.confinement ?? null,
      command: input.command ?? [],
      env: [],
      enabled: true,
      status: { presence: 'sleeping', activity: '', health: 'ok', detail: '', runId: null, updatedAt: now },
      createdBy: p.id,
      deletedAt: null,
      createdAt: now,
      updatedAt: now,
    }
    row.env = this.#seal(row, input.env ?? [])
    const creation = db.tx(async (tx) => {
      if (await handleTaken(db, tx, row.name)) throw taken(row.name)
      await this.#store.insert(tx, row)
      for (const channel of channels) await this.services.channels.admitAgent(tx, p, channel, row)
      this.#emit(
        tx,
        p,
        row,
        'created',
        channels
          .filter((c) => c.visibility === 'public')
          .map((c) => ({ target: c.target, deliveryMode: 'mentions' as const })),
      )
      await this.#reload(tx, p, row)
      await this.core.audit.record(tx, {
        by: p,
        action: 'agent.create',
        subject: row.id,
        detail: { name: row.name, computerId: row.computerId, runtimeKind: row.runtimeKind },
      })
    })
    await onDuplicate(creation, () => {
      throw taken(input.name)
    })
    return this.#managed(p, row.id)
  }

  async update(p: UserPrincipal, id: string, change: AgentChange): Promise<ManagedAgent> {
    const seen = this.#row(id)
    const set = { ...defined(change), updatedAt: Date.now() }
    const { computerId = seen.computerId, runtimeKind = seen.runtimeKind } = set
    if (computerId !== seen.computerId || runtimeKind !== seen.runtimeKind)
      await this.#checkRuntime(computerId, runtimeKind)
    await this.core.db.tx(async (tx) => {
      const row = await this.#current(tx, id)
      const next: AgentRow = { ...row, ...set }
      await this.#store.update(tx, id, set)
      this.#emit(tx, p, next, 'updated')
      if (next.computerId !== row.computerId) await this.#leave(tx, p, row, next.computerId)
      if (next.enabled !== row.enabled) await this.services.cleanup.switched(tx, id, next.enabled, actorOf(p))
      await this.#reload(tx, p, next)
      await this.core.audit.record(tx, {
        by: p,
        action: 'agent.update',
        subject: id,
        detail: { fields: Object.keys(defined(change)) },
      })
    })
    return this.#managed(p, id)
  }

  /** What an agent has on its computer ends: its work goes on elsewhere, its process and its token do not. */
  async #leave(tx: Tx, p: UserPrincipal, row: AgentRow, to: string): Promise<void> {
    await this.services.cleanup.move(tx, row.id, to, actorOf(p))
    await this.services.commands.enqueue(tx, {
      computerId: row.computerId,
      agentId: row.id,
      requestedBy: actorOf(p),
      action: 'terminate',
      reason: 'The agent was given another computer.',
    })
    await this.core.credentials.revoke(tx, { kind: 'agent', ownerId: row.id })
  }

  /** Replaces the environment. A secret with value null keeps the value that it has. */
  async setEnv(p: UserPrincipal, id: string, env: EnvVar[]): Promise<ManagedAgent> {
    await this.core.db.tx(async (tx) => {
      const row = await this.#current(tx, id)
      const next = { ...row, env: this.#seal(row, env), updatedAt: Date.now() }
      await this.#store.update(tx, id, { env: next.env, updatedAt: next.updatedAt })
      this.#emit(tx, p, next, 'updated')
      await this.#reload(tx, p, next)
      await this.core.audit.record(tx, {
        by: p,
        action: 'agent.env',
        subject: id,
        detail: { names: env.map((v) => v.name) },
      })
    })
    return this.#managed(p, id)
  }

  /** What else goes, in the same transaction, with an agent that is deleted. */
  whenDeleted(then: (tx: Tx, agentId: string) => Promise<void>): void {
    this.#onDeleted = then
  }

  async delete(p: UserPrincipal, id: string): Promise<void> {
    const now = Date.now()
    await this.core.db.tx(async (tx) => {
      const row = await this.#current(tx, id)
      // The handle is free for another agent; this one keeps its messages under its id.
      const name = `${row.name.slice(0, 40)}~${row.id.slice(-8)}`
      await this.services.cleanup.cancelAll(
        tx,
        id,
        { reason: 'agent_removed', message: `@${p.name} deleted @${row.name}.` },
        actorOf(p),
      )
      await this.services.commands.enqueue(tx, {
        computerId: row.computerId,
        agentId: id,
        requestedBy: actorOf(p),
        action: 'terminate',
        reason: 'The agent was deleted.',
      })
      await this.core.credentials.revoke(tx, { kind: 'agent', ownerId: id })
      const left = await this.#store.leaveAll(tx, id)
      await this.#onDeleted(tx, id)
      await this.#store.update(tx, id, { name, enabled: false, deletedAt: now, updatedAt: now })
      this.#emit(tx, p, { ...row, enabled: false, deletedAt: now, updatedAt: now }, 'deleted', [])
      for (const member of left) this.#emitLeft(tx, p, member, row)
      await this.core.audit.record(tx, { by: p, action: 'agent.delete', subject: id, detail: { name: row.name } })
    })
    this.#statuses.forget(id)
  }

  async control(
    p: UserPrincipal,
    id: string,
    action: ControlAction,
    reason: string,
    once?: Once,
  ): Promise<{ operationId: string; state: 'queued' }> {
    const { id: operationId } = await this.#control.order(p, this.#row(id), action, reason, once)
    return { operationId, state: 'queued' }
  }

  /** What a daemon says about how its agent is. */
  async reportStatus(p: ComputerPrincipal, id: string, status: AgentStatus): Promise<AgentStatus> {
    return this.#statuses.report(p, this.own(p, id), status)
  }

  /** An agent of this very computer. */
  own(p: ComputerPrincipal, id: string): AgentRow {
    const row = this.core.directory.agent(id)
    if (!row) throw unknown()
    if (row.computerId !== p.id)
      throw new NekodeError('forbidden', 'This agent belongs to another computer.', { code: 'foreign_agent' })
    return row
  }

  /** All of a computer's agents. */
  ofComputer(computerId: string): AgentRow[] {
    return this.core.directory.agents().filter((a) => a.computerId === computerId)
  }

  /** The environment in clear, for the process itself and nobody else. */
  environment(row: AgentRow): StoredEnvVar[] {
    const env = row.env.map((v) =>
      v.secret ? { ...v, value: this.core.secrets.open(v.value, sealContext(row.id, v.name)) } : v,
    )
    if (!row.command.length) return env
    const [command = '', ...args] = row.command
    return [
      ...env,
      { name: 'NEKODE_EXECUTOR_COMMAND', value: command, secret: false },
      { name: 'NEKODE_EXECUTOR_ARGS', value: JSON.stringify(args), secret: false },
    ]
  }

  #seal(row: AgentRow, env: EnvVar[]): StoredEnvVar[] {
    const before = new Map(row.env.map((v) => [v.name, v]))
    const names = new Set<string>()
    return env.map(({ name, value, secret }) => {
      if (names.has(name)) throw new NekodeError('invalid', `${name} is there twice.`, { code: 'invalid_request' })
      if (RESERVED.test(name))
        throw new NekodeError('invalid', `${name} is one of Nekode’s own variables.`, {
          code: 'invalid_request',
          next: 'Leave it out.',
        })
      names.add(name)
      if (value === null) {
        const kept = before.get(name)
        if (!kept?.secret || !secret)
          throw new NekodeError('invalid', `${name} has no value.`, { code: 'invalid_request' })
        return kept
      }
      // A reference is no secret: people see what it refers to, and only the computer has the value.
      if (!secret || secretReference(value) !== undefined) return { name, value, secret: false }
      return { name, value: this.core.secrets.seal(value, sealContext(row.id, name)), secret }
    })
  }

  async #checkRuntime(computerId: string, kind: string): Promise<void> {
    const kinds = await this.services.computers.runtimeKinds(computerId)
    if (!kinds.has(kind))
      throw new NekodeError('invalid', `That computer does not know a runtime “${kind}”.`, {
        code: 'runtime_unknown',
        next: `Use one of: ${[...kinds].toSorted().join(', ')}.`,
      })
  }

  async #reload(tx: Tx, p: Principal, row: AgentRow): Promise<void> {
    await this.services.commands.enqueue(tx, {
      computerId: row.computerId,
      agentId: row.id,
      requestedBy: actorOf(p),
      command: { type: 'reload_agent' },
    })
  }

  #row(id: string): AgentRow {
    const row = this.core.directory.agent(id)
    if (!row) throw unknown()
    return row
  }

  /** An agent as this transaction has it: the directory knows of commits only. */
  async #current(tx: Tx, id: string): Promise<AgentRow> {
    const row = await this.#store.get(id, tx.q)
    if (!row || row.deletedAt !== null) throw unknown()
    return row
  }

  #view(p: Principal, row: AgentRow): Agent {
    return agentView(
      row,
      this.#channels(row.id, (channel) => this.core.access.can(p, 'read', channel)),
      this.#statuses.of(p, row),
    )
  }

  #managed(p: UserPrincipal, id: string): ManagedAgent {
    const row = this.#row(id)
    return { ...this.#view(p, row), ...settingsView(row) }
  }

  #channels(
    id: string,
    visible: (channel: NonNullable<ReturnType<Core['directory']['channel']>>) => boolean,
  ): Agent['channels'] {
    return [...this.core.directory.memberships('agent', id)].flatMap((channelId) => {
      const channel = this.core.directory.channel(channelId)
      const member = this.core.directory.member(channelId, 'agent', id)
      return channel && member && channel.kind === 'channel' && visible(channel)
        ? [{ target: channel.target, deliveryMode: member.deliveryMode }]
        : []
    })
  }

  /** Everybody gets this event, so it names public channels only, and tells neither what the agent is at nor how it is run. */
  #emit(
    tx: Tx,
    p: Principal,
    row: AgentRow,
    operation: 'created' | 'updated' | 'deleted',
    channels?: Agent['channels'],
  ): void {
    tx.emit({
      kind: 'agent',
      operation,
      aggregateId: row.id,
      audience: 'all',
      actor: actorOf(p),
      payload: agentView(
        row,
        channels ?? this.#channels(row.id, (c) => c.visibility === 'public'),
        this.#statuses.ofAll(row),
      ),
    })
    if (operation === 'updated') this.#statuses.tellPlace(tx, row)
  }

  #emitLeft(tx: Tx, p: Principal, member: Member, row: AgentRow): void {
    const { channelId, kind, memberId, role, deliveryMode, joinedAt } = member
    tx.emit({
      kind: 'member',
      operation: 'deleted',
      aggregateId: channelId,
      audience: `channel:${channelId}`,
      target: this.core.directory.channel(channelId)?.target ?? null,
      actor: actorOf(p),
      payload: {
        kind,
        memberId,
        role,
        deliveryMode,
        joinedAt,
        name: row.name,
        displayName: row.displayName,
        removed: true,
      },
    })
  }
}

const sealContext = (agentId: string, name: string): string => `agent:${agentId}:env:${name}`
const unknown = (): NekodeError => new NekodeError('not_found', 'There is no such agent.')
const taken = (name: string): NekodeError =>
  new NekodeError('conflict', `The name @${name} is taken.`, {
    code: 'name_taken',
    next: 'Choose another one; people and agents share their names.',
  })

/** Without the fields that were left out. */
const defined = <T extends object>(o: T): { [K in keyof T]?: Exclude<T[K], undefined> } =>
  Object.fromEntries(Object.entries(o).filter(([, v]) => v !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>
  }
