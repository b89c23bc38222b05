import { and, asc, count, desc, eq, gt, inArray, isNotNull, isNull, lt, sum } from 'drizzle-orm'
import type { Database, Query, Tx } from '../db/database'
import type { AttachmentRow, UploadRow } from './view'

export class AttachmentStore {
  constructor(private readonly db: Database) {}

  insert(tx: Tx, row: AttachmentRow): Promise<void> {
    return tx.insert(this.db.t.attachments, row)
  }

  async get(id: string, q: Query = this.db.q): Promise<AttachmentRow | undefined> {
    const { attachments } = this.db.t
    const [row] = await q.select().from(attachments).where(eq(attachments.id, id))
    return row
  }

  async named(ids: string[], q: Query = this.db.q): Promise<AttachmentRow[]> {
    const { attachments } = this.db.t
    if (!ids.length) return []
    return q.select().from(attachments).where(inArray(attachments.id, ids))
  }

  ofMessage(messageId: string, q: Query): Promise<AttachmentRow[]> {
    const { attachments } = this.db.t
    return q.select().from(attachments).where(eq(attachments.messageId, messageId))
  }

  /** A message carries them from now on, and they stay. */
  async bind(tx: Tx, ids: string[], messageId: string): Promise<void> {
    const { attachments } = this.db.t
    await tx.q.update(attachments).set({ messageId, expiresAt: null }).where(inArray(attachments.id, ids))
  }

  async remove(tx: Tx, id: string): Promise<void> {
    const { attachments } = this.db.t
    await tx.q.delete(attachments).where(eq(attachments.id, id))
  }

  /** Those that messages of a channel carry, newest first. */
  page(channelId: string, limit: number, before: string | undefined): Promise<AttachmentRow[]> {
    const { attachments: t } = this.db.t
    return this.db.q
      .select()
      .from(t)
      .where(
        and(eq(t.channelId, channelId), isNotNull(t.messageId), before === undefined ? undefined : lt(t.id, before)),
      )
      .orderBy(desc(t.id))
      .limit(limit)
  }

  /** What messages carry, in order of id: for building an index anew. */
  after(id: string, limit: number): Promise<AttachmentRow[]> {
    const { attachments: t } = this.db.t
    return this.db.q
      .select()
      .from(t)
      .where(and(gt(t.id, id), isNotNull(t.messageId)))
      .orderBy(asc(t.id))
      .limit(limit)
  }

  expired(now: number, limit: number): Promise<AttachmentRow[]> {
    const { attachments: t } = this.db.t
    return this.db.q.select().from(t).where(lt(t.expiresAt, now)).orderBy(asc(t.expiresAt)).limit(limit)
  }

  async thumbnail(hash: string): Promise<Uint8Array | undefined> {
    const { thumbnails } = this.db.t
    const [row] = await this.db.q.select({ image: thumbnails.image }).from(thumbnails).where(eq(thumbnails.hash, hash))
    return row?.image
  }

  async keepThumbnail(tx: Tx, row: { hash: string; image: Uint8Array; width: number; height: number }): Promise<void> {
    const { thumbnails, blobs } = this.db.t
    const [blob] = await tx.q.select({ hash: blobs.hash }).from(blobs).where(eq(blobs.hash, row.hash))
    const [known] = await tx.q.select({ hash: thumbnails.hash }).from(thumbnails).where(eq(thumbnails.hash, row.hash))
    if (blob && !known) await tx.insert(thumbnails, { ...row, createdAt: Date.now() })
  }
}

/** Uploads in parts. */
export class UploadStore {
  constructor(private readonly db: Database) {}

  insert(tx: Tx, row: UploadRow): Promise<void> {
    return tx.insert(this.db.t.uploads, row)
  }

  async get(id: string, q: Query = this.db.q): Promise<UploadRow | undefined> {
    const { uploads } = this.db.t
    const [row] = await q.select().from(uploads).where(eq(uploads.id, id))
    return row
  }

  async known(ids: string[]): Promise<string[]> {
    const { uploads } = this.db.t
    if (!ids.length) return []
    return (await this.db.q.select({ id: uploads.id }).from(uploads).where(inArray(uploads.id, ids))).map((r) => r.id)
  }

  async update(tx: Tx, id: string, set: Partial<Pick<UploadRow, 'attachmentId' | 'expiresAt'>>): Promise<void> {
    const { uploads } = this.db.t
    await tx.q.update(uploads).set(set).where(eq(uploads.id, id))
  }

  async remove(tx: Tx, id: string): Promise<void> {
    const { uploads } = this.db.t
    await tx.q.delete(uploads).where(eq(uploads.id, id))
  }

  /** How many uploads of somebody are on their way, and how large they said they are. */
  async pending(ownerId: string, q: Query = this.db.q): Promise<{ files: number; bytes: number }> {
    const { uploads } = this.db.t
    const [row] = await q
      .select({ files: count(), bytes: sum(uploads.sizeBytes) })
      .from(uploads)
      .where(and(eq(uploads.ownerId, ownerId), isNull(uploads.attachmentId)))
    return { files: Number(row?.files ?? 0), bytes: Number(row?.bytes ?? 0) }
  }

  expired(now: number, limit: number): Promise<UploadRow[]> {
    const { uploads } = this.db.t
    return this.db.q
      .select()
      .from(uploads)
      .where(lt(uploads.expiresAt, now))
      .orderBy(asc(uploads.expiresAt))
      .limit(limit)
  }
}
