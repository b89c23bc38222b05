import type { MessageInitShape } from '@bufbuild/protobuf'
import type { Message } from '@shared/contract'
import { type CollaborationMessageSchema, MessageKind } from '@shared/gen/nekode/daemon/v1/messages_pb'
import { wireAttachments } from '../attachments/wire'
import { seconds, wireActor } from '../rpc/wire'

const KINDS: Record<Message['kind'], MessageKind> = {
  note: MessageKind.NOTE,
  decision: MessageKind.DECISION,
  blocker: MessageKind.BLOCKER,
  status: MessageKind.STATUS,
}

export function messageKind(kind: MessageKind): Message['kind'] {
  switch (kind) {
    case MessageKind.DECISION:
      return 'decision'
    case MessageKind.BLOCKER:
      return 'blocker'
    case MessageKind.STATUS:
      return 'status'
    default:
      return 'note'
  }
}

/** As language models name the sides. */
function roleOf(kind: Message['sender']['kind']): string {
  if (kind === 'agent') return 'assistant'
  return kind === 'human' || kind === 'endpoint' ? 'user' : 'system'
}

/** @param sequence of the event that created it, where that is known */
export const wireMessage = (m: Message, sequence = 0): MessageInitShape<typeof CollaborationMessageSchema> => ({
  messageId: m.id,
  target: m.target,
  threadId: m.threadId ?? '',
  role: roleOf(m.sender.kind),
  content: m.content,
  attachments: wireAttachments(m),
  replyToMessageId: m.threadId ?? '',
  createdTimeUnix: seconds(m.createdAt),
  sender: wireActor(m.sender),
  sequence: BigInt(sequence),
  aggregateId: m.threadId ?? m.target,
  kind: KINDS[m.kind],
})
