import type { AuthService } from '../auth/service'
import type { Mount } from '../http/route'
import type { SecondFactorService } from '../secondfactor/service'
import type { UserService } from './service'

interface Logins {
  auth: AuthService
  secondFactor: SecondFactorService
}

export function userRoutes(mount: Mount, users: UserService, { auth, secondFactor }: Logins): void {
  mount('GET /api/users', async () => ({ items: users.list() }))
  mount('GET /api/users/removed', async () => ({ items: users.removed() }))
  mount('POST /api/users', ({ principal, body, address }) => users.create(principal, body, address))
  mount('PATCH /api/users/{id}', ({ principal, params, body, address }) =>
    users.change(principal, params.id, body, address),
  )
  mount('DELETE /api/users/{id}', async ({ principal, params, address }) => {
    await users.remove(principal, params.id, address)
    return { ok: true }
  })
  mount('POST /api/users/{id}/restore', ({ principal, params, address }) =>
    users.restore(principal, params.id, address),
  )
  mount('GET /api/users/{id}/sessions', async ({ principal, params }) => ({
    items: await auth.sessionsOf(principal, params.id),
  }))
  mount('DELETE /api/users/{id}/sessions', async ({ principal, params, address }) => ({
    ended: await auth.endSessionsOf(principal, params.id, undefined, address),
  }))
  mount('DELETE /api/users/{id}/sessions/{session}', async ({ principal, params, address }) => {
    await auth.endSessionsOf(principal, params.id, params.session, address)
    return { ok: true }
  })
  mount('DELETE /api/users/{id}/second-factor', async ({ principal, params, address }) => {
    await secondFactor.reset(principal, params.id, address)
    return { ok: true }
  })
}
