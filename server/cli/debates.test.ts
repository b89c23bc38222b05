import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'bun:test'
import { type TestServer, startTestServer } from '../testing'
import { writeAccount } from '@shared/cli/account'
import { TestHost } from './testing'

let server: TestServer
let host: TestHost

beforeAll(async () => {
  server = await startTestServer()
  await server.as('owner', 'ann')
  await server.agent({ name: 'pro' })
  await server.agent({ name: 'con' })
})
afterAll(() => server.stop())
beforeEach(async () => {
  host = new TestHost()
  await writeAccount(host.env, { server: server.url, token: (await server.as('owner', 'ann')).token })
})
afterEach(() => host.remove())

async function ok(...argv: string[]) {
  expect([await host.run(...argv, '--json'), host.stderr]).toEqual([0, ''])
  return host.json()
}

test('debates are started, paused, resumed and stopped, and agents read along in a channel now and then', async () => {
  const debate = await ok('debates', 'start', 'general', '@pro', '@con', 'Tabs or spaces', '--turns', '4')
  expect(debate).toMatchObject({ state: 'running', turns: 4, turn: 1, topic: 'Tabs or spaces' })
  expect(await ok('debates', 'pause', debate.id)).toMatchObject({ state: 'paused' })
  expect(await ok('debates', 'resume', debate.id)).toMatchObject({ state: 'running' })
  expect(await ok('debates', 'stop', debate.id)).toMatchObject({ state: 'stopped' })
  expect(await host.run('debates', 'stop', debate.id)).toBe(1)
  expect((await ok('debates')).items.map((d: { id: string }) => d.id)).toEqual([debate.id])
  expect(await host.run('debates', 'show', debate.id)).toBe(0)
  expect(host.stdout).toContain('@pro @con')
  expect(await host.run('debates', 'start', 'general', '@pro', '@con', 'x', '--turns', '1')).toBe(2)
  const member = await ok('channels', 'set', 'general', '@pro', '--mode', 'periodic', '--every', '30m')
  expect(member).toMatchObject({ deliveryMode: 'periodic', digestMinutes: 30 })
  expect(await host.run('channels', 'members', 'general')).toBe(0)
  expect(host.stdout).toContain('periodic, every 30 min')
})
