import { z } from 'zod'
import { Flag, Id, Ok, PageQuery, Target, Time, page } from './common'
import { routes } from './route'

export const EndpointKind = z.enum(['webhook', 'im'])
export type EndpointKind = z.infer<typeof EndpointKind>
export const EndpointAuthMode = z.enum(['cookie', 'bearer', 'webhook_signature', 'mcp_token', 'none'])
export type EndpointAuthMode = z.infer<typeof EndpointAuthMode>

/** What a secret of an endpoint is shown as. Sent back in a change, it keeps the secret that is there. */
export const HIDDEN = '***'

/** Somewhere that the server is connected to: a webhook, a chat system. */
export const InteractionEndpoint = z.object({
  id: Id,
  kind: EndpointKind,
  provider: z.string(),
  displayName: z.string(),
  targetPrefix: z.string(),
  /** The channel that what comes in is written to. */
  target: Target.nullable(),
  inboundEnabled: z.boolean(),
  outboundEnabled: z.boolean(),
  authMode: EndpointAuthMode,
  /** Settings of the provider, secrets as `***`. Null for readers who may not change them. */
  config: z.record(z.string(), z.unknown()).nullable(),
  createdAt: Time,
  updatedAt: Time,
})
export type InteractionEndpoint = z.infer<typeof InteractionEndpoint>

export const EndpointProvider = z.object({
  provider: z.string(),
  kind: EndpointKind,
  displayName: z.string(),
  description: z.string(),
  /** Whether this version can send there, and whether it can take in what comes from there. */
  outbound: z.boolean(),
  inbound: z.boolean(),
  authModes: z.array(EndpointAuthMode),
  /** JSON Schema of `config`, for a form. Secrets are `writeOnly`. */
  configSchema: z.record(z.string(), z.unknown()),
})
export type EndpointProvider = z.infer<typeof EndpointProvider>

export const NotificationKind = z.enum([
  'all',
  'message',
  'mention',
  'task',
  'reminder',
  'run',
  'activity',
  'delivery_status',
])
export type NotificationKind = z.infer<typeof NotificationKind>
export const NotificationPreference = z.enum(['all', 'mentions', 'muted'])
export type NotificationPreference = z.infer<typeof NotificationPreference>

/** What of a channel goes to an endpoint. */
export const NotificationRoute = z.object({
  id: Id,
  target: Target,
  /** Only this thread; null for the whole channel. */
  threadId: z.string().nullable(),
  endpointId: Id,
  eventKind: NotificationKind,
  preference: NotificationPreference,
  enabled: z.boolean(),
  createdAt: Time,
  updatedAt: Time,
})
export type NotificationRoute = z.infer<typeof NotificationRoute>

/** A route as it stands to one kind of event at one place. */
export const ResolvedRoute = NotificationRoute.extend({
  /** 4 for its thread, 2 for its very kind or 1 for `all`; the higher one of an endpoint's routes counts. */
  score: z.number().int(),
})
export type ResolvedRoute = z.infer<typeof ResolvedRoute>

export const Resolution = z.object({
  /** Where it would go, the highest score first. */
  items: z.array(ResolvedRoute),
  /** Which other routes of the channel there are, and why nothing goes along them. */
  dropped: z.array(
    z.object({
      route: NotificationRoute,
      reason: z.enum(['disabled', 'muted', 'mentions_only', 'other_kind', 'other_thread', 'outscored', 'endpoint_off']),
    }),
  ),
})
export type Resolution = z.infer<typeof Resolution>

export const OutboundStatus = z.enum(['pending', 'delivered', 'failed', 'retrying', 'canceled'])
export type OutboundStatus = z.infer<typeof OutboundStatus>

/** Something on its way to an endpoint. Its id is what the receiver knows it by. */
export const OutboundDelivery = z.object({
  id: Id,
  target: Target,
  messageId: z.string().nullable(),
  endpointId: Id,
  endpointKind: z.string(),
  eventKind: z.string(),
  routeId: z.string().nullable(),
  externalMessageId: z.string(),
  status: OutboundStatus,
  attemptCount: z.number().int(),
  /** When it is tried next; null when it is over. */
  nextRetryAt: Time.nullable(),
  deliveredAt: Time.nullable(),
  lastError: z.string(),
  requestId: z.string(),
  createdAt: Time,
  updatedAt: Time,
})
export type OutboundDelivery = z.infer<typeof OutboundDelivery>

/** What an incoming webhook says. `text` is what chat systems call it. */
export const IncomingMessage = z
  .object({
    content: z.string().min(1).max(40_000).optional(),
    text: z.string().min(1).max(40_000).optional(),
    /** Any message of a thread in the endpoint’s channel. */
    threadId: Id.optional(),
    kind: z.enum(['note', 'decision', 'blocker', 'status']).optional(),
  })
  .refine((m) => m.content !== undefined || m.text !== undefined, 'content is missing')
export type IncomingMessage = z.infer<typeof IncomingMessage>

const ById = z.object({ id: Id })
const Config = z.record(z.string().max(64), z.unknown())
const DisplayName = z.string().trim().min(1).max(80)
const TargetPrefix = z.string().min(1).max(16)

export const endpointRoutes = routes({
  'GET /api/interaction-endpoints/providers': {
    summary: 'What endpoints can be connected to, with the form of their settings',
    tag: 'endpoints',
    who: ['user'],
    response: page(EndpointProvider),
  },
  'GET /api/im/providers': {
    summary: 'The chat systems among the providers',
    tag: 'endpoints',
    who: ['user'],
    response: page(EndpointProvider),
  },
  'GET /api/interaction-endpoints': {
    summary: 'Endpoints; their settings are for admins',
    tag: 'endpoints',
    who: ['user'],
    query: PageQuery,
    response: page(InteractionEndpoint),
  },
  'GET /api/interaction-endpoints/{id}': {
    summary: 'One endpoint',
    tag: 'endpoints',
    who: ['user'],
    params: ById,
    response: InteractionEndpoint,
  },
  'POST /api/interaction-endpoints': {
    summary: 'Connect an endpoint; a signing secret that is made for it is in this answer only',
    tag: 'endpoints',
    who: ['user'],
    role: 'admin',
    scope: 'admin',
    status: 201,
    body: z.strictObject({
      kind: EndpointKind.optional(),
      provider: z.string().min(1).max(32),
      displayName: DisplayName,
      targetPrefix: TargetPrefix.optional(),
      target: Target.optional(),
      inboundEnabled: z.boolean().optional(),
      outboundEnabled: z.boolean().optional(),
      authMode: EndpointAuthMode.optional(),
      config: Config.optional(),
    }),
    response: InteractionEndpoint.extend({ secret: z.string().optional() }),
    errors: ['provider_unknown', 'config_invalid', 'too_many_endpoints'],
  },
  'PATCH /api/interaction-endpoints/{id}': {
    summary: 'Change an endpoint; of its settings only those that are named, null to remove one',
    tag: 'endpoints',
    who: ['user'],
    role: 'admin',
    scope: 'admin',
    params: ById,
    body: z.strictObject({
      displayName: DisplayName.optional(),
      targetPrefix: TargetPrefix.optional(),
      target: Target.nullable().optional(),
      inboundEnabled: z.boolean().optional(),
      outboundEnabled: z.boolean().optional(),
      authMode: EndpointAuthMode.optional(),
      config: Config.optional(),
    }),
    response: InteractionEndpoint,
    errors: ['config_invalid', 'secret_needed'],
  },
  'DELETE /api/interaction-endpoints/{id}': {
    summary: 'Remove an endpoint; what still waits to go there is canceled',
    tag: 'endpoints',
    who: ['user'],
    role: 'admin',
    scope: 'admin',
    params: ById,
    response: Ok,
    errors: ['endpoint_in_use'],
  },
  'POST /api/interaction-endpoints/{id}/test': {
    summary: 'Check the settings of an endpoint and send it a test message',
    tag: 'endpoints',
    who: ['user'],
    role: 'admin',
    scope: 'admin',
    params: ById,
    response: z.object({
      ready: z.boolean(),
      summary: z.string(),
      checks: z.array(z.object({ name: z.string(), ok: z.boolean(), detail: z.string() })),
      endpoint: InteractionEndpoint,
    }),
  },
  'POST /api/interaction-endpoints/{id}/secret': {
    summary: 'Make a new signing secret; the old one ends, the new one is in this answer only',
    tag: 'endpoints',
    who: ['user'],
    role: 'admin',
    scope: 'admin',
    status: 201,
    params: ById,
    response: z.object({ secret: z.string() }),
  },
  'POST /api/interaction-endpoints/{id}/token': {
    summary: 'Make a token for what comes in; the old one ends, the new one is in this answer only',
    tag: 'endpoints',
    who: ['user'],
    role: 'admin',
    scope: 'admin',
    status: 201,
    params: ById,
    response: z.object({ token: z.string() }),
  },
  'POST /api/webhooks/{endpointId}': {
    summary: 'Write a message as an endpoint: signed (Standard Webhooks), or with the endpoint’s token',
    tag: 'endpoints',
    who: ['guest', 'endpoint'],
    params: z.object({ endpointId: Id }),
    rawBody: IncomingMessage,
    bodyLimit: 256 << 10,
    response: z.object({ ok: z.literal(true), messageId: Id, duplicate: z.boolean() }),
    errors: ['signature_invalid', 'inbound_disabled', 'rate_limited'],
  },
  'GET /api/notification-routes': {
    summary: 'Routes of the channels that the caller may see',
    tag: 'notifications',
    who: ['user'],
    query: PageQuery.extend({
      target: Target.optional(),
      threadId: Id.optional(),
      endpointId: Id.optional(),
      eventKind: NotificationKind.optional(),
      enabled: Flag.optional(),
    }),
    response: page(NotificationRoute),
  },
  'GET /api/notification-routes/resolve': {
    summary: 'Where an event would go, and why not elsewhere',
    tag: 'notifications',
    who: ['user'],
    query: z.object({
      target: Target,
      threadId: Id.optional(),
      eventKind: NotificationKind.exclude(['all']).optional(),
      limit: z.coerce.number().int().min(1).max(200).optional(),
    }),
    response: Resolution,
  },
  'POST /api/notification-routes': {
    summary: 'Send events of a channel to an endpoint',
    tag: 'notifications',
    who: ['user'],
    role: 'admin',
    scope: 'admin',
    status: 201,
    body: z.strictObject({
      target: Target,
      endpointId: Id,
      threadId: Id.optional(),
      eventKind: NotificationKind.optional(),
      preference: NotificationPreference.optional(),
      enabled: z.boolean().optional(),
    }),
    response: NotificationRoute,
    errors: ['route_exists', 'too_many_routes'],
  },
  'PATCH /api/notification-routes/{id}': {
    summary: 'Change a route',
    tag: 'notifications',
    who: ['user'],
    role: 'admin',
    scope: 'admin',
    params: ById,
    body: z.strictObject({
      target: Target.optional(),
      endpointId: Id.optional(),
      threadId: Id.nullable().optional(),
      eventKind: NotificationKind.optional(),
      preference: NotificationPreference.optional(),
      enabled: z.boolean().optional(),
    }),
    response: NotificationRoute,
    errors: ['route_exists'],
  },
  'DELETE /api/notification-routes/{id}': {
    summary: 'Remove a route',
    tag: 'notifications',
    who: ['user'],
    role: 'admin',
    scope: 'admin',
    params: ById,
    response: Ok,
  },
  'GET /api/outbound-deliveries': {
    summary: 'What is on its way to endpoints, or was, newest first',
    tag: 'notifications',
    who: ['user', 'agent'],
    query: PageQuery.extend({
      target: Target.optional(),
      messageId: Id.optional(),
      endpointId: Id.optional(),
      /** Several are separated by commas. */
      status: z
        .string()
        .max(100)
        .transform((text) => text.split(','))
        .pipe(z.array(OutboundStatus).max(5))
        .optional(),
    }),
    response: page(OutboundDelivery),
  },
  'POST /api/outbound-deliveries/{id}/retry': {
    summary: 'Try again at once what failed or waits',
    tag: 'notifications',
    who: ['user', 'agent'],
    role: 'member',
    params: ById,
    response: OutboundDelivery,
    errors: ['illegal_transition'],
  },
})
