import type { Attachment, AttachmentBrief } from '@shared/contract'
import type { Row } from '../db/tables'

export type AttachmentRow = Row<'attachments'>
export type UploadRow = Row<'uploads'>

export const briefView = ({
  id,
  filename,
  mimeType,
  media,
  sizeBytes,
  width,
  height,
}: AttachmentRow): AttachmentBrief => ({
  id,
  filename,
  mimeType,
  media,
  sizeBytes,
  width,
  height,
})

export const attachmentView = (row: AttachmentRow): Attachment => ({
  ...briefView(row),
  target: row.target,
  owner: row.owner,
  sha256: row.blobHash,
  messageId: row.messageId,
  title: row.title,
  expiresAt: row.expiresAt,
  createdAt: row.createdAt,
  downloadUrl: `/api/attachments/${row.id}/content`,
})
