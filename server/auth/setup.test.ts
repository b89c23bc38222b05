import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { ErrorBody, Session } from '@shared/contract'
import { type TestServer, startTestServer } from '../testing'

let server: TestServer
const rows = async () => {
  const { q, t } = server.core.db
  const [users, credentials, channels, members, audit] = await Promise.all([
    q.select().from(t.users),
    q.select().from(t.credentials),
    q.select().from(t.channels),
    q.select().from(t.members),
    q.select().from(t.audit),
  ])
  return { users, credentials, channels, members, audit }
}
const counts = async () => Object.values(await rows()).map((list) => list.length)

const bootstrap = (body: Record<string, unknown>) =>
  server.guest.fetch('/api/auth/bootstrap', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ username: 'ada', password: 'a long password', ...body }),
  })
const failure = async (response: Response) => ({
  status: response.status,
  code: ErrorBody.parse(await response.json()).code,
})

describe('a server that nobody has set up', () => {
  beforeEach(async () => {
    server = await startTestServer()
  })
  afterEach(() => server.stop())

  test('says so, and prints a code of three groups', async () => {
    expect(await server.guest.call('GET /api/auth/setup-status')).toEqual({ initialized: false, webSetupEnabled: true })
    expect(server.setupCode).toMatch(/^[0-9a-z]{4}-[0-9a-z]{4}-[0-9a-z]{4}$/)
  })

  test('keeps a hash of the code, not the code', async () => {
    const settings = await server.core.db.q.select().from(server.core.db.t.settings)
    expect(JSON.stringify(settings)).not.toContain(String(server.setupCode))
    expect(JSON.stringify(settings)).not.toContain(String(server.setupCode).replaceAll('-', ''))
  })

  test('makes an owner, #general and a session with the code, however it is written', async () => {
    const response = await bootstrap({ setupCode: ` ${server.setupCode?.toUpperCase().replaceAll('-', ' ')}` })
    expect(response.status).toBe(201)
    const session = Session.parse(await response.json())
    expect(session.user).toMatchObject({ username: 'ada', displayName: 'ada', role: 'owner' })
    expect(session.token).toBeUndefined()
    expect(response.headers.get('x-csrf-token')).toBe(session.csrf)
    expect(response.headers.getSetCookie()[0]).toMatch(
      /^nekode_session=nus_[\w-]{43}; Path=\/; Expires=[^;]+; HttpOnly; SameSite=Lax$/,
    )
    const after = await rows()
    expect(after.channels).toMatchObject([{ target: '#general', visibility: 'public', createdBy: session.user.id }])
    expect(after.members).toMatchObject([{ kind: 'human', memberId: session.user.id, role: 'admin' }])
    expect(after.audit).toMatchObject([{ action: 'server.initialize', subject: session.user.id }])
    const events = await server.core.hub.after(0)
    expect(events.events.map((event) => event.kind)).toEqual(['user', 'channel', 'member'])
    expect(await server.guest.call('GET /api/auth/setup-status')).toMatchObject({ initialized: true })
  })

  test('stores the password as argon2id', async () => {
    await bootstrap({ setupCode: server.setupCode })
    expect((await rows()).users[0]?.passwordHash).toStartWith('$argon2id$v=19$m=19456,t=2,p=1$')
  })

  test.each([
    ['a wrong code', { setupCode: 'aaaa-bbbb-cccc' }, 403, 'setup_code_invalid'],
    ['no code', { setupCode: '' }, 403, 'setup_code_invalid'],
    ['a short password', { setupCode: 'CODE', password: 'short' }, 400, 'invalid_request'],
    ['a name that cannot be mentioned', { setupCode: 'CODE', username: 'Ada L' }, 400, 'invalid_request'],
    ['an unknown field', { setupCode: 'CODE', role: 'owner' }, 400, 'invalid_request'],
    ['a reserved name', { setupCode: 'CODE', username: 'everyone' }, 409, 'name_taken'],
  ])('refuses %s and changes nothing', async (_, body, status, code) => {
    const before = await counts()
    const setupCode = body.setupCode === 'CODE' ? server.setupCode : body.setupCode
    expect(await failure(await bootstrap({ ...body, setupCode }))).toEqual({ status, code })
    expect(await counts()).toEqual(before)
    expect(await server.events()).toBe(0)
    // The code goes on working.
    expect((await bootstrap({ setupCode: server.setupCode })).status).toBe(201)
  })

  test('of two set-ups at the same moment one wins, and there is one owner and one #general', async () => {
    const attempts = ['ada', 'bob', 'eve', 'joe'].map((username) =>
      bootstrap({ setupCode: server.setupCode, username }),
    )
    const statuses = (await Promise.all(attempts)).map((response) => response.status)
    expect(statuses.toSorted()).toEqual([201, 409, 409, 409])
    expect(await counts()).toEqual([1, 1, 1, 1, 1])
  })

  test('is set up once', async () => {
    await bootstrap({ setupCode: server.setupCode })
    const before = await counts()
    expect(await failure(await bootstrap({ setupCode: server.setupCode, username: 'bob' }))).toEqual({
      status: 409,
      code: 'already_initialized',
    })
    expect(await counts()).toEqual(before)
  })

  test('slows down whoever guesses codes', async () => {
    for (let i = 0; i < 20; i++) expect((await bootstrap({ setupCode: 'wrong' })).status).toBe(403)
    const refused = await bootstrap({ setupCode: server.setupCode })
    expect(refused.status).toBe(429)
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0)
    expect(await counts()).toEqual([0, 0, 0, 0, 0])
  })

  test('gives a program its session as text and sets no cookie', async () => {
    const response = await bootstrap({ setupCode: server.setupCode, token: true })
    const { token } = Session.parse(await response.json())
    expect(token).toStartWith('nus_')
    expect(response.headers.has('set-cookie')).toBe(false)
    const me = await server.guest.fetch('/api/auth/me', { headers: { authorization: `Bearer ${token}` } })
    expect(me.status).toBe(200)
  })
})

test('every start makes a new code, and the one before stops working', async () => {
  await using first = await startTestServer()
  const { setupCode } = first
  const renewed = await first.services.auth.setup.renew()
  expect(renewed).not.toBe(setupCode)
  server = first
  expect((await bootstrap({ setupCode })).status).toBe(403)
  expect((await bootstrap({ setupCode: renewed })).status).toBe(201)
  expect(await first.services.auth.setup.renew()).toBeUndefined()
})

test('set-up in the browser can be switched off', async () => {
  await using closed = await startTestServer({ env: { NEKODE_BOOTSTRAP_DISABLE_WEB: 'true' } })
  server = closed
  expect(closed.setupCode).toBeUndefined()
  expect(await closed.guest.call('GET /api/auth/setup-status')).toEqual({ initialized: false, webSetupEnabled: false })
  expect(await failure(await bootstrap({ setupCode: 'x' }))).toEqual({ status: 403, code: 'setup_disabled' })
})

const admin = {
  NEKODE_BOOTSTRAP_ADMIN_USERNAME: 'root',
  NEKODE_BOOTSTRAP_ADMIN_PASSWORD: 'a long password',
  NEKODE_BOOTSTRAP_ADMIN_NAME: 'The Root',
}

test('the environment makes the first owner before anybody can connect', async () => {
  await using made = await startTestServer({ env: admin })
  server = made
  expect(made.setupCode).toBeUndefined()
  expect(await made.guest.call('GET /api/auth/setup-status')).toMatchObject({ initialized: true })
  const { user } = await made.guest.call('POST /api/auth/login', {
    body: { username: 'root', password: 'a long password', token: true },
  })
  expect(user).toMatchObject({ username: 'root', displayName: 'The Root', role: 'owner' })
})

test('the environment makes nobody on a server that has people', async () => {
  await using made = await startTestServer({ env: admin })
  expect(await made.services.auth.bootstrapFromEnvironment({ username: 'second', password: 'a long password' })).toBe(
    false,
  )
  expect(made.core.directory.users().map((user) => user.username)).toEqual(['root'])
})

test.each([
  ['a short password', { NEKODE_BOOTSTRAP_ADMIN_PASSWORD: 'short' }, 'NEKODE_BOOTSTRAP_ADMIN_PASSWORD'],
  [
    'a name that nobody can mention',
    { NEKODE_BOOTSTRAP_ADMIN_USERNAME: 'The Root' },
    'NEKODE_BOOTSTRAP_ADMIN_USERNAME',
  ],
])('%s in the environment keeps the server from starting', async (_, env, names) => {
  const error = await startTestServer({ env: { ...admin, ...env } }).catch((e: unknown) => e)
  expect(error).toMatchObject({ code: 'config_invalid' })
  expect(String(error)).toContain(names)
})
