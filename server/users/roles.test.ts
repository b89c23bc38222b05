import { afterAll, beforeAll, expect, test } from 'bun:test'
import { ApiError } from '@shared/contract/client'
import { PASSWORD, type TestServer, startTestServer } from '../testing'

let server: TestServer
beforeAll(async () => {
  server = await startTestServer()
  await server.as('owner')
})
afterAll(() => server.stop())

const outcome = (call: Promise<unknown>) =>
  call.then(
    () => 'done',
    (error: unknown) => (error instanceof ApiError ? error.code : error),
  )
const roleOf = (id: string) => server.core.directory.user(id)?.role
const latest = async () => (await server.core.audit.list({ limit: 1 })).items[0]

test('an admin changes roles below an owner’s, with a row in the audit log', async () => {
  const admin = await server.as('admin')
  const bob = await server.as('member', 'bob')
  const body = { role: 'viewer' as const }
  const changed = await admin.call('PATCH /api/users/{id}', { params: { id: bob.id }, body })
  expect(changed).toMatchObject({ username: 'bob', role: 'viewer' })
  expect(await latest()).toMatchObject({
    action: 'user.role',
    subject: bob.id,
    actor: { id: admin.id },
    detail: { from: 'member', to: 'viewer' },
  })
  const general = server.core.directory.channelAt('#general')?.id ?? ''
  expect(server.core.directory.member(general, 'human', bob.id)?.role).toBe('viewer')
  await admin.call('PATCH /api/users/{id}', { params: { id: bob.id }, body: { role: 'member' } })
  expect(server.core.directory.member(general, 'human', bob.id)?.role).toBe('member')
})

test('admins neither make owners nor touch them', async () => {
  const admin = await server.as('admin')
  const { id } = await server.as('owner')
  const carol = await server.as('member', 'carol')
  const params = { id }
  const refused = await Promise.all(
    [
      admin.call('PATCH /api/users/{id}', { params: { id: carol.id }, body: { role: 'owner' } }),
      admin.call('PATCH /api/users/{id}', { params, body: { role: 'member' } }),
      admin.call('PATCH /api/users/{id}', { params, body: { displayName: 'Nobody' } }),
      admin.call('DELETE /api/users/{id}', { params }),
      admin.call('POST /api/users/{id}/reset', { params }),
      admin.call('GET /api/users/{id}/sessions', { params }),
      admin.call('DELETE /api/users/{id}/sessions', { params }),
      admin.call('DELETE /api/users/{id}/second-factor', { params }),
      admin.call('POST /api/invites', { body: { role: 'owner' } }),
    ].map(outcome),
  )
  expect(new Set(refused)).toEqual(new Set(['owner_only']))
  expect([roleOf(id), roleOf(carol.id)]).toEqual(['owner', 'member'])
})

test('the last owner is neither demoted nor removed, not even when two owners step down at once', async () => {
  const owner = await server.as('owner')
  const demote = (id: string, by = owner) =>
    outcome(by.call('PATCH /api/users/{id}', { params: { id }, body: { role: 'admin' } }))
  expect(await demote(owner.id)).toBe('last_owner')
  const second = await server.as('member', 'second')
  await owner.call('PATCH /api/users/{id}', { params: { id: second.id }, body: { role: 'owner' } })
  expect((await Promise.all([demote(owner.id), demote(second.id, second)])).toSorted()).toEqual(['done', 'last_owner'])
  const left = [owner, second].find(({ id }) => roleOf(id) === 'owner')
  expect(left).toBeDefined()
  if (left === second) {
    await second.call('PATCH /api/users/{id}', { params: { id: owner.id }, body: { role: 'owner' } })
    await demote(second.id, owner)
  }
  expect(roleOf(owner.id)).toBe('owner')
})

test('two owners who remove each other at once leave one', async () => {
  const owner = await server.as('owner')
  const rival = await server.as('member', 'rival')
  await owner.call('PATCH /api/users/{id}', { params: { id: rival.id }, body: { role: 'owner' } })
  const remove = (by: typeof owner, id: string) => outcome(by.call('DELETE /api/users/{id}', { params: { id } }))
  await Promise.all([remove(owner, rival.id), remove(rival, owner.id)])
  const owners = server.core.directory.users().filter((u) => u.role === 'owner' && u.disabledAt === null)
  expect(owners).toHaveLength(1)
  const [left] = owners
  const by = left?.id === owner.id ? owner : rival
  const gone = by === owner ? rival : owner
  await by.call('POST /api/users/{id}/restore', { params: { id: gone.id } })
  const session = await server.guest.call('POST /api/auth/login', {
    body: { username: left?.id === owner.id ? 'rival' : 'owner', password: PASSWORD, token: true },
  })
  expect(session.user.role).toBe('owner')
})

test('who is removed is out at once, keeps the name, and comes back with the old password', async () => {
  const { users } = server.core.directory
  const boss = users().find((u) => u.role === 'owner' && u.disabledAt === null)
  const admin = await server.as('admin')
  const dave = await server.as('member', 'dave')
  const stream = await dave.fetch('/api/events', { headers: { accept: 'text/event-stream' } })
  expect(stream.status).toBe(200)
  await admin.call('DELETE /api/users/{id}', { params: { id: dave.id } })
  // The stream ends, or this waits until the test's time is over.
  await stream.text().catch(() => '')
  expect((await dave.fetch('/api/auth/me')).status).toBe(401)
  const login = { body: { username: 'dave', password: PASSWORD, token: true } }
  expect(await outcome(server.guest.call('POST /api/auth/login', login))).toBe('login_failed')
  expect((await admin.call('GET /api/users')).items.map((u) => u.id)).not.toContain(dave.id)
  expect((await admin.call('GET /api/users/removed')).items.map((u) => u.id)).toContain(dave.id)
  const someone = { kind: 'human' as const, memberId: dave.id }
  expect(await outcome(admin.call('POST /api/dms', { body: someone }))).toBe('person_removed')
  const den = await admin.call('POST /api/channels', { body: { name: 'without-dave' } })
  const into = { params: { target: den.target }, body: someone }
  expect(await outcome(admin.call('POST /api/channels/{target}/members', into))).toBe('person_removed')
  const again = { username: 'dave', password: PASSWORD }
  expect(await outcome(admin.call('POST /api/users', { body: again }))).toBe('name_taken')
  await admin.call('POST /api/users/{id}/restore', { params: { id: dave.id } })
  expect((await server.guest.call('POST /api/auth/login', login)).user.id).toBe(dave.id)
  expect(boss).toBeDefined()
})

test('nobody removes themselves', async () => {
  const admin = await server.as('admin')
  expect(await outcome(admin.call('DELETE /api/users/{id}', { params: { id: admin.id } }))).toBe('invalid')
})

test('a change of role ends open streams, so that nobody goes on with what they may not see any more', async () => {
  const by = await server.as('admin')
  const erin = await server.as('admin', 'erin')
  const stream = await erin.fetch('/api/events', { headers: { accept: 'text/event-stream' } })
  await by.call('PATCH /api/users/{id}', { params: { id: erin.id }, body: { role: 'member' } })
  await stream.text().catch(() => '')
  expect((await erin.call('GET /api/auth/me')).role).toBe('member')
  expect(await outcome(erin.call('GET /api/audit'))).toBe('admin_only')
})

test('an admin sees and ends the sessions of others; one ends all own sessions but this one', async () => {
  const admin = await server.as('admin')
  const frank = await server.as('member', 'frank')
  const params = { id: frank.id }
  const body = { username: 'frank', password: PASSWORD, token: true }
  const second = await server.guest.call('POST /api/auth/login', { body })
  await server.guest.call('POST /api/auth/login', { body })
  const sessions = (await admin.call('GET /api/users/{id}/sessions', { params })).items
  expect(sessions).toHaveLength(3)
  expect(sessions.every((s) => !s.current)).toBe(true)
  expect(await frank.call('DELETE /api/auth/sessions')).toEqual({ ended: 2 })
  const bearer = { headers: { authorization: `Bearer ${second.token}` } }
  expect((await server.guest.fetch('/api/auth/me', bearer)).status).toBe(401)
  const [left] = (await admin.call('GET /api/users/{id}/sessions', { params })).items
  await admin.call('DELETE /api/users/{id}/sessions/{session}', { params: { ...params, session: left?.id ?? '' } })
  expect((await frank.fetch('/api/auth/me')).status).toBe(401)
  expect(await admin.call('DELETE /api/users/{id}/sessions', { params })).toEqual({ ended: 0 })
})
