import { afterEach, describe, expect, test } from 'bun:test'
import { NekoWorld } from '../../../test/fixtures/neko-clients'

const world = new NekoWorld()
afterEach(() => world.end())

describe('what comes from the server', () => {
  test('is left out when it is unknown or not as it has to be, said once for each kind, and the rest goes on', async () => {
    const neko = world.start()
    const client = await world.connect(neko)
    const id = client.state.sessionId
    const heard: string[] = []
    client.on('chat/message', ({ content }) => heard.push(content.text))
    for (let round = 0; round < 3; round++) {
      neko.sendRaw(id, 'no json')
      neko.sendRaw(id, '[1,2]')
      neko.sendRaw(id, '{"payload":1}')
      neko.sendRaw(id, new Uint8Array([1, 2, 3]))
      neko.sendRaw(id, '{"event":"future/event","payload":{"a":1}}')
      neko.sendRaw(id, '{"event":"__proto__"}')
      neko.sendRaw(id, '{"event":"screen/updated","payload":{"width":"wide"}}')
      neko.sendRaw(id, '{"event":"control/host"}')
    }
    neko.chat('bob', 'still here')
    await neko.until(() => heard.length > 0)
    expect(heard).toEqual(['still here'])
    expect(client.size).toMatchObject({ width: 1280, height: 720 })
    for (const kind of ['future/event', '__proto__', 'screen/updated', 'control/host', 'no text', 'holds no event'])
      expect(world.lines.filter((line) => line.includes(kind))).toHaveLength(1)
    expect(client.connected).toBe(true)
  })

  test('is left out when it is far too long', async () => {
    const neko = world.start()
    const client = await world.connect(neko)
    const id = client.state.sessionId
    const heard: string[] = []
    client.on('chat/message', ({ content }) => heard.push(content.text))
    neko.sendRaw(id, JSON.stringify({ event: 'chat/message', payload: { content: { text: 'x'.repeat(20 << 20) } } }))
    neko.chat('bob', 'after it')
    await neko.until(() => heard.length > 0)
    expect(heard).toEqual(['after it'])
    expect(client.connected).toBe(true)
  })

  test('reaches every handler, also when one throws, until it is ended', async () => {
    const neko = world.start()
    const client = await world.connect(neko)
    const heard: number[] = []
    client.on('screen/updated', () => {
      throw new Error('a handler that fails')
    })
    const end = client.on('screen/updated', ({ width }) => heard.push(width))
    client.on('screen/updated', () => heard.push(client.size.width))
    neko.resize({ width: 1000, height: 700, rate: 30 })
    await neko.until(() => heard.length === 2)
    end()
    neko.resize({ width: 640, height: 480, rate: 30 })
    await neko.until(() => heard.length === 3)
    expect(heard).toEqual([1000, 1000, 640])
    expect(world.lines.filter((line) => line.includes('a handler that fails'))).toHaveLength(2)
  })

  test('changes what is known of the room', async () => {
    const neko = world.start({ provider: 'accounts' })
    const client = await world.connect(neko, { password: 'admin' })
    expect(client.state.sessions.get('ann')?.profile.is_admin).toBe(true)
    await neko.until(() => client.state.files !== undefined && client.state.screenSizes !== undefined)
    expect(client.state).toMatchObject({ chat: true, chooserOpen: false, broadcast: { is_active: false } })
    neko.login('bob')
    neko.announce('session/profile', { id: 'bob', ...neko.sessions.get('bob')!.profile, name: 'Bobby' })
    neko.announce('session/state', { id: 'bob', is_connected: false, is_watching: true })
    neko.announce('broadcast/status', { is_active: true, url: 'rtmp://a' })
    neko.announce('file_chooser_dialog/opened', { id: 'ann' })
    await client.rest.settings.set({ locked_controls: true })
    await neko.until(() => client.state.settings.locked_controls)
    expect(client.state.sessions.get('bob')).toMatchObject({ profile: { name: 'Bobby' }, state: { is_watching: true } })
    expect(client.state).toMatchObject({ chooserOpen: true, broadcast: { is_active: true } })
    await client.rest.sessions.delete('bob')
    await neko.until(() => !client.state.sessions.has('bob'))
  })
})

test('what is sent has no payload when it needs none', async () => {
  const neko = world.start()
  const client = await world.connect(neko)
  client.send('control/copy')
  client.send('signal/request', {})
  client.sendRaw({ event: 'made/up', payload: [1] })
  await neko.next('made/up')
  expect(neko.received.map(({ event, payload }) => [event, payload])).toEqual([
    ['control/copy', undefined],
    ['signal/request', {}],
    ['made/up', [1]],
  ])
})
