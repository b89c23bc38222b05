import type { Actor, MediaKind } from '@shared/contract'
import type { Dialect } from '../dialect'

/** Files: their bytes, what they are to people, and what is still on its way. */
export function attachmentsTables(d: Dialect) {
  /** Contents, each once however often it was uploaded. A row is there before its bytes are, and goes after them. */
  const blobs = d.table(
    'blobs',
    {
      hash: d.str(64).primaryKey(),
      sizeBytes: d.int().notNull(),
      /** How many attachments are made of it. */
      refs: d.int().notNull(),
      /** When somebody last began or ceased to need it: nothing is removed that was needed a moment ago. */
      touchedAt: d.ms().notNull(),
      /** Its bytes are being removed; whoever needs them has to wait, and bring them again. */
      doomedAt: d.ms(),
    },
    (t) => [d.index('blobs_unused').on(t.refs, t.touchedAt)],
  )

  const attachments = d.table(
    'attachments',
    {
      id: d.id().primaryKey(),
      /** Null for an artifact that belongs to no channel. */
      channelId: d.id(),
      target: d.str(200),
      owner: d.json<Actor>().notNull(),
      ownerId: d.id().notNull(),
      filename: d.str(255).notNull(),
      mimeType: d.str(160).notNull(),
      /** By its bytes alone, and so what a browser may be given to show. */
      media: d.str(8).$type<MediaKind>().notNull(),
      sizeBytes: d.int().notNull(),
      blobHash: d.str(64).notNull(),
      width: d.int(),
      height: d.int(),
      /** Of a text: how it is encoded, and its beginning. */
      encoding: d.str(32),
      text: d.text(),
      textCut: d.bool().notNull(),
      /** Null until a message carries it. */
      messageId: d.id(),
      artifact: d.bool().notNull(),
      title: d.str(200).notNull(),
      /** Of an artifact: the thread and the run that it was published in. */
      threadId: d.id(),
      runId: d.id(),
      /** When it goes: of what no message carries yet, and of artifacts. */
      expiresAt: d.ms(),
      createdAt: d.ms().notNull(),
    },
    (t) => [
      d.index('attachments_channel').on(t.channelId, t.id),
      d.index('attachments_artifacts').on(t.artifact, t.id),
      d.index('attachments_run').on(t.runId),
      d.index('attachments_owner').on(t.ownerId, t.artifact, t.id),
      d.index('attachments_message').on(t.messageId),
      d.index('attachments_expires').on(t.expiresAt),
      d.index('attachments_blob').on(t.blobHash),
    ],
  )

  /** What arrives in parts. The parts are in a file of the same name; how much there is of it tells the file. */
  const uploads = d.table(
    'uploads',
    {
      id: d.id().primaryKey(),
      owner: d.json<Actor>().notNull(),
      ownerId: d.id().notNull(),
      channelId: d.id(),
      target: d.str(200),
      filename: d.str(255).notNull(),
      mimeType: d.str(160).notNull(),
      /** Null where only its end tells: at most what one file may have. */
      sizeBytes: d.int(),
      sha256: d.str(64),
      artifact: d.bool().notNull(),
      title: d.str(200).notNull(),
      ttlSeconds: d.int(),
      /** Once it is complete. */
      attachmentId: d.id(),
      expiresAt: d.ms().notNull(),
      createdAt: d.ms().notNull(),
    },
    (t) => [d.index('uploads_owner').on(t.ownerId, t.id), d.index('uploads_expires').on(t.expiresAt)],
  )

  /** Bytes by whom they belong to; `server` is everything that is stored, each content once. */
  const storageUsage = d.table('storage_usage', {
    ownerId: d.id().primaryKey(),
    bytes: d.int().notNull(),
    files: d.int().notNull(),
  })

  /** Small pictures of pictures, made when they are first asked for. */
  const thumbnails = d.table('thumbnails', {
    hash: d.str(64).primaryKey(),
    image: d.bytes().notNull(),
    width: d.int().notNull(),
    height: d.int().notNull(),
    createdAt: d.ms().notNull(),
  })

  return { blobs, attachments, uploads, storageUsage, thumbnails }
}
