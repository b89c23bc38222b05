import type { Hono } from 'hono'
import { z } from 'zod'
import type { Attempts } from '../attempts'
import type { Desk } from '../desk'
import { bodyOf, type RouteEnv } from '../http'
import { type Credentials, dropCookie, putCookie } from '../login'
import { roleOf } from '../members'
import { profileOf } from '../../protocol/defaults'
import { merged, ProfileChange } from '../profile'
import { forbidden, Refusal } from '../refusal'

const Login = z.object({ username: z.string().max(128).default(''), password: z.string().max(1024).default('') })

/** The one route that nobody has to be logged in for. */
export function loginRoute(app: Hono<RouteEnv>, desk: Desk, credentials: Credentials, attempts: Attempts): void {
  app.post('/login', async (c) => {
    const { address } = c.env
    const { username, password } = await bodyOf(c, Login)
    const wait = attempts.waitSeconds(address)
    if (wait > 0) throw new Refusal(429, 'too many failed logins', wait)
    const role = roleOf(desk.passwords, password)
    if (role === undefined) {
      attempts.failed(address)
      desk.log.warn('a login failed', { address })
      throw new Refusal(401, 'Unauthorized')
    }
    attempts.succeeded(address)
    if (desk.settings.locked_logins && role !== 'admin') throw forbidden('logins are locked')
    const { token, info } = desk.sessions.create(username, profileOf(username, role === 'admin'))
    desk.log.info('a session began', { session: info.id, role })
    if (!credentials.cookies) return c.json({ ...info, token })
    putCookie(c, token)
    return c.json(info)
  })
}

export function accountRoutes(app: Hono<RouteEnv>, desk: Desk): void {
  app.post('/logout', (c) => {
    desk.sessions.remove(c.var.session)
    dropCookie(c)
    return c.json(true)
  })

  app.get('/whoami', (c) => c.json(c.var.session.info))

  app.post('/profile', async (c) => {
    const { session } = c.var
    const change = await bodyOf(c, ProfileChange)
    const allowed = session.profile.is_admin ? change : { name: change.name }
    desk.sessions.setProfile(session, merged(session.profile, allowed))
    return c.json(true)
  })

  app.get('/stats', (c) => {
    const { users, admins, userLeft, adminLeft } = desk.sessions.counts()
    return c.json({
      ...desk.host,
      server_started_at: desk.startedAt.toISOString(),
      total_users: users,
      ...(userLeft ? { last_user_left_at: userLeft } : {}),
      total_admins: admins,
      ...(adminLeft ? { last_admin_left_at: adminLeft } : {}),
    })
  })
}
