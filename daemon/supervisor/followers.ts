import type { Task } from './task'

/** A run whose message was given to the runtime, which has not shown yet what it makes of it. */
export interface Follower {
  task: Task
  /** The run whose turn it was given to. */
  to: string
  how: 'steered' | 'queued'
}

/** A runtime that makes a turn of its own of what it was given does so at once. */
const SETTLE_MS = { steered: 750, queued: 5000 }

/**
 * Runs between two turns. A runtime may take a message that was given to it in the middle of a turn into that turn, or make the
 * next turn of it by itself; which of the two shows only after the turn.
 */
export class Followers {
  readonly #settled: (followers: Follower[]) => void
  #all: Follower[] = []
  #timer: Timer | undefined

  /** @param settled told of those of which no turn came */
  constructor(settled: (followers: Follower[]) => void) {
    this.#settled = settled
  }

  get size(): number {
    return this.#all.length
  }

  get tasks(): Task[] {
    return this.#all.map(({ task }) => task)
  }

  add(...followers: Follower[]): void {
    this.#all.push(...followers)
  }

  /** No turn is under way: if none comes soon, none comes. */
  wait(): void {
    clearTimeout(this.#timer)
    if (this.#all.length === 0) return
    const ms = Math.max(...this.#all.map(({ how }) => SETTLE_MS[how]))
    this.#timer = setTimeout(() => this.#settled(this.#all.splice(0)), ms)
  }

  /** Takes out those that match: all of them when a turn comes, or the process is gone. */
  take(which: (task: Task) => boolean = () => true): Task[] {
    const taken = this.#all.filter(({ task }) => which(task))
    this.#all = this.#all.filter((follower) => !taken.includes(follower))
    if (this.#all.length === 0) clearTimeout(this.#timer)
    return taken.map(({ task }) => task)
  }
}
