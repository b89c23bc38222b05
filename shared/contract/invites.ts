import { z } from 'zod'
import { Handle, Id, Ok, PageQuery, Target, Time, page } from './common'
import { routes } from './route'
import { DisplayName, Password, Session, UserRole } from './users'

/** One-use and secret: 32 random bytes. It travels in the fragment of an address and in bodies, never in a path or a query. */
const Code = z.string().regex(/^nk[ir]_[\w-]{43}$/, 'not a code')

export const Invite = z.object({
  id: Id,
  role: UserRole,
  /** Targets of the channels that whoever accepts it joins, besides `#general`. */
  channels: z.array(Target),
  /** For whom it is, as its maker wrote. */
  note: z.string(),
  createdBy: Id,
  createdAt: Time,
  expiresAt: Time,
  usedAt: Time.nullable(),
  usedBy: Id.nullable(),
})
export type Invite = z.infer<typeof Invite>

/** A code's text is in this answer only. */
export const Ticket = z.object({ id: Id, code: Code, url: z.url(), expiresAt: Time })
export type Ticket = z.infer<typeof Ticket>

/** What a code is good for, as whoever holds it may know. */
export const TicketInfo = z.object({
  kind: z.enum(['invite', 'reset']),
  role: UserRole.nullable(),
  /** Display name of whoever made it. */
  from: z.string(),
  /** Whose password it changes; empty for an invite. */
  username: z.string(),
  expiresAt: Time,
})
export type TicketInfo = z.infer<typeof TicketInfo>

export const inviteRoutes = routes({
  'GET /api/invites': {
    summary: 'Invites that were made, newest first',
    tag: 'users',
    who: ['user'],
    role: 'admin',
    scope: 'admin',
    query: PageQuery,
    response: page(Invite),
  },
  'POST /api/invites': {
    summary: 'Make a link that lets one person join',
    tag: 'users',
    who: ['user'],
    role: 'admin',
    scope: 'admin',
    status: 201,
    body: z.strictObject({
      role: UserRole.optional(),
      channels: z.array(Target).max(50).optional(),
      note: z.string().trim().max(200).optional(),
      expiresInHours: z
        .number()
        .int()
        .min(1)
        .max(24 * 30)
        .optional(),
    }),
    response: Invite.extend({ code: Code, url: z.url() }),
    errors: ['owner_only'],
  },
  'DELETE /api/invites/{id}': {
    summary: 'Revoke an invite that nobody has used',
    tag: 'users',
    who: ['user'],
    role: 'admin',
    scope: 'admin',
    params: z.object({ id: Id }),
    response: Ok,
  },
  'POST /api/users/{id}/reset': {
    summary: 'Make a link that lets a person choose a new password',
    tag: 'users',
    who: ['user'],
    role: 'admin',
    scope: 'admin',
    status: 201,
    params: z.object({ id: Id }),
    response: Ticket,
    errors: ['owner_only'],
  },
  'POST /api/auth/ticket': {
    summary: 'What a code of an invite or of a new password is good for',
    tag: 'auth',
    who: ['guest'],
    body: z.strictObject({ code: Code }),
    response: TicketInfo,
    errors: ['code_invalid', 'throttled'],
  },
  'POST /api/auth/join': {
    summary: 'Accept an invite',
    tag: 'auth',
    who: ['guest'],
    status: 201,
    body: z.strictObject({
      code: Code,
      username: Handle,
      password: Password,
      displayName: DisplayName.optional(),
      token: z.boolean().optional(),
    }),
    response: Session,
    errors: ['code_invalid', 'name_taken', 'throttled'],
  },
  'POST /api/auth/reset': {
    summary: 'Choose a new password with a code; all sessions end',
    tag: 'auth',
    who: ['guest'],
    body: z.strictObject({ code: Code, password: Password }),
    response: Ok,
    errors: ['code_invalid', 'throttled'],
  },
})
