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

export const auditRoutes = routes({
  'GET /api/audit': {
    summary: 'Privileged acts, newest first',
    tag: 'audit',
    who: ['user'],
    role: 'admin',
    scope: 'admin',
    query: PageQuery,
    response: page(AuditEntry),
  },
})
