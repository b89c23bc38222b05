import { createStore, produce } from 'solid-js/store'
import type {
  Agent,
  Approval,
  AttachmentBrief,
  Channel,
  ChannelMember,
  Computer,
  Delivery,
  Enrollment,
  EventOf,
  Message,
  MessageKind,
  Run,
  User,
} from '@shared/contract'
import type { StepLog } from './steps'

export type Operation = EventOf<'operation'>['payload']

/** The loaded part of a channel's or thread's messages. `ids` are oldest first. */
export interface MessageList {
  ids: string[]
  status: 'loading' | 'ready' | 'failed'
  /** Where the next older page starts; null at the very first message. */
  older: string | null
  /** There may be messages after the last id: the list was opened around an old message. */
  newer: boolean
}

/** A file of a message that is not sent yet. */
export interface PendingFile {
  /** Of its upload on this page. */
  uploadId: string
  name: string
  mimeType: string
  sizeBytes: number
  /** Once the server has it. */
  attachment: AttachmentBrief | null
}

/** A message that was written here and that the server has not answered for yet. */
export interface Pending {
  requestId: string
  target: string
  threadId: string | null
  content: string
  kind: MessageKind
  files: PendingFile[]
  /** Its files are still on their way; then it is sent. */
  waiting: boolean
  createdAt: number
  error: { message: string; next?: string | undefined; offline: boolean } | null
}

export interface State {
  phase: 'starting' | 'setup' | 'guest' | 'ready' | 'failed'
  connection: 'connecting' | 'live' | 'offline'
  serverId: string
  version: string
  me: User | null
  /** By target. */
  channels: Record<string, Channel>
  /** By target; absent until somebody asked. */
  members: Record<string, ChannelMember[]>
  agents: Record<string, Agent>
  users: Record<string, User>
  computers: Record<string, Computer>
  enrollments: Record<string, Enrollment>
  operations: Record<string, Operation>
  approvals: Record<string, Approval>
  messages: Record<string, Message>
  /** By `listKey`. */
  lists: Record<string, MessageList>
  deliveries: Record<string, Delivery>
  /** Ids of a message's deliveries. */
  byMessage: Record<string, string[]>
  runs: Record<string, Run>
  /** Steps of the runs that are on screen, by run. */
  steps: Record<string, StepLog>
  outbox: Pending[]
}

export const emptyState = (): State => ({
  phase: 'starting',
  connection: 'connecting',
  serverId: '',
  version: '',
  me: null,
  channels: {},
  members: {},
  agents: {},
  users: {},
  computers: {},
  enrollments: {},
  operations: {},
  approvals: {},
  messages: {},
  lists: {},
  deliveries: {},
  byMessage: {},
  runs: {},
  steps: {},
  outbox: [],
})

/** A list's key: the channel's top level, or one of its threads. */
export const listKey = (target: string, threadId: string | null = null): string =>
  threadId ? `${target}/${threadId}` : target

const [state, setState] = createStore<State>(emptyState())

/** Everything that the page shows, read-only: a change goes through `change`. */
export { state }

/** Changes the state in one go: views see the result of all of `recipe` at once. */
export const change = (recipe: (draft: State) => void): void => setState(produce(recipe))
