import { api } from '@shared/contract'
import type { CreateTunnelRequest } from '@shared/gen/nekode/daemon/v1/tunnels_pb'
import type { AgentPrincipal } from '../access/principal'
import type { Core } from '../core'
import { agentsOf, authorOf } from '../rpc/acting'
import { type Caller, callerOf, mustBeSelf, userOf } from '../rpc/caller'
import type { Handlers } from '../rpc/handlers'
import { limitOf } from '../rpc/page'
import type { Attachments } from './attachments'
import { exchangeRpc } from './carrier'
import type { TunnelService } from './service'
import { readPolicy, readState, wireTunnel } from './wire'

export interface TunnelServices {
  tunnels: TunnelService
  attachments: Attachments
}

type Method = 'createTunnel' | 'listTunnels' | 'approveTunnel' | 'rejectTunnel' | 'closeTunnel' | 'proxyExchange'

const reasonOf = (reason: string): string => api['POST /api/tunnels/{id}/close'].body.parse({ reason }).reason ?? ''

export function tunnelRpc(core: Core, { tunnels, attachments }: TunnelServices): Handlers<Method> {
  return {
    ...exchangeRpc(core, attachments),

    async createTunnel(req, context) {
      const caller = callerOf(context)
      const input = readNew(req)
      if (caller.kind !== 'computer') return { tunnel: wireTunnel(await tunnels.create(caller, input)) }
      mustBeSelf(caller, req.computerId)
      const agent = asking(core, caller, req)
      const tunnel = agent ? await tunnels.create(agent, input) : await tunnels.ask(caller, input)
      return { tunnel: wireTunnel(tunnel) }
    },

    async listTunnels({ computerId, stateFilter, limit }, context) {
      const caller = callerOf(context)
      if (caller.kind === 'computer') mustBeSelf(caller, computerId)
      const { items } = await tunnels.list(caller, {
        ...(computerId ? { computerId } : {}),
        state: readState(stateFilter),
        limit: limitOf(limit),
      })
      return { tunnels: items.map(wireTunnel) }
    },

    async approveTunnel({ tunnelId }, context) {
      return { tunnel: wireTunnel(await tunnels.approve(userOf(context), tunnelId)) }
    },

    async rejectTunnel({ tunnelId, reason }, context) {
      return { tunnel: wireTunnel(await tunnels.reject(userOf(context), tunnelId, reasonOf(reason))) }
    },

    async closeTunnel({ tunnelId, reason }, context) {
      return { tunnel: wireTunnel(await tunnels.close(callerOf(context), tunnelId, reasonOf(reason))) }
    },
  }
}

/** The agent that a computer asks for: the one it names, or the one that there is. */
function asking(core: Core, caller: Caller, { context }: CreateTunnelRequest): AgentPrincipal | undefined {
  if (caller.kind !== 'computer') return undefined
  if (context?.actor?.agentId) {
    const author = authorOf(core, caller, context.actor)
    return author.kind === 'agent' ? author : undefined
  }
  const [only, another] = agentsOf(core, caller)
  return another ? undefined : only
}

/** What the HTTP API accepts is what is accepted here. */
function readNew(req: CreateTunnelRequest) {
  const { computerId, localPort, label, ttlSeconds, accessPolicy } = req
  const policy = readPolicy(accessPolicy)
  return api['POST /api/tunnels'].body.parse({
    localPort,
    label,
    ...(computerId ? { computerId } : {}),
    ...(policy ? { accessPolicy: policy } : {}),
    ...(ttlSeconds ? { ttlSeconds } : {}),
  })
}
