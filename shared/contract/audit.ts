import { z } from 'zod'
import { Actor, PageQuery, Time, page } from './common'
import { routes } from './route'

/** One privileged act: who did what to whom, and from where. */
export const AuditEntry = z.object({
  id: z.string(),
  actor: Actor,
  action: z.string(),
  subject: z.string(),
  detail: z.record(z.string(), z.unknown()),
  address: z.string(),
  createdAt: Time,
})
export type AuditEntry = z.infer<typeof AuditEntry>

const Moment = z.coerce.number().int().nonnegative()

/** Each narrows the list down. */
const AuditFilter = {
  /** Id of whoever did it. */
  actor: z.string().max(64).optional(),
  /** `user.create`, or all of an area: `user.*`. */
  action: z
    .string()
    .max(64)
    .regex(/^[a-z_]+(\.[a-z_]+|\.\*)?$/, 'an action such as user.create, or user.*')
    .optional(),
  /** Id of what it was done to. */
  subject: z.string().max(200).optional(),
  /** Unix milliseconds, inclusive. */
  since: Moment.optional(),
  /** Unix milliseconds, exclusive. */
  until: Moment.optional(),
}

export const auditRoutes = routes({
  'GET /api/audit': {
    summary: 'Privileged acts, newest first',
    tag: 'audit',
    who: ['user'],
    role: 'admin',
    scope: 'admin',
    query: PageQuery.extend(AuditFilter),
    response: page(AuditEntry),
  },
  'GET /api/audit/export': {
    summary: 'Privileged acts as a file, oldest first: JSON lines or CSV',
    tag: 'audit',
    who: ['user'],
    role: 'admin',
    scope: 'admin',
    query: z.object({ ...AuditFilter, format: z.enum(['ndjson', 'csv']).optional() }),
    response: z.string(),
    media: 'application/octet-stream',
  },
})
