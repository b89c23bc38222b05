import { afterAll, beforeAll, expect, test } from 'bun:test'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { checkStream, Probe } from '../../../test/agents/contract'
import { NAME, Pages } from '../../../test/neko/pages'
import { startVision, TASKS, type Vision } from '../../../test/neko/vision'
import { createDriver } from '..'

const root = mkdtempSync(join(tmpdir(), 'nekode-own-'))
let pages: Pages
let vision: Vision

beforeAll(() => {
  pages = new Pages()
  vision = startVision()
})
afterAll(async () => {
  await vision.stop()
  await pages[Symbol.asyncDispose]()
  rmSync(root, { recursive: true, force: true })
})

test('without a server the agent works on a desktop of its own, with a real browser, and leaves nothing of it running', async () => {
  const cwd = join(root, 'work')
  mkdirSync(cwd)
  const env = {
    PATH: process.env.PATH ?? '',
    HOME: root,
    NEKODE_MODEL_BASE_URL: `${vision.url}/v1`,
    NEKODE_MODEL: 'showlab/ShowUI-2B',
    NEKO_DESKTOP_URL: `${pages.url}/form`,
  }
  const probe = new Probe(createDriver('neko'), { cwd, env, prompt: '', stateDir: join(root, 'state'), mcp: [] })
  probe.decide = () => ({ allow: true })
  await probe.start()
  await probe.driver.send(TASKS.form)
  await pages.until(() => pages.told.some(({ done, name }) => done === true && name === NAME), 90)
  const end = await probe.until('turn.end')
  expect(end).toMatchObject({ reason: 'completed', text: 'It is done.' })

  // Its screen dies in the middle of a turn: that one fails by name, and the next has another.
  vision.decide = () => {
    for (const { pid, line } of running(root)) if (line.includes('Xvfb')) process.kill(pid, 'SIGKILL')
    return { action: 'WAIT', value: '30' }
  }
  const failed = (await probe.turn(TASKS.form)).end
  expect(failed).toMatchObject({ reason: 'failed', failure: { reason: 'desktop_unavailable' } })
  vision.decide = undefined
  pages.told.length = 0
  const from = probe.events.length
  await probe.driver.send(TASKS.form)
  expect(await probe.until('turn.end', from)).toMatchObject({ reason: 'completed', text: 'It is done.' })
  expect(probe.of('tool.start').filter(({ name }) => name === 'open_desktop')).toHaveLength(2)

  await probe.driver.stop()
  checkStream(probe.events)
  expect(running(root)).toEqual([])
}, 180_000)

/** Processes that name this on their command lines or in their environment. */
function running(what: string): { pid: number; line: string }[] {
  return readdirSync('/proc').flatMap((pid) => {
    try {
      const line = /^\d+$/.test(pid) ? readFileSync(`/proc/${pid}/cmdline`, 'utf8') : ''
      const hasIt = line !== '' && (line.includes(what) || readFileSync(`/proc/${pid}/environ`, 'utf8').includes(what))
      return hasIt ? [{ pid: Number(pid), line: line.replaceAll('\0', ' ') }] : []
    } catch {
      // It has ended meanwhile.
      return []
    }
  })
}
