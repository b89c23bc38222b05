import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'bun:test'
import { ErrorBody, Session } from '@shared/contract'
import { eq } from 'drizzle-orm'
import { PASSWORD, type TestServer, startTestServer } from '../testing'
import { SESSION_MS } from './service'

let server: TestServer
beforeAll(async () => {
  server = await startTestServer()
  await server.as('member', 'ada')
})
afterAll(() => server.stop())

const post = (path: string, body: unknown, headers: Record<string, string> = {}) =>
  server.guest.fetch(path, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  })
const login = (username: string, password = PASSWORD, more = {}) =>
  post('/api/auth/login', { username, password, ...more })
const codeOf = async (response: Response) => ErrorBody.parse(await response.json()).code

/** A browser's session: its cookie and its CSRF token. */
async function browser(username: string) {
  const response = await login(username)
  const { csrf, user } = Session.parse(await response.json())
  const cookie = response.headers.getSetCookie()[0]?.split(';')[0] ?? ''
  return { csrf, user, cookie, id: user.id }
}
const sessionsOf = async (name: string) => {
  const { credentials } = server.core.db.t
  const id = server.core.directory.byHandle(name)?.id ?? ''
  return (await server.core.db.q.select().from(credentials).where(eq(credentials.ownerId, id))).filter(
    (row) => row.kind === 'session',
  )
}

describe('login', () => {
  test('opens a session for 30 days, as a cookie for a browser', async () => {
    const before = Date.now()
    const response = await login('ada')
    expect(response.status).toBe(200)
    const session = Session.parse(await response.json())
    expect(session.user.username).toBe('ada')
    expect(session.token).toBeUndefined()
    expect(session.expiresAt).toBeGreaterThanOrEqual(before + SESSION_MS)
    expect(response.headers.get('x-csrf-token')).toBe(session.csrf)
    expect(response.headers.get('cache-control')).toBe('no-store')
    expect(response.headers.getSetCookie()).toHaveLength(1)
  })

  test('writes no event and no token into the log of events', async () => {
    const before = await server.events()
    await login('ada')
    expect(await server.events()).toBe(before)
  })

  test.each([
    ['a wrong password', 'ada', 'wrong'],
    ['an unknown name', 'nobody', PASSWORD],
    ['an empty password', 'ada', ''],
    ["an agent's name", 'robot', PASSWORD],
  ])('fails for %s, always with the same words', async (_, username, password) => {
    if (username === 'robot') await server.agent({ name: 'robot' })
    const before = (await sessionsOf('ada')).length
    const response = await login(username, password)
    expect(response.status).toBe(401)
    expect(ErrorBody.parse(await response.json())).toEqual({
      error: 'The name or the password is wrong.',
      code: 'login_failed',
    })
    expect((await sessionsOf('ada')).length).toBe(before)
  })

  test('takes the name in any case', async () => {
    expect((await login(' ADA ')).status).toBe(200)
  })

  test('works with a cookie or a token that is not valid any more', async () => {
    for (const headers of [{ cookie: 'nekode_session=nus_old' }, { authorization: 'Bearer nus_old' }])
      expect((await post('/api/auth/login', { username: 'ada', password: PASSWORD }, headers)).status).toBe(200)
  })

  test('is refused for somebody who was disabled', async () => {
    const { id } = await server.as('member', 'gone')
    const { db, directory } = server.core
    await db.tx((tx) => Promise.resolve(tx.q.update(db.t.users).set({ disabledAt: 1 }).where(eq(db.t.users.id, id))))
    await directory.load()
    expect((await login('gone')).status).toBe(401)
  })

  test('takes JSON only, so that a form of another site cannot log anybody in', async () => {
    const response = await server.guest.fetch('/api/auth/login', {
      method: 'POST',
      headers: { 'content-type': 'text/plain' },
      body: JSON.stringify({ username: 'ada', password: PASSWORD }),
    })
    expect(response.status).toBe(415)
  })
})

describe('a cookie', () => {
  let ada: Awaited<ReturnType<typeof browser>>
  beforeEach(async () => {
    ada = await browser('ada')
  })
  const send = (method: string, headers: Record<string, string> = {}) =>
    server.guest.fetch('/api/channels', {
      method,
      headers: { cookie: ada.cookie, 'content-type': 'application/json', ...headers },
      ...(method === 'POST' ? { body: JSON.stringify({ name: `c${Date.now()}` }) } : {}),
    })

  test('reads', async () => {
    expect((await send('GET')).status).toBe(200)
  })

  test.each([
    ['without the CSRF token', {}],
    ['with another one', { 'x-csrf-token': 'csrf_other' }],
    ['with an empty one', { 'x-csrf-token': '' }],
  ])('changes nothing %s', async (_, headers) => {
    const before = await server.events()
    const response = await send('POST', headers)
    expect(response.status).toBe(403)
    expect(await codeOf(response)).toBe('csrf')
    expect(await server.events()).toBe(before)
  })

  test('changes with the CSRF token', async () => {
    expect((await send('POST', { 'x-csrf-token': ada.csrf })).status).toBe(201)
  })

  test('gets its CSRF token back when the page is loaded again', async () => {
    const me = await server.guest.fetch('/api/auth/me', { headers: { cookie: ada.cookie } })
    expect(me.headers.get('x-csrf-token')).toBe(ada.csrf)
    expect(me.headers.has('set-cookie')).toBe(false)
  })

  test('of a session that is used lives on, and its browser is told', async () => {
    const { db, credentials } = server.core
    const { credentials: table } = db.t
    const session = (await sessionsOf('ada')).find((row) => row.csrf === ada.csrf)
    const soon = Date.now() + 60_000
    await db.tx((tx) =>
      Promise.resolve(
        tx.q
          .update(table)
          .set({ expiresAt: soon })
          .where(eq(table.id, session?.id ?? '')),
      ),
    )
    credentials.changed(ada.id)
    const me = await server.guest.fetch('/api/auth/me', { headers: { cookie: ada.cookie } })
    expect(me.headers.getSetCookie()[0]).toStartWith(`${ada.cookie}; Path=/; Expires=`)
    const renewed = (await sessionsOf('ada')).find((row) => row.csrf === ada.csrf)
    expect(renewed?.expiresAt).toBeGreaterThan(soon + SESSION_MS / 2)
  })

  test('of a session that has ended is refused', async () => {
    const { db, credentials } = server.core
    const { credentials: table } = db.t
    await db.tx((tx) => Promise.resolve(tx.q.update(table).set({ expiresAt: 1 }).where(eq(table.csrf, ada.csrf))))
    credentials.changed(ada.id)
    const response = await send('GET')
    expect(response.status).toBe(401)
    expect(await codeOf(response)).toBe('token_invalid')
  })

  test("with a program's token in it is refused", async () => {
    const { token } = await server.apiToken('read')
    const response = await send('GET', { cookie: `nekode_session=${token}` })
    expect(response.status).toBe(401)
  })

  test('is cleared by logging out, and the session is over', async () => {
    const response = await server.guest.fetch('/api/auth/logout', {
      method: 'POST',
      headers: { cookie: ada.cookie, 'x-csrf-token': ada.csrf },
    })
    expect(response.status).toBe(200)
    expect(response.headers.getSetCookie()[0]).toStartWith('nekode_session=; Path=/; Expires=Thu, 01 Jan 1970')
    expect((await send('GET')).status).toBe(401)
  })
})

test('the cookie is Secure where the browser sees https', async () => {
  await using behind = await startTestServer({ flags: { 'trust-proxy': '1' } })
  await behind.as('owner', 'ada')
  const enter = async (headers: Record<string, string>) => {
    const response = await behind.guest.fetch('/api/auth/login', {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify({ username: 'ada', password: PASSWORD }),
    })
    return response.headers.getSetCookie()[0]
  }
  expect(await enter({ 'x-forwarded-proto': 'https' })).toEndWith('; Secure; HttpOnly; SameSite=Lax')
  expect(await enter({ 'x-forwarded-proto': 'http' })).not.toContain('Secure')
})

describe('sessions', () => {
  test('are listed newest first, with the one that asks marked, and without their tokens', async () => {
    const caller = await server.as('member', 'lister')
    await login('lister', PASSWORD)
    const { items } = await caller.call('GET /api/auth/sessions')
    expect(items.map((s) => s.current)).toEqual([false, true])
    expect(JSON.stringify(items)).not.toContain('nus_')
  })

  test('can be ended one by one, which ends nothing else', async () => {
    const caller = await server.as('member', 'ender')
    const other = Session.parse(await (await login('ender', PASSWORD, { token: true })).json())
    const { items } = await caller.call('GET /api/auth/sessions')
    const id = items.find((s) => !s.current)?.id ?? ''
    await caller.call('DELETE /api/auth/sessions/{id}', { params: { id } })
    const ended = await server.guest.fetch('/api/auth/me', { headers: { authorization: `Bearer ${other.token}` } })
    expect(ended.status).toBe(401)
    expect((await caller.call('GET /api/auth/sessions')).items).toHaveLength(1)
    expect((await server.core.audit.list({})).items[0]).toMatchObject({ action: 'session.end', subject: id })
  })

  test('of others are not there', async () => {
    const caller = await server.as('member', 'stranger')
    const [foreign] = await sessionsOf('ada')
    const ending = caller.call('DELETE /api/auth/sessions/{id}', { params: { id: foreign?.id ?? '' } })
    expect(ending).rejects.toMatchObject({ status: 404 })
    await ending.catch(() => {})
    expect((await sessionsOf('ada')).map((s) => s.id)).toContain(String(foreign?.id))
  })
})

describe('a new password', () => {
  test('needs the current one', async () => {
    const caller = await server.as('member', 'careful')
    const before = await server.events()
    const response = await caller.fetch('/api/auth/password', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ current: 'wrong', password: 'another long one' }),
    })
    expect(response.status).toBe(403)
    expect(await server.events()).toBe(before)
    expect((await login('careful')).status).toBe(200)
  })

  test('counts from now on, and ends the other sessions', async () => {
    const caller = await server.as('member', 'changer')
    const other = Session.parse(await (await login('changer', PASSWORD, { token: true })).json())
    await caller.call('POST /api/auth/password', { body: { current: PASSWORD, password: 'another long one' } })
    expect((await login('changer')).status).toBe(401)
    expect((await login('changer', 'another long one')).status).toBe(200)
    const ended = await server.guest.fetch('/api/auth/me', { headers: { authorization: `Bearer ${other.token}` } })
    expect(ended.status).toBe(401)
    expect((await caller.call('GET /api/auth/me')).username).toBe('changer')
  })
})

test('guessing the password of one person gets slower, and does not disturb others', async () => {
  await server.as('member', 'victim')
  for (let i = 0; i < 5; i++) expect((await login('victim', 'wrong')).status).toBe(401)
  const refused = await login('victim')
  expect(refused.status).toBe(429)
  expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0)
  expect(await codeOf(refused)).toBe('throttled')
  expect((await login('ada')).status).toBe(200)
})

test('whoever fails at somebody’s password from one address does not lock them out at another', async () => {
  await using fresh = await startTestServer()
  const { auth } = fresh.services
  await fresh.as('owner', 'owner')
  const from = (address: string) => ({ address, userAgent: '' })
  const login = (password: string, address: string) =>
    auth.login({ username: 'owner', password }, from(address)).then(
      () => 'in',
      (error) => error.code,
    )
  const flood = await Promise.all(Array.from({ length: 60 }, (_, i) => login('wrong password', `2001:db8::${i + 1}`)))
  expect(flood).toContain('throttled')
  expect(await login(PASSWORD, '2001:db8::ffff')).toBe('throttled')
  expect(await login(PASSWORD, '192.0.2.1')).toBe('in')
})
