import type { RuntimeInfo } from '@shared/contract'
import { afterEach, beforeEach, expect, test } from 'bun:test'
import { type World, createWorld } from '../../test/world'

let world: World
let tokens: Record<string, string | undefined>
let id: string

const runtime = (kind: string, canInstall: boolean): RuntimeInfo => ({
  kind,
  displayName: kind,
  installed: false,
  version: '',
  login: 'unknown',
  nextStep: '',
  installCommand: '',
  canInstall,
  models: [],
  demo: false,
})

beforeEach(async () => {
  world = await createWorld()
  const [admin, member, viewer, reader] = await Promise.all([
    world.user('admin'),
    world.user('member'),
    world.user('viewer'),
    world.user('admin', ['read']),
  ])
  const { token, computerId } = await world.enrolled(admin.principal)
  id = computerId
  tokens = {
    guest: undefined,
    admin: admin.token,
    member: member.token,
    viewer: viewer.token,
    reader: reader.token,
    computer: token,
  }
  const inventory = { version: 'v1', runtimes: [runtime('codex', true), runtime('kimi', false)] }
  const facts = { daemonId: 'd', displayName: '', hostname: 'mill', os: 'linux', arch: 'amd64', version: '1' }
  await world.computers.register(await world.computer(token), facts, inventory)
})
afterEach(() => world.close())

const order = (): string => `operation created computer:${id}`

// who, route (ID is the computer), body, status, code or a part of the answer, events
test.each<[string, string, unknown, number, string, string[]]>([
  ['guest', 'GET /api/computers', undefined, 401, 'login_required', []],
  ['computer', 'GET /api/computers', undefined, 403, 'wrong_principal', []],
  ['viewer', 'GET /api/computers', undefined, 200, '"status":"online"', []],
  ['viewer', 'GET /api/computers/ID', undefined, 200, '"displayName":"Mill"', []],
  ['viewer', 'GET /api/computers/cmp_none', undefined, 404, 'computer_unknown', []],
  ['viewer', 'GET /api/computers/no+id', undefined, 400, 'invalid_request', []],
  ['member', 'PATCH /api/computers/ID', { displayName: 'X' }, 403, 'admin_only', []],
  ['reader', 'PATCH /api/computers/ID', { displayName: 'X' }, 403, 'scope_missing', []],
  ['admin', 'PATCH /api/computers/ID', { displayName: '  ' }, 400, 'invalid_request', []],
  ['admin', 'PATCH /api/computers/ID', { displayName: 'X', status: 'online' }, 400, 'invalid_request', []],
  ['admin', 'PATCH /api/computers/cmp_none', { displayName: 'X' }, 404, 'computer_unknown', []],
  ['admin', 'PATCH /api/computers/ID', { displayName: 'X' }, 200, '"displayName":"X"', ['computer updated all']],
  ['admin', 'PATCH /api/computers/ID', { displayName: 'Mill' }, 200, '"displayName":"Mill"', []],
  ['member', 'DELETE /api/computers/ID', undefined, 403, 'admin_only', []],
  ['admin', 'DELETE /api/computers/cmp_none', undefined, 404, 'computer_unknown', []],
  [
    'admin',
    'DELETE /api/computers/ID',
    undefined,
    200,
    '"ok":true',
    ['enrollment state_changed admin', 'computer deleted all'],
  ],
  ['viewer', 'POST /api/computers/ID/refresh', undefined, 403, 'viewer', []],
  ['member', 'POST /api/computers/cmp_none/refresh', undefined, 404, 'computer_unknown', []],
  ['member', 'POST /api/computers/ID/refresh', undefined, 202, '"ok":true', ['ORDER']],
  ['member', 'POST /api/computers/ID/runtimes/codex/install', undefined, 403, 'admin_only', []],
  ['admin', 'POST /api/computers/ID/runtimes/none/install', undefined, 404, 'runtime_unknown', []],
  ['admin', 'POST /api/computers/ID/runtimes/kimi/install', undefined, 412, 'runtime_not_installable', []],
  ['admin', 'POST /api/computers/ID/runtimes/codex/install', undefined, 202, '"operationId":"ctl_', ['ORDER']],
])('%s: %s %j → %i %s', async (who, route, body, status, part, events) => {
  const before = await world.state()
  const answer = await world.call(route.replace('ID', id), tokens[who], body)
  expect(answer.text).toContain(part)
  expect(answer.status).toBe(status)
  expect(answer.events).toEqual(events.map((event) => (event === 'ORDER' ? order() : event)))
  if (status >= 400) expect(await world.state()).toEqual(before)
})

test('a computer that is offline takes no orders', async () => {
  world.clock.ms += 90_000
  for (const route of [`POST /api/computers/${id}/refresh`, `POST /api/computers/${id}/runtimes/codex/install`]) {
    const answer = await world.call(route, tokens.admin)
    expect(answer.status).toBe(412)
    expect(answer.body).toEqual({
      error: 'Mill is offline.',
      code: 'computer_offline',
      next: 'Start nekode-daemon on it, then try again.',
    })
    expect(answer.events).toEqual([])
  }
})

test('asking twice while an installation is under way gives the same operation and one order', async () => {
  const route = `POST /api/computers/${id}/runtimes/codex/install`
  const answers = await Promise.all([1, 2, 3].map(() => world.call(route, tokens.admin)))
  expect(new Set(answers.map((a) => a.body.operationId)).size).toBe(1)
  const { operationId } = answers[0]!.body
  const daemon = await world.computer(tokens.computer!)
  await world.computers.commands.report(daemon, { operationId, state: 'failed', detail: 'no npm' })
  expect((await world.call(route, tokens.admin)).body.operationId).not.toBe(operationId)
})

test('a removed computer’s token is refused at once', async () => {
  await world.call(`DELETE /api/computers/${id}`, tokens.admin)
  await expect(world.core.credentials.resolve(tokens.computer!)).rejects.toMatchObject({ code: 'token_invalid' })
})

test('what admins do to computers is in the audit log, with their address', async () => {
  await world.call(`PATCH /api/computers/${id}`, tokens.admin, { displayName: 'X' })
  await world.call(`POST /api/computers/${id}/runtimes/codex/install`, tokens.admin)
  await world.call(`DELETE /api/computers/${id}`, tokens.admin)
  const { items } = await world.core.audit.list({})
  expect(items.map((entry) => [entry.action, entry.subject, entry.address]).slice(0, 3)).toEqual([
    ['computer.remove', id, '192.0.2.1'],
    ['runtime.install', id, '192.0.2.1'],
    ['computer.rename', id, '192.0.2.1'],
  ])
})
