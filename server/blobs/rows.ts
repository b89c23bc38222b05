import { and, asc, eq, lt } from 'drizzle-orm'
import type { Database, Query, Tx } from '../db/database'
import type { Row } from '../db/tables'

export type BlobRow = Row<'blobs'>

/** What is known of contents, and how much of them is whose. */
export class BlobRows {
  constructor(private readonly db: Database) {}

  async get(q: Query, hash: string): Promise<BlobRow | undefined> {
    const { blobs } = this.db.t
    const [row] = await q.select().from(blobs).where(eq(blobs.hash, hash))
    return row
  }

  insert(tx: Tx, row: BlobRow): Promise<void> {
    return tx.insert(this.db.t.blobs, row)
  }

  async update(tx: Tx, hash: string, set: Partial<Omit<BlobRow, 'hash'>>): Promise<void> {
    const { blobs } = this.db.t
    await tx.q.update(blobs).set(set).where(eq(blobs.hash, hash))
  }

  /** With the small picture that was made of it. */
  async remove(tx: Tx, hash: string): Promise<void> {
    const { blobs, thumbnails } = this.db.t
    await tx.q.delete(thumbnails).where(eq(thumbnails.hash, hash))
    await tx.q.delete(blobs).where(eq(blobs.hash, hash))
  }

  /** Contents that nothing has been made of since. */
  unused(q: Query, before: number, limit: number): Promise<BlobRow[]> {
    const { blobs } = this.db.t
    return q
      .select()
      .from(blobs)
      .where(and(eq(blobs.refs, 0), lt(blobs.touchedAt, before)))
      .orderBy(asc(blobs.touchedAt))
      .limit(limit)
  }

  async usage(ownerId: string, q: Query = this.db.q): Promise<{ bytes: number; files: number }> {
    const { storageUsage } = this.db.t
    const [row] = await q.select().from(storageUsage).where(eq(storageUsage.ownerId, ownerId))
    return { bytes: row?.bytes ?? 0, files: row?.files ?? 0 }
  }

  async count(tx: Tx, ownerId: string, bytes: number, files: number): Promise<void> {
    const { storageUsage } = this.db.t
    const [row] = await tx.q.select().from(storageUsage).where(eq(storageUsage.ownerId, ownerId))
    if (!row) await tx.insert(storageUsage, { ownerId, bytes: Math.max(0, bytes), files: Math.max(0, files) })
    else
      await tx.q
        .update(storageUsage)
        .set({ bytes: Math.max(0, row.bytes + bytes), files: Math.max(0, row.files + files) })
        .where(eq(storageUsage.ownerId, ownerId))
  }
}
