import type { MessageInitShape } from '@bufbuild/protobuf'
import type { Attachment, Message } from '@shared/contract'
import type { AttachmentRecordSchema } from '@shared/gen/nekode/daemon/v1/attachments_pb'
import { seconds } from '../rpc/wire'
import type { Link } from './links'

type Wire = MessageInitShape<typeof AttachmentRecordSchema>

/** @param link where its bytes are for a while, for a caller that gets them not with the answer */
export const wireAttachment = (a: Attachment, link?: Link): Wire => ({
  attachmentId: a.id,
  target: a.target ?? '',
  ownerId: a.owner.id,
  filename: a.filename,
  mimeType: a.mimeType,
  sizeBytes: BigInt(a.sizeBytes),
  storageRef: `sha256:${a.sha256}`,
  createdTimeUnix: seconds(a.createdAt),
  downloadUrl: link?.url ?? a.downloadUrl,
  ...(link ? { expiresTimeUnix: seconds(link.expiresAt) } : {}),
})

/** What a message carries. */
export const wireAttachments = (m: Message): Wire[] =>
  m.attachments.map((a) => ({
    attachmentId: a.id,
    target: m.target,
    ownerId: m.sender.id,
    filename: a.filename,
    mimeType: a.mimeType,
    sizeBytes: BigInt(a.sizeBytes),
    createdTimeUnix: seconds(m.createdAt),
    downloadUrl: `/api/attachments/${a.id}/content`,
  }))
