import type { Actor, AuditEntry } from '@shared/contract'
import { newId } from '@shared/ids'
import { type Principal, SYSTEM, actorOf } from '../access/principal'
import type { Database, Tx } from '../db/database'
import type { Row } from '../db/tables'
import { type AuditFilter, AuditStore } from './store'

export interface Act {
  /** Who did it: the caller, or an actor when there is no caller. */
  by: Principal | Actor
  /** What was done: `user.create`, `token.revoke`. */
  action: string
  /** Whom or what it was done to: an id, or a name when it has none. */
  subject: string
  /** Never a secret. */
  detail?: Record<string, unknown>
  /** The caller's address; empty for what the server does by itself. */
  address?: string
}

/** Rows of an export that are read at a time. */
const CHUNK = 500
/** Rows that one sweep removes at a time, so that nobody waits for it. */
const SWEEP = 1000

/** The log of privileged acts. A row commits with the act itself. */
export class Audit {
  readonly #store: AuditStore

  constructor(private readonly db: Database) {
    this.#store = new AuditStore(db)
  }

  record(tx: Tx, { by, action, subject, detail = {}, address = '' }: Act): Promise<void> {
    const actor = 'displayName' in by && !('credentialId' in by) ? by : actorOf(by)
    const row = { id: newId('aud'), actor, actorId: actor.id, action, subject, detail, address, createdAt: Date.now() }
    return this.#store.insert(tx, row)
  }

  /** Newest first. */
  async list({
    limit = 50,
    cursor,
    ...filter
  }: AuditFilter & { limit?: number | undefined; cursor?: string | undefined }): Promise<{
    items: AuditEntry[]
    nextCursor?: string
  }> {
    const rows = await this.#store.before(filter, cursor, limit + 1)
    const items = rows.slice(0, limit).map(view)
    const last = items.at(-1)
    return rows.length > limit && last ? { items, nextCursor: last.id } : { items }
  }

  /** Everything that matches, oldest first, up to the moment of the call. */
  async *all(filter: AuditFilter): AsyncGenerator<AuditEntry[], undefined> {
    const until = Math.min(filter.until ?? Number.POSITIVE_INFINITY, Date.now() + 1)
    for (let after = ''; ;) {
      const rows = await this.#store.after({ ...filter, until }, after, CHUNK)
      const last = rows.at(-1)
      if (!last) return
      yield rows.map(view)
      after = last.id
    }
  }

  /** Taking the log away is a privileged act too. */
  async recordExport(p: Principal, filter: AuditFilter & { format: string }, address: string): Promise<void> {
    const given = Object.fromEntries(Object.entries(filter).filter(([, value]) => value !== undefined))
    await this.db.tx((tx) =>
      this.record(tx, { by: p, action: 'audit.export', subject: 'audit', detail: given, address }),
    )
  }

  /**
   * Removes what is older than `keepMs` and says so in the log.
   * @returns how many rows went
   */
  async sweep(keepMs: number, now = Date.now()): Promise<number> {
    let gone = 0
    for (;;) {
      const count = await this.db.tx((tx) => this.#store.dropBefore(tx, now - keepMs, SWEEP))
      gone += count
      if (count < SWEEP) break
    }
    if (gone)
      await this.db.tx((tx) =>
        this.record(tx, { by: SYSTEM, action: 'audit.expire', subject: 'audit', detail: { rows: gone, keepMs } }),
      )
    return gone
  }
}

const view = ({ id, actor, action, subject, detail, address, createdAt }: Row<'audit'>): AuditEntry => ({
  id,
  actor,
  action,
  subject,
  detail,
  address,
  createdAt,
})
