import type { MessageInitShape } from '@bufbuild/protobuf'
import type { InteractionEndpoint } from '@shared/contract'
import { EndpointAuthMode, type InteractionEndpointSchema } from '@shared/gen/nekode/daemon/v1/endpoints_pb'
import type { Core } from '../core'
import { callerOf } from '../rpc/caller'
import type { Handlers } from '../rpc/handlers'
import { readPage } from '../rpc/page'
import type { EndpointService } from './service'

export function endpointRpc(core: Core, endpoints: EndpointService): Handlers<'listInteractionEndpoints'> {
  return {
    async listInteractionEndpoints(req, context) {
      const caller = callerOf(context)
      const page = await readPage(core.serverId, req, {}, async (cursor, limit) =>
        endpoints.list(caller, { cursor, limit }),
      )
      return { endpoints: page.items.map(wireEndpoint), ...page.next }
    },
  }
}

const MODES: Record<InteractionEndpoint['authMode'], EndpointAuthMode> = {
  cookie: EndpointAuthMode.COOKIE,
  bearer: EndpointAuthMode.BEARER,
  webhook_signature: EndpointAuthMode.WEBHOOK_SIGNATURE,
  mcp_token: EndpointAuthMode.MCP_TOKEN,
  none: EndpointAuthMode.NONE,
}

const wireEndpoint = (e: InteractionEndpoint): MessageInitShape<typeof InteractionEndpointSchema> => ({
  endpointId: e.id,
  kind: e.kind,
  provider: e.provider,
  displayName: e.displayName,
  targetPrefix: e.targetPrefix,
  inboundEnabled: e.inboundEnabled,
  outboundEnabled: e.outboundEnabled,
  authMode: MODES[e.authMode],
  configJson: JSON.stringify(e.config ?? {}),
})
