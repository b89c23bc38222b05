import type { Mount } from '../http/route'
import type { UserService } from './service'

export function userRoutes(mount: Mount, users: UserService): void {
  mount('GET /api/users', async () => ({ items: users.list() }))
  mount('POST /api/users', ({ principal, body, address }) => users.create(principal, body, address))
}
