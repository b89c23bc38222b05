import type { Mount } from '../http/route'
import type { ChannelService } from '../channels/service'
import type { Directory } from '../directory/directory'
import { agentNamed } from '../directory/named'
import type { MessageService } from '../messages/service'
import type { AgentService } from './service'

export function agentRoutes(
  mount: Mount,
  agents: AgentService,
  channels: ChannelService,
  messages: MessageService,
  directory: Directory,
): void {
  const idOf = (key: string): string => agentNamed(directory, key)?.id ?? key
  mount('GET /api/agents', async ({ principal }) => ({ items: agents.list(principal) }))
  mount('POST /api/agents', async ({ principal, body }) => agents.create(principal, body))
  mount('GET /api/agents/{id}', async ({ principal, params }) => agents.get(principal, idOf(params.id)))
  mount('GET /api/agents/{id}/settings', async ({ principal, params }) => agents.settings(principal, params.id))
  mount('PATCH /api/agents/{id}', async ({ principal, params, body }) =>
    agents.update(principal, idOf(params.id), body),
  )
  mount('DELETE /api/agents/{id}', async ({ principal, params }) => {
    await agents.delete(principal, idOf(params.id))
    return { ok: true as const }
  })
  mount('PUT /api/agents/{id}/env', async ({ principal, params, body }) =>
    agents.setEnv(principal, params.id, body.env),
  )
  mount('POST /api/agents/{id}/control', async ({ principal, params, body }) =>
    agents.control(principal, params.id, body.action, body.reason ?? ''),
  )
  mount('POST /api/agents/{id}/messages', async ({ principal, params, body, idempotencyKey }) => {
    const { target } = await channels.openDm(principal, 'agent', params.id)
    return messages.post(principal, { target, content: body.content, requestId: body.requestId ?? idempotencyKey })
  })
}
