import { afterEach, describe, expect, test } from 'bun:test'
import type { FakeNeko } from '../../../test/fixtures/neko'
import { NekoWorld } from '../../../test/fixtures/neko-clients'
import type { NekoClient } from './client'
import type { RoomChanges } from './room'

const world = new NekoWorld()
afterEach(() => world.end())

/** Everything that happens to a connection from now on. */
function watch(client: NekoClient): { [C in keyof RoomChanges]: RoomChanges[C][] } {
  const seen: { [C in keyof RoomChanges]: RoomChanges[C][] } = { up: [], down: [], host: [] }
  client.onChange('up', (what) => seen.up.push(what))
  client.onChange('down', (what) => seen.down.push(what))
  client.onChange('host', (what) => seen.host.push(what))
  return seen
}

describe('connecting', () => {
  for (const [name, options] of [
    ['with a bearer token', {}],
    ['with a cookie', { cookies: true }],
    ['below a path', { prefix: '/rooms/one' }],
    ['below a path with a cookie', { prefix: '/neko', cookies: true }],
  ] as const)
    test(`logs in ${name}, and knows the room`, async () => {
      const neko = world.start(options)
      const client = await world.connect(neko, { url: `${neko.url}/` })
      expect(client.connected).toBe(true)
      expect(client.state).toMatchObject({
        sessionId: 'ann-00001',
        hostId: null,
        screen: { width: 1280, height: 720, rate: 30 },
        touch: true,
        screencast: true,
        videos: ['main'],
      })
      expect(client.profile?.name).toBe('ann')
      expect(client.size).toMatchObject({ width: 1280, height: 720 })
      expect(await client.rest.whoami()).toMatchObject({ id: 'ann-00001', state: { is_connected: true } })
    })

  test('takes a full WebSocket address instead of a login, and leaves that session alone at the end', async () => {
    const neko = world.start({ prefix: '/n' })
    const { id, token } = neko.login('bob')
    const client = await world.connect(neko, { ws: neko.wsUrl(token), url: 'http://not.here', username: 'x' })
    expect(client.state.sessionId).toBe(id)
    expect(await client.rest.sessions.list()).toHaveLength(1)
    await client.close()
    expect(neko.sessions.has(id)).toBe(true)
    expect(neko.requests.some(({ path }) => path === '/api/login')).toBe(false)
  })

  test('ends a session that it made itself', async () => {
    const neko = world.start()
    const client = await world.connect(neko)
    await client.close()
    expect([...neko.sessions]).toEqual([])
    expect(await client.ended).toBeNull()
    expect(() => client.send('control/copy')).toThrow(expect.objectContaining({ code: 'neko_not_connected' }))
  })

  test('leaves no session behind when it logged in and could not connect', async () => {
    const neko = world.start()
    neko.answers.set('GET /api/ws', () => new Response('Bad Gateway', { status: 502 }))
    await expect(world.connect(neko)).rejects.toMatchObject({ kind: 'unavailable', code: 'neko_connection_lost' })
    expect([...neko.sessions]).toEqual([])
  })

  for (const [why, prepare, code] of [
    ['a token that is not known', () => 'nonsense', 'neko_session_unknown'],
    [
      'a profile that may not connect',
      (neko: FakeNeko) => {
        const session = neko.login('eve')
        session.profile.can_connect = false
        return session.token
      },
      'neko_connection_disabled',
    ],
    [
      'a profile that may not log in',
      (neko: FakeNeko) => {
        const session = neko.login('eve')
        session.profile.can_login = false
        return session.token
      },
      'neko_login_disabled',
    ],
  ] as const)
    test(`${why} is told by its name, and not tried again`, async () => {
      const neko = world.start()
      const token = prepare(neko)
      const failed = world.connect(neko, { ws: neko.wsUrl(token), patienceMs: 10_000 })
      await expect(failed).rejects.toMatchObject({ name: 'NekodeError', code })
      expect(world.lines.join('')).not.toContain(token)
    })

  test('a wrong password is told as such, without the password', async () => {
    const neko = world.start()
    const failed = world.connect(neko, { password: 'hunter2-secret', patienceMs: 10_000 })
    await expect(failed).rejects.toMatchObject({ kind: 'unauthenticated', code: 'neko_login_failed' })
    await expect(failed).rejects.not.toThrow(/hunter2/)
    expect(neko.requests.filter(({ path }) => path === '/api/login')).toHaveLength(1)
  })

  test('a server that is not there is told at once, or waited for', async () => {
    const neko = world.start()
    await neko.kill()
    await expect(world.connect(neko)).rejects.toMatchObject({ kind: 'unavailable', code: 'neko_unreachable' })
    const patient = world.connect(neko, { patienceMs: 20_000 })
    neko.listen()
    expect((await patient).connected).toBe(true)
  })

  test('what is no Neko server is told as such', async () => {
    const neko = world.start()
    neko.answers.set('POST /api/login', () => Response.json({ hello: 'world' }))
    await expect(world.connect(neko)).rejects.toMatchObject({ code: 'neko_answer' })
    await expect(world.connect(neko, { url: `${neko.url}/elsewhere` })).rejects.toMatchObject({ kind: 'not_found' })
    neko.answers.set('POST /api/login', () => Response.redirect('https://neko.example.com/x?token=abc', 301))
    await expect(world.connect(neko)).rejects.toMatchObject({
      code: 'neko_redirected',
      message: expect.stringContaining('https://neko.example.com/x'),
    })
  })

  test('a signal that is aborted while it connects ends the waiting', async () => {
    const neko = world.start()
    await neko.kill()
    const stop = new AbortController()
    const waiting = world.connect(neko, { patienceMs: 60_000, signal: stop.signal })
    stop.abort()
    await expect(waiting).rejects.toThrow()
  })
})

describe('a connection that is lost', () => {
  test('is made anew, with the room as it is then', async () => {
    const neko = world.start()
    const client = await world.connect(neko)
    const seen = watch(client)
    const id = client.state.sessionId
    neko.screen = { width: 800, height: 600, rate: 60 }
    const other = neko.login('bob')
    neko.hostId = other.id
    neko.cut(id)
    await neko.until(() => seen.up.length === 1)
    expect(seen.down).toEqual([{ reason: expect.stringContaining('1006'), final: false }])
    expect(client.state.sessionId).toBe(id)
    expect(client.state.hostId).toBe(other.id)
    expect(client.size).toMatchObject({ width: 800, height: 600 })
    expect([...client.state.sessions.keys()].sort()).toEqual([id, other.id])
    client.send('control/copy')
    await neko.next('control/copy')
    // The same session: no second login.
    expect(neko.requests.filter(({ path }) => path === '/api/login')).toHaveLength(1)
  })

  test('is host again, when the session was', async () => {
    const neko = world.start()
    const client = await world.connect(neko)
    await client.acquire()
    const seen = watch(client)
    neko.cut(client.state.sessionId)
    await neko.until(() => seen.up.length === 1)
    expect(client.isHost).toBe(true)
  })

  test('refuses what is sent while it is away', async () => {
    const neko = world.start()
    const client = await world.connect(neko)
    const seen = watch(client)
    await neko.kill({ keepSessions: true })
    await neko.until(() => seen.down.length > 0)
    expect(client.connected).toBe(false)
    expect(client.isHost).toBe(false)
    expect(() => client.send('control/move', { x: 1, y: 1 })).toThrow(
      expect.objectContaining({ kind: 'unavailable', code: 'neko_not_connected' }),
    )
    neko.listen()
    await neko.until(() => client.connected)
    expect(neko.got('control/move')).toEqual([])
  })

  test('logs in again after the server was killed and has forgotten its sessions', async () => {
    const neko = world.start()
    const client = await world.connect(neko, { autoHost: true })
    await neko.until(() => client.isHost)
    const seen = watch(client)
    await neko.kill()
    await neko.until(() => seen.down.length > 0)
    neko.listen()
    await neko.until(() => client.isHost)
    expect(client.state.sessionId).toBe('ann-00002')
    expect(await client.rest.whoami()).toMatchObject({ id: 'ann-00002' })
  })

  test('logs in again when its token expires and the connection is cut', async () => {
    const neko = world.start({ cookies: true })
    const client = await world.connect(neko)
    const id = client.state.sessionId
    neko.expire(id)
    neko.cut(id)
    await neko.until(() => client.connected && client.state.sessionId !== id)
    expect(neko.connected).toEqual([client.state.sessionId])
  })

  test('ends for good when the token expires and there is no other way in', async () => {
    const neko = world.start()
    const { id, token } = neko.login('bob')
    const client = await world.connect(neko, { ws: neko.wsUrl(token) })
    const seen = watch(client)
    neko.expire(id)
    neko.cut(id)
    expect(await client.ended).toMatchObject({ kind: 'unauthenticated', code: 'neko_session_unknown' })
    expect(seen.down.at(-1)).toEqual({ reason: expect.stringContaining('does not know this session'), final: true })
    expect(world.lines.join('')).not.toContain(token)
  })

  test('is not made again when that is not wanted', async () => {
    const neko = world.start()
    const client = await world.connect(neko, { reconnect: false })
    neko.cut(client.state.sessionId)
    expect(await client.ended).toMatchObject({ code: 'neko_connection_lost' })
    await client.close()
  })

  test('is noticed when it falls silent', async () => {
    const neko = world.start({ settings: { heartbeat_interval: 0.1 } })
    const client = await world.connect(neko)
    const seen = watch(client)
    await neko.next('client/heartbeat', 2)
    expect(seen.down).toEqual([])
    neko.silent = true
    await neko.until(() => seen.down.length > 0)
    expect(seen.down[0]).toEqual({ reason: expect.stringContaining('nothing came from it for 0.3 s'), final: false })
    neko.silent = false
    await neko.until(() => seen.up.length > 0)
  })

  test('goes by the rhythm of the heartbeat that the settings say by then', async () => {
    const neko = world.start()
    const client = await world.connect(neko)
    const seen = watch(client)
    neko.announce('system/settings', { id: '', ...neko.settings, heartbeat_interval: 0.1 })
    await neko.until(() => seen.down.length > 0)
    expect(seen.down[0]?.reason).toContain('nothing came')
  })

  test('is tried again after a shutdown and after words that nobody knows', async () => {
    const neko = world.start()
    const client = await world.connect(neko)
    const seen = watch(client)
    for (const [index, message] of ['connection shutdown', 'out of cheese'].entries()) {
      neko.disconnect(client.state.sessionId, message)
      await neko.until(() => seen.up.length > index)
    }
    expect(seen.down).toMatchObject([
      { reason: 'The Neko server is shutting down.', final: false },
      { reason: expect.stringContaining('out of cheese'), final: false },
    ])
  })
})

describe('a server that lets nobody in any more', () => {
  test('is asked again so often, and no more', async () => {
    const neko = world.start()
    const client = await world.connect(neko, { backoff: { firstMs: 1, maxMs: 2 } })
    neko.answers.set('POST /api/login', () =>
      Response.json({ code: 422, message: 'session already connected' }, { status: 422 }),
    )
    neko.expire(client.state.sessionId)
    neko.cut(client.state.sessionId)
    expect(await client.ended).toMatchObject({ kind: 'conflict', data: { said: 'session already connected' } })
    expect(neko.requests.filter(({ path }) => path === '/api/login').length).toBeLessThan(12)
  })

  test('is waited for as long as it takes when something before it answers', async () => {
    const neko = world.start()
    const { token } = neko.login('bob')
    const client = await world.connect(neko, { ws: neko.wsUrl(token), backoff: { firstMs: 1, maxMs: 2 } })
    let refused = 0
    neko.answers.set('GET /api/ws', () => {
      refused++
      return new Response('Bad Gateway', { status: 502 })
    })
    neko.cut(client.state.sessionId)
    await neko.until(() => refused > 30)
    neko.answers.delete('GET /api/ws')
    await neko.until(() => client.connected)
    expect(world.lines.length).toBeGreaterThan(30)
    expect(world.lines.join('')).not.toContain(token)
  })

  test('is one that says nothing after it was connected to', async () => {
    const neko = world.start()
    const client = await world.connect(neko)
    const seen = watch(client)
    neko.answers.set('GET /api/ws', () => new Promise<Response>(() => undefined))
    neko.cut(client.state.sessionId)
    await neko.until(() => seen.down.length > 0)
    // It ends while the WebSocket is still being opened.
    await client.close()
    expect(await client.ended).toBeNull()
  })
})

describe('a session that somebody ended', () => {
  for (const [message, code] of [
    ['connection replaced', 'neko_replaced'],
    ['session deleted', 'neko_session_deleted'],
    ['session disconnected', 'neko_kicked'],
    ['profile changed', 'neko_profile_changed'],
    ['connection disabled', 'neko_connection_disabled'],
  ] as const)
    test(`stays away after "${message}"`, async () => {
      const neko = world.start()
      const client = await world.connect(neko)
      const seen = watch(client)
      neko.disconnect(client.state.sessionId, message)
      expect(await client.ended).toMatchObject({ code, next: expect.any(String) })
      expect(seen.down).toEqual([{ reason: expect.any(String), final: true }])
      expect(neko.connected).toEqual([])
      await client.close()
    })

  test('is not ended by the one who lost it to another connection', async () => {
    const neko = world.start()
    const client = await world.connect(neko)
    const { id, token } = [...neko.sessions.values()][0]!
    const second = await world.connect(neko, { ws: neko.wsUrl(token) })
    expect(await client.ended).toMatchObject({ code: 'neko_replaced' })
    await client.close()
    expect(second.connected).toBe(true)
    expect(neko.sessions.has(id)).toBe(true)
  })

  test('leaves its place to a second connection with the same token', async () => {
    const neko = world.start()
    const { token } = neko.login('bob')
    const first = await world.connect(neko, { ws: neko.wsUrl(token) })
    const second = await world.connect(neko, { ws: neko.wsUrl(token) })
    expect(await first.ended).toMatchObject({ code: 'neko_replaced' })
    expect(second.connected).toBe(true)
    expect(first.connected).toBe(false)
  })

  test('a second connection that is not let in says so', async () => {
    const neko = world.start({ settings: { merciful_reconnect: false } })
    const { token } = neko.login('bob')
    const first = await world.connect(neko, { ws: neko.wsUrl(token) })
    await expect(world.connect(neko, { ws: neko.wsUrl(token) })).rejects.toMatchObject({
      code: 'neko_already_connected',
    })
    expect(first.connected).toBe(true)
  })
})
