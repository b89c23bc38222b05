import type { Logger } from '@shared/log'
import { agentStateDir, type Paths } from '../config/paths'
import { Backoff, pause } from '../control/backoff'
import type { AgentEvent, DaemonMark, McpEndpoint, RuntimeDriver } from '../runtimes/events'
import type { Cell } from '../confine/confine'
import { RuntimeFailure } from '../runtimes/failure'
import { prepareWorkspace } from '../workspace/workspace'
import type { Settings } from './profile'
import type { SessionStore } from './sessions'
import type { StartQueue } from './starts'

export interface ProcessDeps {
  paths: Paths
  sessions: SessionStore
  starts: StartQueue
  mark: DaemonMark
  log: Logger
  createDriver(settings: Settings): Promise<RuntimeDriver>
  /** The whole environment of a child of this agent. */
  environment(settings: Settings): Promise<Record<string, string>>
  /** Changes when what the environment is made of does, though the settings are the same: a secret was rotated. */
  revision(settings: Settings): string
  /** What its processes are started in. @throws RuntimeFailure sandbox_unavailable */
  cell(settings: Settings, workspace: string, stateDir: string): Promise<Cell | undefined>
  /** The agent's way of talking back. */
  mcp(agentId: string): Promise<McpEndpoint[]>
  /** Puts what the server keeps of the agent's memory into its workspace; does not throw. */
  copyMemory(settings: Settings, workspace: string): Promise<void>
}

export interface Running {
  driver: RuntimeDriver
  workspace: string
  /** The agent's earlier session could not be opened again. */
  sessionLost: boolean
}

const CRASH = { firstMs: 1000, maxMs: 60_000 }

/** The process of one agent: started when a turn needs it, kept between turns, started anew when its settings change or it crashed. */
export class AgentProcess {
  readonly #deps: ProcessDeps
  readonly #agentId: string
  readonly #onEvent: (event: AgentEvent) => void
  readonly #crashes = new Backoff(CRASH)
  #running: Running | null = null
  /** The one whose events count; an earlier one may still be ending. */
  #driver: RuntimeDriver | null = null
  #stopping: Promise<void> = Promise.resolve()
  /** What the running process was started with. */
  #launch = ''
  #notBefore = 0

  constructor(deps: ProcessDeps, agentId: string, onEvent: (event: AgentEvent) => void) {
    this.#deps = deps
    this.#agentId = agentId
    this.#onEvent = onEvent
  }

  get running(): Running | null {
    return this.#running
  }

  /**
   * The running process, or a new one when there is none or it was started with other settings.
   * @throws RuntimeFailure when it cannot start; the signal's reason when that is aborted first
   */
  async ensure(settings: Settings, prompt: string, signal: AbortSignal): Promise<Running> {
    const launch = fingerprint(settings, prompt, this.#deps.revision(settings))
    if (this.#running && this.#launch === launch) return { ...this.#running, sessionLost: false }
    await this.stop()
    await pause(this.#notBefore - Date.now(), signal)
    signal.throwIfAborted()
    const { paths, sessions, starts, log } = this.#deps
    const workspace = prepareWorkspace({ paths, agentName: settings.name, configured: settings.workspace })
    await this.#deps.copyMemory(settings, workspace)
    signal.throwIfAborted()
    const resume = sessions.find(this.#agentId, settings.runtimeKind, workspace)
    const start = (session: string | undefined) =>
      starts.run(() => this.#start(settings, prompt, workspace, session), signal)
    let sessionLost = false
    let driver: RuntimeDriver
    try {
      driver = await start(resume)
    } catch (error) {
      if (!resume || !(error instanceof RuntimeFailure) || error.failure.reason !== 'session_lost') throw error
      log.warn('the session could not be opened again; a new one is started', { session: resume, error })
      sessions.delete(this.#agentId)
      sessionLost = true
      driver = await start(undefined)
    }
    this.#launch = launch
    this.#running = { driver, workspace, sessionLost }
    return this.#running
  }

  async #start(
    settings: Settings,
    prompt: string,
    workspace: string,
    resume: string | undefined,
  ): Promise<RuntimeDriver> {
    const { paths, sessions, mark, log, createDriver, environment, mcp } = this.#deps
    const driver = await createDriver(settings)
    const { runtimeKind, model } = settings
    const onEvent = (event: AgentEvent) => {
      if (this.#driver !== driver) return
      if (event.type === 'ready') sessions.save(this.#agentId, { sessionId: event.sessionId, runtimeKind, workspace })
      if (event.type === 'exit') this.#exited(event)
      try {
        this.#onEvent(event)
      } catch (error) {
        // A full disk, say. The runtime's next lines must still be read; the lease brings the run back.
        log.error('an event could not be taken in', { event: event.type, error })
      }
    }
    const stateDir = agentStateDir(paths, this.#agentId)
    const cell = await this.#deps.cell(settings, workspace, stateDir)
    this.#driver = driver
    const began = performance.now()
    await driver.start({
      cwd: workspace,
      env: await environment(settings),
      prompt,
      stateDir,
      cell,
      mcp: await mcp(this.#agentId),
      mark,
      onEvent,
      ...(resume ? { resume } : {}),
      ...(model ? { model } : {}),
    })
    log.info('the runtime is ready', {
      kind: runtimeKind,
      resumed: resume !== undefined,
      ms: Math.round(performance.now() - began),
    })
    return driver
  }

  #exited({ expected, failure }: Extract<AgentEvent, { type: 'exit' }>): void {
    this.#running = null
    if (expected) return
    const wait = this.#crashes.next()
    this.#notBefore = Date.now() + wait
    this.#deps.log.warn('the runtime ended unexpectedly', { ...failure, nextStartInMs: Math.round(wait) })
  }

  /** A turn went well: the next crash is the first again. */
  healthy(): void {
    this.#crashes.reset()
    this.#notBefore = 0
  }

  /** The session as the runtime has it now: it may get one only with its first turn. */
  saveSession(settings: Settings): void {
    const running = this.#running
    const sessionId = running?.driver.sessionId
    if (running && sessionId)
      this.#deps.sessions.save(this.#agentId, {
        sessionId,
        runtimeKind: settings.runtimeKind,
        workspace: running.workspace,
      })
  }

  forgetSession(): void {
    this.#deps.sessions.delete(this.#agentId)
  }

  /** Ends the process with all that it started; resolves when they are gone. */
  stop(graceMs?: number): Promise<void> {
    const running = this.#running
    this.#running = null
    if (running) this.#stopping = Promise.all([this.#stopping, running.driver.stop(graceMs)]).then(() => undefined)
    return this.#stopping
  }
}

/** Everything that a process is told at its start and cannot be told later. */
const fingerprint = (
  { runtimeKind, model, workspace, command, env, confinement }: Settings,
  prompt: string,
  revision: string,
): string => JSON.stringify([runtimeKind, model, workspace, command, env, confinement, prompt, revision])
