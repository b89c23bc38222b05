import { type Agent, type AgentSettings, type EnvVar, api } from '@shared/contract'
import { NekodeError } from '@shared/errors'
import type { UpdateAgentProfileRequest } from '@shared/gen/nekode/daemon/v1/agents_pb'
import type { EnvVar as WireEnvVar } from '@shared/gen/nekode/daemon/v1/common_pb'
import type { ChannelService } from '../channels/service'
import type { Computers } from '../computers/service'
import { controlAction, wireOperation } from '../computers/wire'
import type { Core } from '../core'
import { attachmentIdsOf } from '../attachments/rpc'
import { contentOf } from '../messages/content'
import type { MessageService } from '../messages/service'
import { wireMessage } from '../messages/wire'
import { type Caller, callerOf, computerOf, mustBeSelf, userOf } from '../rpc/caller'
import type { Handlers } from '../rpc/handlers'
import { keyOf, onceFor } from '../rpc/once'
import { pagesOf, readPage } from '../rpc/page'
import { parseTarget } from '../rpc/target'
import type { RunService } from '../runs/service'
import type { AgentService } from './service'
import { envVar, readStatus, shownEnv, wireProfile, wireStatus } from './wire'

export interface AgentServices {
  agents: AgentService
  channels: ChannelService
  computers: Computers
  messages: MessageService
  runs: RunService
}

type Method =
  | 'getAgentProfile'
  | 'listAgentProfiles'
  | 'updateAgentProfile'
  | 'setAgentEnv'
  | 'controlAgent'
  | 'sendAgentDirectMessage'
  | 'updateAgentStatus'
  | 'listAgentStatuses'

export function agentRpc(core: Core, services: AgentServices): Handlers<Method> {
  const { agents, channels, computers, messages } = services
  const view = new AgentView(core, services)
  return {
    async getAgentProfile({ agentId }, context) {
      const caller = callerOf(context)
      if (caller.kind === 'computer') agents.own(caller, agentId)
      const [profile] = await view.profiles(caller, [agents.get(caller, agentId)])
      return profile ? { profile } : {}
    },

    async listAgentProfiles(req, context) {
      const caller = callerOf(context)
      const page = await readPage(core.serverId, req, {}, pagesOf(view.visible(caller), byId))
      return { profiles: await view.profiles(caller, page.items), ...page.next }
    },

    async updateAgentProfile(req, context) {
      const p = userOf(context)
      const agent = await agents.update(p, req.agentId, readChange(req))
      const [profile] = await view.profiles(p, [agent])
      return profile ? { profile } : {}
    },

    async setAgentEnv(req, context) {
      const p = userOf(context)
      const { env } = api['PUT /api/agents/{id}/env'].body.parse({ env: req.env.map(readEnv) })
      const [profile] = await view.profiles(p, [await agents.setEnv(p, req.agentId, env)])
      return profile ? { profile } : {}
    },

    async controlAgent(req, context) {
      const p = userOf(context)
      const { agentId, action, reason } = req
      const agent = agents.get(p, agentId)
      if (req.computerId && req.computerId !== agent.computerId)
        throw new NekodeError('invalid', 'The agent is not on that computer.', { code: 'invalid_request' })
      const named = api['POST /api/agents/{id}/control'].body.parse({ action: controlAction(action), reason })
      const once = onceFor(core.idempotency, p, 'ControlAgent', req, { agentId, action, reason })
      const { operationId } = await agents.control(p, agentId, named.action, reason, once)
      const operation = await computers.commands.find(operationId)
      const [profile] = await view.profiles(p, [agents.get(p, agentId)])
      return {
        accepted: true,
        ...(operation ? { operation: wireOperation(operation) } : {}),
        ...(profile ? { profile } : {}),
      }
    },

    async sendAgentDirectMessage(req, context) {
      const p = userOf(context)
      const attachmentIds = attachmentIdsOf(req.attachmentIds)
      const content = contentOf(req.content)
      const { target } = await channels.openDm(p, 'agent', req.agentId)
      const threadId = req.replyToMessageId || undefined
      const { message } = await messages.post(p, { target, content, threadId, requestId: keyOf(req), attachmentIds })
      return { accepted: true, message: wireMessage(message) }
    },

    async updateAgentStatus({ status }, context) {
      const p = computerOf(context)
      if (!status) throw new NekodeError('invalid', 'The status is missing.', { code: 'invalid_request' })
      mustBeSelf(p, status.computerId)
      // Older daemons speak for an agent that the server has not made: there is nobody to show it on, and no harm.
      if (!core.directory.agent(status.agentId)) return { status }
      await agents.reportStatus(p, status.agentId, readStatus(status))
      const [stored] = await view.statuses(p, [agents.get(p, status.agentId)])
      return stored ? { status: stored.wire } : {}
    },

    async listAgentStatuses(req, context) {
      const caller = callerOf(context)
      const wanted = view.visible(caller).filter((agent) => !req.agentId || agent.id === req.agentId)
      const { target } = parseTarget(req.target)
      const all = await view.statuses(caller, wanted)
      const there = all.filter((one) => !target || one.target === target)
      const page = await readPage(core.serverId, req, { target }, pagesOf(there, byId))
      return { statuses: page.items.map((one) => one.wire), ...page.next }
    },
  }
}

const byId = ({ id }: { id: string }): string => id

/** Agents as a caller may see them: a computer its own, with everything that it needs to run them. */
class AgentView {
  constructor(
    private readonly core: Core,
    private readonly services: { agents: AgentService; runs: RunService },
  ) {}

  visible(caller: Caller): Agent[] {
    const all = this.services.agents.list(caller)
    return caller.kind === 'computer' ? all.filter((agent) => agent.computerId === caller.id) : all
  }

  async statuses(caller: Caller, agents: Agent[]) {
    const ids = agents.flatMap((agent) => agent.status.runId ?? [])
    const places = await this.services.runs.placesOf(caller, ids)
    return agents.map((agent) => {
      const place = agent.status.runId === null ? undefined : places.get(agent.status.runId)
      return { id: agent.id, target: place?.target, wire: wireStatus(agent, place) }
    })
  }

  async profiles(caller: Caller, agents: Agent[]) {
    const statuses = await this.statuses(caller, agents)
    return agents.map((agent, i) => {
      const own = caller.kind === 'computer' && caller.id === agent.computerId
      const settings = this.services.agents.settingsFor(caller, agent.id)
      const env = settings ? (own ? this.#clearEnv(agent, settings) : shownEnv(settings)) : []
      const dmTargets = own || caller.id === agent.id ? this.#dms(agent) : []
      return wireProfile(agent, { settings, env, dmTargets }, statuses[i]?.wire ?? wireStatus(agent))
    })
  }

  /** With the values, for the process itself. One agent's unreadable secret must not keep the others from running. */
  #clearEnv(agent: Agent, settings: AgentSettings) {
    const row = this.core.directory.agent(agent.id)
    if (!row) return []
    try {
      return this.services.agents.environment(row).map(envVar)
    } catch (error) {
      this.core.log.warn('an agent’s environment cannot be read', { agentId: agent.id, error })
      return shownEnv(settings)
    }
  }

  #dms({ id }: Agent): string[] {
    return [...this.core.directory.memberships('agent', id)].flatMap((channelId) => {
      const channel = this.core.directory.channel(channelId)
      return channel?.kind === 'dm' ? channel.target : []
    })
  }
}

function readChange(req: UpdateAgentProfileRequest) {
  if (req.avatarContent.length || req.avatarFilename)
    throw new NekodeError('unimplemented', 'Pictures of agents come with a later version of the server.')
  const { displayName, description } = req
  return api['PATCH /api/agents/{id}'].body.parse({ displayName, description })
}

/** A redacted variable keeps its value. */
function readEnv({ name, value, secret, secretRef, redacted }: WireEnvVar): EnvVar {
  if (secretRef !== '') return { name, value: `secret:${secretRef}`, secret: false }
  return { name, value: redacted ? null : value, secret: secret || redacted }
}
