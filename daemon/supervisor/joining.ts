import type { Logger } from '@shared/log'
import type { RuntimeDriver } from '../runtimes/events'
import type { Ending } from './ending'
import { type Follower, Followers } from './followers'
import type { Task } from './task'

/** The turn that messages are given to. */
export interface Running {
  /** It takes messages: the runtime has its text, and nobody is stopping it. */
  isOpen(): boolean
  readonly tasks: Task[]
}

/** What joining needs of the agent. */
export interface JoiningHost {
  log: Logger
  /** The turn that is under way. */
  running(): Running | null
  driver(): RuntimeDriver | undefined
  /** Takes what waits for a target out of the queue. */
  next(target: string): Task | undefined
  putBack(...tasks: Task[]): void
  /** Tells the server that the task runs, and reads what it says. @returns false when the server does not want it to */
  prepare(task: Task): Promise<boolean>
  text(task: Task): string
  end(task: Task, ending: Ending, joinedRunId: string): void
  /** There may be something to start now. */
  onIdle(): void
}

/**
 * Messages in the middle of a turn: each is given to the runtime, which takes it into the turn, or makes a turn of its own of it
 * when that is over. Nothing else may be given to the runtime before that shows.
 */
export class Joining {
  readonly #host: JoiningHost
  readonly #followers = new Followers((followers) => this.#settle(followers))
  /** The run whose message is being given. */
  #handing: { task: Task; isSent: boolean } | null = null
  #isGiving = false
  /** The runtime was given a message whose run is over: a turn that it makes of it is nobody's. */
  #isUnwanted = false

  constructor(host: JoiningHost) {
    this.#host = host
  }

  /** Runs whose message the runtime has, or is being given. */
  get tasks(): Task[] {
    return [...(this.#handing ? [this.#handing.task] : []), ...this.#followers.tasks]
  }

  /** What the runtime was given may still become a turn. */
  get isPending(): boolean {
    return this.#handing !== null || this.#followers.size > 0
  }

  /** Gives the running turn what waits for the same conversation. */
  async give(): Promise<void> {
    if (this.#isGiving) return
    this.#isGiving = true
    try {
      for (let task = this.#nextTask(); task; task = this.#nextTask()) await this.#hand(task)
    } finally {
      this.#isGiving = false
    }
    // What came too late for the turn, and did not find anyone to start the next.
    if (!this.#host.running()) this.#host.onIdle()
  }

  #nextTask(): Task | undefined {
    const running = this.#host.running()
    const target = running?.isOpen() ? running.tasks[0]?.target : undefined
    return target === undefined ? undefined : this.#host.next(target)
  }

  async #hand(task: Task): Promise<void> {
    const { log, prepare, putBack, driver, running, text } = this.#host
    const handing = { task, isSent: false }
    this.#handing = handing
    try {
      if (!(await prepare(task)) || this.#handing !== handing) return
      const turn = running()
      const runtime = driver()
      if (!runtime || !turn?.isOpen()) return putBack(task)
      handing.isSent = true
      const how = await runtime.send(text(task))
      // A turn of its own was taken up at its start, when the one before had ended just then.
      if (this.#handing !== handing) return
      if (how === 'started') putBack(task)
      else if (how === 'steered' && running() === turn && turn.isOpen()) turn.tasks.push(task)
      else this.#follow({ task, to: turn.tasks[0]?.runId ?? '', how })
    } catch (error) {
      log.warn('the message could not be given to the running turn; it gets one of its own', { error })
      task.alone = true
      if (this.#handing === handing) putBack(task)
    } finally {
      if (this.#handing === handing) this.#handing = null
    }
  }

  #follow(follower: Follower): void {
    this.#followers.add(follower)
    if (!this.#host.running()) this.#followers.wait()
  }

  /** No turn came of what the runtime was given: it was part of the turn that is over, or has to be said again. */
  #settle(followers: Follower[]): void {
    const { putBack, end, onIdle } = this.#host
    for (const { task, to, how } of followers.toReversed())
      if (how === 'queued') putBack(task)
      else end(task, { type: 'completed', answer: '' }, to)
    onIdle()
  }

  /** A turn is over well: what joined it was taken in, unless a turn of its own follows. */
  joined(tasks: readonly Task[], to: string): void {
    this.#followers.add(...tasks.map((task) => ({ task, to, how: 'steered' as const })))
  }

  /** No turn is under way now: whether one comes of what was given shows soon. */
  wait(): void {
    this.#followers.wait()
  }

  /** The runtime starts a turn by itself. @returns whom it is for; `unwanted` when it was made of what nobody waits for */
  adopt(): { tasks: Task[]; isUnwanted: boolean } {
    const tasks = this.#followers.take()
    if (this.#handing?.isSent) {
      tasks.push(this.#handing.task)
      this.#handing = null
    }
    const isUnwanted = this.#isUnwanted && tasks.length === 0
    this.#isUnwanted = false
    return { tasks, isUnwanted }
  }

  /** A turn was started by the agent: what was given before is settled. */
  begun(): void {
    this.#isUnwanted = false
  }

  /** Takes out the matching tasks. The runtime may have their messages already. */
  take(which: (task: Task) => boolean): Task[] {
    const taken = this.#followers.take(which)
    if (taken.length > 0) this.#isUnwanted = true
    const handing = this.#handing
    if (!handing || !which(handing.task)) return taken
    this.#isUnwanted ||= handing.isSent
    this.#handing = null
    return [...taken, handing.task]
  }

  /** The process is gone: what it was given was not heard. */
  unheard(): Task[] {
    return this.#followers.take()
  }
}
