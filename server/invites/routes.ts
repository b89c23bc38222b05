import type { Context } from 'hono'
import { enterer } from '../auth/enter'
import type { Addresses } from '../http/address'
import type { Mount } from '../http/route'
import type { InviteService } from './service'

export function inviteRoutes(mount: Mount, invites: InviteService, addresses: Addresses): void {
  const { enter, from } = enterer(addresses)
  /** The code stands in the fragment, which browsers send to nobody. */
  const url = (c: Context, page: 'join' | 'reset', code: string): string => `${addresses.publicUrl(c)}/${page}#${code}`

  mount('GET /api/invites', ({ query }) => invites.list(query))
  mount('POST /api/invites', async ({ principal, body, address, c }) => {
    const made = await invites.create(principal, body, address)
    return { ...made, url: url(c, 'join', made.code) }
  })
  mount('DELETE /api/invites/{id}', async ({ principal, params, address }) => {
    await invites.revoke(principal, params.id, address)
    return { ok: true }
  })
  mount('POST /api/users/{id}/reset', async ({ principal, params, address, c }) => {
    const { code, ticket } = await invites.createReset(principal, params.id, address)
    return { id: ticket.id, code, url: url(c, 'reset', code), expiresAt: ticket.expiresAt }
  })
  mount('POST /api/auth/ticket', ({ body, address }) => invites.describe(body.code, address))
  mount('POST /api/auth/join', async (call) => {
    const { token, ...input } = call.body
    return enter(call, await invites.join(input, from(call)), token)
  })
  mount('POST /api/auth/reset', async ({ body, address }) => {
    await invites.reset(body, address)
    return { ok: true }
  })
}
