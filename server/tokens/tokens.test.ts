import { afterAll, beforeAll, expect, test } from 'bun:test'
import { ApiError } from '@shared/contract/client'
import { type TestServer, startTestServer } from '../testing'

let server: TestServer
beforeAll(async () => {
  server = await startTestServer()
  await server.as('owner')
})
afterAll(() => server.stop())

const refusal = (error: unknown) => (error instanceof ApiError ? [error.status, error.code] : error)
const withToken = (token: string, path: string, init: RequestInit = {}) =>
  server.guest.fetch(path, { ...init, headers: { ...init.headers, authorization: `Bearer ${token}` } })

test('a token is shown once and stored as a hash', async () => {
  const member = await server.as('member')
  const made = await member.call('POST /api/tokens', { body: { name: 'ci', scopes: ['read', 'read'] } })
  expect(made).toMatchObject({ name: 'ci', scopes: ['read'], lastUsedAt: null, expiresAt: null })
  expect(made.token).toStartWith(made.prefix)
  const listed = await member.call('GET /api/tokens')
  expect(listed.items.map((t) => t.id)).toContain(made.id)
  const stored = await server.core.db.q.select().from(server.core.db.t.credentials)
  for (const text of [listed, stored]) expect(JSON.stringify(text)).not.toContain(made.token)
  expect((await server.core.audit.list({})).items[0]).toMatchObject({
    action: 'token.create',
    subject: made.id,
    actor: { id: member.id },
    detail: { name: 'ci', scopes: ['read'] },
  })
})

test.each([
  [['read'], 200, 403, 403],
  [['write'], 403, 400, 403],
  [['read', 'write'], 200, 400, 403],
  [['admin'], 200, 400, 400],
] as const)(
  'a token for %p reads with %p, writes with %p and administers with %p',
  async (scopes, read, write, administer) => {
    const owner = await server.as('owner')
    const { token } = await owner.call('POST /api/tokens', { body: { name: 't', scopes: [...scopes] } })
    const post = { method: 'POST', body: '{}', headers: { 'content-type': 'application/json' } }
    expect((await withToken(token, '/api/channels')).status).toBe(read)
    expect((await withToken(token, '/api/messages', post)).status).toBe(write)
    expect((await withToken(token, '/api/users', post)).status).toBe(administer)
  },
)

test("a token may do no more than its owner's role allows", async () => {
  const member = await server.as('member')
  const { token } = await member.call('POST /api/tokens', { body: { name: 't', scopes: ['admin'] } })
  const audit = await withToken(token, '/api/audit')
  expect([audit.status, (await audit.json()).code]).toEqual([403, 'admin_only'])
})

test('a token stops working when it is revoked, at once', async () => {
  const member = await server.as('member')
  const { token, id } = await member.call('POST /api/tokens', { body: { name: 't', scopes: ['read'] } })
  expect((await withToken(token, '/api/channels')).status).toBe(200)
  await member.call('DELETE /api/tokens/{id}', { params: { id } })
  const refused = await withToken(token, '/api/channels')
  expect([refused.status, (await refused.json()).code]).toEqual([401, 'token_invalid'])
  expect((await server.core.audit.list({})).items[0]).toMatchObject({ action: 'token.revoke', subject: id })
})

test('a token stops working when its time is over', async () => {
  const member = await server.as('member')
  const expiresAt = Date.now() + 3_600_000
  const { token, id } = await member.call('POST /api/tokens', { body: { name: 't', scopes: ['read'], expiresAt } })
  expect((await withToken(token, '/api/channels')).status).toBe(200)
  const { db, credentials } = server.core
  await db.tx((tx) => credentials.extend(tx, id, Date.now() - 1))
  credentials.changed(member.id)
  expect((await withToken(token, '/api/channels')).status).toBe(401)
})

test("nobody revokes another person's token, or a session as a token", async () => {
  const member = await server.as('member')
  const owner = await server.as('owner')
  const { token, id } = await owner.call('POST /api/tokens', { body: { name: 't', scopes: ['read'] } })
  const session = (await member.call('GET /api/auth/sessions')).items[0]?.id ?? ''
  for (const foreign of [id, session, 'tok_unknown'])
    expect(await member.call('DELETE /api/tokens/{id}', { params: { id: foreign } }).catch(refusal)).toEqual([
      404,
      'not_found',
    ])
  expect((await withToken(token, '/api/channels')).status).toBe(200)
  expect((await member.call('GET /api/auth/me')).username).toBe('member')
})

test.each([
  ['no scope', { name: 't', scopes: [] }],
  ['an unknown scope', { name: 't', scopes: ['root'] }],
  ['an empty name', { name: ' ', scopes: ['read'] }],
  ['an end in the past', { name: 't', scopes: ['read'], expiresAt: 1 }],
  ['an end that is no number', { name: 't', scopes: ['read'], expiresAt: 'soon' }],
])('refuses %s and makes nothing', async (_, body) => {
  const member = await server.as('member', 'bystander')
  const response = await member.fetch('/api/tokens', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  expect([response.status, (await response.json()).code]).toEqual([400, 'invalid_request'])
  expect((await member.call('GET /api/tokens')).items).toEqual([])
})

test('a person has a hundred tokens at most', async () => {
  const hoarder = await server.as('member', 'hoarder')
  const { db, credentials } = server.core
  await db.tx(async (tx) => {
    for (let i = 0; i < 100; i++)
      await credentials.issue(tx, { kind: 'api', ownerId: hoarder.id, name: `t${i}`, scopes: ['read'] })
  })
  const making = hoarder.call('POST /api/tokens', { body: { name: 't', scopes: ['read'] } })
  expect(await making.catch(refusal)).toEqual([409, 'too_many_tokens'])
})

test.each([
  ['a token that was never issued', 'Bearer nup_0123456789abcdefghijABCDEFGHIJ0123456789abc'],
  ['another scheme', 'Basic YTpi'],
  ['no token', 'Bearer '],
  ['two tokens', 'Bearer a b'],
])('%s in the Authorization header is refused', async (_, authorization) => {
  const response = await server.guest.fetch('/api/channels', { headers: { authorization } })
  expect([response.status, (await response.json()).code]).toEqual([401, 'token_invalid'])
  expect(response.headers.get('www-authenticate')).toBe('Bearer')
})
