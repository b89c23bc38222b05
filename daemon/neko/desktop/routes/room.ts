import type { Hono } from 'hono'
import { z } from 'zod'
import { KeyboardMap, Modifiers } from '../../protocol/types'
import type { Desk } from '../desk'
import { bodyOf, demandAdmin, demandClipboard, done, image, type RouteContext, type RouteEnv } from '../http'
import { merged } from '../profile'
import { badRequest, failed, forbidden, notFound, unprocessable } from '../refusal'
import { SettingsChange } from '../settings'

const Url = z.object({ url: z.string().max(2048).default('') })
const Text = z.object({ text: z.string().optional(), html: z.string().optional() })

export function roomRoutes(app: Hono<RouteEnv>, desk: Desk): void {
  app.get('/room/settings', (c) => {
    demandAdmin(c.var.session)
    return c.json(desk.settings)
  })

  app.post('/room/settings', async (c) => {
    demandAdmin(c.var.session)
    const change = await bodyOf(c, SettingsChange)
    await desk.setSettings(c.var.session, merged(desk.settings, change))
    return done(c)
  })

  app.get('/room/broadcast', (c) => {
    demandAdmin(c.var.session)
    return c.json(desk.broadcast.status)
  })

  app.post('/room/broadcast/start', async (c) => {
    demandAdmin(c.var.session)
    const { url } = await bodyOf(c, Url)
    await desk.broadcast.start(url)
    return done(c)
  })

  app.post('/room/broadcast/stop', async (c) => {
    demandAdmin(c.var.session)
    if (!(await desk.broadcast.stop())) throw unprocessable('server is not broadcasting')
    return done(c)
  })
  clipboardRoutes(app, desk)
  keyboardRoutes(app, desk)
  controlRoutes(app, desk)
}

const demandHost = (desk: Desk, c: RouteContext): void => {
  if (!desk.control.isHost(c.var.session)) throw forbidden('session is not host')
}

function clipboardRoutes(app: Hono<RouteEnv>, desk: Desk): void {
  const demand = (c: RouteContext): void => {
    demandClipboard(c.var.session)
    demandHost(desk, c)
  }

  app.get('/room/clipboard', async (c) => {
    demand(c)
    const { text, html } = await desk.machine.clipboard()
    if (text === undefined && html === undefined) throw failed('the clipboard holds no text')
    return c.json({ ...(text === undefined ? {} : { text }), ...(html === undefined ? {} : { html }) })
  })

  app.post('/room/clipboard', async (c) => {
    demand(c)
    const { text, html } = await bodyOf(c, Text)
    await desk.machine.setClipboard(html ? { html } : { text: text ?? '' })
    return done(c)
  })

  app.get('/room/clipboard/image.png', async (c) => {
    demand(c)
    const png = await desk.machine.clipboardImage()
    if (!png) throw failed('the clipboard holds no image')
    return image(png, 'image/png')
  })
}

function keyboardRoutes(app: Hono<RouteEnv>, desk: Desk): void {
  const { machine, control } = desk

  app.get('/room/keyboard/map', async (c) => {
    control.mayHost(c.var.session)
    return c.json(await machine.keyboardLayout())
  })

  app.post('/room/keyboard/map', async (c) => {
    control.mayHost(c.var.session)
    demandHost(desk, c)
    const { layout, variant } = await bodyOf(c, KeyboardMap)
    await machine.setKeyboardLayout({ layout, variant })
    return done(c)
  })

  app.get('/room/keyboard/modifiers', async (c) => {
    control.mayHost(c.var.session)
    return c.json(await machine.modifiers())
  })

  app.post('/room/keyboard/modifiers', async (c) => {
    control.mayHost(c.var.session)
    demandHost(desk, c)
    await machine.setModifiers(await bodyOf(c, Modifiers))
    return done(c)
  })
}

function controlRoutes(app: Hono<RouteEnv>, { control, sessions }: Desk): void {
  app.get('/room/control', (c) => {
    control.mayHost(c.var.session)
    const { host } = control
    return c.json(host ? { has_host: true, host_id: host.id } : { has_host: false })
  })

  app.post('/room/control/request', (c) => {
    const { session } = c.var
    // Also to whoever is host: the answer says only that there is one.
    if (control.isHost(session) || !control.request(session, false))
      return c.json({ code: 202, message: 'control request sent' }, 202)
    return done(c)
  })

  app.post('/room/control/release', (c) => {
    const { session } = c.var
    control.mayHost(session)
    if (!control.isHost(session)) throw unprocessable('session is not the host')
    control.release(session)
    return done(c)
  })

  app.post('/room/control/take', (c) => {
    const { session } = c.var
    control.mayHost(session)
    demandAdmin(session)
    control.give(session, session)
    return done(c)
  })

  app.post('/room/control/give/:id', (c) => {
    const { session } = c.var
    control.mayHost(session)
    if (!control.isHost(session) && !session.profile.is_admin) throw forbidden('session is not host or admin')
    const target = sessions.get(c.req.param('id'))
    if (!target) throw notFound('target session was not found')
    if (!target.profile.can_host) throw badRequest('target session is not allowed to host')
    control.give(session, target)
    return done(c)
  })

  app.post('/room/control/reset', (c) => {
    const { session } = c.var
    control.mayHost(session)
    demandAdmin(session)
    control.release(session)
    return done(c)
  })
}
