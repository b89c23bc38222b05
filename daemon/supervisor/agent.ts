import type { DaemonCommand } from '@shared/contract/control'
import type { Logger } from '@shared/log'
import type { AgentEvent, SavedCall } from '../runtimes/events'
import { type Failure, RuntimeFailure } from '../runtimes/failure'
import { type Ending, endingOf, givenBack } from './ending'
import { Joining, type JoiningHost } from './joining'
import { AgentProcess, type ProcessDeps } from './process'
import type { Settings } from './profile'
import { turnText } from './prompt'
import type { Gate } from './starts'
import { Status } from './status'
import type { Task } from './task'
import { Turn } from './turn'
import type { Uplink } from './uplink'

export interface AgentDeps extends ProcessDeps {
  computerId: string
  uplink: Uplink
  /** How many agents may work at the same time. */
  places: Gate
  hangMs: number
  idleMs: number
  maxTurnMs?: number | undefined
  /** The agent's settings as the server has them now. */
  settings(agentId: string): Promise<Settings>
  onStatus(agentId: string): void
}

/** A turn with the runs it is for: the first is the one it was started for, the others joined it. */
interface Work {
  tasks: Task[]
  /** Ends the way to the turn, as long as there is no turn. */
  opening: AbortController
  verdict?: Ending
  turn: Turn | null
  /** The runtime has the text. */
  isStarted: boolean
  /** More may join. */
  isOpen(): boolean
  /** Gives back the place among the agents that work. */
  leave: () => void
}

/** How long an interrupted turn may take to end before its process is stopped. */
const INTERRUPT_MS = 10_000
const KILL_GRACE_MS = 1000
/**
 * One agent: one long-lived session of one runtime, and the queue of runs it has to answer. Everything about a turn happens in
 * the order of the runtime's events, so nothing is lost between the end of a turn and the start of the next.
 */
export class Agent {
  readonly id: string
  readonly status: Status
  readonly #deps: AgentDeps
  readonly #log: Logger
  readonly #process: AgentProcess
  readonly #queue: Task[] = []
  readonly #joining: Joining
  #settings: Settings | null = null
  #isStale = true
  #work: Work | null = null
  #idle: Timer | undefined
  #halting: Timer | undefined
  /** Where the last turn was. */
  #place = ''
  #isStopped = false
  #drained: (() => void) | undefined

  constructor(deps: AgentDeps, agentId: string) {
    this.id = agentId
    this.#log = deps.log.child({ agent: agentId })
    this.#deps = { ...deps, log: this.#log }
    this.#process = new AgentProcess(this.#deps, agentId, (event) => this.#on(event))
    this.#joining = new Joining(this.#joiningHost())
    this.status = new Status(deps.computerId, agentId, () => deps.onStatus(agentId))
  }

  /** The attempt that this agent is at with a run, or undefined when it has nothing to do with it. */
  attemptOf(runId: string): number | undefined {
    return this.#allTasks().find((task) => task.runId === runId)?.attempt
  }

  get isBusy(): boolean {
    return this.#work !== null || this.#queue.length > 0
  }

  get workspace(): string | undefined {
    return this.#process.running?.workspace
  }

  /** Shows people what the agent says that it is doing. */
  say(text: string): void {
    const said = this.#settings?.clean(text) ?? text
    this.#work?.turn?.notice('info', said)
    this.status.say(said)
  }

  /** The agent's program was given an answer from the cache. */
  saved(call: SavedCall): void {
    this.#work?.turn?.saved(call)
  }

  /** Takes a run. It joins the running turn when it belongs to the same conversation, else it waits for its turn. */
  enqueue(task: Task): void {
    if (this.#isStopped) return
    this.#queue.push(task)
    this.#next()
  }

  decide(command: Extract<DaemonCommand, { type: 'answer_permission' }>): void {
    if (this.#work?.tasks.some(({ runId }) => runId === command.runId)) this.#work.turn?.decide(command)
  }

  /** Ends a run's turn at a person's request; `kill` ends the process too. A run that only waits is taken out of the queue. */
  cancel(runId: string, how: 'interrupt' | 'kill'): void {
    const ending: Ending = {
      type: 'canceled',
      answer: '',
      why: how === 'kill' ? 'It was killed.' : 'It was interrupted.',
    }
    const work = this.#work
    if (work?.tasks.some((task) => task.runId === runId)) {
      this.#stop(work, ending)
      if (how === 'kill') void this.#process.stop(KILL_GRACE_MS)
      return
    }
    for (const task of this.#take((one) => one.runId === runId)) this.#deps.uplink.end(task, ending)
    this.#next()
  }

  /** The server says that a run is not this daemon's any more. Others that joined its turn are given back. */
  lose(runId: string): void {
    this.#take((one) => one.runId === runId)
    const work = this.#work
    const at = work?.tasks.findIndex((task) => task.runId === runId) ?? -1
    if (!work || at < 0) return this.#next()
    this.#log.info('the run is over for the server; its turn is stopped', { run: runId })
    if (at > 0) work.tasks.splice(at, 1)
    else this.#stop(work, { type: 'lost' })
  }

  /** Ends the process and cancels everything the agent was to do. */
  async terminate(): Promise<void> {
    const ending: Ending = { type: 'canceled', answer: '', why: 'The agent was stopped.' }
    for (const task of this.#take(() => true)) this.#deps.uplink.end(task, ending)
    if (this.#work) this.#stop(this.#work, ending)
    await this.#process.stop()
  }

  /** Ends the process; what it was at is given back and goes on with the next one. `forget` starts a new session then. */
  async restart(forget: boolean): Promise<void> {
    this.status.restarting()
    if (this.#work) this.#stop(this.#work, givenBack('The agent was restarted.'))
    await this.#process.stop()
    if (forget) this.#process.forgetSession()
    this.#place = ''
    if (!this.#work) this.status.idle()
  }

  /** Gives back everything and ends the process; what is assigned later is taken as ever. */
  async giveBack(why: string): Promise<void> {
    const ending = givenBack(why)
    for (const task of this.#take(() => true)) this.#deps.uplink.end(task, ending)
    if (this.#work) this.#stop(this.#work, ending)
    await this.#process.stop()
  }

  /** The settings have changed: they are read again before the next turn. */
  reload(): void {
    this.#isStale = true
  }

  /** Gives back everything and ends the process; the agent takes nothing more. */
  async drain(graceMs: number): Promise<void> {
    this.#isStopped = true
    clearTimeout(this.#idle)
    const ending = givenBack('The daemon was stopped.')
    for (const task of this.#take(() => true)) this.#deps.uplink.end(task, ending)
    if (this.#work) {
      const { promise, resolve } = Promise.withResolvers<void>()
      this.#drained = resolve
      this.#stop(this.#work, ending)
      const timer = setTimeout(resolve, graceMs)
      await promise
      clearTimeout(timer)
    }
    await this.#process.stop(KILL_GRACE_MS)
  }

  /** Renews the leases of everything that is under way or waits with a lease. */
  async renew(): Promise<void> {
    for (const task of this.#allTasks()) {
      if (!task.running) continue
      const isOurs = await this.#deps.uplink.renew(task).catch((error: unknown) => {
        this.#log.debug('a lease was not renewed', { run: task.runId, error })
        return true
      })
      if (!isOurs) this.lose(task.runId)
    }
  }

  #allTasks(): Task[] {
    return [...(this.#work?.tasks ?? []), ...this.#joining.tasks, ...this.#queue]
  }

  /** Takes the matching tasks out of what waits. */
  #take(which: (task: Task) => boolean): Task[] {
    const taken = this.#queue.filter(which)
    for (const task of taken) this.#queue.splice(this.#queue.indexOf(task), 1)
    return [...taken, ...this.#joining.take(which)]
  }

  #joiningHost(): JoiningHost {
    return {
      log: this.#log,
      running: () => this.#work,
      driver: () => this.#process.running?.driver,
      next: (target) => {
        const at = this.#queue.findIndex((task) => !task.alone && task.target === target)
        return at < 0 ? undefined : this.#queue.splice(at, 1)[0]
      },
      putBack: (...tasks) => this.#putBack(...tasks),
      prepare: async (task) => {
        const [wanted] = await Promise.all([task.running || this.#deps.uplink.running(task), this.#readPrompt(task)])
        return wanted
      },
      text: (task) => this.#text(task),
      end: (task, ending, joinedRunId) => this.#deps.uplink.end(task, ending, { joinedRunId }),
      onIdle: () => this.#next(),
    }
  }

  /** Puts tasks in front of the queue; an agent that takes nothing more gives them back. */
  #putBack(...tasks: Task[]): void {
    if (!this.#isStopped) this.#queue.unshift(...tasks)
    else for (const task of tasks) this.#deps.uplink.end(task, givenBack('The daemon was stopped.'))
  }

  #next(): void {
    clearTimeout(this.#idle)
    if (this.#isStopped) return
    if (this.#work) return void this.#joining.give()
    // The runtime may be about to start a turn of its own for what it was given.
    if (this.#joining.isPending) return
    const task = this.#queue.shift()
    if (task) return void this.#begin(task)
    this.#idle = setTimeout(() => this.#sleep(), this.#deps.idleMs)
  }

  #sleep(): void {
    if (this.isBusy || !this.#process.running) return
    this.#log.info('the agent is idle and put to sleep')
    this.status.asleep()
    void this.#process.stop()
  }

  async #begin(task: Task): Promise<void> {
    const work = newWork([task], false)
    this.#work = work
    this.#joining.begun()
    this.status.working(task.runId, task.target)
    try {
      await this.#open(work, task)
    } catch (error) {
      const ending = work.verdict ?? endingOf(error)
      if (work.turn) work.turn.end(ending)
      else this.#end(work, ending)
    }
    this.#next()
  }

  async #open(work: Work, task: Task): Promise<void> {
    const { signal } = work.opening
    const { places, uplink } = this.#deps
    const began = performance.now()
    work.leave = await places.enter(signal)
    // What is to be said is read while the permit is asked for: each is a round trip that people wait for.
    const reading = Promise.all([this.#readSettings(), this.#readPrompt(task, signal)])
    reading.catch(() => undefined)
    const release = task.running ? () => undefined : await uplink.permit(task, signal)
    try {
      const wanted = task.running || (await uplink.running(task, signal))
      const [settings] = await reading
      signal.throwIfAborted()
      if (!wanted) return this.#end(work, { type: 'lost' })
      const { driver, workspace, sessionLost } = await this.#process.ensure(settings, task.prompt?.launch ?? '', signal)
      signal.throwIfAborted()
      const turn = this.#turn(work, settings, workspace)
      work.turn = turn
      if (sessionLost) turn.notice('warning', 'The earlier session could not be opened again. This is a new one.')
      turn.started()
      await driver.send(this.#text(task))
      this.#log.debug('the turn was handed over', { run: task.runId, afterMs: Math.round(performance.now() - began) })
      this.#place = task.target
      work.isStarted = true
    } finally {
      release()
    }
  }

  #text(task: Task): string {
    return task.prompt ? turnText(task.prompt, this.#place !== task.target) : task.summary
  }

  async #readSettings(): Promise<Settings> {
    if (this.#settings && !this.#isStale) return this.#settings
    this.#isStale = false
    try {
      this.#settings = await this.#deps.settings(this.id)
      return this.#settings
    } catch (error) {
      this.#isStale = true
      throw error
    }
  }

  async #readPrompt(task: Task, signal?: AbortSignal): Promise<void> {
    task.prompt ??= await this.#deps.uplink.prompt(task, signal)
  }

  #turn(work: Work, settings: Settings, workspace: string): Turn {
    const { uplink, hangMs, maxTurnMs } = this.#deps
    const task = work.tasks[0]
    return new Turn({
      policy: settings.policy,
      workspace,
      hangMs,
      maxMs: shorter(maxTurnMs, settings.confinement.turnMinutes),
      canAsk: task !== undefined,
      push: (report) => {
        if (task && work.verdict?.type !== 'lost') uplink.step(task, report)
      },
      backlog: () => (task ? uplink.backlog(task) : 0),
      nextSequence: () => (task ? uplink.nextSequence(task) : 0),
      clean: settings.clean,
      held: settings.held,
      answer: (requestId, decision) => this.#process.running?.driver.answer(requestId, decision),
      onStop: () => this.#halt(work),
      onEnd: (ending) => this.#end(work, ending),
      onActivity: (activity) => this.status.doing(activity),
    })
  }

  #on(event: AgentEvent): void {
    if (event.type === 'exit') return this.#exited(event)
    if (event.type === 'stderr' || event.type === 'garbage')
      return this.#log.debug(event.type, { line: this.#settings?.clean(event.line) ?? '' })
    if (event.type === 'turn.start' && !this.#work) this.#adopt()
    this.#work?.turn?.on(event)
  }

  /** The runtime starts a turn by itself: for what it was given before, or because something in the background woke it. */
  #adopt(): void {
    const running = this.#process.running
    const settings = this.#settings
    if (!running || !settings) return
    clearTimeout(this.#idle)
    const { tasks, isUnwanted } = this.#joining.adopt()
    const work = newWork(tasks, true)
    const [first] = tasks
    if (first) this.status.working(first.runId, first.target)
    work.turn = this.#turn(work, settings, running.workspace)
    this.#work = work
    if (isUnwanted) this.#stop(work, { type: 'lost' })
  }

  #exited({ failure: found }: Extract<AgentEvent, { type: 'exit' }>): void {
    const failure = found && this.#cleanFailure(found)
    // A driver ends its turn before it says that it is gone; this is for one that did not.
    this.#work?.turn?.end(this.#work.verdict ?? givenBack(failure?.message ?? 'The process ended.', failure))
    // What was handed to a process that is gone was not heard.
    this.#putBack(...this.#joining.unheard())
    if (failure && !this.#work) this.status.idle(failure)
    if (!this.#work) this.#next()
  }

  #stop(work: Work, verdict: Ending): void {
    work.verdict ??= verdict
    if (work.turn) work.turn.stop(verdict)
    else work.opening.abort(new RuntimeFailure('killed', 'The run was stopped before its turn began.'))
  }

  /** Interrupts the runtime's turn, and ends the process when that does not help. */
  #halt(work: Work): void {
    const running = this.#process.running
    if (!running) return work.turn?.end(work.verdict ?? givenBack('The process is gone.'))
    clearTimeout(this.#halting)
    this.#halting = setTimeout(() => {
      this.#log.warn('the runtime does not let itself be interrupted and is stopped')
      void this.#process.stop(KILL_GRACE_MS).then(() => work.turn?.end(work.verdict ?? givenBack('It was stopped.')))
    }, INTERRUPT_MS)
    running.driver.interrupt().catch((error: unknown) => this.#log.debug('the interrupt failed', { error }))
  }

  #end(work: Work, found: Ending): void {
    if (this.#work !== work) return
    const ending = this.#clean(found)
    clearTimeout(this.#halting)
    this.#work = null
    work.leave()
    const [owner, ...joined] = work.tasks
    this.#log.info('turn over', {
      run: owner?.runId,
      ending: ending.type,
      ...('failure' in ending ? ending.failure : {}),
    })
    if (owner) this.#report(owner, joined, ending)
    else if (ending.type === 'completed' && ending.answer && this.#place)
      this.#deps.uplink.say(this.id, this.#place, ending.answer)
    const failure = 'failure' in ending ? ending.failure : undefined
    if (ending.type === 'completed') this.#process.healthy()
    this.status.idle(failure)
    this.#joining.wait()
    this.#drained?.()
    // The runtime's own next turn, if there is one, comes with its next event: nothing else may start before that is seen.
    queueMicrotask(() => {
      if (!this.#work) this.#next()
    })
  }

  /** What a program wrote last, and a runtime's error, may hold what it was given as a secret. */
  #clean(ending: Ending): Ending {
    const clean = this.#settings?.clean
    if (!clean) return ending
    if ('failure' in ending) return { ...ending, failure: this.#cleanFailure(ending.failure) }
    return 'answer' in ending ? { ...ending, answer: clean(ending.answer) } : ending
  }

  #cleanFailure(failure: Failure): Failure {
    return { ...failure, message: this.#settings?.clean(failure.message) ?? failure.message }
  }

  #report(owner: Task, joined: Task[], ending: Ending): void {
    const { uplink } = this.#deps
    if (this.#settings) this.#process.saveSession(this.#settings)
    if (ending.type === 'failed' && ending.failure.reason === 'session_lost' && !owner.fresh)
      return this.#again(owner, joined)
    const sessionId = this.#process.running?.driver.sessionId
    uplink.end(owner, ending, sessionId ? { sessionId } : {})
    if (ending.type === 'completed') return this.#joining.joined(joined, owner.runId)
    // What joined a turn shares its fate, except that another run's loss is not its own.
    const shared: Ending = ending.type === 'lost' ? givenBack('The turn that it had joined was stopped.') : ending
    for (const task of joined) uplink.end(task, shared.type === 'canceled' ? { ...shared, answer: '' } : shared)
  }

  /** The session is gone: the same message once more in a new one. */
  #again(owner: Task, joined: Task[]): void {
    owner.fresh = true
    this.#process.forgetSession()
    this.#putBack(owner, ...joined)
    void this.#process.stop()
  }
}

/** The stricter of the computer's limit, in milliseconds, and the agent's own, in minutes. */
function shorter(computerMs: number | undefined, agentMinutes: number | null): number | undefined {
  if (agentMinutes === null) return computerMs
  return Math.min(computerMs ?? Number.POSITIVE_INFINITY, agentMinutes * 60_000)
}

function newWork(tasks: Task[], isStarted: boolean): Work {
  const work: Work = {
    tasks,
    opening: new AbortController(),
    turn: null,
    isStarted,
    isOpen: () => work.isStarted && work.turn !== null && !work.turn.isClosed,
    leave: () => undefined,
  }
  return work
}
