import type { Hono } from 'hono'
import { errorText, NekodeError } from '@shared/errors'
import type { Desk } from '../desk'
import { done, type RouteContext, type RouteEnv } from '../http'
import { UPLOAD_FILES, UPLOADS } from '../limits'
import { badRequest, failed, forbidden, Refusal, unprocessable } from '../refusal'

/** Files for the machine: into a dialog, dropped somewhere, or into the folder that is shared. */
export function uploadRoutes(app: Hono<RouteEnv>, desk: Desk): void {
  const { machine, files } = desk
  let running = 0

  /** Reads a form; only so many are in memory at once. */
  async function withForm(c: RouteContext, act: (form: FormData) => Promise<void>): Promise<void> {
    if (running >= UPLOADS) throw new Refusal(503, 'too many uploads at once', 1)
    running += 1
    try {
      await act(await formOf(c.req.raw))
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
    await withForm(c, async (form) => {
      const at = { x: numberOf(form, 'x', 'X'), y: numberOf(form, 'y', 'Y') }
      const given = filesOf(form)
      try {
        await machine.drop(at, given.map(machineFile))
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
    await withForm(c, (form) => machine.choose(filesOf(form).map(machineFile)))
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
    await withForm(c, (form) => files.write(c.var.session, filesOf(form)))
    return c.body(null, 200)
  })

  app.delete('/filetransfer', async (c) => {
    await files.remove(c.var.session, c.req.query('filename'))
    return c.body(null, 200)
  })
}

async function formOf(request: Request): Promise<FormData> {
  try {
    return await request.formData()
  } catch {
    // Whatever is wrong with it, the caller is told in the words that Neko has for it.
    throw badRequest('failed to parse multipart form')
  }
}

function numberOf(form: FormData, name: string, called: string): number {
  const given = form.get(name)
  if (typeof given !== 'string' || !/^-?\d{1,6}$/.test(given)) throw badRequest(`no ${called} coordinate received`)
  return Number(given)
}

function filesOf(form: FormData): File[] {
  const files = form.getAll('files').filter((entry) => entry instanceof File)
  if (files.length === 0) throw badRequest('no files received')
  if (files.length > UPLOAD_FILES) throw badRequest('too many files received')
  return files
}

const machineFile = (file: File) => ({ name: file.name, data: file })
