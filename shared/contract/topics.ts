import { z } from 'zod'
import { Actor, Flag, Id, PageQuery, Target, Time, page } from './common'
import { MAX_CONTENT } from './messages'
import { routes } from './route'

export const MAX_TOPIC_TITLE = 200
export const MAX_TOPICS = 10_000

/** A thread that has a name and a number in its channel. What is said in it is written into the thread. */
export const Topic = z.object({
  target: Target,
  /** From 1, in the order of the channel’s topics. */
  number: z.number().int(),
  threadId: Id,
  title: z.string(),
  replyCount: z.number().int(),
  lastReplyAt: Time.nullable(),
  createdBy: Actor,
  createdAt: Time,
  updatedAt: Time,
  /** Somebody said that it is settled; it still takes messages. */
  closedAt: Time.nullable(),
})
export type Topic = z.infer<typeof Topic>

const Title = z.string().trim().min(1).max(MAX_TOPIC_TITLE)
const Place = z.object({ target: Target })
const One = Place.extend({ number: z.coerce.number().int().min(1).max(MAX_TOPICS) })

export const topicRoutes = routes({
  'GET /api/channels/{target}/topics': {
    summary: 'Topics of a channel, the latest first',
    tag: 'topics',
    who: ['user', 'agent'],
    params: Place,
    query: PageQuery.extend({ closed: Flag.optional() }),
    response: page(Topic),
    errors: ['invalid_cursor'],
  },
  'POST /api/channels/{target}/topics': {
    summary: 'Begin a topic with its first message, or give a name to a thread',
    tag: 'topics',
    who: ['user', 'agent'],
    role: 'member',
    status: 201,
    params: Place,
    body: z.strictObject({
      title: Title,
      /** Of its first message, below the title. */
      content: z
        .string()
        .trim()
        .max(MAX_CONTENT - MAX_TOPIC_TITLE - 10)
        .optional(),
      /** Any message of the thread that gets the name; then there is no first message to write. */
      threadId: Id.optional(),
    }),
    response: Topic,
    errors: ['topic_exists', 'too_many_topics', 'idempotency_conflict', 'channel_archived'],
  },
  'GET /api/channels/{target}/topics/{number}': {
    summary: 'One topic',
    tag: 'topics',
    who: ['user', 'agent'],
    params: One,
    response: Topic,
  },
  'PATCH /api/channels/{target}/topics/{number}': {
    summary: 'Give a topic another name, close it or open it again: for who began it and admins of the channel',
    tag: 'topics',
    who: ['user', 'agent'],
    role: 'member',
    params: One,
    body: z
      .strictObject({ title: Title.optional(), closed: z.boolean().optional() })
      .refine((set) => Object.keys(set).length > 0, 'nothing to change'),
    response: Topic,
    errors: ['channel_archived'],
  },
})
