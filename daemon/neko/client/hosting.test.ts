import { DEFAULT_SETTINGS } from '../protocol/defaults'
import { afterEach, describe, expect, test } from 'bun:test'
import { NekoWorld } from '../../../test/fixtures/neko-clients'
import { Hosting } from './hosting'
import type { RoomState } from './room'

const world = new NekoWorld()
afterEach(() => world.end())

describe('acquiring', () => {
  test('asks, and is done when the server says so', async () => {
    const neko = world.start()
    const client = await world.connect(neko)
    const seen: { mine: boolean; hostId: string | null }[] = []
    client.onChange('host', (what) => seen.push(what))
    await client.acquire()
    expect(client.isHost).toBe(true)
    await client.acquire()
    expect(neko.got('control/request')).toHaveLength(1)
    client.release()
    await neko.until(() => !client.isHost)
    expect(seen).toEqual([
      { mine: true, hostId: client.state.sessionId },
      { mine: false, hostId: null },
    ])
  })

  test('asks who steers once, and waits until they let go', async () => {
    const neko = world.start()
    const human = await world.connect(neko, { username: 'human' })
    const client = await world.connect(neko)
    await human.acquire()
    const asked: string[] = []
    human.on('control/request', ({ id }) => asked.push(id))
    const waiting = Promise.all([client.acquire(), client.acquire({ timeoutMs: 8000 })])
    await neko.until(() => asked.length > 0)
    expect(asked).toEqual([client.state.sessionId])
    expect(client.isHost).toBe(false)
    human.release()
    await waiting
    expect(neko.hostId).toBe(client.state.sessionId)
  })

  test('says who steers when they do not let go in time', async () => {
    const neko = world.start()
    const human = await world.connect(neko, { username: 'Hugo' })
    const client = await world.connect(neko)
    await human.acquire()
    await expect(client.acquire({ timeoutMs: 50 })).rejects.toMatchObject({
      kind: 'conflict',
      code: 'neko_host_refused',
      message: 'Hugo steers, and did not let go within 0.05 s.',
    })
    // Whoever gave up does not become host later.
    human.release()
    await neko.until(() => client.state.hostId === null)
    expect(neko.hostId).toBeNull()
  })

  for (const [why, options] of [
    ['it has no right to', { profile: { can_host: false } }],
    ['the room is in private mode', { settings: { private_mode: true } }],
    ['the controls are locked', { settings: { locked_controls: true } }],
  ] as const)
    test(`is refused at once when ${why}`, async () => {
      const neko = world.start(options)
      const client = await world.connect(neko)
      await expect(client.acquire()).rejects.toMatchObject({
        kind: 'forbidden',
        message: `This session cannot take control: ${why}.`,
      })
      expect(neko.got('control/request')).toEqual([])
    })

  test('is not refused to administrators by locks', async () => {
    const neko = world.start({ settings: { private_mode: true, locked_controls: true } })
    const client = await world.connect(neko, { password: 'admin' })
    await client.acquire()
    expect(client.isHost).toBe(true)
  })

  test('ends with a signal, with the connection, and with a release', async () => {
    const neko = world.start()
    const human = await world.connect(neko, { username: 'human' })
    await human.acquire()
    const client = await world.connect(neko)
    const stop = new AbortController()
    const aborted = client.acquire({ signal: stop.signal })
    stop.abort(new Error('not any more'))
    await expect(aborted).rejects.toThrow('not any more')
    await expect(client.acquire({ signal: stop.signal })).rejects.toThrow('not any more')
    const released = client.acquire()
    client.release()
    await expect(released).rejects.toMatchObject({ code: 'neko_host_released' })
    const closed = client.acquire()
    neko.disconnect(client.state.sessionId, 'session deleted')
    await expect(closed).rejects.toMatchObject({ code: 'neko_session_deleted' })
    await expect(client.acquire()).rejects.toMatchObject({ code: 'neko_session_deleted' })
  })

  test('goes on over a connection that is lost meanwhile', async () => {
    const neko = world.start()
    const human = await world.connect(neko, { username: 'human' })
    await human.acquire()
    const client = await world.connect(neko)
    const waiting = client.acquire()
    await neko.until(() => neko.got('control/request').length === 2)
    neko.cut(client.state.sessionId)
    await neko.until(() => !client.connected)
    neko.setHost(null)
    await waiting
    expect(client.isHost).toBe(true)
  })
})

describe('host by itself', () => {
  test('comes with each connection, also when the server forgot it', async () => {
    const neko = world.start({ graceMs: 0 })
    const client = await world.connect(neko, { autoHost: true })
    await neko.until(() => client.isHost)
    neko.cut(client.state.sessionId)
    await neko.until(() => !client.connected)
    await neko.until(() => client.isHost)
  })

  test('comes when whoever steered lets go', async () => {
    const neko = world.start()
    const human = await world.connect(neko, { username: 'human' })
    await human.acquire()
    const client = await world.connect(neko, { autoHost: true })
    await neko.until(() => neko.got('control/request').length === 2)
    human.release()
    await neko.until(() => client.isHost)
  })

  test('does not come back after it was let go, until it is asked for', async () => {
    const neko = world.start()
    const client = await world.connect(neko, { autoHost: true })
    await neko.until(() => client.isHost)
    client.release()
    await neko.until(() => !client.isHost)
    neko.setHost('somebody')
    neko.setHost(null)
    neko.cut(client.state.sessionId)
    await neko.until(() => !client.connected)
    await neko.until(() => client.connected)
    client.send('control/copy')
    await neko.next('control/copy')
    // It came first, so that it is not host by this input either: nothing else was asked.
    expect(neko.got('control/request')).toHaveLength(1)
    await client.acquire()
    neko.setHost(null, 'admin')
    await neko.until(() => client.isHost)
  })

  test('leaves host to somebody who takes it until they let it go', async () => {
    const neko = world.start({ settings: { implicit_hosting: true } })
    const human = await world.connect(neko, { username: 'human' })
    const client = await world.connect(neko, { autoHost: true })
    await neko.until(() => client.isHost)
    human.send('control/move', { x: 5, y: 5 })
    await neko.until(() => human.isHost && !client.isHost)
    expect(human.isHost).toBe(true)
    human.release()
    await neko.until(() => client.isHost)
  })

  test('is asked for no more than twice a second', async () => {
    const neko = world.start()
    const client = await world.connect(neko, { autoHost: true })
    const id = client.state.sessionId
    await neko.until(() => neko.hostId === id)
    neko.setHost(null, 'admin')
    for (let n = 0; n < 20; n++) neko.setHost(n % 2 ? null : 'other')
    neko.setHost(null)
    await neko.until(() => client.isHost)
    expect(neko.got('control/request')).toHaveLength(2)
  })
})

describe('what is asked of the server', () => {
  const settings = DEFAULT_SETTINGS

  /** A room in which nothing happens but what the test does. */
  function room(options: { auto: boolean }): {
    hosting: Hosting
    asked: () => number
    host: (id: string | null, by?: string) => void
  } {
    let asked = 0
    const state: RoomState = {
      sessionId: 'me',
      screen: { width: 1, height: 1, rate: 30 },
      hostId: null,
      settings,
      sessions: new Map(),
      touch: false,
      screencast: false,
      videos: [],
    }
    const send = (event: string) => void (asked += event === 'control/request' ? 1 : 0)
    const here = {
      connected: true,
      state,
      profile: undefined,
      get isHost() {
        return state.hostId === 'me'
      },
      send,
    }
    const hosting = new Hosting(here, { ...options, log: world.log, throttleMs: 0 })
    return {
      hosting,
      asked: () => asked,
      host: (id, by = id ?? '') => {
        state.hostId = id
        hosting.changed(by)
      },
    }
  }

  test('is nothing while somebody else steers who took it', () => {
    const { hosting, asked, host } = room({ auto: true })
    hosting.up()
    host('me')
    host('somebody')
    host('somebody else')
    expect(asked()).toBe(1)
    host(null)
    expect(asked()).toBe(2)
  })

  test('is nothing any more when host was taken away again and again, until somebody wants it', async () => {
    const { hosting, asked, host } = room({ auto: true })
    hosting.up()
    for (let round = 0; round < 3; round++) {
      host('me')
      host(null, 'an administrator')
    }
    expect(asked()).toBe(3)
    host('somebody')
    host(null)
    hosting.up()
    expect(asked()).toBe(3)
    const acquired = hosting.acquire()
    expect(asked()).toBe(4)
    host('me')
    await acquired
    host(null, 'an administrator')
    expect(asked()).toBe(5)
  })

  test('is nothing after this session let go', () => {
    const { hosting, host, asked } = room({ auto: true })
    hosting.up()
    host('me')
    hosting.release()
    host(null, 'me')
    host('somebody')
    host(null)
    hosting.up()
    expect(asked()).toBe(1)
  })

  test('is nothing where nobody wants to be host', () => {
    const { hosting, host, asked } = room({ auto: false })
    hosting.up()
    host('somebody')
    host(null)
    expect(asked()).toBe(0)
  })
})
