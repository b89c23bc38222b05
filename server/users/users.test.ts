import { afterAll, beforeAll, expect, test } from 'bun:test'
import { ApiError } from '@shared/contract/client'
import { PASSWORD, type TestServer, startTestServer } from '../testing'

let server: TestServer
beforeAll(async () => {
  server = await startTestServer()
  await server.as('owner')
  await server.agent({ name: 'robot' })
})
afterAll(() => server.stop())

const refusal = (error: unknown) => (error instanceof ApiError ? [error.status, error.code] : error)
const eventsSince = async (sequence: number) => (await server.core.hub.after(sequence)).events

test('an admin adds a person, who is in #general and can log in', async () => {
  const admin = await server.as('admin')
  const before = await server.events()
  const user = await admin.call('POST /api/users', {
    body: { username: 'grace', password: PASSWORD, displayName: 'Grace' },
  })
  expect(user).toMatchObject({ username: 'grace', displayName: 'Grace', role: 'member' })
  expect((await eventsSince(before)).map((e) => `${e.kind} ${e.operation} ${e.audience.split(':')[0]}`)).toEqual([
    'user created all',
    'member created channel',
  ])
  expect((await server.core.audit.list({})).items[0]).toMatchObject({
    action: 'user.create',
    subject: user.id,
    actor: { id: admin.id },
    detail: { username: 'grace', role: 'member' },
    address: '127.0.0.1',
  })
  const session = await server.guest.call('POST /api/auth/login', {
    body: { username: 'grace', password: PASSWORD, token: true },
  })
  const channels = await server.guest.fetch('/api/channels', { headers: { authorization: `Bearer ${session.token}` } })
  expect(await channels.json()).toMatchObject({ items: [{ target: '#general', joined: true, role: 'member' }] })
})

test('a viewer is a viewer in #general too', async () => {
  const owner = await server.as('owner')
  const user = await owner.call('POST /api/users', { body: { username: 'looker', password: PASSWORD, role: 'viewer' } })
  const general = server.core.directory.channelAt('#general')
  expect(server.core.directory.member(general?.id ?? '', 'human', user.id)?.role).toBe('viewer')
})

test.each([
  ['a name that a person has', { username: 'owner' }, [409, 'name_taken']],
  ['a name that an agent has', { username: 'robot' }, [409, 'name_taken']],
  ['a name that means everybody', { username: 'here' }, [409, 'name_taken']],
  ['a name with capitals', { username: 'Ada' }, [400, 'invalid_request']],
  ['a name of 33 letters', { username: 'a'.repeat(33) }, [400, 'invalid_request']],
  ['a short password', { username: 'new', password: 'ninechars' }, [400, 'invalid_request']],
  ['a second owner', { username: 'new', role: 'owner' }, [400, 'invalid_request']],
  ['an unknown field', { username: 'new', admin: true }, [400, 'invalid_request']],
])('refuses %s and changes nothing', async (_, body, expected) => {
  const owner = await server.as('owner')
  const before = { events: await server.events(), users: server.core.directory.users().length }
  const response = await owner.fetch('/api/users', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ password: PASSWORD, ...body }),
  })
  expect([response.status, (await response.json()).code]).toEqual(expected)
  expect({ events: await server.events(), users: server.core.directory.users().length }).toEqual(before)
})

test('of two people with the same name at the same moment one is added', async () => {
  const owner = await server.as('owner')
  const add = () =>
    owner.call('POST /api/users', { body: { username: 'twin', password: PASSWORD } }).then(() => [201], refusal)
  const results = await Promise.all([add(), add()])
  expect(results.map((r) => JSON.stringify(r)).toSorted()).toEqual(['[201]', '[409,"name_taken"]'])
})

test('people and agents see who is there, without passwords', async () => {
  for (const caller of [await server.as('viewer'), await server.agent()]) {
    const { items } = await caller.call('GET /api/users')
    expect(items.map((user) => user.username)).toContain('owner')
    expect(JSON.stringify(items)).not.toContain('argon2')
  }
})
