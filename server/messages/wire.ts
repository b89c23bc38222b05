import type { MessageInitShape } from '@bufbuild/protobuf'
import { Id, MAX_METADATA, type Message } from '@shared/contract'
import { NekodeError } from '@shared/errors'
import {
  type CollaborationMessageSchema,
  MessageKind,
  type SendMessageRequest,
} from '@shared/gen/nekode/daemon/v1/messages_pb'
import { wireAttachments } from '../attachments/wire'
import { z } from 'zod'
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

/** Fields of the metadata that the wire has a place of their own for. */
const COORDINATION = 'coordinationRecordId'
const MEMORY = 'memoryRecordId'

const text = (value: unknown): string => (typeof value === 'string' ? value : '')

const Metadata = z.record(z.string(), z.unknown())
const Announced = Id.or(z.literal(''))

/**
 * What a program adds to its message: the metadata, and the records that it announces. Where it answers a message of an endpoint is
 * found by the thread, so that a source endpoint need not be said.
 * @throws NekodeError `invalid` for what is no JSON object, too long, or no id
 */
export function metadataOf(
  req: Pick<SendMessageRequest, 'metadataJson' | 'coordinationRecordId' | 'memoryRecordId'>,
): Record<string, unknown> | undefined {
  const { metadataJson, coordinationRecordId, memoryRecordId } = req
  if (!Announced.safeParse(coordinationRecordId).success || !Announced.safeParse(memoryRecordId).success)
    throw invalid('A record is named by its id.')
  const records = {
    ...(coordinationRecordId ? { [COORDINATION]: coordinationRecordId } : {}),
    ...(memoryRecordId ? { [MEMORY]: memoryRecordId } : {}),
  }
  const all = { ...(metadataJson.trim() ? parsed(metadataJson) : {}), ...records }
  return Object.keys(all).length ? all : undefined
}

function parsed(json: string): Record<string, unknown> {
  if (json.length > MAX_METADATA) throw invalid(`metadata_json has at most ${MAX_METADATA} characters.`)
  try {
    return Metadata.parse(JSON.parse(json))
  } catch (cause) {
    throw invalid('metadata_json is no JSON object.', cause)
  }
}

const invalid = (message: string, cause?: unknown): NekodeError =>
  new NekodeError('invalid', message, { code: 'invalid_request', cause })

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
  sourceEndpointId: m.sender.kind === 'endpoint' ? m.sender.id : '',
  metadataJson: m.metadata ? JSON.stringify(m.metadata) : '',
  coordinationRecordId: text(m.metadata?.[COORDINATION]),
  memoryRecordId: text(m.metadata?.[MEMORY]),
  kind: KINDS[m.kind],
})
