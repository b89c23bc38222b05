import { z } from 'zod'
import { Actor, Flag, Id, Ok, PageQuery, Target, Time, page } from './common'
import { routes } from './route'

/** What a file is by its bytes, whatever its name says. `text` and the first three can be shown in place. */
export const MediaKind = z.enum(['image', 'audio', 'video', 'text', 'file'])
export type MediaKind = z.infer<typeof MediaKind>

/** Files that one message carries. */
export const MAX_ATTACHMENTS = 20

/** A file as messages list it. */
export const AttachmentBrief = z.object({
  id: Id,
  filename: z.string(),
  /** Found in its bytes where they tell, else by its name; never what a browser is told to run. */
  mimeType: z.string(),
  media: MediaKind,
  sizeBytes: z.number().int(),
  /** Of images, in pixels, where they are known. */
  width: z.number().int().nullable(),
  height: z.number().int().nullable(),
})
export type AttachmentBrief = z.infer<typeof AttachmentBrief>

export const Attachment = AttachmentBrief.extend({
  /** Null for an artifact that belongs to no channel. */
  target: Target.nullable(),
  owner: Actor,
  sha256: z.string(),
  /** The message that carries it; null until one does. */
  messageId: Id.nullable(),
  title: z.string(),
  /** When it goes: a file that no message took, or an artifact. */
  expiresAt: Time.nullable(),
  createdAt: Time,
  /** Path of its bytes, for whoever may see it. */
  downloadUrl: z.string(),
})
export type Attachment = z.infer<typeof Attachment>

export const Filename = z.string().trim().min(1).max(255)
export const MimeType = z
  .string()
  .max(160)
  .regex(/^[\w.+-]+\/[\w.+-]+\s*(;.*)?$/, 'not a media type')
export const Sha256 = z
  .string()
  .toLowerCase()
  .regex(/^[0-9a-f]{64}$/, 'not a SHA-256 in hexadecimal')

/** What is said of a file whose bytes are the body; a form says it in its fields. */
const FileQuery = z.object({
  target: Target.optional(),
  filename: Filename.optional(),
  sha256: Sha256.optional(),
})

/** An upload in parts. */
export const Upload = z.object({
  id: Id,
  /** Bytes that have arrived; the next part begins there. */
  offset: z.number().int(),
  sizeBytes: z.number().int().nullable(),
  expiresAt: Time,
  /** Once all of it is there. */
  attachment: Attachment.nullable(),
})
export type Upload = z.infer<typeof Upload>

export const NewUpload = z.strictObject({
  target: Target,
  filename: Filename,
  mimeType: MimeType.optional(),
  sizeBytes: z.number().int().nonnegative(),
  sha256: Sha256.optional(),
})
export type NewUpload = z.infer<typeof NewUpload>

export const TextPreview = z.object({
  text: z.string(),
  encoding: z.string(),
  /** There is more of it than this. */
  truncated: z.boolean(),
})
export type TextPreview = z.infer<typeof TextPreview>

const one = z.object({ id: Id })
const Signed = z.object({ expires: z.coerce.number().int().positive(), signature: z.string().min(1).max(100) })
/** Codes of refusing a file for what it is. */
export const TOO_MUCH = ['too_large', 'quota_exceeded', 'storage_full', 'checksum_mismatch', 'interrupted'] as const

export const attachmentRoutes = routes({
  'POST /api/attachments': {
    summary: 'Upload a file for a message: a form with `target` and `file`, or the bytes themselves with a query',
    tag: 'attachments',
    who: ['user', 'agent'],
    role: 'member',
    query: FileQuery,
    upload: ['multipart/form-data', 'application/octet-stream'],
    status: 201,
    response: Attachment,
    errors: [...TOO_MUCH, 'idempotency_conflict', 'channel_archived'],
  },
  'GET /api/attachments': {
    summary: 'Files of a channel that its messages carry, newest first',
    tag: 'attachments',
    who: ['user', 'agent'],
    query: PageQuery.extend({ target: Target }),
    response: page(Attachment),
  },
  'GET /api/attachments/usage': {
    summary: 'How much the caller has stored, and may store',
    tag: 'attachments',
    who: ['user', 'agent'],
    response: z.object({
      bytes: z.number().int(),
      files: z.number().int(),
      /** Null: no limit of the caller’s own. */
      quotaBytes: z.number().int().nullable(),
      fileBytes: z.number().int().nullable(),
    }),
  },
  'GET /api/attachments/{id}': {
    summary: 'What is known of a file',
    tag: 'attachments',
    who: ['user', 'agent'],
    params: one,
    response: Attachment,
  },
  'DELETE /api/attachments/{id}': {
    summary: 'Take back a file that no message carries',
    tag: 'attachments',
    who: ['user', 'agent'],
    role: 'member',
    params: one,
    response: Ok,
    errors: ['attachment_used'],
  },
  'GET /api/attachments/{id}/content': {
    summary: 'The bytes of a file, or a range of them; shown in place only where that is safe',
    tag: 'attachments',
    who: ['user', 'agent'],
    params: one,
    query: z.object({ download: Flag.optional() }),
    response: z.string(),
    media: 'application/octet-stream',
    errors: ['range_invalid', 'blob_missing'],
  },
  'GET /api/attachments/{id}/preview': {
    summary: 'The beginning of a text file as text',
    tag: 'attachments',
    who: ['user', 'agent'],
    params: one,
    response: TextPreview,
    errors: ['no_preview'],
  },
  'GET /api/attachments/{id}/thumbnail': {
    summary: 'A small picture of an image, as WebP',
    tag: 'attachments',
    who: ['user', 'agent'],
    params: one,
    response: z.string(),
    media: 'image/webp',
    errors: ['no_thumbnail'],
  },
  'POST /api/attachments/{id}/link': {
    summary: 'A short-lived address of one file’s bytes, for a program without a login',
    tag: 'attachments',
    who: ['user', 'agent'],
    params: one,
    // Nothing is changed by it, and whoever may read the bytes may pass them on.
    scope: 'read',
    response: z.object({ url: z.string(), expiresAt: Time }),
  },
  'GET /api/attachments/{id}/file': {
    summary: 'The bytes of a file by a signed address',
    tag: 'attachments',
    who: ['guest'],
    params: one,
    query: Signed,
    response: z.string(),
    media: 'application/octet-stream',
    errors: ['link_invalid', 'link_expired'],
  },
  'POST /api/uploads': {
    summary: 'Begin an upload in parts: as JSON, or by the headers of tus 1.0',
    tag: 'attachments',
    who: ['user', 'agent'],
    role: 'member',
    rawBody: NewUpload,
    status: 201,
    response: Upload,
    errors: [...TOO_MUCH, 'too_many_uploads', 'channel_archived'],
  },
  'GET /api/uploads/{id}': {
    summary: 'How much of an upload has arrived; HEAD tells it in the headers of tus',
    tag: 'attachments',
    who: ['user', 'agent'],
    params: one,
    response: Upload,
  },
  'PATCH /api/uploads/{id}': {
    summary: 'The next part of an upload, at `Upload-Offset`',
    tag: 'attachments',
    who: ['user', 'agent'],
    role: 'member',
    params: one,
    upload: ['application/offset+octet-stream'],
    status: 204,
    response: z.string(),
    errors: [...TOO_MUCH, 'offset_mismatch', 'upload_busy'],
  },
  'DELETE /api/uploads/{id}': {
    summary: 'Give an upload up',
    tag: 'attachments',
    who: ['user', 'agent'],
    role: 'member',
    params: one,
    response: Ok,
  },
  'PUT /api/uploads/{id}/content': {
    summary: 'All bytes of an upload at a signed address',
    tag: 'attachments',
    who: ['guest'],
    params: one,
    query: Signed,
    upload: ['application/octet-stream'],
    status: 201,
    response: Attachment,
    errors: [...TOO_MUCH, 'link_invalid', 'link_expired', 'upload_busy'],
  },
})
