import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { serverEvents } from '../protocol/events'
import { type Guest, TestDesktop, type Wire } from './testing'

let desk: TestDesktop

beforeEach(async () => {
  desk = await TestDesktop.start()
})
afterEach(() => desk.stop())

const enter = async (guest: Guest): Promise<Wire> => {
  const wire = await guest.connect()
  await wire.next('openinapp/init')
  return wire
}

describe('connecting', () => {
  test('an admin is told everything, in the order of Neko and in the form that clients parse', async () => {
    const admin = await desk.login('admin', 'boss')
    const wire = await enter(admin)
    await wire.next('filetransfer/update')
    const order = ['system/init', 'system/admin', 'session/state', 'chat/init']
    expect(wire.events.slice(0, 4)).toEqual(order)
    expect(wire.events.slice(4).toSorted()).toEqual(['filetransfer/update', 'openinapp/init'])
    expect(await wire.next('system/init')).toMatchObject({
      session_id: admin.id,
      control_host: { id: '', has_host: false },
      screen_size: { width: 1280, height: 720, rate: 30 },
      sessions: { [admin.id]: { id: admin.id, profile: { name: 'boss' }, state: { is_connected: true } } },
      screencast_enabled: true,
      webrtc: { videos: ['main'] },
    })
    for (const { event, payload } of wire.heard) {
      const schema = Object.entries(serverEvents).find(([name]) => name === event)?.[1]
      expect(schema?.safeParse(payload).success).toBe(true)
    }
  })

  test('a user is not told what is for admins', async () => {
    const wire = await enter(await desk.login('user'))
    expect(wire.events).not.toContain('system/admin')
  })

  test.each([
    [undefined, 'no authentication provided'],
    ['wrong', 'session not found'],
  ])('with the token %p the upgrade succeeds, and then comes: %s', async (token, message) => {
    const wire = await desk.connect(token)
    expect(await wire.next('system/disconnect')).toEqual({ message })
    expect(await wire.closed).toBe(1006)
  })

  test('a session that may not connect is told so', async () => {
    const [user, admin] = [await desk.login('user'), await desk.login('admin')]
    await admin.call('POST', `/api/members/${user.id}`, { can_connect: false })
    expect(await (await user.connect()).next('system/disconnect')).toEqual({ message: 'connection disabled' })
    await admin.call('POST', `/api/members/${user.id}`, { can_login: false })
    expect(await (await user.connect()).next('system/disconnect')).toEqual({ message: 'session login disabled' })
    expect((await user.call('GET', '/api/whoami')).status).toBe(403)
  })

  test('the newer connection of a session replaces the older one, unless the room forbids it', async () => {
    const [user, admin] = [await desk.login('user'), await desk.login('admin')]
    const first = await enter(user)
    const second = await enter(user)
    expect(await first.next('system/disconnect')).toEqual({ message: 'connection replaced' })
    expect(await first.closed).toBe(1006)
    await admin.call('POST', '/api/room/settings', { merciful_reconnect: false })
    const third = await user.connect()
    expect(await third.next('system/disconnect')).toEqual({ message: 'already connected' })
    await second.settled()
  })

  test('a token may come as bearer, too', async () => {
    const { token, id } = await desk.login('user')
    const wire = await desk.connect(undefined, { authorization: `Bearer ${token}` })
    expect(await wire.next('system/init')).toMatchObject({ session_id: id })
  })

  test('whoever is disconnected, deleted or out of favour hears why', async () => {
    const admin = await desk.login('admin')
    const ends = async (act: (id: string) => Promise<unknown>) => {
      const guest = await desk.login('user')
      const wire = await enter(guest)
      await act(guest.id)
      return wire.next('system/disconnect')
    }
    expect(await ends((id) => admin.call('POST', `/api/sessions/${id}/disconnect`))).toEqual({
      message: 'session disconnected',
    })
    expect(await ends((id) => admin.call('DELETE', `/api/sessions/${id}`))).toEqual({ message: 'session deleted' })
    expect(await ends((id) => admin.call('POST', `/api/members/${id}`, { can_connect: false }))).toEqual({
      message: 'profile changed',
    })
    expect(await ends(() => desk.desktop.stop())).toEqual({ message: 'connection shutdown' })
  })

  test('a page of another address is not let in', async () => {
    const { token } = await desk.login('user')
    const wire = await desk.connect(token, { origin: 'https://evil.example' })
    expect(await wire.closed).not.toBe(1000)
    expect(wire.events).toEqual([])
    const same = await desk.connect(token, { origin: desk.url })
    await same.next('system/init')
  })
})

describe('who comes and goes', () => {
  test('all hear of a login, a connection, a profile and a logout', async () => {
    const wire = await enter(await desk.login('admin'))
    const user = await desk.login('user', 'anna')
    expect(await wire.next('session/created')).toMatchObject({ id: user.id, profile: { name: 'anna' } })
    const other = await enter(user)
    await wire.next('session/state', (state) => matches(state, { id: user.id, is_connected: true }))
    await user.call('POST', '/api/profile', { name: 'Bea' })
    expect(await wire.next('session/profile')).toMatchObject({ id: user.id, name: 'Bea' })
    other.close()
    await wire.next('session/state', (state) => matches(state, { id: user.id, is_connected: false }))
    await user.call('POST', '/api/logout')
    expect(await wire.next('session/deleted')).toEqual({ id: user.id })
  })

  test('whoever is cut off stays for a while and keeps the control; whoever says goodbye does not', async () => {
    const watcher = await enter(await desk.login('admin'))
    const user = await desk.login('user')
    const first = await enter(user)
    first.send('control/request')
    await watcher.next('control/host', (host) => matches(host, { host_id: user.id }))
    watcher.forget()
    first.cut()
    await first.closed
    const second = await enter(user)
    expect(await second.next('system/init')).toMatchObject({ control_host: { has_host: true, host_id: user.id } })
    await watcher.settled()
    expect(watcher.heard.some(({ payload }) => matches(payload, { is_connected: false }))).toBe(false)
    second.close(1000)
    expect(await watcher.next('control/host')).toEqual({ id: user.id, has_host: false })
  })

  test('whoever does not come back in time loses the control, and lets go of all keys', async () => {
    const watcher = await enter(await desk.login('admin'))
    const user = await desk.login('user')
    const wire = await enter(user)
    wire.send('control/keydown', { keysym: 0x61 })
    await wire.settled()
    wire.cut()
    expect(await watcher.next('control/host', (host) => matches(host, { has_host: false }))).toBeDefined()
    await watcher.next('session/state', (state) => matches(state, { id: user.id, is_connected: false }))
    expect(desk.machine.done).toEqual(['key 0x61 down', 'key 0x61 up'])
  }, 15_000)
})

describe('who steers', () => {
  test('the first input makes host, and it counts', async () => {
    const user = await desk.login('user')
    const wire = await enter(user)
    wire.send('control/move', { x: 10, y: 20 })
    expect(await wire.next('control/host')).toEqual({ id: user.id, has_host: true, host_id: user.id })
    expect(desk.machine.done).toEqual(['move 10,20'])
  })

  test('input of another is dropped, and the host hears who wants to steer', async () => {
    const [anna, bea] = [await desk.login('user', 'anna'), await desk.login('user', 'bea')]
    const [first, second] = [await enter(anna), await enter(bea)]
    first.send('control/request')
    await second.next('control/host')
    second.send('control/buttonpress', { code: 1, x: 5, y: 5 })
    expect(await first.next('control/request')).toEqual({ id: bea.id })
    expect(desk.machine.done).toEqual([])
  })

  test('the host is not told again and again of somebody who goes on moving', async () => {
    const [anna, bea] = [await desk.login('user', 'anna'), await desk.login('user', 'bea')]
    const [first, second] = [await enter(anna), await enter(bea)]
    first.send('control/request')
    await second.next('control/host')
    for (let x = 0; x < 50; x++) second.send('control/move', { x, y: x })
    await second.settled()
    await first.settled()
    expect(first.events.filter((event) => event === 'control/request').length).toBe(1)
  })

  test('with implicit hosting whoever acts steers, and what the former host held is let go of', async () => {
    const admin = await desk.login('admin')
    await admin.call('POST', '/api/room/settings', { implicit_hosting: true })
    const [anna, bea] = [await desk.login('user', 'anna'), await desk.login('user', 'bea')]
    const [first, second] = [await enter(anna), await enter(bea)]
    first.send('control/buttondown', { code: 1 })
    await second.next('control/host', (host) => matches(host, { host_id: anna.id }))
    second.send('control/keydown', { keysym: 0x62 })
    await first.next('control/host', (host) => matches(host, { host_id: bea.id }))
    expect(desk.machine.done).toEqual(['button 1 down', 'button 1 up', 'key 0x62 down'])
  })

  test('an admin takes the control away; what the stolen host does next is dropped', async () => {
    const [user, admin] = [await desk.login('user'), await desk.login('admin')]
    const wire = await enter(user)
    await enter(admin)
    wire.send('control/keydown', { keysym: 0xffe1 })
    await wire.settled()
    await admin.call('POST', '/api/room/control/take')
    expect(await wire.next('control/host', (host) => matches(host, { id: admin.id }))).toEqual({
      id: admin.id,
      has_host: true,
      host_id: admin.id,
    })
    wire.send('control/keydown', { keysym: 0x61 })
    wire.send('control/move', { x: 1, y: 1 })
    await wire.settled()
    expect(desk.machine.done).toEqual(['key 0xffe1 down', 'key 0xffe1 up'])
  })

  test('locked controls keep out users, and not admins; private mode likewise', async () => {
    const [user, admin] = [await desk.login('user'), await desk.login('admin')]
    const [wire, boss] = [await enter(user), await enter(admin)]
    for (const settings of [{ locked_controls: true }, { locked_controls: false, private_mode: true }]) {
      await admin.call('POST', '/api/room/settings', settings)
      wire.send('control/move', { x: 1, y: 1 })
      wire.send('control/request')
      await wire.settled()
      expect(desk.machine.done).toEqual([])
    }
    boss.send('control/move', { x: 2, y: 2 })
    await boss.settled()
    expect(desk.machine.done).toEqual(['move 2,2'])
  })

  test('whoever loses the right to steer no longer does', async () => {
    const [user, admin] = [await desk.login('user'), await desk.login('admin')]
    const wire = await enter(user)
    wire.send('control/request')
    await wire.next('control/host')
    await admin.call('POST', `/api/members/${user.id}`, { can_host: false })
    expect(await wire.next('control/host', (host) => matches(host, { has_host: false }))).toBeDefined()
  })

  test('with control protection the controls are locked when the last admin leaves, and open when one comes', async () => {
    const [user, admin] = [await desk.login('user'), await desk.login('admin')]
    const [wire, boss] = [await enter(user), await enter(admin)]
    await admin.call('POST', '/api/room/settings', { control_protection: true })
    boss.close()
    await wire.next('system/settings', (settings) => matches(settings, { locked_controls: true }))
    wire.forget()
    await enter(admin)
    await wire.next('system/settings', (settings) => matches(settings, { locked_controls: false }))
  })
})

describe('input', () => {
  const sent = async (event: string, payload?: unknown): Promise<string[]> => {
    const wire = await enter(await desk.login('user'))
    wire.send(event, payload)
    await wire.settled()
    return desk.machine.done
  }
  test.each([
    ['control/buttonpress', { code: 3, x: 7, y: 8 }, ['move 7,8', 'button 3 down', 'button 3 up']],
    ['control/keypress', { keysym: 0x61 }, ['key 0x61 down', 'key 0x61 up']],
    ['control/scroll', { delta_x: 0, delta_y: -3 }, ['wheel 0,-3']],
    ['control/scroll', { delta_x: 0, delta_y: 3, control_key: true }, ['wheel 0,3 control']],
    ['control/scroll', { delta_x: 0, delta_y: 0, x: 2, y: 4 }, ['wheel 2,4']],
    ['control/scroll', { delta_x: 0, delta_y: 1_000_000 }, ['wheel 0,100']],
    ['control/touchbegin', { touch_id: 1, x: 3, y: 4, pressure: 255 }, ['move 3,4', 'button 1 down']],
    ['control/copy', undefined, ['key 0xffe3 down', 'key 0x63 down', 'key 0x63 up', 'key 0xffe3 up']],
    ['control/paste', {}, ['key 0xffe3 down', 'key 0x76 down', 'key 0x76 up', 'key 0xffe3 up']],
    // What is not whole does nothing, and ends nothing.
    ['control/move', undefined, []],
    ['control/move', { x: 'here', y: 1 }, []],
    ['control/touchbegin', { touch_id: 1 }, []],
    ['no/such/event', {}, []],
  ])('%s %j', async (event, payload, done) => {
    expect(await sent(event, payload)).toEqual(done)
  })

  test('a key press lets go of what is held: a chord needs downs and ups', async () => {
    const wire = await enter(await desk.login('user'))
    wire.send('control/keydown', { keysym: 0xffe3 })
    wire.send('control/keypress', { keysym: 0x63 })
    wire.send('control/keyup', { keysym: 0xffe3 })
    await wire.settled()
    expect(desk.machine.done).toEqual(['key 0xffe3 down', 'key 0xffe3 up', 'key 0x63 down', 'key 0x63 up'])
  })

  test('what is pasted is on the clipboard first, of which the host hears', async () => {
    const wire = await enter(await desk.login('user'))
    wire.send('control/paste', { text: 'grüße' })
    expect(await wire.next('clipboard/updated')).toEqual({ text: 'grüße' })
    await wire.settled()
    expect([desk.machine.content, desk.machine.done.at(0)]).toEqual([{ text: 'grüße' }, 'key 0xffe3 down'])
  })

  test('only the host sets the clipboard and the keyboard', async () => {
    const wire = await enter(await desk.login('user'))
    const change = async () => {
      wire.send('clipboard/set', { text: 'a' })
      wire.send('keyboard/map', { layout: 'de', variant: '' })
      wire.send('keyboard/modifiers', { capslock: true })
      await wire.settled()
      return [desk.machine.content.text, desk.machine.layout.layout, desk.machine.locked.capslock]
    }
    expect(await change()).toEqual([undefined, 'us', false])
    wire.send('control/request')
    expect(await change()).toEqual(['a', 'de', true])
  })
})

describe('the rest', () => {
  test('what is no event, or none of ours, is passed over', async () => {
    const wire = await enter(await desk.login('user'))
    for (const text of ['', 'no json', '[]', '{"event":1}', 'null', '{"event":"__proto__"}']) wire.raw(text)
    await wire.settled()
  })

  test('chat reaches all with its author, and a right that is taken away counts', async () => {
    const [user, admin] = [await desk.login('user'), await desk.login('admin')]
    const [wire, boss] = [await enter(user), await enter(admin)]
    wire.send('chat/message', { text: 'hello' })
    for (const one of [wire, boss])
      expect(await one.next('chat/message')).toEqual({
        id: user.id,
        created: expect.any(String),
        content: { text: 'hello' },
      })
    await admin.call('POST', '/api/room/settings', { plugins: { 'chat.can_send': false } })
    boss.forget()
    wire.send('chat/message', { text: 'not heard' })
    wire.send('send/broadcast', { subject: 'mark', body: 1 })
    expect(await boss.next('send/broadcast')).toEqual({ sender: user.id, subject: 'mark', body: 1 })
    expect(boss.events).not.toContain('chat/message')
  })

  test('a message for one reaches that one only, and one for all reaches the others', async () => {
    const [anna, bea] = [await desk.login('user', 'anna'), await desk.login('user', 'bea')]
    const [first, second] = [await enter(anna), await enter(bea)]
    first.send('send/unicast', { receiver: bea.id, subject: 'x', body: { y: 1 } })
    expect(await second.next('send/unicast')).toEqual({
      sender: anna.id,
      receiver: bea.id,
      subject: 'x',
      body: { y: 1 },
    })
    first.send('send/broadcast', { subject: 'all', body: null })
    await second.next('send/broadcast')
    await first.settled()
    expect(first.events.filter((event) => event.startsWith('send/'))).toEqual([])
  })

  test('an admin sets the screen, and all hear what it became', async () => {
    const [user, admin] = [await desk.login('user'), await desk.login('admin')]
    const [wire, boss] = [await enter(user), await enter(admin)]
    wire.send('screen/set', { width: 800, height: 600, rate: 30 })
    await wire.settled()
    boss.send('screen/set', { width: 1283, height: 600, rate: 0 })
    expect(await wire.next('screen/updated')).toEqual({ id: admin.id, width: 1280, height: 600, rate: 60 })
  })

  test('a dialog for files is told with the host', async () => {
    const user = await desk.login('user')
    const wire = await enter(user)
    wire.send('control/request')
    await wire.next('control/host')
    desk.machine.openChooser(true)
    expect(await wire.next('file_chooser_dialog/opened')).toEqual({ id: user.id })
    desk.machine.openChooser(false)
    expect(await wire.next('file_chooser_dialog/closed')).toEqual({ id: '' })
  })

  test('files that come into the folder are told of', async () => {
    const wire = await enter(await desk.login('user'))
    await wire.next('filetransfer/update')
    await Bun.write(`${desk.machine.downloads}/new.txt`, 'words')
    const update = await wire.next('filetransfer/update', (payload) => JSON.stringify(payload).includes('new.txt'))
    expect(update).toMatchObject({ enabled: true, files: [{ name: 'new.txt', type: 'file', size: 5 }] })
  })

  test('every so often there is a heartbeat', async () => {
    await desk.stop()
    desk = await TestDesktop.start({ settings: { heartbeat_interval: 1 } })
    const wire = await enter(await desk.login('user'))
    expect(await wire.next('system/heartbeat')).toBeUndefined()
  })
})

const matches = (payload: unknown, part: Record<string, unknown>): boolean =>
  typeof payload === 'object' &&
  payload !== null &&
  Object.entries(part).every(([name, value]) => Object.entries(payload).some(([n, v]) => n === name && v === value))
