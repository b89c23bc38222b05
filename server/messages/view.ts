import { type Message, permalinkOf } from '@shared/contract'
import type { Row } from '../db/tables'

export type MessageRow = Row<'messages'>

export const messageView = (r: MessageRow): Message => ({
  id: r.id,
  target: r.target,
  threadId: r.threadId || null,
  kind: r.kind,
  sender: { kind: r.senderKind, id: r.senderId, name: r.senderName, displayName: r.senderDisplayName },
  content: r.content,
  mentions: r.mentions,
  system: r.system,
  runId: r.runId,
  replyCount: r.replyCount,
  lastReplyAt: r.lastReplyAt,
  attachments: r.attachments,
  reactions: r.reactions,
  pinned: r.pinned,
  metadata: r.metadata,
  permalink: permalinkOf({ target: r.target, threadId: r.threadId || null, id: r.id }),
  editedAt: r.editedAt,
  deletedAt: r.deletedAt,
  createdAt: r.createdAt,
})
