import type { MessageInitShape } from '@bufbuild/protobuf'
import type { OutboundDelivery, OutboundStatus } from '@shared/contract'
import { OutboundDeliveryStatus, type OutboundDeliveryRecordSchema } from '@shared/gen/nekode/daemon/v1/endpoints_pb'
import { OutboundPolicy } from '@shared/gen/nekode/daemon/v1/messages_pb'
import type { OutboundPolicy as Policy } from '../db/database'
import { seconds } from '../rpc/wire'

const STATUSES: Record<OutboundStatus, OutboundDeliveryStatus> = {
  pending: OutboundDeliveryStatus.PENDING,
  delivered: OutboundDeliveryStatus.DELIVERED,
  failed: OutboundDeliveryStatus.FAILED,
  retrying: OutboundDeliveryStatus.RETRYING,
  canceled: OutboundDeliveryStatus.CANCELED,
}

/** Those that are known; what is not is left out. */
export const statusesOf = (wire: readonly OutboundDeliveryStatus[]): OutboundStatus[] => {
  const all: OutboundStatus[] = ['pending', 'delivered', 'failed', 'retrying', 'canceled']
  return all.filter((status) => wire.includes(STATUSES[status]))
}

export const wireOutbound = (d: OutboundDelivery): MessageInitShape<typeof OutboundDeliveryRecordSchema> => ({
  deliveryId: d.id,
  target: d.target,
  messageId: d.messageId ?? '',
  endpointId: d.endpointId,
  endpointKind: d.endpointKind,
  externalMessageId: d.externalMessageId,
  status: STATUSES[d.status],
  attemptCount: d.attemptCount,
  nextRetryTimeUnix: seconds(d.nextRetryAt),
  deliveredTimeUnix: seconds(d.deliveredAt),
  lastError: d.lastError,
  requestId: d.requestId,
})

/** Where the sender of a message wants it to go. Whoever says nothing wants what the channel's routes say. */
export function policyOf(policy: OutboundPolicy): Policy {
  switch (policy) {
    case OutboundPolicy.NONE:
      return 'none'
    case OutboundPolicy.SOURCE_ONLY:
      return 'source'
    case OutboundPolicy.SELECTED_ENDPOINTS:
      return 'routes'
    default:
      return 'all'
  }
}
