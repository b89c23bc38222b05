import { EndpointBook } from './endpoints/book'
import { endpointRoutes } from './endpoints/routes'
import { ATTEMPT_MS } from './endpoints/send'
import { ExternalMessages } from './endpoints/external'
import { EndpointService } from './endpoints/service'
import type { Core } from './core'
import { GuardedFetch, type GuardedOptions } from './http/guarded'
import type { Mount } from './http/route'
import type { MessageService } from './messages/service'
import { notificationRoutes } from './notifications/routes'
import { NotificationService } from './notifications/service'
import { Outbox } from './outbound/outbox'
import { outboundRoutes } from './outbound/routes'
import { OutboundService } from './outbound/service'
import { OutboundWorker } from './outbound/worker'
import { pushRoutes } from './push/routes'
import { PushService } from './push/service'
import { webhookRoutes } from './webhooks/routes'
import { WebhookService } from './webhooks/service'

/** What connects the server with other services: what goes out, what comes in. */
export interface Integrations {
  endpointBook: EndpointBook
  endpoints: EndpointService
  notifications: NotificationService
  outbound: OutboundService
  outboundWorker: OutboundWorker
  webhooks: WebhookService
  push: PushService
}

/** Builds the services and ties them together. `endpointBook` has to be loaded before the first request. */
export function createIntegrations(
  core: Core,
  messages: MessageService,
  outgoing: GuardedOptions & { baseUrl?: string | undefined },
): Integrations {
  const endpointBook = new EndpointBook(core.db, core.log)
  const endpoints = new EndpointService(core, endpointBook, new GuardedFetch({ timeoutMs: ATTEMPT_MS, ...outgoing }))
  const notifications = new NotificationService(core, endpointBook, endpoints.isOpen)
  const external = new ExternalMessages(core.db)
  const outbound = new OutboundService(core, endpoints.isOpen)
  endpoints.whenRemoved((tx, id, by) => outbound.cancelWaiting(tx, id, by))
  const outbox = new Outbox(core.db, endpointBook, notifications, external)
  core.db.beforeCommit((tx, events) => outbox.add(tx, events))
  core.db.onCommit((events) => {
    for (const e of events) if (e.kind === 'endpoint') core.credentials.changed(e.aggregateId)
  })
  return {
    endpointBook,
    endpoints,
    notifications,
    outbound,
    outboundWorker: new OutboundWorker(core, endpoints),
    webhooks: new WebhookService(core, endpoints, messages, external),
    push: new PushService(core, messages, {
      outgoing: new GuardedFetch(outgoing),
      subject: subjectOf(outgoing.baseUrl),
    }),
  }
}

export function integrationRoutes(mount: Mount, i: Integrations): void {
  endpointRoutes(mount, i.endpoints)
  notificationRoutes(mount, i.notifications)
  outboundRoutes(mount, i.outbound)
  webhookRoutes(mount, i.webhooks)
  pushRoutes(mount, i.push)
}

/** Whom push services may turn to; they take no address without https. */
const subjectOf = (baseUrl: string | undefined): string =>
  baseUrl?.startsWith('https:') ? baseUrl : 'mailto:admin@nekode.invalid'
