import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { ApiError } from '@shared/contract/client'
import { type Scratch, storages } from '../test/storages'
import { PASSWORD, startTestServer } from './testing'

const refusal = (error: unknown): unknown => (error instanceof ApiError ? error.code : error)

describe.each(storages)('on $name', ({ available, scratch }) => {
  let database: Scratch
  beforeAll(async () => {
    if (available) database = await scratch()
  })
  afterAll(() => database?.drop())

  test.skipIf(!available)('of many set-ups at once one wins, and what it made is there after a restart', async () => {
    const names = ['ada', 'bob', 'eve', 'joe']
    const first = await startTestServer({ dsn: database.dsn })
    const { setupCode = '' } = first
    const attempts = names.map((username) =>
      first.guest
        .call('POST /api/auth/bootstrap', { body: { setupCode, username, password: PASSWORD } })
        .then(() => username, refusal),
    )
    const results = await Promise.all(attempts)
    const winner = results.find((result) => names.includes(String(result)))
    expect(results.filter((result) => result === 'already_initialized')).toHaveLength(3)
    const { serverId } = first.core
    await first.stop()

    await using second = await startTestServer({ dsn: database.dsn })
    expect(second.core.serverId).toBe(serverId)
    expect(second.setupCode).toBeUndefined()
    const body = { username: String(winner), password: PASSWORD, token: true }
    const { token } = await second.guest.call('POST /api/auth/login', { body })
    const list = await second.guest.fetch('/api/channels', { headers: { authorization: `Bearer ${token}` } })
    expect(await list.json()).toMatchObject({ items: [{ target: '#general', memberCount: 1, role: 'admin' }] })
    expect(second.core.directory.users()).toHaveLength(1)
  })

  test.skipIf(!available)('people, tokens, sessions and the audit log work, and a revoked token does not', async () => {
    await using server = await startTestServer({ dsn: database.dsn })
    const [user] = server.core.directory.users()
    const owner = await server.as('owner', user?.username)
    const added = await owner.call('POST /api/users', { body: { username: 'grace', password: PASSWORD } })
    expect(added).toMatchObject({ username: 'grace', role: 'member' })
    const twice = owner.call('POST /api/users', { body: { username: 'grace', password: PASSWORD } })
    expect(await twice.catch(refusal)).toBe('name_taken')
    const made = await owner.call('POST /api/tokens', { body: { name: 'ci', scopes: ['read'] } })
    const ask = () => server.guest.fetch('/api/users', { headers: { authorization: `Bearer ${made.token}` } })
    expect((await ask()).status).toBe(200)
    await owner.call('DELETE /api/tokens/{id}', { params: { id: made.id } })
    expect((await ask()).status).toBe(401)
    const { items } = await owner.call('GET /api/audit', { query: { limit: 3 } })
    expect(items.map((item) => item.action)).toEqual(['token.revoke', 'token.create', 'user.create'])
    await server.core.idempotency.sweep()
    await server.core.credentials.sweep()
  })
})
