import { NekodeError } from '@shared/errors'
import type { Core } from '../core'
import { participants, readerAt } from '../rpc/acting'
import { callerOf } from '../rpc/caller'
import type { Handlers } from '../rpc/handlers'
import { onceFor } from '../rpc/once'
import { readPage } from '../rpc/page'
import { parseTarget } from '../rpc/target'
import type { OutboundService } from './service'
import { statusesOf, wireOutbound } from './wire'

export function outboundRpc(
  core: Core,
  outbound: OutboundService,
): Handlers<'listOutboundDeliveries' | 'retryOutboundDelivery'> {
  return {
    async listOutboundDeliveries(req, context) {
      const caller = callerOf(context)
      const { target } = parseTarget(req.target)
      const readers = target === '' ? participants(core, caller) : [readerAt(core, caller, target)]
      const filter = {
        target: target || undefined,
        messageId: req.messageId || undefined,
        endpointId: req.endpointId || undefined,
        statuses: statusesOf(req.statuses),
      }
      const page = await readPage(core.serverId, req, { target }, (cursor, limit) =>
        outbound.list(readers, { ...filter, cursor, limit }),
      )
      return { deliveries: page.items.map(wireOutbound), ...page.next }
    },

    async retryOutboundDelivery(req, context) {
      const caller = callerOf(context)
      const target = await outbound.channelOf(req.deliveryId)
      if (target === undefined) throw new NekodeError('not_found', 'There is no such delivery.')
      const once = onceFor(core.idempotency, caller, 'RetryOutboundDelivery', req, { deliveryId: req.deliveryId })
      return { delivery: wireOutbound(await outbound.retry(readerAt(core, caller, target), req.deliveryId, { once })) }
    },
  }
}
