import { z } from 'zod'
import { Id, Ok, Target, Time } from './common'
import { routes } from './route'

/** `online`: has the console open and uses it. `away`: has it open. `offline`: has not. */
export const PersonState = z.enum(['online', 'away', 'offline'])
export type PersonState = z.infer<typeof PersonState>

export const PersonPresence = z.object({ userId: Id, state: PersonState })
export type PersonPresence = z.infer<typeof PersonPresence>

/**
 * What is true for a moment only: it is pushed to who follows just now, is in no log, and is never sent again. It says nothing about
 * what was written.
 */
export const Note = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('typing'),
    userId: Id,
    target: Target,
    threadId: z.string().nullable(),
    /** When it is over unless it is said again. */
    until: Time,
  }),
  PersonPresence.extend({ kind: z.literal('presence') }),
])
export type Note = z.infer<typeof Note>

export const presenceRoutes = routes({
  'GET /api/presence': {
    summary: 'Who has the console open; whoever is not listed is offline',
    tag: 'presence',
    who: ['user'],
    response: z.object({ items: z.array(PersonPresence) }),
  },
  'POST /api/presence': {
    summary: 'Say that the caller uses the console just now',
    tag: 'presence',
    who: ['user'],
    body: z.strictObject({}),
    response: Ok,
  },
  'POST /api/channels/{target}/typing': {
    summary: 'Say that the caller is writing a message; more often than twice a second is ignored',
    tag: 'presence',
    who: ['user'],
    role: 'member',
    params: z.object({ target: Target }),
    body: z.strictObject({ threadId: Id.optional() }),
    response: Ok,
    errors: ['channel_archived'],
  },
})
