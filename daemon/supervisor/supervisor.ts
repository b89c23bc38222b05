import { DaemonCommand } from '@shared/contract/control'
import { errorText, NekodeError } from '@shared/errors'
import {
  AgentControlAction,
  type AgentControlOperation,
  type AgentProfile,
  AgentStatusSnapshotSchema,
} from '@shared/gen/nekode/daemon/v1/agents_pb'
import type { EventCursor } from '@shared/gen/nekode/daemon/v1/common_pb'
import type { ServerEvent } from '@shared/gen/nekode/daemon/v1/events_pb'
import { type Run, RunState } from '@shared/gen/nekode/daemon/v1/runs_pb'
import { create } from '@bufbuild/protobuf'
import type { Link } from '../control/link'
import type { Outbox } from '../control/outbox'
import { Agent, type AgentDeps } from './agent'
import type { SavedCall } from '../runtimes/events'
import { RuntimeFailure } from '../runtimes/failure'
import { findWorkspace } from '../workspace/workspace'
import type { OperationStore } from './operations'
import { type Settings, settingsOf } from './profile'
import type { Redactor } from './redactor'
import { queueOf, type RunStore } from './runs'
import { taskOf } from './task'

/** A lease lasts 300 s. */
const RENEW_MS = 100_000
const STATUS_MS = 300
/** Longest look for an agent that somebody waits for. */
const LOOK_MS = 10_000
/** With all that follows it, less than the 10 s that a server gives the daemon of its own computer. */
const DRAIN_MS = 4000

export interface SupervisorDeps extends Omit<AgentDeps, 'settings' | 'onStatus'> {
  link: Link
  outbox: Outbox
  runs: RunStore
  operations: OperationStore
  /** What must not leave this computer. */
  redactor: Redactor
  /** Command of agents that need one and have none. */
  executor: readonly string[]
  /** Empties an agent's memory; what was there is kept aside. */
  forgetMemory(settings: Settings): void
  /** What the server keeps of an agent's memory is not what was copied. */
  memoryChanged(agentId: string): void
  /** An agent was stopped for good, or is another computer's now: what its processes could prove who they are with is worth nothing. */
  gone(agentId: string): void
  installRuntime(kind: string, onLine: (line: string) => void): Promise<void>
  refreshInventory(): Promise<void>
}

/** All agents of this computer: who gets which run, what people ask of them, and what the server is told about them. */
export class Supervisor {
  readonly #deps: SupervisorDeps
  readonly #agents = new Map<string, Agent>()
  readonly #changed = new Set<string>()
  #profiles = new Map<string, AgentProfile>()
  #publishing: Timer | undefined
  #renewing: Timer | undefined
  #isDraining = false

  constructor(deps: SupervisorDeps) {
    this.#deps = deps
    deps.link.whenOnline(() => {
      this.#listProfiles().catch((error: unknown) => deps.log.warn('the agents could not be listed', { error }))
      for (const id of this.#agents.keys()) this.#publish(id)
    })
  }

  /** Takes up what an earlier process left: runs that were under way are given back, operations are carried out. */
  start(): void {
    const { runs, uplink, operations } = this.#deps
    // A run without a lease was only about to begin, or to join a turn; the server tells what it thinks of it.
    for (const run of runs.active())
      if (run.leaseId !== '') uplink.giveBack(run, run.agentId, run.leaseId, 'The daemon was restarted.')
    for (const operation of operations.pending()) this.#carryOut(operation)
    this.#renewing = setInterval(() => {
      for (const agent of this.#agents.values()) void agent.renew()
    }, RENEW_MS)
  }

  /** As part of the journal's transaction. */
  admit({ payload }: ServerEvent): void {
    const { operations, runs } = this.#deps
    if (payload.case === 'agentControl') operations.admit(payload.value)
    if (payload.case === 'run' && isWaiting(payload.value))
      runs.admit(payload.value.runId, payload.value.agentId, attemptOf(payload.value))
  }

  handle({ payload }: ServerEvent): void {
    if (payload.case === 'agentControl') this.#carryOut(payload.value)
    if (payload.case === 'run') this.#onRun(payload.value)
    if (payload.case === 'memoryRecord') this.#deps.memoryChanged(payload.value.agentId)
  }

  /** The computer's runs that are not over, oldest first: makes up for events that were missed. */
  assigned(list: Run[]): void {
    for (const run of list) this.#onRun(run)
  }

  /** The server refuses what is said about an attempt. */
  lost(queue: string): void {
    const [runId = '', attempt] = queue.split('/')
    for (const agent of this.#agents.values()) if (agent.attemptOf(runId) === Number(attempt)) agent.lose(runId)
  }

  /** Statuses of all agents, for heartbeats. */
  statuses() {
    return [...this.#agents.values()].map(({ status }) => create(AgentStatusSnapshotSchema, status.snapshot()))
  }

  /** Real path of the workspace that an agent's process works in; undefined while it has none. */
  workspaceOf(agentId: string): string | undefined {
    return this.#agents.get(agentId)?.workspace
  }

  /**
   * Real path of the workspace of an agent of this computer, also while no process works in it.
   * @throws NekodeError not_found, precondition `workspace_unavailable`
   */
  async folderOf(agentId: string): Promise<string> {
    const running = this.workspaceOf(agentId)
    if (running !== undefined) return running
    const { name, workspace } = await this.#settings(agentId)
    try {
      return findWorkspace({ paths: this.#deps.paths, agentName: name, configured: workspace })
    } catch (cause) {
      if (!(cause instanceof RuntimeFailure)) throw cause
      throw new NekodeError('precondition', cause.message, { code: 'workspace_unavailable', cause })
    }
  }

  /** The agent of this computer with that id, name or @name, among those that the server has told. */
  agentNamed(text: string): { id: string; name: string } | undefined {
    const name = text.replace(/^@/, '')
    for (const profile of this.#profiles.values())
      if (profile.agentId === name || profile.name === name) return { id: profile.agentId, name: profile.name }
    return undefined
  }

  /**
   * As `agentNamed`, for what a person may have made a moment ago: the server is asked for those that are not known yet.
   * @throws NekodeError unavailable
   */
  async findAgent(text: string): Promise<{ id: string; name: string } | undefined> {
    const known = this.agentNamed(text)
    if (known) return known
    if (!this.#deps.link.client)
      throw new NekodeError('unavailable', 'The server cannot be reached, which knows the agents of this computer.', {
        next: 'Try again when it can: nekode-daemon status',
      })
    await this.#listProfiles(AbortSignal.timeout(LOOK_MS))
    return this.agentNamed(text)
  }

  /** Shows people what an agent says that it is doing. */
  say(agentId: string, text: string): void {
    this.#agents.get(agentId)?.say(text)
  }

  /** Shows people that an agent's program was given an answer from the cache, and does not count it. */
  saved(agentId: string, call: SavedCall): void {
    this.#agents.get(agentId)?.saved(call)
  }

  /** Ends all work: whoever could see it, or stop it, has no way to this computer any more. What comes back is tried again. */
  disowned(): void {
    for (const agent of this.#agents.values())
      agent.giveBack('The server refused this computer.').catch((error: unknown) => {
        this.#deps.log.error('an agent could not be stopped', { agent: agent.id, error })
      })
  }

  /** Gives everything back and ends all processes. */
  async drain(): Promise<void> {
    this.#isDraining = true
    clearInterval(this.#renewing)
    clearTimeout(this.#publishing)
    await Promise.all([...this.#agents.values()].map((agent) => agent.drain(DRAIN_MS)))
  }

  #onRun(run: Run): void {
    if (this.#isDraining || run.runId === '' || run.agentId === '') return
    if (isWaiting(run)) return this.#assign(run)
    if (run.state === RunState.RUNNING || run.state === RunState.BLOCKED) return this.#check(run)
    // Over on the server, by someone else than this daemon.
    const agent = this.#agents.get(run.agentId)
    if (agent?.attemptOf(run.runId) === attemptOf(run)) agent.lose(run.runId)
  }

  #assign(run: Run): void {
    const { runs, outbox, log } = this.#deps
    const attempt = attemptOf(run)
    const isNew = runs.admit(run.runId, run.agentId, attempt)
    const known = runs.get(run.runId)
    // Another attempt was given out while this daemon was still at an earlier one.
    const agent = this.#agent(run.agentId)
    const at = agent.attemptOf(run.runId)
    if (at === attempt || known?.attempt !== attempt) return
    if (!isNew && (known.state !== 'queued' || outbox.pending(queueOf(known)) > 0)) return
    if (at !== undefined) agent.lose(run.runId)
    log.info('run assigned', { run: run.runId, agent: run.agentId, attempt })
    agent.enqueue({ ...taskOf(run), attempt })
  }

  /** The server believes that a run is under way here. */
  #check(run: Run): void {
    const { runs, outbox, uplink } = this.#deps
    const attempt = attemptOf(run)
    const known = runs.get(run.runId)
    if (this.#agents.get(run.agentId)?.attemptOf(run.runId) === attempt) return
    if (run.leaseId === '' || outbox.pending(queueOf({ runId: run.runId, attempt })) > 0) return
    // The list may be older than what was reported since.
    if (known?.attempt === attempt && known.state === 'ended') return
    runs.admit(run.runId, run.agentId, attempt)
    uplink.giveBack({ runId: run.runId, attempt }, run.agentId, run.leaseId, 'The daemon lost the run.')
  }

  #agent(agentId: string): Agent {
    const known = this.#agents.get(agentId)
    if (known) return known
    const agent = new Agent(
      { ...this.#deps, settings: (id) => this.#settings(id), onStatus: (id) => this.#publish(id) },
      agentId,
    )
    this.#agents.set(agentId, agent)
    return agent
  }

  async #settings(agentId: string): Promise<Settings> {
    const { link, executor, redactor } = this.#deps
    const known = this.#profiles.get(agentId)
    if (known) return settingsOf(known, executor, redactor)
    const { profile } = await link.call((client) => client.getAgentProfile({ agentId }))
    if (!profile)
      throw new NekodeError('not_found', `The server does not know the agent ${agentId}.`, { code: 'agent_unknown' })
    this.#profiles.set(agentId, profile)
    return settingsOf(profile, executor, redactor)
  }

  async #listProfiles(signal?: AbortSignal): Promise<void> {
    const { link } = this.#deps
    const profiles = new Map<string, AgentProfile>()
    let cursor: EventCursor | undefined
    do {
      const at = cursor
      const page = await link.call(
        (client) => client.listAgentProfiles({ limit: 200, ...(at ? { cursor: at } : {}) }),
        signal,
      )
      for (const profile of page.profiles) profiles.set(profile.agentId, profile)
      cursor = page.profiles.length > 0 ? page.nextCursor : undefined
    } while (cursor)
    for (const [id, agent] of this.#agents) {
      if (profiles.has(id)) agent.reload()
      // Deleted, or given to another computer.
      else {
        this.#deps.gone(id)
        if (!agent.isBusy) this.#remove(id, agent)
      }
    }
    this.#profiles = profiles
    for (const id of profiles.keys()) this.#agent(id)
  }

  #remove(id: string, agent: Agent): void {
    this.#agents.delete(id)
    void agent.drain(DRAIN_MS)
  }

  #publish(agentId: string): void {
    this.#changed.add(agentId)
    this.#publishing ??= setTimeout(() => {
      this.#publishing = undefined
      const { link, log } = this.#deps
      for (const id of this.#changed) {
        this.#changed.delete(id)
        const status = this.#agents.get(id)?.status.snapshot()
        const key = crypto.randomUUID()
        // The next heartbeat carries it when this is lost.
        link.client
          ?.updateAgentStatus({ ...(status ? { status } : {}), requestId: key, idempotencyKey: key })
          .catch((error: unknown) => log.debug('a status was not sent', { agent: id, error }))
      }
    }, STATUS_MS)
  }

  #carryOut(operation: AgentControlOperation): void {
    const { operations, log } = this.#deps
    const { operationId } = operation
    this.#perform(operation)
      .then(() => operations.done(operationId))
      .catch((error: unknown) => log.error('an operation failed', { operation: operationId, error }))
  }

  async #perform(operation: AgentControlOperation): Promise<void> {
    const { action, agentId, operationId } = operation
    const agent = agentId ? this.#agent(agentId) : undefined
    switch (action) {
      case AgentControlAction.TERMINATE:
        this.#deps.gone(agentId)
        return this.#reported(operationId, async () => agent?.terminate())
      case AgentControlAction.RESTART:
        return this.#reported(operationId, async () => agent?.restart(false))
      case AgentControlAction.RESTART_RESET_SESSION:
        return this.#reported(operationId, async () => agent?.restart(true))
      case AgentControlAction.RESTART_FULL_RESET:
        return this.#reported(operationId, async () => {
          await agent?.restart(true)
          this.#deps.forgetMemory(await this.#settings(agentId))
        })
      case AgentControlAction.CUSTOM:
        return this.#command(operation, agent)
      default:
        this.#report(operationId, 'unsupported', `This daemon knows no action ${action}.`)
    }
  }

  async #command({ reason, operationId, agentId }: AgentControlOperation, agent: Agent | undefined): Promise<void> {
    const command = DaemonCommand.safeParse(parseJson(reason)).data
    const { installRuntime, refreshInventory } = this.#deps
    switch (command?.type) {
      case 'answer_permission':
        return agent?.decide(command)
      case 'interrupt':
      case 'kill':
        return agent?.cancel(command.runId, command.type)
      case 'reload_agent':
        this.#profiles.delete(agentId)
        return agent?.reload()
      case 'refresh_inventory':
        return refreshInventory()
      case 'install_runtime':
        return this.#reported(operationId, (progress) => installRuntime(command.kind, progress))
      case undefined:
        this.#report(operationId, 'unsupported', 'This daemon does not know the command.')
    }
  }

  /** Carries out what people wait for, and tells them how it goes. Never throws. */
  async #reported(operationId: string, work: (progress: (line: string) => void) => Promise<unknown>): Promise<void> {
    this.#report(operationId, 'running', '')
    const tail = new Tail((text) => this.#report(operationId, 'running', text))
    try {
      await work((line) => tail.add(line))
      tail.stop()
      this.#report(operationId, 'completed', tail.text)
    } catch (error) {
      tail.stop()
      const next = error instanceof NekodeError && error.next ? ` ${error.next}` : ''
      this.#report(operationId, 'failed', `${errorText(error)}${next}`)
    }
  }

  #report(operationId: string, state: 'running' | 'completed' | 'failed' | 'unsupported', detail: string): void {
    this.#deps.outbox.push(`operation:${operationId}`, 'LogActivity', {
      kind: 'operation',
      summary: state,
      detail: JSON.stringify({ operationId, state, detail }),
    })
  }
}

/** The last lines of a program's output, told at most once a second. */
class Tail {
  readonly #tell: (text: string) => void
  readonly #lines: string[] = []
  #timer: Timer | undefined

  constructor(tell: (text: string) => void) {
    this.#tell = tell
  }

  get text(): string {
    return this.#lines.join('\n')
  }

  add(line: string): void {
    this.#lines.push(line.slice(0, 500))
    if (this.#lines.length > 20) this.#lines.shift()
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined
      this.#tell(this.text)
    }, 1000)
  }

  stop(): void {
    clearTimeout(this.#timer)
  }
}

/** Older servers leave the state of a new run out. */
const isWaiting = ({ state }: Run): boolean => state === RunState.QUEUED || state === RunState.UNSPECIFIED
const attemptOf = ({ attempt }: Run): number => Math.max(1, attempt)

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    // A person's words beside an action that has none.
    return undefined
  }
}
