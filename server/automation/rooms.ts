import { GROUP_NAMES } from '@shared/contract'
import { NekodeError } from '@shared/errors'
import type { UserPrincipal } from '../access/principal'
import type { AgentService } from '../agents/service'
import type { ChannelService } from '../channels/service'
import type { Core } from '../core'
import type { Mount } from '../http/route'
import { onceWith } from '../idempotency/service'
import type { RunActions } from '../runs/actions'
import type { RunService } from '../runs/service'
import type { TopicService } from '../topics/service'
import { isOver } from '../runs/view'
import { agentOf, targetOf } from '../directory/named'

export interface RoomServices {
  agents: AgentService
  channels: ChannelService
  runs: RunService
  actions: RunActions
  topics: TopicService
}

/** Channels under the name that programs know them by. */
export function roomRoutes(mount: Mount, core: Core, services: RoomServices): void {
  const { channels, topics } = services
  const { directory } = core
  for (const path of ['GET /api/rooms', 'GET /api/chats'] as const)
    mount(path, async ({ principal }) => ({ items: await channels.list(principal) }))
  mount('POST /api/rooms', async ({ principal, body }) => channels.create(principal, body))
  mount('GET /api/rooms/{room}/members', async ({ principal, params }) => ({
    items: channels.members(principal, targetOf(directory, params.room)),
  }))
  mount('GET /api/rooms/{room}/mentionables', async ({ principal, params }) => {
    const { id, kind, target } = core.access.channel(principal, 'read', targetOf(directory, params.room))
    const members = channels.members(principal, target)
    // Only people call everybody at once, and a direct conversation is everybody.
    const groups = principal.kind === 'user' && kind === 'channel' ? GROUP_NAMES : []
    return {
      items: [
        ...members.map(({ kind, memberId, name, displayName }) => ({ kind, id: memberId, name, displayName })),
        ...groups.map((name) => ({ kind: 'channel' as const, id, name, displayName: name })),
      ],
    }
  })
  mount('POST /api/rooms/{room}/agents', async ({ principal, params, body }) => {
    const target = targetOf(directory, params.room)
    const agent = agentOf(directory, body.agent_key)
    const deliveryMode = body.mode
    const member = await channels.addMember(principal, target, { kind: 'agent', memberId: agent.id, deliveryMode })
    if (deliveryMode === undefined || member.deliveryMode === deliveryMode) return member
    return channels.updateMember(principal, target, 'agent', agent.id, { deliveryMode })
  })
  mount('GET /api/rooms/{room}/topics', async ({ principal, params, query }) =>
    topics.list(principal, targetOf(directory, params.room), query),
  )
  mount('POST /api/rooms/{room}/topics', async ({ principal, params, body, idempotencyKey: key }) => {
    const target = targetOf(directory, params.room)
    return topics.create(
      principal,
      target,
      body,
      onceWith(core.idempotency, principal, 'topic', key, { target, ...body }),
    )
  })
  mount('POST /api/rooms/{room}/agents/{agent}/restart', async ({ principal, params }) =>
    restart(core, services, principal, params),
  )
}

async function restart(
  core: Core,
  { agents, runs, actions }: RoomServices,
  p: UserPrincipal,
  { room, agent: key }: { room: string; agent: string },
) {
  const channel = core.access.channel(p, 'write', targetOf(core.directory, room))
  const agent = agentOf(core.directory, key)
  if (!core.directory.member(channel.id, 'agent', agent.id))
    throw new NekodeError('conflict', `@${agent.name} is not in ${channel.target}.`, {
      code: 'agent_left',
      next: 'Bring it in, or restart it with POST /api/agents/{id}/control.',
    })
  const { items } = await runs.list(p, { target: channel.target, agentId: agent.id, limit: RECENT })
  // What waits behind it starts by itself.
  const active = items.findLast((run) => !isOver(run.state))
  if (active) return { run: await actions.perform(p, active.id, 'restart'), operationId: null }
  const { operationId } = await agents.control(p, agent.id, 'restart', `Restarted in ${channel.target}.`)
  return { run: null, operationId }
}

/** Runs of an agent in one room among which the one under way is: those before it are over. */
const RECENT = 200
