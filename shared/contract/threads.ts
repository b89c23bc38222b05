import { z } from 'zod'
import { Flag, Id, PageQuery, Target, Time, page } from './common'
import { Message } from './messages'
import { routes } from './route'

/** A message with replies, as one reader sees it. */
export const Thread = z.object({
  /** Of the message that it hangs on. */
  id: Id,
  target: Target,
  root: Message,
  replyCount: z.number().int(),
  lastReplyAt: Time.nullable(),
  /**
   * Whether the reader follows it: people hear in their inbox of what is said in it, agents get what people write in it without being
   * mentioned. People follow what they began, were mentioned in or replied to; saying otherwise counts more.
   */
  followed: z.boolean(),
  /** Replies since a person read it; 0 where nobody follows. */
  unreadCount: z.number().int(),
})
export type Thread = z.infer<typeof Thread>

const One = z.object({ id: Id })

export const threadRoutes = routes({
  'GET /api/threads': {
    summary: 'Threads of conversations that the caller may read, the most recently moved first',
    tag: 'threads',
    who: ['user', 'agent'],
    query: PageQuery.extend({
      target: Target.optional(),
      /** Only those that the caller follows. */
      followed: Flag.optional(),
    }),
    response: page(Thread),
    errors: ['invalid_cursor'],
  },
  'GET /api/threads/{id}': {
    summary: 'One thread, by the id of any of its messages',
    tag: 'threads',
    who: ['user', 'agent'],
    params: One,
    response: Thread,
  },
  'PUT /api/threads/{id}/follow': {
    summary: 'Follow a thread',
    tag: 'threads',
    who: ['user', 'agent'],
    params: One,
    response: Thread,
  },
  'DELETE /api/threads/{id}/follow': {
    summary: 'Stop following a thread; mentions still reach the caller',
    tag: 'threads',
    who: ['user', 'agent'],
    params: One,
    response: Thread,
  },
})
