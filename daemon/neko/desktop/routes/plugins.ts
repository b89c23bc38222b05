import type { Hono } from 'hono'
import { z } from 'zod'
import type { Desk } from '../desk'
import { bodyOf, demandAdmin, done, type RouteEnv } from '../http'
import { forbidden } from '../refusal'

const Message = z.object({ text: z.string().default('') })

export function pluginRoutes(app: Hono<RouteEnv>, { chat }: Desk): void {
  app.post('/chat', async (c) => {
    demandAdmin(c.var.session)
    const { text } = await bodyOf(c, Message)
    if (!chat.say(c.var.session, text)) throw forbidden('not allowed to send chat messages')
    return done(c)
  })

  app.post('/openinapp/openlink', () => {
    throw forbidden('openinapp is disabled')
  })
}
