import type { Mount } from '../http/route'
import type { ChannelService } from './service'

const ok = { ok: true as const }

export function channelRoutes(mount: Mount, channels: ChannelService): void {
  mount('GET /api/channels', async ({ principal }) => ({ items: await channels.list(principal) }))
  mount('POST /api/channels', async ({ principal, body }) => channels.create(principal, body))
  mount('GET /api/channels/{target}', async ({ principal, params }) => channels.get(principal, params.target))
  mount('PATCH /api/channels/{target}', async ({ principal, params, body }) =>
    channels.update(principal, params.target, body),
  )
  mount('DELETE /api/channels/{target}', async ({ principal, params }) => {
    await channels.archive(principal, params.target)
    return ok
  })
  mount('POST /api/channels/{target}/join', async ({ principal, params }) => channels.join(principal, params.target))
  mount('POST /api/channels/{target}/read', async ({ principal, params, body }) =>
    channels.markRead(principal, params.target, body.messageId),
  )
  mount('POST /api/channels/{target}/unread', async ({ principal, params, body }) =>
    channels.markUnread(principal, params.target, body.messageId),
  )
  mount('PUT /api/channels/{target}/notifications', async ({ principal, params, body }) =>
    channels.setNotify(principal, params.target, body.level),
  )
  mount('GET /api/channels/{target}/members', async ({ principal, params }) => ({
    items: channels.members(principal, params.target),
  }))
  mount('POST /api/channels/{target}/members', async ({ principal, params, body }) =>
    channels.addMember(principal, params.target, body),
  )
  mount('PATCH /api/channels/{target}/members/{kind}/{memberId}', async ({ principal, params, body }) =>
    channels.updateMember(principal, params.target, params.kind, params.memberId, body),
  )
  mount('DELETE /api/channels/{target}/members/{kind}/{memberId}', async ({ principal, params }) => {
    await channels.removeMember(principal, params.target, params.kind, params.memberId)
    return ok
  })
  mount('POST /api/dms', async ({ principal, body }) => channels.openDm(principal, body.kind, body.memberId))
}
