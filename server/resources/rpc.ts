import type { MessageInitShape } from '@bufbuild/protobuf'
import { NekodeError } from '@shared/errors'
import {
  McpResourceSubscriptionStatus,
  type McpResourceSubscriptionSchema,
  type McpResourceUpdateSchema,
} from '@shared/gen/nekode/daemon/v1/mcp_pb'
import type { AgentPrincipal } from '../access/principal'
import type { Core } from '../core'
import { eventJson } from '../events/json'
import { agentsOf } from '../rpc/acting'
import { type Caller, callerOf } from '../rpc/caller'
import type { Handlers } from '../rpc/handlers'
import { limitOf } from '../rpc/page'
import { cut } from '../rpc/text'
import { PROTOCOL_VERSION, seconds } from '../rpc/wire'
import type { ResourceService, Update } from './service'
import type { SubscriptionRow } from './store'

/** Characters of ids that are kept for the subscriber and mean nothing here. */
const MAX_LABEL = 128

export function resourceRpc(
  core: Core,
  resources: ResourceService,
): Handlers<'subscribeMcpResource' | 'cancelMcpResourceSubscription' | 'listMcpResourceUpdates'> {
  /** The agent whose subscription it is: the caller, or one on the calling computer. */
  const holder = async (caller: Caller, id: string): Promise<AgentPrincipal> =>
    acting(core, caller, caller.kind === 'agent' ? caller.id : ((await resources.ownerOf(id)) ?? ''), missing)

  return {
    async subscribeMcpResource(req, context) {
      const { agentId = '', resourceUri = '', runtimeId = '', endpointId = '' } = req.subscription ?? {}
      const row = await resources.subscribe(acting(core, callerOf(context), agentId, foreign), {
        uri: resourceUri,
        runtimeId: cut(runtimeId, MAX_LABEL),
        endpointId: cut(endpointId, MAX_LABEL),
      })
      return { subscription: { ...wireSubscription(row), requestId: req.requestId } }
    },

    async cancelMcpResourceSubscription(req, context) {
      const caller = callerOf(context)
      if (req.agentId) acting(core, caller, req.agentId, foreign)
      const row = await resources.cancel(await holder(caller, req.subscriptionId), req.subscriptionId)
      return { accepted: true, subscription: wireSubscription(row) }
    },

    async listMcpResourceUpdates(req, context) {
      const caller = callerOf(context)
      const id = req.subscriptionId || undefined
      if (id === undefined && caller.kind !== 'agent')
        throw new NekodeError('invalid', 'A computer asks for the updates of one subscription at a time.', {
          code: 'invalid_request',
          next: 'Set subscription_id.',
        })
      const { cursor, serverId } = req.cursor ?? {}
      const { updates, cursor: next } = await resources.updates(await holder(caller, id ?? ''), {
        id,
        uri: req.resourceUri || undefined,
        // One of another server starts over.
        cursor: serverId && serverId !== core.serverId ? undefined : cursor || undefined,
        limit: limitOf(req.limit),
      })
      return {
        updates: updates.map(wireUpdate),
        nextCursor: {
          cursor: next,
          sequence: BigInt(updates.at(-1)?.sequence ?? 0),
          aggregateId: req.subscriptionId,
          serverId: core.serverId,
          protocolVersion: PROTOCOL_VERSION,
        },
      }
    },
  }
}

function acting(core: Core, caller: Caller, agentId: string, refuse: (agentId: string) => NekodeError): AgentPrincipal {
  if (caller.kind === 'agent' && (agentId === '' || agentId === caller.id)) return caller
  const own = caller.kind === 'computer' ? agentsOf(core, caller).find(({ id }) => id === agentId) : undefined
  if (own) return own
  throw refuse(agentId)
}

const foreign = (agentId: string): NekodeError =>
  new NekodeError('forbidden', agentId ? `${agentId} is not your agent.` : 'It is an agent that watches something.', {
    code: 'foreign_agent',
    next: 'Set agent_id to an agent of this computer, or use the agent’s own token.',
  })

const missing = (): NekodeError => new NekodeError('not_found', 'There is no such subscription.')

const wireSubscription = (s: SubscriptionRow): MessageInitShape<typeof McpResourceSubscriptionSchema> => ({
  subscriptionId: s.id,
  agentId: s.agentId,
  runtimeId: s.runtimeId,
  endpointId: s.endpointId,
  resourceUri: s.uri,
  status: s.canceled ? McpResourceSubscriptionStatus.CANCELED : McpResourceSubscriptionStatus.ACTIVE,
  createdTimeUnix: seconds(s.createdAt),
})

const wireUpdate = ({ subscription, event, sequence }: Update): MessageInitShape<typeof McpResourceUpdateSchema> => ({
  updateId: event.id,
  subscriptionId: subscription.id,
  resourceUri: subscription.uri,
  contentType: 'application/json',
  content: eventJson(event),
  sequence: BigInt(sequence),
  createdTimeUnix: seconds(event.createdAt),
})
