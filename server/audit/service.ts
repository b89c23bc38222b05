import type { Actor, AuditEntry } from '@shared/contract'
import { newId } from '@shared/ids'
import { type Principal, actorOf } from '../access/principal'
import type { Database, Tx } from '../db/database'
import { AuditStore } from './store'

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

/** The log of privileged acts. A row commits with the act itself. */
export class Audit {
  readonly #store: AuditStore

  constructor(db: Database) {
    this.#store = new AuditStore(db)
  }

  record(tx: Tx, { by, action, subject, detail = {}, address = '' }: Act): Promise<void> {
    const actor = 'displayName' in by && !('credentialId' in by) ? by : actorOf(by)
    return this.#store.insert(tx, { id: newId('aud'), actor, action, subject, detail, address, createdAt: Date.now() })
  }

  /** Newest first. */
  async list(page: {
    limit?: number | undefined
    cursor?: string | undefined
  }): Promise<{ items: AuditEntry[]; nextCursor?: string }> {
    const limit = page.limit ?? 50
    const rows = await this.#store.before(page.cursor, limit + 1)
    const items = rows.slice(0, limit)
    const last = items.at(-1)
    return rows.length > limit && last ? { items, nextCursor: last.id } : { items }
  }
}
