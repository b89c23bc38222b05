import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'bun:test'
import { CLIENT, type TestProvider, startProvider } from '../../test/fixtures/oidc'
import { loadConfig } from '../config/config'
import { PASSWORD, type TestServer, startTestServer } from '../testing'

let provider: TestProvider
let servers: TestServer[] = []
beforeAll(async () => {
  provider = await startProvider()
})
afterAll(() => provider[Symbol.asyncDispose]())
beforeEach(() => {
  Object.assign(provider, { claims: { sub: crypto.randomUUID() }, userInfo: undefined, forge: false, deny: false })
  provider.spoil = (payload) => payload
  provider.refused.length = 0
})
afterEach(async () => {
  for (const server of servers) await server.stop()
  servers = []
})

async function serverWith(env: Record<string, string> = {}): Promise<TestServer> {
  const server = await startTestServer({
    env: {
      NEKODE_OIDC_ISSUER: provider.issuer,
      NEKODE_OIDC_CLIENT_ID: CLIENT.id,
      NEKODE_OIDC_CLIENT_SECRET: CLIENT.secret,
      ...env,
    },
  })
  servers.push(server)
  await server.as('owner')
  return server
}

const cookieOf = (response: Response, name: string): string | undefined =>
  response.headers
    .getSetCookie()
    .find((each) => each.startsWith(`${name}=`))
    ?.split(';')[0]

/** A browser that goes to the provider and comes back. `tamper` changes what it brings. */
async function login(
  server: TestServer,
  tamper: (callback: URL, cookie: string) => { callback: URL; cookie: string } = (callback, cookie) => ({
    callback,
    cookie,
  }),
) {
  const started = await server.guest.fetch('/api/auth/oidc/start', { redirect: 'manual' })
  const authorized = await fetch(started.headers.get('location') ?? '', { redirect: 'manual' })
  const { callback, cookie } = tamper(
    new URL(authorized.headers.get('location') ?? ''),
    cookieOf(started, 'nekode_oidc') ?? '',
  )
  const ended = await fetch(callback, { redirect: 'manual', headers: { cookie } })
  const session = cookieOf(ended, 'nekode_session')
  const me = session
    ? await (await server.guest.fetch('/api/auth/me', { headers: { cookie: session } })).json()
    : undefined
  return { location: ended.headers.get('location'), session, me, callback, cookie }
}

test('the first login makes an account, and the next one finds it by its subject', async () => {
  const server = await serverWith()
  const sub = crypto.randomUUID()
  provider.claims = { sub, preferred_username: 'Ada.Lovelace@example.org', name: 'Ada Lovelace' }
  expect(await server.guest.call('GET /api/auth/oidc')).toEqual({ enabled: true, label: '127.0.0.1' })
  const first = await login(server)
  expect(first.location).toBe('/')
  expect(first.me).toMatchObject({ username: 'ada.lovelace', displayName: 'Ada Lovelace', role: 'member' })
  provider.claims = { sub, preferred_username: 'renamed', name: 'Somebody else' }
  expect((await login(server)).me.id).toBe(first.me.id)
  provider.claims = { sub: crypto.randomUUID(), preferred_username: 'ada.lovelace' }
  expect((await login(server)).me.username).toBe('ada.lovelace-2')
  const { items } = await server.core.audit.list({ subject: first.me.id })
  expect(items.map((i) => i.action)).toEqual(['user.provision'])
  // There is no password to guess.
  const guess = await server.guest.fetch('/api/auth/login', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ username: 'ada.lovelace', password: '' }),
  })
  expect(guess.status).toBe(401)
})

test('a login is never taken for an account of the same name', async () => {
  const server = await serverWith()
  provider.claims = { sub: crypto.randomUUID(), preferred_username: 'owner' }
  expect((await login(server)).me).toMatchObject({ username: 'owner-2', role: 'member' })
})

test.each<[string, Parameters<typeof login>[1] | (() => void), string]>([
  ['of somebody who was turned away', () => void (provider.deny = true), 'oidc_denied'],
  ['with another nonce', () => void (provider.spoil = (p) => ({ ...p, nonce: 'x' })), 'oidc_failed'],
  ['without a nonce', () => void (provider.spoil = (p) => ({ ...p, nonce: undefined })), 'oidc_failed'],
  ['for another client', () => void (provider.spoil = (p) => ({ ...p, aud: 'somebody' })), 'oidc_failed'],
  ['of another issuer', () => void (provider.spoil = (p) => ({ ...p, iss: 'https://evil.example' })), 'oidc_failed'],
  ['that has expired', () => void (provider.spoil = (p) => ({ ...p, exp: (p.iat ?? 0) - 120 })), 'oidc_failed'],
  ['with a foreign signature', () => void (provider.forge = true), 'oidc_failed'],
])('an answer %s lets nobody in', async (_, spoil, code) => {
  const server = await serverWith()
  if (spoil && spoil.length === 0) (spoil as () => void)()
  const { location, session } = await login(server)
  expect([location, session]).toEqual([`/#login=${code}`, undefined])
  expect(server.core.directory.users()).toHaveLength(1)
})

test('a clock that is a little off does not matter', async () => {
  const server = await serverWith()
  provider.spoil = (p) => ({ ...p, iat: (p.iat ?? 0) + 30, exp: (p.iat ?? 0) - 20 })
  expect((await login(server)).location).toBe('/')
})

test('a callback with another state, of another browser, or a second time lets nobody in', async () => {
  const server = await serverWith()
  const state = await login(server, (callback, cookie) => {
    callback.searchParams.set('state', 'x')
    return { callback, cookie }
  })
  expect(state.location).toBe('/#login=oidc_failed')
  expect((await login(server, (callback) => ({ callback, cookie: '' }))).location).toBe('/#login=oidc_state')
  expect((await login(server, (callback) => ({ callback, cookie: 'nekode_oidc=v1.AAAA' }))).location).toBe(
    '/#login=oidc_state',
  )
  const good = await login(server)
  expect(good.location).toBe('/')
  const again = await fetch(good.callback, { redirect: 'manual', headers: { cookie: good.cookie } })
  expect(again.headers.get('location')).toBe('/#login=oidc_failed')
  expect(provider.refused).toEqual(['invalid_grant'])
})

test('only verified addresses of the allowed domains come in', async () => {
  const server = await serverWith({ NEKODE_OIDC_ALLOWED_DOMAINS: 'example.org, example.net' })
  const as = async (claims: Record<string, unknown>) => {
    provider.claims = { sub: crypto.randomUUID(), ...claims }
    return (await login(server)).location
  }
  expect(await as({ email: 'ada@example.org', email_verified: true })).toBe('/')
  expect(await as({ email: 'Bob@EXAMPLE.net', email_verified: true })).toBe('/')
  for (const claims of [
    { email: 'ada@example.org', email_verified: false },
    { email: 'ada@example.org' },
    { email: 'ada@example.org.evil.com', email_verified: true },
    { email: 'ada@sub.example.org', email_verified: true },
    { email: 'example.org', email_verified: true },
    {},
  ])
    expect(await as(claims)).toBe('/#login=oidc_domain')
})

test('groups give roles, at each login anew, never an owner’s', async () => {
  const server = await serverWith({ NEKODE_OIDC_ROLES: 'staff=member, bosses=admin, guests=viewer' })
  const sub = crypto.randomUUID()
  const as = async (...groups: string[]) => {
    // In the userinfo, as many providers have it.
    provider.claims = { sub }
    provider.userInfo = { email: 'x@example.org', groups }
    const { me, location } = await login(server)
    return me?.role ?? location
  }
  // Discovery is remembered; this server has not asked yet.
  expect(await as('guests', 'staff')).toBe('member')
  expect(await as('bosses')).toBe('admin')
  expect(await as('guests')).toBe('viewer')
  expect(await as('others')).toBe('/#login=oidc_no_role')
  const { items } = await server.core.audit.list({ action: 'user.role' })
  expect(items.map((i) => i.detail['to'])).toEqual(['viewer', 'admin'])
  const { id } = await server.as('owner')
  expect(server.core.directory.user(id)?.role).toBe('owner')
  expect(() =>
    loadConfig({
      env: { NEKODE_OIDC_ROLES: 'staff=owner', NEKODE_OIDC_ISSUER: 'https://x', NEKODE_OIDC_CLIENT_ID: 'x' },
    }),
  ).toThrow('GROUP=ROLE')
})

test('without provisioning somebody connects their account first, and nobody else’s login is taken over', async () => {
  const server = await serverWith({ NEKODE_OIDC_PROVISION: 'false' })
  expect((await login(server)).location).toBe('/#login=oidc_not_provisioned')
  const member = await server.as('member')
  const connect = async (caller: typeof member, session = `nekode_session=${caller.token}`) => {
    const response = await caller.fetch('/api/auth/oidc/link', { method: 'POST' })
    const { url } = await response.json()
    const authorized = await fetch(url, { redirect: 'manual' })
    const cookie = `${cookieOf(response, 'nekode_oidc')}; ${session}`
    const ended = await fetch(authorized.headers.get('location') ?? '', { redirect: 'manual', headers: { cookie } })
    return ended.headers.get('location')
  }
  const token = await server.apiToken('admin')
  expect((await token.fetch('/api/auth/oidc/link', { method: 'POST' })).status).toBe(403)
  // Begun by one and ended in the browser of another, whose login would be theirs from then on.
  const other = await server.as('member', 'other')
  for (const session of ['', `nekode_session=${other.token}`, `nekode_session=${token.token}`, 'nekode_session=x'])
    expect(await connect(member, session)).toBe('/#login=oidc_state')
  expect((await login(server)).location).toBe('/#login=oidc_not_provisioned')
  expect(await connect(member)).toBe('/settings/account')
  expect((await login(server)).me.id).toBe(member.id)
  expect(await connect(await server.as('viewer'))).toBe('/#login=oidc_taken')
  const { items } = await server.core.audit.list({ action: 'identity.link' })
  expect(items.map((i) => i.subject)).toEqual([member.id])
})

test('who was removed here does not come in from there', async () => {
  const server = await serverWith()
  const { me } = await login(server)
  const owner = await server.as('owner')
  await owner.call('DELETE /api/users/{id}', { params: { id: me.id } })
  expect((await login(server)).location).toBe('/#login=oidc_removed')
})

test('a logout says where the session at the provider ends, when that is wanted', async () => {
  const logout = async (server: TestServer) => {
    const { session = '' } = await login(server)
    const token = session.split('=')[1] ?? ''
    const response = await server.guest.fetch('/api/auth/logout', {
      method: 'POST',
      headers: { authorization: `Bearer ${token}` },
    })
    return (await response.json()).next
  }
  expect(await logout(await serverWith())).toBeUndefined()
  const server = await serverWith({ NEKODE_OIDC_LOGOUT: 'true' })
  expect(await logout(server)).toStartWith(`${provider.issuer}/logout?client_id=${CLIENT.id}&post_logout_redirect_uri=`)
  // A session by password has nothing to end there.
  const { token } = await server.guest.call('POST /api/auth/login', {
    body: { username: 'owner', password: PASSWORD, token: true },
  })
  const response = await server.guest.fetch('/api/auth/logout', {
    method: 'POST',
    headers: { authorization: `Bearer ${token}` },
  })
  expect(await response.json()).toEqual({ ok: true })
})

test('a provider that is away is said to be, and the password still works', async () => {
  const server = await serverWith({ NEKODE_OIDC_ISSUER: 'http://127.0.0.1:9' })
  const response = await server.guest.fetch('/api/auth/oidc/start', { redirect: 'manual' })
  expect(response.headers.get('location')).toBe('/#login=oidc_unavailable')
  const session = await server.guest.call('POST /api/auth/login', { body: { username: 'owner', password: PASSWORD } })
  expect(session.user.username).toBe('owner')
})

test.each([
  [{ NEKODE_OIDC_ISSUER: 'http://id.example.org', NEKODE_OIDC_CLIENT_ID: 'x' }, 'https://'],
  [{ NEKODE_OIDC_ISSUER: 'https://id.example.org' }, 'belong together'],
  [{ NEKODE_OIDC_ISSUER: 'https://x', NEKODE_OIDC_CLIENT_ID: 'x', NEKODE_OIDC_CLIENT_SECRET_FILE: '/none' }, '/none'],
])('the settings %j are refused', (env, words) => {
  expect(() => loadConfig({ env })).toThrow(words)
})
