import type { InteractionEndpoint, NotificationRoute, OutboundDelivery } from '@shared/contract'
import { createCollection } from '../store/collection'

export const endpoints = createCollection<InteractionEndpoint>({
  ofEvent: (event) => (event.kind === 'endpoint' ? event.payload : undefined),
  idOf: ({ id }) => id,
  age: ({ updatedAt }) => updatedAt,
})

/** What of a channel goes to an endpoint. */
export const notificationRoutes = createCollection<NotificationRoute>({
  ofEvent: (event) => (event.kind === 'notification_route' ? event.payload : undefined),
  idOf: ({ id }) => id,
  age: ({ updatedAt }) => updatedAt,
})

/** What is on its way to endpoints, or was. */
export const outbound = createCollection<OutboundDelivery>({
  ofEvent: (event) => (event.kind === 'outbound_delivery' ? event.payload : undefined),
  idOf: ({ id }) => id,
  age: ({ updatedAt }) => updatedAt,
})
