import { z } from 'zod'
import { Actor, Id, PageQuery, Target, Time, page } from './common'
import { routes } from './route'

/** `failed`: a turn was not answered, and `reason` says why. */
export const DebateState = z.enum(['running', 'paused', 'completed', 'stopped', 'failed'])
export type DebateState = z.infer<typeof DebateState>

export const MAX_TURNS = 20
export const MAX_DEBATE_TOPIC = 1000

/** Two agents that take turns on a topic, in a thread of its own. A turn is given when the one before has been answered. */
export const Debate = z.object({
  id: Id,
  target: Target,
  /** Its first message. */
  threadId: Id,
  topic: z.string(),
  /** In the order of their turns. */
  agents: z.array(Actor).length(2),
  turns: z.number().int(),
  /** Turns that were given so far, the one under way included. */
  turn: z.number().int(),
  state: DebateState,
  /** The turn that is under way. */
  deliveryId: z.string().nullable(),
  reason: z.string(),
  summaryMessageId: z.string().nullable(),
  createdBy: Actor,
  createdAt: Time,
  updatedAt: Time,
  endedAt: Time.nullable(),
})
export type Debate = z.infer<typeof Debate>

const ById = z.object({ id: Id })
const change = (summary: string) => ({
  summary,
  tag: 'debates',
  who: ['user'] as const,
  role: 'member' as const,
  params: ById,
  body: z.strictObject({}),
  response: Debate,
  errors: ['illegal_transition', 'channel_archived'],
})

export const debateRoutes = routes({
  'GET /api/debates': {
    summary: 'Debates of the channels that the caller may see, newest first',
    tag: 'debates',
    who: ['user', 'agent'],
    query: PageQuery.extend({ target: Target.optional(), state: DebateState.optional() }),
    response: page(Debate),
  },
  'POST /api/debates': {
    summary: 'Let two agents of a channel take turns on a topic',
    tag: 'debates',
    who: ['user'],
    role: 'member',
    status: 201,
    body: z.strictObject({
      target: Target,
      topic: z.string().trim().min(1).max(MAX_DEBATE_TOPIC),
      /** Who begins, and who answers. */
      agentIds: z.array(Id).length(2),
      /** Of both together. Default: 6. */
      turns: z.number().int().min(2).max(MAX_TURNS).optional(),
    }),
    response: Debate,
    errors: ['not_a_member', 'too_many_debates', 'idempotency_conflict', 'channel_archived'],
  },
  'GET /api/debates/{id}': {
    summary: 'One debate',
    tag: 'debates',
    who: ['user', 'agent'],
    params: ById,
    response: Debate,
  },
  'POST /api/debates/{id}/pause': change('Give no further turn for now; the one under way is finished'),
  'POST /api/debates/{id}/resume': change('Go on with a debate that is paused'),
  'POST /api/debates/{id}/stop': change('End a debate; the turn under way is finished, and no other is given'),
})
