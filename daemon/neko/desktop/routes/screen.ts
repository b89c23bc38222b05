import type { Hono } from 'hono'
import { ScreenSize } from '../../protocol/types'
import { errorText } from '@shared/errors'
import type { Desk } from '../desk'
import { bodyOf, demandAdmin, demandWatch, image, type RouteEnv } from '../http'
import { badRequest, failed, unprocessable } from '../refusal'

const QUALITY = 90

export function screenRoutes(app: Hono<RouteEnv>, desk: Desk): void {
  const { machine, pictures } = desk

  app.get('/room/screen', (c) => {
    demandWatch(c.var.session)
    return c.json({ ...machine.size })
  })

  app.post('/room/screen', async (c) => {
    demandWatch(c.var.session)
    demandAdmin(c.var.session)
    const { width, height, rate } = await bodyOf(c, ScreenSize)
    try {
      await desk.setScreen(c.var.session, { width, height, rate })
    } catch (error) {
      desk.log.info('the size of the screen was not set', { error: errorText(error) })
      throw unprocessable('cannot set screen size')
    }
    // What was asked for; `screen/updated` says what it became.
    return c.json({ width, height, rate })
  })

  app.get('/room/screen/configurations', (c) => {
    demandWatch(c.var.session)
    demandAdmin(c.var.session)
    const isUsual = (rate: number) => rate <= 60 && (rate <= 30 || rate % 10 === 0)
    return c.json(machine.sizes().filter(({ rate }) => isUsual(rate)))
  })

  app.get('/room/screen/cast.jpg', async (c) => {
    demandWatch(c.var.session)
    if (!desk.isShutOut(c.var.session)) return image(await taken(pictures.latest()), 'image/jpeg')
    if (!pictures.kept) throw badRequest('private mode is enabled but no fallback image available')
    return image(pictures.kept, 'image/jpeg')
  })

  app.get('/room/screen/shot.jpg', async (c) => {
    demandWatch(c.var.session)
    demandAdmin(c.var.session)
    const asked = Number.parseInt(c.req.query('quality') ?? '', 10)
    const quality = Number.isNaN(asked) ? QUALITY : Math.min(100, Math.max(1, asked))
    return image(await taken(pictures.now(quality)), 'image/jpeg')
  })

  async function taken(picture: Promise<Uint8Array>): Promise<Uint8Array> {
    try {
      return await picture
    } catch (error) {
      desk.log.warn('no picture was taken', { error: errorText(error) })
      throw failed('unable to create image')
    }
  }
}
