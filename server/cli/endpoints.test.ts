import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'bun:test'
import { Receiver } from '../../test/fixtures/receiver'
import { type TestServer, startTestServer } from '../testing'
import { writeAccount } from '@shared/cli/account'
import { TestHost } from './testing'

let server: TestServer
let host: TestHost
let receiver: Receiver

beforeAll(async () => {
  server = await startTestServer({ flags: { 'outgoing-allow': '127.0.0.1' } })
  receiver = new Receiver()
})
afterAll(async () => {
  await server.stop()
  await receiver[Symbol.asyncDispose]()
})
beforeEach(async () => {
  host = new TestHost()
  await writeAccount(host.env, { server: server.url, token: (await server.as('owner', 'ann')).token })
})
afterEach(() => host.remove())

/** A command that has to succeed, with what it says to programs. */
async function ok(...argv: string[]) {
  expect([await host.run(...argv, '--json'), host.stderr]).toEqual([0, ''])
  return host.json()
}

test('an endpoint is connected, routed to, tested, and what went there is listed and tried again', async () => {
  const made = await ok('endpoints', 'create', 'webhook', 'Build server', '--url', receiver.url, '--out')
  expect(made).toMatchObject({
    displayName: 'Build server',
    outboundEnabled: true,
    config: { url: receiver.url, secret: '***' },
  })
  expect(made.secret).toStartWith('whsec_')
  const route = await ok('endpoints', 'route', 'general', 'Build server')
  expect(route).toMatchObject({ target: '#general', endpointId: made.id, eventKind: 'message' })
  expect(await ok('endpoints', 'why', 'general')).toMatchObject({ items: [{ id: route.id, score: 2 }], dropped: [] })
  expect(await ok('endpoints', 'test', 'Build server')).toMatchObject({ ready: true })
  receiver.answer(new Response('', { status: 422 }), new Response('', { status: 404 }))
  await ok('send', 'general', 'hello')
  let failed = []
  while (failed.length === 0)
    failed = (await ok('outbound', 'list', '--status', 'failed', '--endpoint', 'Build server')).items
  expect(failed[0]).toMatchObject({ lastError: 'The receiver answered 422' })
  await host.run('outbound', '--channel', 'general')
  expect(host.stdout).toContain('The receiver answered 422')
  expect(await ok('outbound', 'retry', failed[0].id)).toMatchObject({ id: failed[0].id, status: 'retrying' })
  await receiver.has(3)
  expect(await host.run('endpoints', 'test', made.id)).toBe(0)
  await host.run('endpoints', 'routes')
  expect(host.stdout).toContain('Build server')
  await host.run('endpoints', 'why', 'general', '--kind', 'run')
  expect(host.stdout).toContain(`not to Build server (${route.id}): other kind`)
  await ok('endpoints', 'unroute', route.id)
  await ok('endpoints', 'remove', 'Build server', '--yes')
  expect(await host.run('endpoints', 'show', 'Build server')).toBe(4)
})

test('secrets come from standard input and are shown nowhere', async () => {
  const url = `${receiver.url}/s3cret`
  host.input = JSON.stringify({ webhook_url: url })
  const { id } = await ok('endpoints', 'create', 'slack', 'Team', '--config-stdin', '--out')
  for (const argv of [['endpoints', 'show', 'Team'], ['endpoints'], ['endpoints', 'show', id, '--json']]) {
    expect(await host.run(...argv)).toBe(0)
    expect(host.stdout + host.stderr).not.toContain('s3cret')
  }
  host.input = 's3cret'
  expect(await host.run('endpoints', 'update', id, '--config-stdin')).toBe(2)
  expect(host.stdout + host.stderr).not.toContain('s3cret')
  await ok('endpoints', 'update', id, '--no-out', '--name', 'Quiet team')
  await host.run('endpoints', 'show', 'Quiet team')
  expect(host.stdout).toMatch(/goes +off/)
  expect(await host.run('endpoints', 'update', id)).toBe(2)
})

test('what comes in gets a secret or a token once', async () => {
  expect(await host.run('endpoints', 'create', 'webhook', 'Alerts', '--channel', 'general', '--in')).toBe(0)
  expect(host.stdout).toMatch(/^whsec_\S+\n$/)
  expect(host.stderr).toContain('not shown again')
  const first = host.stdout
  expect(await host.run('endpoints', 'secret', 'Alerts')).toBe(0)
  expect(host.stdout).toMatch(/^whsec_\S+\n$/)
  expect(host.stdout).not.toBe(first)
  await ok('endpoints', 'update', 'Alerts', '--auth', 'bearer')
  expect(await host.run('endpoints', 'token', 'Alerts')).toBe(0)
  expect(host.stdout).toMatch(/^net_\S+\n$/)
  expect(await host.run('endpoints', 'providers')).toBe(0)
  expect(host.stdout).toContain('telegram')
})
