import { api } from '@shared/contract'
import { type Mount, bounded } from '../http/route'
import type { WebhookService } from './service'

export function webhookRoutes(mount: Mount, webhooks: WebhookService): void {
  mount('POST /api/webhooks/{endpointId}', async ({ principal, params, c }) => {
    const { messageId, duplicate } = await webhooks.receive({
      endpointId: params.endpointId,
      caller: principal.kind === 'endpoint' ? principal : undefined,
      signature: {
        id: c.req.header('webhook-id'),
        timestamp: c.req.header('webhook-timestamp'),
        signature: c.req.header('webhook-signature'),
      },
      body: await bounded(c.req.raw, api['POST /api/webhooks/{endpointId}'].bodyLimit),
    })
    return { ok: true, messageId, duplicate }
  })
}
