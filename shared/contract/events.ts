import { z } from 'zod'
import { Actor, Flag, Target, Time } from './common'
import { Agent, AgentStatus } from './agents'
import { Artifact } from './artifacts'
import { Channel, ChannelMember, NotifyLevel } from './channels'
import { Computer, Enrollment } from './computers'
import { CoordinationRecord } from './coordination'
import { Decision } from './decisions'
import { MemoryRecord } from './memory'
import { InteractionEndpoint, NotificationRoute, OutboundDelivery } from './endpoints'
import { Draft, InboxItem, SavedMessage } from './inbox'
import { Message } from './messages'
import { Debate } from './debates'
import { Reminder } from './reminders'
import { routes } from './route'
import { Approval, Delivery, Run, RunStep } from './runs'
import { Topic } from './topics'
import { Task } from './tasks'
import { TaskView } from './views'
import { Tunnel } from './tunnels'
import { User } from './users'

/**
 * What an event of each kind carries. Entities are whole, as their routes return them, so a reader only has to put them in place.
 * But for `run_step`: a text comes in pieces to its end, each with its `offset`, and a step of more than 64 KiB is shortened (`clipped`).
 */
export const EventPayload = {
  message: Message,
  /** Without the fields that differ from reader to reader. */
  channel: Channel.omit({
    joined: true,
    role: true,
    notify: true,
    peers: true,
    unreadCount: true,
    mentionCount: true,
    lastReadMessageId: true,
  }),
  member: ChannelMember.extend({ removed: z.boolean() }),
  delivery: Delivery,
  run: Run,
  run_step: RunStep,
  approval: Approval,
  task: Task,
  task_view: TaskView,
  agent: Agent,
  agent_status: AgentStatus.extend({ agentId: z.string() }),
  computer: Computer,
  enrollment: Enrollment,
  user: User,
  /** A reader's own mark moved, perhaps on another device. */
  read: z.object({ lastReadMessageId: z.string(), unreadCount: z.number().int(), mentionCount: z.number().int() }),
  /** What a reader is told of in a channel, chosen on another device perhaps. */
  notify: z.object({ level: NotifyLevel }),
  /** A reader follows a thread, or not any more. */
  follow: z.object({ threadId: z.string(), followed: z.boolean() }),
  /** Something in a reader's inbox changed; null: so much that it has to be loaded again. */
  inbox: z.object({ item: InboxItem.nullable() }),
  saved: SavedMessage.omit({ message: true }),
  /** Written on another device, perhaps; without content it was sent or given up. */
  draft: Draft,
  /** Progress of something that a daemon does for a person: installing a runtime, restarting an agent. */
  operation: z.object({
    id: z.string(),
    computerId: z.string(),
    action: z.string(),
    state: z.enum(['queued', 'running', 'completed', 'failed', 'unsupported']),
    detail: z.string(),
  }),
  /** Settings as for an admin, without secrets. */
  endpoint: InteractionEndpoint,
  notification_route: NotificationRoute,
  outbound_delivery: OutboundDelivery,
  decision: Decision,
  coordination: CoordinationRecord,
  memory: MemoryRecord,
  reminder: Reminder,
  debate: Debate,
  topic: Topic,
  /** A way to what runs on a computer was asked for, opened or closed. */
  tunnel: Tunnel,
  /** A file was published for a while, or is gone again. */
  artifact: Artifact,
  activity: z.object({ id: z.string(), agentId: z.string(), kind: z.string(), message: z.string() }),
} as const
export type EventKind = keyof typeof EventPayload

export const EventOperation = z.enum(['created', 'updated', 'deleted', 'state_changed', 'appended'])
export type EventOperation = z.infer<typeof EventOperation>

export type EventOf<K extends EventKind> = {
  /** Position in the server's log. The `id:` of a server-sent event is `<server id>:<sequence>`. */
  sequence: number
  id: string
  kind: K
  operation: EventOperation
  aggregateId: string
  target: string | null
  actor: Actor
  createdAt: number
  payload: z.infer<(typeof EventPayload)[K]>
}
export type ServerEvent = { [K in EventKind]: EventOf<K> }[EventKind]

export const ServerEventJson = z.object({
  sequence: z.number().int(),
  id: z.string(),
  kind: z.enum(Object.keys(EventPayload) as [EventKind, ...EventKind[]]),
  operation: EventOperation,
  aggregateId: z.string(),
  target: Target.nullable(),
  actor: Actor,
  createdAt: Time,
  payload: z.unknown(),
})

/** Everything that a console needs to draw its frame, and the cursor to follow from. */
export const Snapshot = z.object({
  serverId: z.string(),
  version: z.string(),
  cursor: z.string(),
  me: User,
  channels: z.array(Channel),
  agents: z.array(Agent),
  users: z.array(User),
  computers: z.array(Computer),
  approvals: z.array(Approval),
})
export type Snapshot = z.infer<typeof Snapshot>

/** `<server id>:<sequence>`: a cursor of another server starts over instead of skipping events. */
export const CURSOR_GONE = 'cursor_gone'

const Following = z.object({
  cursor: z.string().max(200).optional(),
  target: Target.optional(),
  /** Also what is true for a moment only (`Note`): who is here, who is writing. As events named `note`, or frames without a sequence. */
  notes: Flag.optional(),
})

export const eventRoutes = routes({
  'GET /api/snapshot': {
    summary: 'The state that a console starts from',
    tag: 'events',
    who: ['user'],
    response: Snapshot,
  },
  'GET /api/server-events': {
    summary: 'Live events as server-sent events; resume with Last-Event-ID or `cursor`',
    tag: 'events',
    who: ['user', 'agent'],
    query: Following,
    response: z.string(),
    media: 'text/event-stream',
    errors: [CURSOR_GONE],
  },
  'GET /api/events': {
    summary: 'Past events after a cursor, oldest first; the answer’s cursor has arrived when it stands still',
    tag: 'events',
    who: ['user', 'agent'],
    query: z.object({
      cursor: z.string().max(200).optional(),
      target: Target.optional(),
      limit: z.coerce.number().int().min(1).max(500).optional(),
    }),
    response: z.object({ items: z.array(ServerEventJson), cursor: z.string() }),
    errors: [CURSOR_GONE],
  },
  'GET /api/ws': {
    summary: 'The same events over a WebSocket, one JSON event a frame',
    tag: 'events',
    who: ['user', 'agent'],
    query: Following,
    response: z.string(),
    media: 'text/plain',
  },
})
