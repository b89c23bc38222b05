import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'bun:test'
import { type TestServer, startTestServer } from '../testing'
import { writeAccount } from '@shared/cli/account'
import { TestHost } from './testing'

let server: TestServer
let host: TestHost

beforeAll(async () => {
  server = await startTestServer()
  await server.as('owner', 'ann')
  await server.agent({ name: 'coder' })
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

describe('reminders', () => {
  test('are set in any notation, listed, changed, snoozed and canceled, and their log is read', async () => {
    const made = await ok('reminders', 'add', 'general', 'Stand-up', '--when', 'every weekday 9:30', '--zone', 'UTC')
    expect(made).toMatchObject({ title: 'Stand-up', rule: '30 9 * * 1-5', timezone: 'UTC' })
    host.input = 'What happened today?\n'
    const asked = await ok(
      'reminders',
      'add',
      'general',
      'Day',
      '-',
      '--cron',
      '0 18 * * *',
      '--for',
      '@coder',
      '--times',
      '5',
    )
    expect(asked).toMatchObject({ prompt: 'What happened today?', for: { name: 'coder' }, maxRuns: 5 })
    const { items } = await ok('reminders', 'list', '--target', 'general')
    expect(items.map((r: { id: string }) => r.id)).toEqual([asked.id, made.id])
    expect(await ok('reminders', 'edit', made.id, '--pause')).toMatchObject({ status: 'paused' })
    expect(await ok('reminders', 'edit', made.id, '--resume')).toMatchObject({ status: 'active' })
    expect(await ok('reminders', 'snooze', made.id, '15m')).toMatchObject({ status: 'active' })
    expect(await ok('reminders', 'cancel', made.id)).toMatchObject({ status: 'canceled' })
    const log = await ok('reminders', 'log', made.id)
    expect(log.items.map((e: { type: string }) => e.type)).toEqual([
      'canceled',
      'snoozed',
      'updated',
      'updated',
      'created',
    ])
    expect(await host.run('reminders')).toBe(0)
    expect(host.stdout).toContain('@coder')
    expect(host.stdout).not.toContain('Stand-up')
  })

  test('need one time, and one that can be understood', async () => {
    expect(await host.run('reminders', 'add', 'general', 'x')).toBe(2)
    expect(await host.run('reminders', 'add', 'general', 'x', '--in', '5m', '--cron', '0 9 * * *')).toBe(2)
    expect(await host.run('reminders', 'add', 'general', 'x', '--when', 'some day')).toBe(1)
    expect(host.stderr).toContain('says no time')
  })
})
