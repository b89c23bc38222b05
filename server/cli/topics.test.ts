import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'bun:test'
import { type TestServer, startTestServer } from '../testing'
import { writeAccount } from '@shared/cli/account'
import { TestHost } from './testing'

let server: TestServer
let host: TestHost

beforeAll(async () => {
  server = await startTestServer()
  await server.as('owner', 'ann')
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

test('topics are begun, written in, renamed, closed and opened', async () => {
  const topic = await ok('topics', 'create', 'general', 'Investigation', 'The build is red.')
  expect(topic).toMatchObject({ number: 1, title: 'Investigation', target: '#general' })
  await ok('send', 'general', 'found it', '--thread', topic.threadId)
  expect(await ok('topics', 'show', 'general', '1')).toMatchObject({ replyCount: 1 })
  expect(await ok('topics', 'rename', 'general', '1', 'The red build')).toMatchObject({ title: 'The red build' })
  expect((await ok('topics', 'close', 'general', '1')).closedAt).toBeGreaterThan(0)
  expect((await ok('topics', 'list', 'general', '--open')).items).toEqual([])
  expect(await ok('topics', 'open', 'general', '1')).toMatchObject({ closedAt: null })
  expect(await host.run('topics', 'list', 'general')).toBe(0)
  expect(host.stdout).toContain('The red build')
  expect(await host.run('topics', 'show', 'general', 'x')).toBe(2)
})
