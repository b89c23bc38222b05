import { afterAll, beforeAll, expect, test } from 'bun:test'
import { ApiError } from '@shared/contract/client'
import { type Caller, PASSWORD, type TestServer, startTestServer } from '../testing'

let server: TestServer
let admin: Caller
beforeAll(async () => {
  server = await startTestServer()
  admin = await server.as('admin')
})
afterAll(() => server.stop())

const outcome = (call: Promise<unknown>) =>
  call.then(
    () => 'done',
    (error: unknown) => (error instanceof ApiError ? error.code : error),
  )
const join = (code: string, username: string) =>
  server.guest.call('POST /api/auth/join', { body: { code, username, password: PASSWORD, token: true } })
const rows = async () => JSON.stringify(await server.core.db.q.select().from(server.core.db.t.tickets))

test('somebody joins with a link, once, with its role and in its channels', async () => {
  const den = await admin.call('POST /api/channels', { body: { name: 'den', visibility: 'private' } })
  const invite = await admin.call('POST /api/invites', {
    body: { role: 'viewer', channels: [den.target], note: 'for Grace' },
  })
  expect(new URL(invite.url).hash).toBe(`#${invite.code}`)
  expect(new URL(invite.url).pathname).toBe('/join')
  expect(await rows()).not.toContain(invite.code)
  expect(JSON.stringify(await server.core.audit.list({}))).not.toContain(invite.code)
  const info = await server.guest.call('POST /api/auth/ticket', { body: { code: invite.code } })
  expect(info).toMatchObject({ kind: 'invite', role: 'viewer', from: 'admin', username: '' })
  const session = await join(invite.code, 'grace')
  expect(session.user).toMatchObject({ username: 'grace', role: 'viewer' })
  const channels = await server.guest.fetch('/api/channels', { headers: { authorization: `Bearer ${session.token}` } })
  const { items } = await channels.json()
  expect(items.map((c: { target: string; role: string }) => [c.target, c.role]).toSorted()).toEqual([
    ['#den', 'viewer'],
    ['#general', 'viewer'],
  ])
  expect(await outcome(join(invite.code, 'second'))).toBe('code_invalid')
  const [listed] = (await admin.call('GET /api/invites')).items
  expect(listed).toMatchObject({ id: invite.id, usedBy: session.user.id, note: 'for Grace' })
  expect(JSON.stringify(listed)).not.toContain(invite.code)
})

test('of two who use a link at once one joins', async () => {
  const { code } = await admin.call('POST /api/invites', { body: {} })
  const results = await Promise.all([outcome(join(code, 'left')), outcome(join(code, 'right'))])
  expect(results.toSorted()).toEqual(['code_invalid', 'done'])
})

test('a taken name leaves the link as it was', async () => {
  const { code } = await admin.call('POST /api/invites', { body: {} })
  expect(await outcome(join(code, 'admin'))).toBe('name_taken')
  expect(await outcome(join(code, 'henry'))).toBe('done')
})

test('a revoked link, an expired one and one that never was do not work', async () => {
  const revoked = await admin.call('POST /api/invites', { body: {} })
  await admin.call('DELETE /api/invites/{id}', { params: { id: revoked.id } })
  const expired = await admin.call('POST /api/invites', { body: { expiresInHours: 1 } })
  const { db } = server.core
  await db.tx(async (tx) => void (await tx.q.update(db.t.tickets).set({ expiresAt: Date.now() - 1 })))
  for (const code of [revoked.code, expired.code, `nki_${'x'.repeat(43)}`])
    expect(await outcome(join(code, 'ivan'))).toBe('code_invalid')
  expect(await outcome(admin.call('DELETE /api/invites/{id}', { params: { id: revoked.id } }))).toBe('not_found')
  expect(server.core.directory.byHandle('ivan')).toBeUndefined()
})

test('a link ends with its maker’s right to make it', async () => {
  const boss = await server.as('admin', 'boss')
  const { code } = await boss.call('POST /api/invites', { body: { role: 'admin' } })
  await admin.call('PATCH /api/users/{id}', { params: { id: boss.id }, body: { role: 'member' } })
  expect(await outcome(join(code, 'judy'))).toBe('code_invalid')
})

test('nobody is invited into a channel that the inviter may bring nobody into', async () => {
  const owner = await server.as('owner')
  await owner.call('POST /api/channels', { body: { name: 'vault', visibility: 'private' } })
  expect(await outcome(admin.call('POST /api/invites', { body: { channels: ['#vault'] } }))).toBe('not_found')
})

test('a link leads neither into another channel that got the name since, nor where its maker lost their say', async () => {
  const boss = await server.as('admin', 'host')
  for (const name of ['attic', 'cellar'])
    await boss.call('POST /api/channels', { body: { name, visibility: 'private' } })
  const { code } = await boss.call('POST /api/invites', { body: { channels: ['#attic', '#cellar'] } })
  await boss.call('DELETE /api/channels/{target}', { params: { target: '#attic' } })
  await admin.call('POST /api/channels', { body: { name: 'attic', visibility: 'private' } })
  const member = { kind: 'human' as const, memberId: admin.id, role: 'admin' as const }
  await boss.call('POST /api/channels/{target}/members', { params: { target: '#cellar' }, body: member })
  const self = { target: '#cellar', kind: 'human' as const, memberId: boss.id }
  await boss.call('DELETE /api/channels/{target}/members/{kind}/{memberId}', { params: self })
  const session = await join(code, 'guest')
  const { directory } = server.core
  const joined = [...directory.memberships('human', session.user.id)].map((id) => directory.channel(id)?.target)
  expect(joined).toEqual(['#general'])
})

test('invites are listed page by page', async () => {
  for (let i = 0; i < 3; i++) await admin.call('POST /api/invites', { body: { note: `n${i}` } })
  const first = await admin.call('GET /api/invites', { query: { limit: 2 } })
  expect(first.items.map((i) => i.note)).toEqual(['n2', 'n1'])
  const next = await admin.call('GET /api/invites', { query: { limit: 2, cursor: first.nextCursor ?? '' } })
  expect(next.items[0]?.note).toBe('n0')
})

test('a link for a new password works once, ends all sessions, and only the latest one is good', async () => {
  const kate = await server.as('member', 'kate')
  const params = { id: kate.id }
  const stale = await admin.call('POST /api/users/{id}/reset', { params })
  const { code, url } = await admin.call('POST /api/users/{id}/reset', { params })
  expect(new URL(url).pathname).toBe('/reset')
  expect(await rows()).not.toContain(code)
  const info = await server.guest.call('POST /api/auth/ticket', { body: { code } })
  expect(info).toMatchObject({ kind: 'reset', username: 'kate', role: null })
  const reset = (c: string, password: string) =>
    outcome(server.guest.call('POST /api/auth/reset', { body: { code: c, password } }))
  expect(await reset(stale.code, 'another password')).toBe('code_invalid')
  expect(await reset(code, 'a brand new password')).toBe('done')
  expect(await reset(code, 'yet another password')).toBe('code_invalid')
  expect((await kate.fetch('/api/auth/me')).status).toBe(401)
  const login = (password: string) =>
    outcome(server.guest.call('POST /api/auth/login', { body: { username: 'kate', password } }))
  expect([await login(PASSWORD), await login('a brand new password')]).toEqual(['login_failed', 'done'])
  const { items } = await server.core.audit.list({ subject: kate.id, action: 'password.*' })
  expect(items.map((i) => i.action)).toEqual(['password.reset', 'password.reset_link', 'password.reset_link'])
})

test('an invite’s code sets no password, and a reset’s lets nobody join', async () => {
  const invite = await admin.call('POST /api/invites', { body: {} })
  const leo = await server.as('member', 'leo')
  const reset = await admin.call('POST /api/users/{id}/reset', { params: { id: leo.id } })
  const body = { code: invite.code, password: PASSWORD }
  expect(await outcome(server.guest.call('POST /api/auth/reset', { body }))).toBe('code_invalid')
  expect(await outcome(join(reset.code, 'mallory'))).toBe('code_invalid')
})
