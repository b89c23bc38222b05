import type { MessageInitShape } from '@bufbuild/protobuf'
import type { Channel, ChannelMember } from '@shared/contract'
import {
  ChannelMemberRole,
  type ChannelMemberRecordSchema,
  type ChannelRecordSchema,
  ChannelVisibility,
} from '@shared/gen/nekode/daemon/v1/channels_pb'
import { NekodeError } from '@shared/errors'
import type { Core } from '../core'
import { participants, readerAt } from '../rpc/acting'
import { callerOf } from '../rpc/caller'
import type { Handlers } from '../rpc/handlers'
import { pagesOf, readPage } from '../rpc/page'
import { parseTarget } from '../rpc/target'
import { seconds, wireActor } from '../rpc/wire'
import type { ChannelService } from './service'

export function channelRpc(
  core: Core,
  channels: ChannelService,
): Handlers<'listChannels' | 'listChannelMembers' | 'listAgentDMs'> {
  return {
    async listChannels(req, context) {
      const found = new Map<string, Channel>()
      for (const reader of participants(core, callerOf(context)))
        for (const channel of await channels.list(reader))
          if (!found.get(channel.id)?.joined) found.set(channel.id, channel)
      const shown = [...found.values()].filter(
        (c) => (c.visibility === 'public' || req.includePrivate) && (c.joined || !req.joinedOnly),
      )
      const page = await readPage(
        core.serverId,
        req,
        {},
        pagesOf(shown, (channel) => channel.id),
      )
      return { channels: page.items.map(wireChannel), ...page.next }
    },

    /** An agent's direct conversations, as far as the caller is in them too. */
    async listAgentDMs(req, context) {
      if (!core.directory.agent(req.agentId)) throw new NekodeError('not_found', 'There is no such agent.')
      const found = new Map<string, Channel>()
      for (const reader of participants(core, callerOf(context)))
        for (const channel of await channels.list(reader))
          if (channel.kind === 'dm' && core.directory.member(channel.id, 'agent', req.agentId))
            found.set(channel.id, channel)
      const page = await readPage(
        core.serverId,
        req,
        { aggregateId: req.agentId },
        pagesOf([...found.values()], (channel) => channel.id),
      )
      return { dms: page.items.map(wireChannel), ...page.next }
    },

    async listChannelMembers(req, context) {
      const { target } = parseTarget(req.target)
      const members = channels.members(readerAt(core, callerOf(context), target), target)
      const page = await readPage(
        core.serverId,
        req,
        { target },
        pagesOf(members, (m) => `${m.kind}:${m.memberId}`),
      )
      return { members: page.items.map((member) => wireMember(target, member)), ...page.next }
    },
  }
}

const wireChannel = (c: Channel): MessageInitShape<typeof ChannelRecordSchema> => ({
  target: c.target,
  channelId: c.id,
  displayName: c.kind === 'dm' ? c.peers.map((peer) => peer.displayName).join(', ') : c.name,
  channelType: c.kind,
  enabled: true,
  visibility: c.visibility === 'public' ? ChannelVisibility.PUBLIC : ChannelVisibility.PRIVATE,
  joined: c.joined,
  memberCount: c.memberCount,
})

const ROLES: Record<ChannelMember['role'], ChannelMemberRole> = {
  admin: ChannelMemberRole.ADMIN,
  member: ChannelMemberRole.MEMBER,
  viewer: ChannelMemberRole.VIEWER,
}

const wireMember = (target: string, m: ChannelMember): MessageInitShape<typeof ChannelMemberRecordSchema> => ({
  target,
  member: wireActor({ kind: m.kind, id: m.memberId, name: m.name, displayName: m.displayName }),
  role: ROLES[m.role],
  joinedTimeUnix: seconds(m.joinedAt),
})
