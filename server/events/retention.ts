import { and, eq, lt } from 'drizzle-orm'
import type { Logger } from '@shared/log'
import type { Database } from '../db/database'
import type { EventHub } from './hub'

const EVERY_MS = 10 * 60_000
/** Who was away for longer starts from a snapshot. */
const KEPT_MS = 30 * 24 * 60 * 60_000
/** Pieces of streamed text: a reader that was away for longer reads the whole step instead. */
const PIECES_KEPT_MS = 60 * 60_000

/** Keeps the log from growing for ever. Rows of messages, runs and steps stay; only what was said about their changes goes. */
export class Retention {
  #timer: Timer | undefined

  constructor(
    private readonly db: Database,
    private readonly hub: EventHub,
    private readonly log: Logger,
  ) {}

  start(): void {
    this.#timer = setInterval(() => {
      this.sweep().catch((error: unknown) => this.log.error('old events were not removed', { error }))
    }, EVERY_MS)
    this.#timer.unref()
  }

  stop(): void {
    clearInterval(this.#timer)
  }

  async sweep(now = Date.now()): Promise<void> {
    const { events } = this.db.t
    await this.db.tx(async (tx) => {
      await tx.q
        .delete(events)
        .where(
          and(
            eq(events.kind, 'run_step'),
            eq(events.operation, 'appended'),
            lt(events.createdAt, now - PIECES_KEPT_MS),
          ),
        )
      // The last event stays, however old: the next one is numbered after it.
      await tx.q.delete(events).where(and(lt(events.createdAt, now - KEPT_MS), lt(events.sequence, this.hub.head)))
    })
    await this.hub.findFloor()
  }
}
