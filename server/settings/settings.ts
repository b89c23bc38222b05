import { eq } from 'drizzle-orm'
import type { Database, Tx } from '../db/database'

/** Small facts about this server, by name: its id, the hash of its setup code. */
export class Settings {
  constructor(private readonly db: Database) {}

  async get(name: string): Promise<string | undefined> {
    const { q, t } = this.db
    const rows = await q.select({ value: t.settings.value }).from(t.settings).where(eq(t.settings.name, name))
    return rows[0]?.value
  }

  /** As `get`, with what this transaction has written. */
  async read(tx: Tx, name: string): Promise<string | undefined> {
    const { settings } = this.db.t
    const rows = await tx.q.select({ value: settings.value }).from(settings).where(eq(settings.name, name))
    return rows[0]?.value
  }

  async put(tx: Tx, name: string, value: string): Promise<void> {
    const { settings } = this.db.t
    if ((await this.read(tx, name)) === undefined) await tx.insert(settings, { name, value })
    else await tx.q.update(settings).set({ value }).where(eq(settings.name, name))
  }

  async remove(tx: Tx, name: string): Promise<void> {
    const { settings } = this.db.t
    await tx.q.delete(settings).where(eq(settings.name, name))
  }
}
