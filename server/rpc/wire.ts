import type { MessageInitShape } from '@bufbuild/protobuf'
import type { Actor } from '@shared/contract'
import { ActorKind, type ActorSchema, type LeaseSchema } from '@shared/gen/nekode/daemon/v1/common_pb'
import { HEARTBEAT_SECONDS } from '../computers/status'
import { PROTOCOL } from '../system/protocol'

export const PROTOCOL_VERSION = PROTOCOL.compatibility.protocolVersion

/** Unix milliseconds as the wire has them: whole seconds, 0 for never. */
export const seconds = (ms: number | null): bigint => (ms === null ? 0n : BigInt(Math.floor(ms / 1000)))

/** Seconds of the wire as Unix milliseconds; null for 0 and for what no calendar has. */
export function millis(unix: bigint): number | null {
  const ms = Number(unix) * 1000
  return unix > 0n && Number.isSafeInteger(ms) ? ms : null
}

const KINDS: Record<Actor['kind'], ActorKind> = {
  human: ActorKind.HUMAN,
  agent: ActorKind.AGENT,
  daemon: ActorKind.DAEMON,
  endpoint: ActorKind.ENDPOINT,
  system: ActorKind.SYSTEM,
}

export function wireActor(actor: Actor): MessageInitShape<typeof ActorSchema> {
  const base = { actorKind: KINDS[actor.kind], displayName: actor.displayName }
  switch (actor.kind) {
    case 'human':
      return { ...base, userId: actor.id }
    case 'agent':
      return { ...base, agentId: actor.id }
    case 'daemon':
      return { ...base, daemonId: actor.id }
    case 'endpoint':
      return { ...base, endpointId: actor.id }
    case 'system':
      return base
  }
}

/** @param lease times in Unix milliseconds */
export const wireLease = (lease: {
  id: string
  holder: string
  type: 'computer' | 'start_permit' | 'run' | 'task_claim'
  resource: string
  expiresAt: number
}): MessageInitShape<typeof LeaseSchema> => ({
  leaseId: lease.id,
  holderId: lease.holder,
  resourceType: lease.type,
  resourceId: lease.resource,
  expiresTimeUnix: seconds(lease.expiresAt),
  heartbeatAfterSeconds: HEARTBEAT_SECONDS,
})
