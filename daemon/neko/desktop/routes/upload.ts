import type { Hono } from 'hono'
import { errorText, NekodeError } from '@shared/errors'
import type { Desk } from '../desk'
import { type Form, type FormFile, withForm } from '../form'
import { done, type RouteContext, type RouteEnv } from '../http'
import { UPLOADS } from '../limits'
import { badRequest, failed, forbidden, Refusal, unprocessable } from '../refusal'

/** Files for the machine: into a dialog, dropped somewhere, or into the folder that is shared. */
export function uploadRoutes(app: Hono<RouteEnv>, desk: Desk): void {
  const { machine, files } = desk
  let running = 0

  /** Only so many at once: each takes room on the disk. */
  async function upload(c: RouteContext, act: (form: Form) => Promise<void>): Promise<void> {
    if (running >= UPLOADS) throw new Refusal(503, 'too many uploads at once', 1)
    running += 1
    try {
      await withForm(c.req.raw, act)
    } finally {
      running -= 1
    }
  }

  const demand = ({ var: { session } }: RouteContext): void => {
    const { control, settings } = desk
    if (control.isHost(session)) return
    if (!session.profile.can_host || !settings.implicit_hosting || desk.isShutOut(session))
      throw forbidden('without implicit hosting, only host can upload files')
  }

  app.post('/room/upload/drop', async (c) => {
    demand(c)
    await upload(c, async (form) => {
      const at = { x: numberOf(form, 'x', 'X'), y: numberOf(form, 'y', 'Y') }
      const given = filesOf(form)
      try {
        await machine.drop(at, given)
      } catch (error) {
        desk.log.info('files were not dropped', { error: errorText(error) })
        throw failed(error instanceof NekodeError ? error.message : 'unable to drop files')
      }
    })
    return done(c)
  })

  const demandDialog = (): void => {
    if (!machine.chooserOpen) throw unprocessable('file chooser dialog is not open')
  }

  app.post('/room/upload/dialog', async (c) => {
    demand(c)
    demandDialog()
    await upload(c, (form) => machine.choose(filesOf(form)))
    return done(c)
  })

  app.delete('/room/upload/dialog', async (c) => {
    demand(c)
    demandDialog()
    await machine.choose([])
    return done(c)
  })

  app.get('/filetransfer', async (c) => {
    const { name, file } = await files.read(c.var.session, c.req.query('filename'))
    return new Response(file, {
      headers: {
        // Never as a page of this address.
        'content-type': 'application/octet-stream',
        'content-disposition': `attachment; filename*=UTF-8''${encodeURIComponent(name)}`,
      },
    })
  })

  app.post('/filetransfer', async (c) => {
    if (!files.isOn(c.var.session)) throw forbidden('file transfer is disabled')
    await upload(c, (form) => files.write(c.var.session, filesOf(form)))
    return c.body(null, 200)
  })

  app.delete('/filetransfer', async (c) => {
    await files.remove(c.var.session, c.req.query('filename'))
    return c.body(null, 200)
  })
}

function numberOf({ fields }: Form, name: string, called: string): number {
  const given = fields.get(name) ?? ''
  if (!/^-?\d{1,6}$/.test(given)) throw badRequest(`no ${called} coordinate received`)
  return Number(given)
}

function filesOf({ files }: Form): FormFile[] {
  if (files.length === 0) throw badRequest('no files received')
  return files
}
