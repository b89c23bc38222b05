import type { Snapshot, User } from '@shared/contract'
import { version } from '@shared/version'
import { NekodeError } from '@shared/errors'
import type { UserPrincipal } from '../access/principal'
import type { AgentService } from '../agents/service'
import type { ApprovalService } from '../approvals/service'
import type { ChannelService } from '../channels/service'
import type { Computers } from '../computers/service'
import type { Core } from '../core'

export interface SnapshotServices {
  channels: ChannelService
  agents: AgentService
  approvals: ApprovalService
  computers: Computers
}

/** The state that a console starts from. */
export class SnapshotService {
  constructor(
    private readonly core: Core,
    private readonly services: SnapshotServices,
  ) {}

  async take(p: UserPrincipal): Promise<Snapshot> {
    // Before anything is read: an event that happens meanwhile comes twice rather than never.
    const cursor = this.core.hub.cursor()
    const users = this.core.directory.users().filter((u) => u.disabledAt === null)
    const me = users.find((u) => u.id === p.id)
    if (!me) throw new NekodeError('unauthenticated', 'This account is not there any more.', { code: 'token_invalid' })
    const { channels, agents, approvals, computers } = this.services
    return {
      serverId: this.core.serverId,
      version,
      cursor,
      me: userView(me),
      channels: await channels.list(p),
      agents: agents.list(p),
      users: users.map(userView),
      computers: await computers.list(),
      approvals: (await approvals.list(p, { state: 'pending', limit: 200 })).items,
    }
  }
}

const userView = (u: ReturnType<Core['directory']['users']>[number]): User => {
  const { id, username, displayName, role, createdAt, updatedAt } = u
  return { id, username, displayName, role, createdAt, updatedAt }
}
