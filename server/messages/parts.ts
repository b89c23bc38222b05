import type { Actor, Delivery, Failure, Message, MessageKind, MessagePage } from '@shared/contract'
import type { AgentPrincipal, EndpointPrincipal, UserPrincipal } from '../access/principal'
import type { AttachmentService } from '../attachments/service'
import type { ChannelService } from '../channels/service'
import type { OutboundPolicy, Tx } from '../db/database'
import type { DeliveryRow } from '../deliveries/view'
import type { Channel } from '../directory/directory'
import type { SearchService } from '../search/service'
import type { MessageRow } from './view'
import type { MessageWriter } from './writer'

export type Author = UserPrincipal | AgentPrincipal | EndpointPrincipal

export interface Post {
  target: string
  content: string
  threadId?: string | undefined
  kind?: MessageKind | undefined
  /** The caller's key: a repetition with the same one gets the first answer. */
  requestId?: string | undefined
  /** Where it goes besides. Default: wherever it is wanted. */
  outbound?: OutboundPolicy | undefined
  /** What a program adds for programs. */
  metadata?: Record<string, unknown> | undefined
  /** Files that the sender has uploaded for this conversation. */
  attachmentIds?: readonly string[] | undefined
}

/** What becomes of a message once it is written. */
export interface Router {
  /** As `route`, for agents that an edit has called. */
  routeAdded(
    tx: Tx,
    routing: { channel: Channel; message: MessageRow; sender: Message['sender']; hops: number },
    agentIds: readonly string[],
  ): Promise<DeliveryRow[]>
  concernsAgents(channel: Channel, mentions: MessageRow['mentions'], threadId: string | null): boolean
  route(
    tx: Tx,
    routing: { channel: Channel; message: MessageRow; sender: Message['sender']; hops: number },
  ): Promise<DeliveryRow[]>
}

/** Which run an agent is at work on, for what it writes while it works. */
export interface WorkInProgress {
  current(tx: Tx, agentId: string, channelId: string): Promise<{ runId: string; hops: number } | undefined>
}

/** What became of messages, for showing them with it. */
export interface Outcomes {
  ofMessages(messageIds: string[]): Promise<Pick<MessagePage, 'deliveries' | 'runs'>>
}

/** A message and what it set going. */
export interface Posted {
  message: Message
  deliveries: Delivery[]
}

export interface MessageServices {
  writer: MessageWriter
  router: Router
  work: WorkInProgress
  outcomes: Outcomes
  channels: ChannelService
  search: SearchService
  attachments: AttachmentService
  /** What is not asked any more is not begun. */
  cleanup: { unasked(tx: Tx, messageId: string, failure: Failure, actor: Actor): Promise<void> }
}
