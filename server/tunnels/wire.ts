import type { MessageInitShape } from '@bufbuild/protobuf'
import type { Tunnel, TunnelPolicy, TunnelState } from '@shared/contract'
import { NekodeError } from '@shared/errors'
import { ActorKind } from '@shared/gen/nekode/daemon/v1/common_pb'
import {
  TunnelAccessPolicy,
  type TunnelSchema,
  TunnelState as WireState,
} from '@shared/gen/nekode/daemon/v1/tunnels_pb'
import { seconds } from '../rpc/wire'

const STATES: Record<TunnelState, WireState> = {
  pending_approval: WireState.PENDING_APPROVAL,
  active: WireState.ACTIVE,
  rejected: WireState.REJECTED,
  closed: WireState.CLOSED,
}
const POLICIES: Record<TunnelPolicy, TunnelAccessPolicy> = {
  private: TunnelAccessPolicy.PRIVATE,
  members: TunnelAccessPolicy.MEMBERS,
  public: TunnelAccessPolicy.PUBLIC,
}
const KINDS: Record<Tunnel['creator']['kind'], ActorKind> = {
  human: ActorKind.HUMAN,
  agent: ActorKind.AGENT,
  daemon: ActorKind.DAEMON,
  endpoint: ActorKind.ENDPOINT,
  system: ActorKind.SYSTEM,
}

/** The token stays here: the address has it, for those who may see that. */
export const wireTunnel = (t: Tunnel): MessageInitShape<typeof TunnelSchema> => ({
  tunnelId: t.id,
  computerId: t.computerId,
  localPort: t.localPort,
  label: t.label,
  publicUrl: t.url ?? '',
  state: STATES[t.state],
  accessPolicy: POLICIES[t.accessPolicy],
  creatorId: t.creator.id,
  creatorKind: KINDS[t.creator.kind],
  createdTimeUnix: seconds(t.createdAt),
  expiresTimeUnix: seconds(t.expiresAt),
  approvedTimeUnix: seconds(t.approvedAt),
  approvedBy: t.approvedBy?.id ?? '',
  closedTimeUnix: seconds(t.closedAt),
  closeReason: t.closeReason,
})

/** UNSPECIFIED is no filter. @throws NekodeError invalid for a number that is no state */
export function readState(state: WireState): TunnelState | undefined {
  if (state === WireState.UNSPECIFIED) return undefined
  const found = Object.entries(STATES).find(([, wire]) => wire === state)?.[0]
  return known(
    'state_filter',
    TUNNEL_STATES.find((one) => one === found),
  )
}

/** UNSPECIFIED is left to the service. @throws NekodeError invalid for a number that is no policy */
export function readPolicy(policy: TunnelAccessPolicy): TunnelPolicy | undefined {
  if (policy === TunnelAccessPolicy.UNSPECIFIED) return undefined
  const found = Object.entries(POLICIES).find(([, wire]) => wire === policy)?.[0]
  return known(
    'access_policy',
    TUNNEL_POLICIES.find((one) => one === found),
  )
}

const TUNNEL_STATES: readonly TunnelState[] = ['pending_approval', 'active', 'rejected', 'closed']
const TUNNEL_POLICIES: readonly TunnelPolicy[] = ['private', 'members', 'public']

function known<T>(field: string, value: T | undefined): T {
  if (value !== undefined) return value
  throw new NekodeError('invalid', `The ${field} is not known.`, { code: 'invalid_request' })
}
