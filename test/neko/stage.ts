import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { commandOf, type Place, type Program } from '../e2e/program'
import { freePort } from '../setup/databases'
import type { Pages } from './pages'
import type { Vision } from './vision'

export interface Login {
  url: string
  username: string
  password: string
}

const PASSWORDS = { user: 'a-user-password', admin: 'an-admin-password' }

/** `nekode-daemon neko desktop` with a browser that shows our pages. */
export interface Desk {
  user: Login
  admin: Login
  pages: Pages
  program: Program
}

/** A screen small enough for two cores, and wide enough that a rough guess on it misses. */
export async function startDesk(
  place: Place,
  pages: Pages,
  options: { port?: number; flags?: string[] } = {},
): Promise<Desk> {
  const port = options.port ?? (await freePort())
  const file = (name: keyof typeof PASSWORDS): string => {
    const path = join(place.dir, `${name}-password`)
    writeFileSync(path, `${PASSWORDS[name]}\n`, { mode: 0o600 })
    return path
  }
  const program = place.start(
    [
      ...commandOf('nekode-daemon'),
      'neko',
      'desktop',
      `--port=${port}`,
      '--size=1280x720',
      `--url=${pages.url}/blank`,
      `--user-password-file=${file('user')}`,
      `--admin-password-file=${file('admin')}`,
      ...(options.flags ?? []),
    ],
    { name: 'desktop', env: { NEKODE_HOME: join(place.dir, 'desktop') } },
  )
  await program.line(/http:\/\/127\.0\.0\.1:\d+/, 60)
  await pages.until(() => pages.told.some(({ page, ready }) => page === 'blank' && ready), 60)
  const url = `http://127.0.0.1:${port}`
  return {
    user: { url, username: 'visitor', password: PASSWORDS.user },
    admin: { url, username: 'admin', password: PASSWORDS.admin },
    pages,
    program,
  }
}

/** The vision agent as a command, with this model. */
export async function startAgent(
  place: Place,
  login: Login,
  vision: Vision,
  options: { task?: string; flags?: string[]; env?: Record<string, string> },
): Promise<Program> {
  const metricsPort = await freePort()
  return place.start(
    [
      ...commandOf('nekode-daemon'),
      'neko',
      'agent',
      ...(options.task === undefined ? [] : [`--task=${options.task}`]),
      ...(options.flags ?? []),
    ],
    {
      name: 'agent',
      env: {
        NEKODE_HOME: join(place.dir, 'agent'),
        NEKO_URL: login.url,
        NEKO_USER: login.username,
        NEKO_PASS: login.password,
        NEKO_METRICS_PORT: String(metricsPort),
        NEKODE_MODEL_BASE_URL: `${vision.url}/v1`,
        NEKODE_MODEL_API_KEY: 'none',
        NEKODE_MODEL: 'ShowUI-2B',
        NEKO_LOGLEVEL: 'DEBUG',
        ...options.env,
      },
    },
  )
}
