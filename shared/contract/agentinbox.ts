import { z } from 'zod'
import { Flag, Id, PageQuery, page } from './common'
import { Message } from './messages'
import { routes } from './route'
import { Delivery } from './runs'

/** A delivery, and the message that it is about; null when that is gone. */
export const AgentInboxItem = z.object({ delivery: Delivery, message: Message.nullable() })
export type AgentInboxItem = z.infer<typeof AgentInboxItem>

export const agentInboxRoutes = routes({
  'GET /api/agent/inbox': {
    summary: 'What the calling agent owes an answer to, newest first; with `all` also what is over',
    tag: 'runs',
    who: ['agent'],
    query: PageQuery.extend({ all: Flag.optional() }),
    response: page(AgentInboxItem),
  },
  'POST /api/agent/inbox/{id}/decline': {
    summary: 'Say that a delivery was seen and needs no answer: it is declined, without a turn',
    tag: 'runs',
    who: ['agent'],
    params: z.object({ id: Id }),
    body: z.strictObject({}),
    response: Delivery,
    errors: ['illegal_transition'],
  },
})
