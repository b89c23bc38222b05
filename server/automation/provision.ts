import { type Api, type Channel, type ManagedAgent, api } from '@shared/contract'
import { NekodeError } from '@shared/errors'
import type { z } from 'zod'
import type { UserPrincipal } from '../access/principal'
import type { AgentChange, AgentService } from '../agents/service'
import type { ChannelService } from '../channels/service'
import type { Computers } from '../computers/service'
import type { Core } from '../core'
import type { Enrollments } from '../enrollment/service'
import type { Addresses } from '../http/address'
import type { Mount } from '../http/route'
import { installCommands } from '../install/release'
import { agentNamed, agentOf } from '../directory/named'

export interface ProvisionServices {
  agents: AgentService
  channels: ChannelService
  computers: Computers
  enrollments: Enrollments
  addresses: Addresses
}

type Onboarding = z.output<Api['POST /api/agents/onboard']['body']>
type Provisioning = z.output<Api['POST /api/computers/provision']['body']>

/** Making what is needed, once, however often it is asked for: everything is found by its name. */
export function provisionRoutes(mount: Mount, core: Core, services: ProvisionServices): void {
  const { agents, enrollments, addresses } = services
  const provision = new Provision(core, services)
  mount('POST /api/agents/onboard', async ({ principal, body }) => provision.agent(principal, body))
  mount('POST /api/agents/{agent}/assignment', async ({ principal, params, body }) =>
    agents.update(principal, agentOf(core.directory, params.agent).id, { computerId: body.computer_id }),
  )
  mount('POST /api/computers/provision', async ({ principal, body, address, c }) => {
    const made = await provision.all(principal, body, address)
    // Connected once, a computer has its own token, and a code would take that away.
    if (made.computer.lastSeenAt !== null) return { ...made, enrollment: null, commands: null }
    const { enrollment, code } = await enrollments.create(principal, { computerId: made.computer.id }, address)
    const serverUrl = body.server_url?.replace(/\/+$/, '') ?? addresses.publicUrl(c)
    return { ...made, enrollment, commands: installCommands(serverUrl, enrollment.id, code) }
  })
}

class Provision {
  constructor(
    private readonly core: Core,
    private readonly services: ProvisionServices,
  ) {}

  async all(p: UserPrincipal, input: Provisioning, address: string) {
    const created: ('computer' | 'agent' | 'room')[] = []
    await this.#look(p, input)
    const { computer, isNew } = await this.services.computers.provide(p, input.name, address)
    if (isNew) created.push('computer')
    const there = input.agent && agentNamed(this.core.directory, input.agent.agent_key)
    // Several computers may be called the same in different ways: an agent is moved by its assignment alone.
    if (there && there.computerId !== computer.id) throw elsewhere(there.name)
    const room = input.room === undefined ? null : await this.#room(p, input.room)
    if (room?.created) created.push('room')
    const agent =
      input.agent && (await this.agent(p, { ...input.agent, computer_id: computer.id }, room?.channel.target))
    if (agent?.created) created.push('agent')
    if (agent && room)
      await this.services.channels.addMember(p, room.channel.target, { kind: 'agent', memberId: agent.agent.id })
    return {
      computer,
      agent: agent?.agent ?? null,
      room: room && (await this.services.channels.get(p, room.channel.target)),
      created,
    }
  }

  /** What is sure to be refused is refused before the first of the steps, so that it leaves nothing behind. */
  async #look(p: UserPrincipal, { name, agent, room }: Provisioning): Promise<void> {
    const { directory, access } = this.core
    const channel = room === undefined ? undefined : directory.channelAt(room)
    if (room !== undefined && !(channel && access.can(p, 'read', channel))) NewRoom.parse({ name: room })
    if (!agent) return
    const known = agentNamed(directory, agent.agent_key)
    if (!known) {
      if (agent.runtime === undefined) throw incomplete('runtime')
      if (directory.byHandle(agent.agent_key))
        throw new NekodeError('conflict', `@${agent.agent_key} is a person.`, {
          code: 'name_taken',
          next: 'Choose another one; people and agents share their names.',
        })
      return
    }
    const computers = await this.services.computers.list()
    if (computers.find(({ id }) => id === known.computerId)?.displayName !== name) throw elsewhere(known.name)
  }

  /** The agent of that name, made or changed. A new one is in `#general`, or in the room that it is made for. */
  async agent(p: UserPrincipal, input: Onboarding, room?: string): Promise<{ agent: ManagedAgent; created: boolean }> {
    const { agents } = this.services
    const { agent_key, display_name, runtime, computer_id, ...rest } = input
    const change: AgentChange = { ...rest, displayName: display_name, runtimeKind: runtime, computerId: computer_id }
    const known = agentNamed(this.core.directory, agent_key)
    if (known) return { agent: await agents.update(p, known.id, change), created: false }
    if (computer_id === undefined) throw incomplete('computer_id')
    if (runtime === undefined) throw incomplete('runtime')
    const agent = await agents.create(p, {
      ...rest,
      name: agent_key,
      displayName: display_name,
      runtimeKind: runtime,
      computerId: computer_id,
      ...(room === undefined ? {} : { channels: [room] }),
    })
    return { agent, created: true }
  }

  async #room(p: UserPrincipal, room: string): Promise<{ channel: Channel; created: boolean }> {
    const { channels } = this.services
    const known = this.core.directory.channelAt(room)
    if (known && this.core.access.can(p, 'read', known)) return { channel: await channels.get(p, room), created: false }
    const { name } = NewRoom.parse({ name: room })
    return { channel: await channels.create(p, { name }), created: true }
  }
}

const NewRoom = api['POST /api/rooms'].body

const elsewhere = (name: string): NekodeError =>
  new NekodeError('conflict', `@${name} is on another computer.`, {
    code: 'agent_elsewhere',
    next: 'Move it with POST /api/agents/{agent}/assignment.',
  })

const incomplete = (field: string): NekodeError =>
  new NekodeError('invalid', `An agent that is not there yet needs “${field}”.`, {
    code: 'agent_incomplete',
    next: 'Name the runtime and the computer: GET /api/computers and GET /api/runtime-presets have them.',
  })
