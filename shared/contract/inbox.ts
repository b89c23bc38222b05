import { z } from 'zod'
import { Flag, Id, Ok, PageQuery, Target, Time, page } from './common'
import { MAX_CONTENT, Message } from './messages'
import { routes } from './route'
import { Approval } from './runs'
import { Task, TaskRef } from './tasks'

export const InboxKind = z.enum(['thread', 'mention', 'approval', 'task'])
export type InboxKind = z.infer<typeof InboxKind>
export const InboxState = z.enum(['unread', 'read', 'done'])
export type InboxState = z.infer<typeof InboxState>

/** Why a task waits for somebody's look: it was given to them, their review is asked for, or somebody said something about it. */
export const InboxReason = z.enum(['assigned', 'review', 'comment'])
export type InboxReason = z.infer<typeof InboxReason>

/**
 * Something that a person should look at: a thread that they follow has moved, a message mentions them, an agent waits for a
 * permission, a task concerns them anew. There is one item for each task; its thread has none beside it.
 */
export const InboxItem = z.object({
  id: Id,
  kind: InboxKind,
  state: InboxState,
  target: Target,
  threadId: z.string().nullable(),
  /** Of an item of kind `task`; null otherwise. */
  taskId: z.string().nullable(),
  reason: InboxReason.nullable(),
  /** The latest message that it is about; null for a permission, and for a task of which nothing was said. */
  messageId: z.string().nullable(),
  /** Messages since it was read; of a task, all that happened to it. */
  unreadCount: z.number().int(),
  at: Time,
})
export type InboxItem = z.infer<typeof InboxItem>

const InboxPage = page(InboxItem).extend({
  /** What the items are about: their latest messages, and the first ones of their threads. */
  messages: z.array(Message),
  approvals: z.array(Approval),
  tasks: z.array(Task),
  /** Of the whole inbox, counted up to 1,000. */
  unreadCount: z.number().int(),
})

const InboxQuery = PageQuery.extend({
  kind: InboxKind.optional(),
  target: Target.optional(),
  /** Only what is not read yet. */
  unread: Flag.optional(),
})

/** A message that somebody keeps at hand. */
export const SavedMessage = z.object({
  id: Id,
  messageId: Id,
  target: Target,
  threadId: z.string().nullable(),
  savedAt: Time,
  message: Message,
})
export type SavedMessage = z.infer<typeof SavedMessage>

/** Saved messages of one person or agent. */
export const MAX_SAVED = 5000

export const Draft = z.object({
  target: Target,
  threadId: z.string().nullable(),
  content: z.string(),
  updatedAt: Time,
})
export type Draft = z.infer<typeof Draft>

/** Conversations in which one person has something that is not sent yet. */
export const MAX_DRAFTS = 200

const One = z.object({ id: Id })
const Thread = z.object({ threadId: Id })

export const inboxRoutes = routes({
  'GET /api/inbox': {
    summary: 'What waits for a look: unread first, then the latest first',
    tag: 'inbox',
    who: ['user'],
    query: InboxQuery,
    response: InboxPage,
    errors: ['invalid_cursor'],
  },
  'POST /api/inbox/mark-all': {
    summary:
      'Mark everything as read or done, or everything of one kind or conversation; permissions stay until they are decided',
    tag: 'inbox',
    who: ['user'],
    body: z.strictObject({ state: z.enum(['read', 'done']), kind: InboxKind.optional(), target: Target.optional() }),
    response: z.object({ changed: z.number().int() }),
  },
  'POST /api/inbox/{id}': {
    summary: 'Mark one item as unread, read or done',
    tag: 'inbox',
    who: ['user'],
    params: One,
    body: z.strictObject({ state: InboxState }),
    response: InboxItem,
  },
  'GET /api/inbox/threads': {
    summary: 'The threads of the inbox',
    tag: 'inbox',
    who: ['user'],
    query: InboxQuery.omit({ kind: true }),
    response: InboxPage,
    errors: ['invalid_cursor'],
  },
  'POST /api/inbox/threads/read-all': {
    summary: 'Mark all threads of the inbox as read',
    tag: 'inbox',
    who: ['user'],
    body: z.strictObject({ target: Target.optional() }),
    response: z.object({ changed: z.number().int() }),
  },
  'POST /api/inbox/threads/{threadId}/read': {
    summary: 'Mark a thread as read, with the mentions in it',
    tag: 'inbox',
    who: ['user'],
    params: Thread,
    response: Ok,
  },
  'POST /api/inbox/tasks/{taskId}/read': {
    summary: 'Mark what the inbox has of a task as read',
    tag: 'inbox',
    who: ['user'],
    params: z.object({ taskId: TaskRef }),
    response: Ok,
  },
  'GET /api/messages/saved': {
    summary: 'What the caller keeps, the latest saved first',
    tag: 'saved',
    who: ['user', 'agent'],
    query: PageQuery.extend({ target: Target.optional() }),
    response: page(SavedMessage),
    errors: ['invalid_cursor'],
  },
  'POST /api/messages/{id}/save': {
    summary: 'Keep a message; doing it twice is no error',
    tag: 'saved',
    who: ['user', 'agent'],
    params: One,
    response: SavedMessage,
    errors: ['too_many_saved', 'message_deleted'],
  },
  'DELETE /api/messages/{id}/save': {
    summary: 'Let go of a message, also of one that the caller may not read any more',
    tag: 'saved',
    who: ['user', 'agent'],
    params: One,
    response: z.object({ removed: z.boolean(), savedMessage: SavedMessage.omit({ message: true }).optional() }),
  },
  'GET /api/drafts': {
    summary: 'What the caller has written and not sent, on any device',
    tag: 'drafts',
    who: ['user'],
    response: page(Draft),
  },
  'PUT /api/drafts': {
    summary: 'Keep a draft, one a conversation; empty content removes it',
    tag: 'drafts',
    who: ['user'],
    role: 'member',
    body: z.strictObject({ target: Target, threadId: Id.optional(), content: z.string().max(MAX_CONTENT) }),
    response: Draft,
    errors: ['too_many_drafts', 'thread_unknown'],
  },
})
