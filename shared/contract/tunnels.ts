import { z } from 'zod'
import { Actor, Id, PageQuery, Target, Time, page } from './common'
import { routes } from './route'

export const TunnelState = z.enum(['pending_approval', 'active', 'rejected', 'closed'])
export type TunnelState = z.infer<typeof TunnelState>

/** `private`: its creator and admins. `members`: who may read its channel. `public`: who knows its address. */
export const TunnelPolicy = z.enum(['private', 'members', 'public'])
export type TunnelPolicy = z.infer<typeof TunnelPolicy>

/** A way from the server to one port of one computer's loopback interface. */
export const Tunnel = z.object({
  id: Id,
  computerId: Id,
  /** The agent that asked for it. */
  agentId: z.string().nullable(),
  /** The run that it asked in. */
  runId: z.string().nullable(),
  /** The channel that it belongs to; null for one of its creator alone. */
  target: Target.nullable(),
  threadId: z.string().nullable(),
  localPort: z.number().int(),
  /** What is to be seen there, in the words of whoever opened it. */
  label: z.string(),
  state: TunnelState,
  accessPolicy: TunnelPolicy,
  creator: Actor,
  /** Where to look at it; null when this server has no address for previews. */
  url: z.string().nullable(),
  ttlSeconds: z.number().int(),
  approvedBy: Actor.nullable(),
  approvedAt: Time.nullable(),
  /** When it ends; of one that waits: when nobody can approve it any more. */
  expiresAt: Time,
  closedAt: Time.nullable(),
  /** `ttl_expired`, `computer_removed`, … or the words of whoever closed it. */
  closeReason: z.string(),
  createdAt: Time,
})
export type Tunnel = z.infer<typeof Tunnel>

export const MAX_TTL_SECONDS = 24 * 3600
const Ttl = z.number().int().min(60).max(MAX_TTL_SECONDS)
const ById = z.object({ id: Id })
/** Where in the application to begin: a path with its query, as it stands in an address. Browsers pass over tabs between two slashes. */
const Path = z
  .string()
  .max(2000)
  .regex(/^\/(?![/\\])[!-~]*$/, 'begins with one slash, and is encoded')
const Reason = z.object({ reason: z.string().max(500).optional() })

export const tunnelRoutes = routes({
  'GET /api/tunnels': {
    summary: 'Tunnels that the caller may see, newest first',
    tag: 'tunnels',
    who: ['user', 'agent', 'computer'],
    query: PageQuery.extend({
      computerId: Id.optional(),
      target: Target.optional(),
      state: TunnelState.optional(),
    }),
    response: page(Tunnel),
  },
  'POST /api/tunnels': {
    summary: 'Open a tunnel; one that an agent asks for waits for a person',
    tag: 'tunnels',
    who: ['user', 'agent'],
    role: 'member',
    // Whoever opens one reaches what runs on a computer.
    scope: 'admin',
    status: 201,
    body: z.strictObject({
      /** An agent leaves it out: its own. */
      computerId: Id.optional(),
      localPort: z.number().int().min(1).max(65_535),
      label: z.string().trim().max(200).optional(),
      /** The channel, or a thread in it (`#general:msg_…`). Without one an agent's is that of its run, a person's is nobody else's. */
      target: Target.optional(),
      /** Default: `members` with a target, `private` without. */
      accessPolicy: TunnelPolicy.optional(),
      /** Seconds; default 2 hours, at most 24. */
      ttlSeconds: Ttl.optional(),
    }),
    response: Tunnel,
    errors: ['target_missing', 'previews_off', 'too_many_tunnels'],
  },
  'GET /api/tunnels/{id}': {
    summary: 'One tunnel',
    tag: 'tunnels',
    who: ['user', 'agent', 'computer'],
    params: ById,
    response: Tunnel,
  },
  'POST /api/tunnels/{id}/approve': {
    summary: 'Open a tunnel that an agent asked for',
    tag: 'tunnels',
    who: ['user'],
    role: 'member',
    scope: 'admin',
    params: ById,
    response: Tunnel,
    errors: ['illegal_transition'],
  },
  'POST /api/tunnels/{id}/reject': {
    summary: 'Refuse a tunnel that an agent asked for',
    tag: 'tunnels',
    who: ['user'],
    role: 'member',
    params: ById,
    body: Reason,
    response: Tunnel,
    errors: ['illegal_transition'],
  },
  'POST /api/tunnels/{id}/close': {
    summary: 'Close a tunnel',
    tag: 'tunnels',
    who: ['user', 'agent', 'computer'],
    params: ById,
    body: Reason,
    response: Tunnel,
    errors: ['illegal_transition'],
  },
  'POST /api/tunnels/{id}/extend': {
    summary: 'Keep a tunnel open for longer: from now, at most 24 hours',
    tag: 'tunnels',
    who: ['user'],
    role: 'member',
    scope: 'admin',
    params: ById,
    body: z.strictObject({ ttlSeconds: Ttl.optional() }),
    response: Tunnel,
    errors: ['illegal_transition'],
  },
  'POST /api/tunnels/{id}/ticket': {
    summary: 'An address that lets the caller’s browser in once, for a minute',
    tag: 'tunnels',
    who: ['user'],
    params: ById,
    body: z.strictObject({ path: Path.optional() }),
    response: z.object({ url: z.string(), expiresAt: Time }),
    errors: ['tunnel_inactive', 'previews_off'],
  },
  'GET /api/tunnels/{id}/open': {
    summary: 'Go to a preview: lets the browser in when its user may look at it',
    tag: 'tunnels',
    who: ['guest', 'user'],
    params: ById,
    query: z.object({ path: Path.optional() }),
    response: z.string(),
    media: 'text/html',
    errors: ['tunnel_inactive', 'previews_off'],
  },
})
