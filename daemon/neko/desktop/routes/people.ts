import type { Hono } from 'hono'
import { z } from 'zod'
import type { Desk } from '../desk'
import { bodyOf, demandAdmin, done, type RouteEnv } from '../http'
import { merged, ProfileChange } from '../profile'
import { badRequest, failed, notFound } from '../refusal'

const NewMember = z.object({ username: z.string().default(''), password: z.string().default('') })
const Password = z.object({ password: z.string() })
const Ids = z.array(z.string()).max(1000)
const BulkUpdate = z.object({ ids: Ids, profile: ProfileChange })
const BulkDelete = z.object({ ids: Ids })

/** Those who are logged in. */
export function sessionRoutes(app: Hono<RouteEnv>, { sessions }: Desk): void {
  app.get('/sessions', (c) => c.json(sessions.list().map(({ info }) => info)))

  app.get('/sessions/:id', (c) => {
    demandAdmin(c.var.session)
    const found = sessions.get(c.req.param('id'))
    if (!found) throw notFound('session not found')
    return c.json(found.info)
  })

  app.delete('/sessions/:id', (c) => {
    demandAdmin(c.var.session)
    const id = c.req.param('id')
    if (id === c.var.session.id) throw badRequest('cannot delete own session')
    const found = sessions.get(id)
    if (!found) throw badRequest('session not found')
    sessions.remove(found)
    return done(c)
  })

  app.post('/sessions/:id/disconnect', (c) => {
    demandAdmin(c.var.session)
    const found = sessions.get(c.req.param('id'))
    if (!found) throw badRequest('session not found')
    sessions.end(found, 'session disconnected')
    return done(c)
  })
}

/** Members as the provider `multiuser` has them: none but those who are logged in, and their two passwords are the server's. */
export function memberRoutes(app: Hono<RouteEnv>, { sessions }: Desk): void {
  /** @returns false when there is no such session */
  const update = (id: string, change: ProfileChange): boolean => {
    const found = sessions.get(id)
    if (found) sessions.setProfile(found, merged(found.profile, change))
    return found !== undefined
  }
  const remove = (id: string): boolean => {
    const found = sessions.get(id)
    if (found) sessions.remove(found)
    return found !== undefined
  }

  app.get('/members', (c) => c.json([]))

  app.post('/members', async (c) => {
    demandAdmin(c.var.session)
    const { username, password } = await bodyOf(c, NewMember)
    if (username === '') throw badRequest('username cannot be empty')
    if (password === '') throw badRequest('password cannot be empty')
    throw failed('members are not kept: whoever has a password comes in under any name')
  })

  app.get('/members/:id', (c) => {
    demandAdmin(c.var.session)
    throw failed('members are not kept: see the sessions')
  })

  app.post('/members/:id', async (c) => {
    demandAdmin(c.var.session)
    if (!update(c.req.param('id'), await bodyOf(c, ProfileChange))) throw notFound('member not found')
    return done(c)
  })

  app.post('/members/:id/password', async (c) => {
    demandAdmin(c.var.session)
    await bodyOf(c, Password)
    throw failed('members have no password of their own')
  })

  app.delete('/members/:id', (c) => {
    demandAdmin(c.var.session)
    if (!remove(c.req.param('id'))) throw notFound('member not found')
    return done(c)
  })

  app.post('/members_bulk/update', async (c) => {
    demandAdmin(c.var.session)
    const { ids, profile } = await bodyOf(c, BulkUpdate)
    for (const id of ids) if (!update(id, profile)) throw failed(`failed to update member ${id}`)
    return done(c)
  })

  app.post('/members_bulk/delete', async (c) => {
    demandAdmin(c.var.session)
    const { ids } = await bodyOf(c, BulkDelete)
    for (const id of ids) if (!remove(id)) throw failed(`failed to delete member ${id}`)
    return done(c)
  })
}
