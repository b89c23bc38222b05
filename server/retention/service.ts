import type { Database } from '../db/database'
import type { EventHub } from '../events/hub'
import { RetentionStore } from './store'

const DAY_MS = 24 * 60 * 60_000
/** Pieces of streamed text: a reader that was away for longer reads the whole step instead. */
const PIECES_KEPT_MS = 60 * 60_000
/** Between two batches, for those who write meanwhile. */
const PAUSE_MS = 5
/** Batches of one kind in one sweep; the next sweep goes on. */
const MAX_BATCHES = 5000

export interface Kept {
  /** The log of events. Who was away for longer starts from a snapshot. 0: for ever. */
  eventDays: number
  /** Steps and prompts of runs that are over, their archives, and agents' activities. 0: for ever. */
  detailDays: number
}

/**
 * Keeps the database from growing for ever. Messages, deliveries and runs with their usage, cost and permissions stay; how an agent got
 * to its answer, and what was said about changes, goes after a while.
 */
export class Retention {
  readonly #store: RetentionStore

  constructor(
    db: Database,
    private readonly hub: EventHub,
    private readonly kept: Kept,
  ) {
    this.#store = new RetentionStore(db)
  }

  /** Removes what has been kept for long enough, a little at a time. */
  async sweep(now = Date.now()): Promise<void> {
    const { eventDays, detailDays } = this.kept
    const store = this.#store
    await this.#all(() => store.pieces(now - PIECES_KEPT_MS, this.hub.head))
    if (eventDays > 0) await this.#all(() => store.events(now - eventDays * DAY_MS, this.hub.head))
    await this.hub.findFloor()
    if (detailDays === 0) return
    const before = now - detailDays * DAY_MS
    await this.#all(() => store.runDetail(before, now))
    await this.#all(() => store.archive(before))
    await this.#all(() => store.activities(before))
  }

  async #all(batch: () => Promise<boolean>): Promise<void> {
    for (let left = MAX_BATCHES; left > 0 && !this.hub.stopping.aborted; left--) {
      if (!(await batch())) return
      await Bun.sleep(PAUSE_MS)
    }
  }
}
