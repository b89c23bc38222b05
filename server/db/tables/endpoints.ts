import type { Dialect } from '../dialect'

/** What the server is connected to, what goes there, and what came from there. */
export function endpointsTables(d: Dialect) {
  const interactionEndpoints = d.table(
    'interaction_endpoints',
    {
      id: d.id().primaryKey(),
      kind: d.str(16).$type<'webhook' | 'im'>().notNull(),
      provider: d.str(32).notNull(),
      displayName: d.str(255).notNull(),
      targetPrefix: d.str(16).notNull(),
      /** Where what comes in is written; null while nothing may come in. */
      channelId: d.id(),
      inboundEnabled: d.bool().notNull(),
      outboundEnabled: d.bool().notNull(),
      authMode: d.str(32).$type<'cookie' | 'bearer' | 'webhook_signature' | 'mcp_token' | 'none'>().notNull(),
      /** What may be shown. */
      config: d.json<Record<string, unknown>>().notNull(),
      /** The rest, sealed, by the name of its field. */
      secrets: d.json<Record<string, string>>().notNull(),
      createdBy: d.id().notNull(),
      createdAt: d.ms().notNull(),
      updatedAt: d.ms().notNull(),
    },
    (t) => [d.index('interaction_endpoints_channel').on(t.channelId)],
  )

  const notificationRoutes = d.table(
    'notification_routes',
    {
      id: d.id().primaryKey(),
      channelId: d.id().notNull(),
      /** Empty: the whole channel. */
      threadId: d.id().notNull(),
      endpointId: d.id().notNull(),
      eventKind: d
        .str(16)
        .$type<'all' | 'message' | 'mention' | 'task' | 'reminder' | 'run' | 'activity' | 'delivery_status'>()
        .notNull(),
      preference: d.str(16).$type<'all' | 'mentions' | 'muted'>().notNull(),
      enabled: d.bool().notNull(),
      createdBy: d.id().notNull(),
      createdAt: d.ms().notNull(),
      updatedAt: d.ms().notNull(),
    },
    (t) => [
      d.unique('notification_routes_one').on(t.channelId, t.endpointId, t.eventKind, t.threadId),
      d.index('notification_routes_endpoint').on(t.endpointId),
    ],
  )

  const outboundDeliveries = d.table(
    'outbound_deliveries',
    {
      id: d.id().primaryKey(),
      channelId: d.id().notNull(),
      target: d.str(200).notNull(),
      /** Empty when it is not about a message. */
      messageId: d.id().notNull(),
      endpointId: d.id().notNull(),
      endpointKind: d.str(16).notNull(),
      eventKind: d.str(16).notNull(),
      /** Why it goes there: a route, or as the answer to what came from there. */
      routeId: d.id(),
      /** What it answers, as the endpoint calls it. */
      replyTo: d.str(255),
      /** What the endpoint calls it. */
      externalMessageId: d.str(255).notNull(),
      status: d.str(16).$type<'pending' | 'delivered' | 'failed' | 'retrying' | 'canceled'>().notNull(),
      attemptCount: d.int().notNull(),
      /** Null when nothing more is to be done. */
      nextAttemptAt: d.ms(),
      /** Who is sending it just now, and until when nobody else may. */
      leaseId: d.id(),
      leaseUntil: d.ms(),
      deliveredAt: d.ms(),
      lastError: d.str(500).notNull(),
      requestId: d.str(128).notNull(),
      /** What is sent, as JSON. */
      payload: d.text().notNull(),
      createdAt: d.ms().notNull(),
      updatedAt: d.ms().notNull(),
    },
    (t) => [
      d.index('outbound_deliveries_due').on(t.endpointId, t.nextAttemptAt),
      d.index('outbound_deliveries_lease').on(t.endpointId, t.leaseUntil),
      d.index('outbound_deliveries_leases').on(t.leaseUntil),
      d.index('outbound_deliveries_page').on(t.channelId, t.id),
      d.index('outbound_deliveries_of').on(t.endpointId, t.id),
      d.index('outbound_deliveries_message').on(t.messageId),
      d.index('outbound_deliveries_done').on(t.status, t.updatedAt),
    ],
  )

  /** Messages that came from an endpoint, by what it calls them: what is repeated is not written twice, and answers find their way back. */
  const externalMessages = d.table(
    'external_messages',
    {
      endpointId: d.id().notNull(),
      externalId: d.str(255).notNull(),
      messageId: d.id().notNull(),
      createdAt: d.ms().notNull(),
    },
    (t) => [
      d.primaryKey({ columns: [t.endpointId, t.externalId] }),
      d.index('external_messages_message').on(t.messageId),
    ],
  )

  return { interactionEndpoints, notificationRoutes, outboundDeliveries, externalMessages }
}
