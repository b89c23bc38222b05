import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { statSync } from 'node:fs'
import { createLogger } from '@shared/log'
import { InputDevices } from '../input'
import { startTestScreen, type TestScreen, until } from '../testing'
import { XConnection, XError } from './connection'
import { ATOM, type Core } from './core'
import { RandR } from './randr'
import { Selection } from './selection'
import { Request } from './wire'
import { XFixes } from './xfixes'
import { XTest } from './xtest'

let screen: TestScreen

beforeAll(async () => {
  screen = await startTestScreen()
}, 30_000)

afterAll(() => screen?.stop())

describe('connection', () => {
  test('without the cookie nobody gets in', async () => {
    const { socket } = screen.xvfb
    const wrong = XConnection.open({ socket, cookie: new Uint8Array(16) })
    await expect(wrong).rejects.toMatchObject({ kind: 'forbidden' })
    await expect(XConnection.open({ socket, cookie: new Uint8Array() })).rejects.toMatchObject({ kind: 'forbidden' })
  })

  test('only its owner may read the cookie', () => {
    expect(statSync(screen.xvfb.authority).mode & 0o777).toBe(0o600)
  })

  test('nobody listens on the network', async () => {
    const port = 6000 + Number(screen.xvfb.display.slice(1))
    const refused = Bun.connect({ hostname: '127.0.0.1', port, socket: { data() {} } })
    await expect(refused).rejects.toThrow()
  })

  test('a socket that is not there is an error', async () => {
    const none = XConnection.open({ socket: '/tmp/.X11-unix/none', cookie: new Uint8Array(16) })
    await expect(none).rejects.toMatchObject({ kind: 'unavailable' })
  })

  test('a refused request rejects the question, and only that', async () => {
    const { x } = screen.core
    const wrong = x.ask(new Request(14).u32(0xdead).end())
    const right = screen.core.owner(ATOM.string)
    await expect(wrong).rejects.toBeInstanceOf(XError)
    expect(await right).toBe(0)
  })

  test('a checked request without an answer says whether it was refused', async () => {
    const { x } = screen.core
    await expect(x.check(new Request(4).u32(0xdead).end())).rejects.toThrow('BadWindow')
    await x.check(new Request(36).end())
    await x.check(new Request(37).end())
  })

  test('answers come in order past the number at which sequence numbers begin again', async () => {
    const core = await screen.connect()
    const window = core.createWindow()
    const name = await core.atom('NEKODE_TEST')
    for (let round = 0; round < 70_000; round++) core.x.send(new Request(127).end())
    core.changeProperty(window, name, ATOM.string, 8, Buffer.from('right'))
    const [property, owner] = await Promise.all([core.property(window, name), core.owner(name)])
    expect(Buffer.from(property?.value ?? []).toString()).toBe('right')
    expect(owner).toBe(0)
  })

  test('questions fail when the connection is closed', async () => {
    const core = await screen.connect()
    const asked = core.owner(1)
    core.x.close()
    await expect(asked).rejects.toMatchObject({ code: 'screen_gone' })
    await expect(core.owner(1)).rejects.toMatchObject({ code: 'screen_gone' })
    expect(await core.x.closed).toBe('closed')
  })
})

describe('selections', () => {
  const open = async (core: Core) => Selection.open(core, 'NEKODE_TEST_SELECTION')

  test.each([0, 1, 65_536, 65_537, 1_000_000])('%p bytes go from the owner to who asks', async (size) => {
    const [owner, reader] = await Promise.all([open(screen.core), open(await screen.connect())])
    const value = new Uint8Array(size).map((_, index) => index * 7)
    await owner.own(new Map([['bytes', value]]))
    expect(await reader.targets()).toEqual(['bytes', 'TARGETS', 'TIMESTAMP'])
    const [first, second] = await Promise.all([reader.read('bytes'), reader.read('bytes')])
    expect(Bun.hash(first ?? '')).toBe(Bun.hash(value))
    expect(Bun.hash(second ?? '')).toBe(Bun.hash(value))
    expect(await reader.read('other')).toBeUndefined()
    reader.close()
    owner.close()
  })

  test('a new owner takes it over, and none is left when its window goes', async () => {
    const [one, two] = await Promise.all([open(screen.core), open(await screen.connect())])
    await one.own(new Map([['a', Buffer.from('1')]]))
    await two.own(new Map([['b', Buffer.from('2')]]))
    await until('the loss', () => one.owned === undefined || undefined)
    expect(await one.targets()).toEqual(['b', 'TARGETS', 'TIMESTAMP'])
    two.close()
    await two.core.x.sync()
    expect(await one.targets()).toEqual([])
    one.close()
  })

  test('who owns it is told', async () => {
    const selection = await open(screen.core)
    const owners: number[] = []
    const xfixes = await XFixes.open(screen.core.x)
    const stop = xfixes.onSelection(selection.window, selection.atom, (owner) => void owners.push(owner))
    await selection.own(new Map())
    await until('the news', () => owners.at(-1) === selection.window || undefined)
    stop()
    selection.close()
  })
})

describe('screen', () => {
  test('it has the size that it was given, larger and smaller again', async () => {
    const randr = await RandR.open(screen.core)
    const xtest = await XTest.open(screen.core.x)
    expect(randr.largest).toEqual({ width: 800, height: 600 })
    for (const [width, height] of [
      [640, 480],
      [800, 600],
      [400, 304],
    ] as const) {
      await randr.resize({ width, height }, 60)
      expect(await screen.core.bottomRight(screen.core.x.root)).toEqual({ x: width - 1, y: height - 1 })
      xtest.move(5000, 5000)
      expect(await screen.core.pointer()).toMatchObject({ x: width - 1, y: height - 1 })
    }
    await expect(randr.resize({ width: 808, height: 600 }, 60)).rejects.toBeInstanceOf(XError)
  })
})

describe('keys', () => {
  const log = createLogger({ write: () => undefined })
  const devices = async (now?: () => number) =>
    InputDevices.open(screen.core, await XTest.open(screen.core.x), () => ({ width: 100, height: 100 }), log, now)

  test('keysyms that no key has get one for a while, also when there are more of them than spare keys', async () => {
    const input = await devices()
    const before = await screen.core.keyboard()
    const snowman = 0x01002603
    const many = Array.from({ length: 40 }, (_, index) => 0x01004e00 + index)
    for (const keysym of [...many, snowman]) {
      input.key(keysym, true)
      input.key(keysym, false)
    }
    await input.after(() => screen.core.x.sync())
    expect((await screen.core.keyboard()).keysyms).toContain(snowman)
    await until('the old keyboard', async () => Bun.deepEquals(await screen.core.keyboard(), before) || undefined)
    input.close()
  }, 20_000)

  test('what is held for too long is let go of', async () => {
    let now = 0
    const input = await devices(() => now)
    expect(input.key(0xffe1, true)).toBe(true)
    expect(input.button(1, true)).toBe(true)
    const both = 0x101
    expect((await screen.core.pointer()).mask & both).toBe(both)
    now = 10_000
    await until('nothing held', async () => ((await screen.core.pointer()).mask & both) === 0 || undefined)
    expect(input.key(0xffe1, false)).toBe(false)
    input.close()
  })
})
