import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { chromium } from 'playwright-core'
import { z } from 'zod'
import { ARGUMENTS, executable } from '../e2e/browser'
import { fill } from '../e2e/filled'
import { ADMIN } from '../e2e/harness'
import { freePort } from '../setup/databases'
import { type Bench, figure } from './figure'

const FOLDER = join(import.meta.dir, '../lighthouse')

/** The main pages. */
const pages = (on: Awaited<ReturnType<typeof fill>>): string[] => [
  '/c/general',
  '/inbox',
  '/runs',
  `/runs/${on.runId}`,
  '/approvals',
  '/tasks',
  `/tasks/${on.taskId}`,
  '/agents',
  `/agents/${on.scout.id}`,
  '/computers',
  `/computers/${on.computerId}`,
  '/tunnels',
  '/search?q=release',
  '/reminders',
  '/saved',
  '/drafts',
  '/settings',
  '/settings/server',
]

const Result = z.object({ url: z.string(), score: z.number().nullable(), failed: z.array(z.string()) })

/** Installs Lighthouse beside the tests, where it is not yet. */
async function install(): Promise<void> {
  if (existsSync(join(FOLDER, 'node_modules/lighthouse'))) return
  const child = Bun.spawn([process.execPath, 'install', '--frozen-lockfile'], { cwd: FOLDER, stdout: 'ignore' })
  if ((await child.exited) !== 0) throw new Error('Lighthouse could not be installed')
}

/** Lighthouse's score for each main page. */
export const accessibilityBench: Bench = {
  name: 'accessibility',
  async run(place) {
    await install()
    const on = await fill(place)
    const port = await freePort()
    const context = await chromium.launchPersistentContext(join(place.dir, 'profile'), {
      executablePath: executable(),
      args: [...ARGUMENTS, `--remote-debugging-port=${port}`],
      baseURL: on.server.url,
    })
    try {
      const login = await context.request.post('/api/auth/login', { data: ADMIN, headers: { origin: on.server.url } })
      if (!login.ok()) throw new Error(`the login failed: ${await login.text()}`)
      const addresses = pages(on).map((path) => on.server.url + path)
      const child = Bun.spawn(['node', join(FOLDER, 'accessibility.mjs'), String(port), ...addresses], {
        stdout: 'pipe',
      })
      const lines = (await new Response(child.stdout).text()).trim().split('\n')
      const results = lines.map((line) => Result.parse(JSON.parse(line)))
      if (results.length !== addresses.length) throw new Error('Lighthouse did not look at every page')
      const worst = results.reduce((a, b) => ((b.score ?? 0) < (a.score ?? 0) ? b : a))
      const about = worst.failed.length ? `; the lowest for ${worst.failed.join(', ')}` : ''
      return [
        figure({
          what: 'console: Lighthouse accessibility, lowest of all pages',
          ours: (worst.score ?? 0) * 100,
          unit: 'points',
          atLeast: 95,
          how: `${results.length} main pages as an administrator with a week of work sees them${about}`,
        }),
      ]
    } finally {
      await context.close()
    }
  },
}
