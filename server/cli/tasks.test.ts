import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'bun:test'
import { type TestServer, startTestServer } from '../testing'
import { writeAccount } from '@shared/cli/account'
import { TestHost } from './testing'

let server: TestServer
let host: TestHost

beforeAll(async () => {
  server = await startTestServer()
  await server.agent({ name: 'coder' })
})
afterAll(() => server.stop())
beforeEach(async () => {
  host = new TestHost()
  await writeAccount(host.env, { server: server.url, token: (await server.as('owner', 'ann')).token })
})
afterEach(() => host.remove())

async function ok(...argv: string[]) {
  expect([await host.run('tasks', ...argv, '--json'), host.stderr]).toEqual([0, ''])
  return host.json()
}

test('a task goes from its creation to its end on the command line', async () => {
  host.input = '# Why\n\nIt is broken.'
  const words = ['--assignee', '@coder', '--priority', 'high', '--labels', 'bug, login', '--due', '2030-01-31']
  const made = await ok('create', 'general', 'fix the login page', '--description', '-', ...words)
  expect(made).toMatchObject({
    target: '#general',
    description: '# Why\n\nIt is broken.',
    priority: 'high',
    labels: ['bug', 'login'],
    dueAt: Date.UTC(2030, 0, 31),
  })
  const number = String(made.number)
  const sub = await ok('create', 'general', 'a part of it', '--parent', number)
  expect(sub.parentId).toBe(made.id)
  expect(await ok('update', number, '--assignee', 'none', '--due', 'none')).toMatchObject({
    assigneeId: null,
    dueAt: null,
  })
  expect((await ok('claim', number)).claim).toMatchObject({ mode: 'owner', holder: { name: 'ann' } })
  expect(await host.run('tasks', 'list', '--state', 'in_progress')).toBe(0)
  expect(host.stdout).toContain(`#${number}`)
  expect(host.stdout).toContain('@ann')
  expect((await ok('comment', number, 'nearly there')).content).toBe('nearly there')
  expect(await host.run('tasks', 'show', `#${number}`)).toBe(0)
  expect(host.stdout).toContain('It is broken.')
  expect(host.stdout).toContain('nearly there')
  expect(await ok('claim', number, '--release')).toMatchObject({ state: 'todo', claims: [] })
  expect(await ok('update', number, '--state', 'blocked', '--reason', 'no key')).toMatchObject({
    blockedReason: 'no key',
  })
  expect(await host.run('tasks', 'board', 'general')).toBe(0)
  expect(host.stdout).toContain('blocked (1)\n')
  expect((await ok('board')).columns.map((c: { column: string }) => c.column)).toContain('blocked')
  const { items } = await ok('list', '--label', 'login')
  expect(items.map((t: { number: number }) => t.number)).toEqual([made.number])
})

test('what cannot be is said with what can', async () => {
  const { number } = await ok('create', 'general', 'stuck')
  expect(await host.run('tasks', 'update', String(number), '--state', 'done')).toBe(1)
  expect(host.stderr).toContain('It may become in progress, blocked, canceled.')
  await ok('update', String(number), '--summary', 'freed')
  expect(await host.run('tasks', 'update', String(number), '--summary', 'late', '--version', '1')).toBe(1)
  expect(host.stderr).toContain('Somebody changed')
  expect(await host.run('tasks', 'update', String(number), '--state', 'nowhere')).toBe(2)
  expect(await host.run('tasks', 'create', 'general', 'x', '--due', 'tomorrow')).toBe(2)
  expect(await host.run('tasks', 'show', '99999')).toBe(4)
  expect(await host.run('tasks', 'claim', String(number), '--release')).toBe(2)
})
