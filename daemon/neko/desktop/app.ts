import { Hono } from 'hono'
import { cors } from 'hono/cors'
import { errorText, NekodeError } from '@shared/errors'
import { Attempts } from './attempts'
import type { Desk } from './desk'
import type { RouteContext, RouteEnv } from './http'
import { type Credentials, dropCookie, tokenOf } from './login'
import { metrics } from './metrics'
import { page } from './page'
import { Refusal } from './refusal'
import { accountRoutes, loginRoute } from './routes/account'
import { batchRoute } from './routes/batch'
import { memberRoutes, sessionRoutes } from './routes/people'
import { pluginRoutes } from './routes/plugins'
import { roomRoutes } from './routes/room'
import { screenRoutes } from './routes/screen'
import { uploadRoutes } from './routes/upload'

export interface AppOptions {
  desk: Desk
  credentials: Credentials
  /** What comes before `/api`: empty, or `/with-a-slash-in-front`. */
  prefix: string
  /** Pages of other addresses that may use the API. */
  origins: string[]
  sockets: () => number
}

/** The REST API of a Neko v3 server, with its statuses and messages. */
export function createApp(options: AppOptions): Hono<RouteEnv> {
  const { desk, credentials, prefix, origins } = options
  const whole = new Hono<RouteEnv>().basePath(prefix)
  whole.onError((error, c) => refusalOf(error, c, desk))
  whole.notFound((c) =>
    c.req.path.startsWith(`${prefix}/api/`) ? say(c, 404, 'Not Found') : c.text('404 page not found\n', 404),
  )
  whole.use(async (c, next) => {
    if (!isAllowed(c.req.raw, origins)) throw new Refusal(403, 'this page is of another address')
    await next()
    c.header('x-content-type-options', 'nosniff')
  })
  if (origins.length > 0) whole.use('/api/*', cors({ origin: origins, credentials: true }))

  whole.get('/health', (c) => c.text('true'))
  whole.get('/metrics', (c) => c.text(metrics(desk, options.sockets())))
  whole.get('/', (c) => {
    c.header('content-security-policy', "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'")
    return c.html(page(new URL(c.req.url).origin + prefix))
  })

  const api = new Hono<RouteEnv>()
  loginRoute(api, desk, credentials, new Attempts())
  api.use(async (c, next) => {
    const token = tokenOf(c.req.raw, credentials)
    const session = token === undefined ? undefined : desk.sessions.withToken(token)
    if (!session) {
      if (credentials.cookies) dropCookie(c)
      throw new Refusal(401, 'Unauthorized')
    }
    if (!session.profile.can_login) throw new Refusal(403, 'login is disabled for this session')
    c.set('session', session)
    await next()
  })
  accountRoutes(api, desk)
  sessionRoutes(api, desk)
  memberRoutes(api, desk)
  roomRoutes(api, desk)
  screenRoutes(api, desk)
  uploadRoutes(api, desk)
  pluginRoutes(api, desk)
  batchRoute(api, whole, prefix)
  whole.route('/api', api)
  return whole
}

/** A page of another address may neither change anything nor connect; it cannot read what it gets otherwise. */
export function isAllowed(request: Request, origins: string[]): boolean {
  const origin = request.headers.get('origin')
  const isReading = (request.method === 'GET' || request.method === 'HEAD') && !request.headers.has('upgrade')
  if (origin === null || isReading || origins.includes(origin)) return true
  if (request.method === 'OPTIONS') return true
  return URL.canParse(origin) && new URL(origin).host === request.headers.get('host')
}

function refusalOf(error: Error, c: RouteContext, desk: Desk): Response {
  if (error instanceof Refusal) {
    if (error.retryAfterSeconds !== undefined) c.header('retry-after', String(error.retryAfterSeconds))
    return say(c, error.status, error.message)
  }
  // What the machine says about itself helps whoever asked; anything else is ours.
  desk.log.warn('a request failed', { path: c.req.path, error: errorText(error) })
  return say(c, 500, error instanceof NekodeError ? error.message : 'Internal Server Error')
}

const say = (c: RouteContext, code: Refusal['status'], message: string): Response => c.json({ code, message }, code)
