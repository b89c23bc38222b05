import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createLogger } from '@shared/log'
import type { FakeNeko } from '../../../test/fixtures/neko'
import { NekoWorld } from '../../../test/fixtures/neko-clients'
import type { NekoClient } from '../client/client'
import { Frames } from '../frames/frames'
import type { Face } from './manual'
import { ManualSession } from './session'

const world = new NekoWorld()
let neko: FakeNeko
let client: NekoClient
let session: ManualSession
let notes: string[]
let secrets: string[]
let folder: string
const stop = new AbortController()

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'nekode-manual-'))
  neko = world.start()
  client = await world.connect(neko, { username: 'root', password: 'admin' })
  notes = []
  secrets = []
  const face: Face = {
    interactive: false,
    secret: (question) => {
      notes.push(question)
      return Promise.resolve(secrets.shift() ?? '')
    },
    note: (text) => notes.push(text),
    screen: undefined,
  }
  session = new ManualSession({
    desk: client,
    face,
    audio: false,
    frames: () =>
      Promise.resolve(
        new Frames(client, { prefer: 'screenshot', ice: { policy: 'strict' }, log: createLogger({ level: 'error' }) }),
      ),
    signal: stop.signal,
  })
})

afterEach(async () => {
  await session.close()
  await world.end()
  rmSync(folder, { recursive: true, force: true })
})

const text = async (line: string) => (await session.run(line))?.result?.text
const value = async (line: string) => (await session.run(line))?.result?.value
const code = (name: string) => expect.objectContaining({ code: name })

/** What was sent to steer, as `event x y` and the like. */
async function steered(count: number): Promise<string[]> {
  const events = () => neko.received.filter(({ event }) => /^control\/(?!request|release)/.test(event))
  await neko.until(() => events().length >= count)
  return events().map(({ event, payload }) => {
    const fields = Object.values(Object(payload)).map(String)
    return [event.slice('control/'.length), ...fields].join(' ')
  })
}

describe('what is sent', () => {
  test.each<[string, string[]]>([
    ['move 100 200.7', ['move 100 200']],
    ['click', ['buttonpress 1 0 0']],
    ['click right', ['buttonpress 3 0 0']],
    ['click 5 6 middle', ['move 5 6', 'buttonpress 2 5 6']],
    ['rclick 5 6', ['move 5 6', 'buttonpress 3 5 6']],
    ['dblclick', ['buttonpress 1 0 0', 'buttonpress 1 0 0']],
    ['tap 300 400', ['move 300 400', 'buttonpress 1 300 400']],
    ['tap 99999 -5 right', ['move 1279 0', 'buttonpress 3 1279 0']],
    ['mousedown 1 2', ['move 1 2', 'buttondown 1 1 2']],
    ['scroll down 3', ['scroll 0 -3 false']],
    ['scroll LEFT', ['scroll 1 0 false']],
    ['key Enter', ['keypress 65293']],
    ['key Alt+Left', ['keydown 65513', 'keydown 65361', 'keyup 65361', 'keyup 65513']],
    ['key a b', ['keypress 97', 'keypress 98']],
    ['text ok', ['keypress 111', 'keypress 107']],
    ['text "a  b"', ['keypress 97', 'keypress 32', 'keypress 32', 'keypress 98']],
    ['text ä', ['paste ä']],
    ['keys ä', ['keypress 228']],
    ['input 1 2 a', ['move 1 2', 'buttonpress 1 1 2', 'keypress 97']],
    ['enter', ['keypress 65293']],
    ['copy', ['copy']],
    ['cut', ['cut']],
    ['select_all', ['select_all']],
    ['paste', ['paste']],
    ['paste some text', ['paste some text']],
    ['touch 7 8', ['touchbegin 0 7 8 255', 'touchend 0 7 8 0']],
    ['raw \'{"event":"control/move","payload":{"x":3,"y":4}}\'', ['move 3 4']],
  ])('%s', async (line, events) => {
    await session.run(line)
    expect(await steered(events.length)).toEqual(events)
  })

  test('is nothing when one of several keys is none', async () => {
    await expect(session.run('key a Nothing')).rejects.toThrow(code('unknown_key'))
    await session.run('key b')
    expect(await steered(1)).toEqual(['keypress 98'])
  })

  test('is typed without being shown where it is asked for', async () => {
    secrets.push('pw')
    await session.run('secret')
    expect(await steered(2)).toEqual(['keypress 112', 'keypress 119'])
    expect(notes).toEqual(['Text to type: '])
  })

  test.each([
    'move a 2',
    'tap 1',
    'click up',
    'scroll sideways',
    'scroll up x',
    'size 12',
    'raw nope',
    'modifiers x=on',
  ])('is nothing for %p, which says how it is written', async (line) => {
    const failure: { code: string; next?: string } = await session.run(line).then(
      () => Promise.reject(new Error('it was taken')),
      (error) => error,
    )
    expect([failure.code, typeof failure.next]).toEqual(['usage', 'string'])
    await session.run('copy')
    expect(await steered(1)).toEqual(['copy'])
  })
})

describe('what is said', () => {
  test('the size, and another one that coordinates are of', async () => {
    expect(await text('size')).toBe('size 1280x720 normalized=false')
    expect(await text('size 640X360')).toBe('size 640x360 normalized=false (the screen has 1280x720)')
    await session.run('move 320 180')
    expect(await value('where')).toEqual({ x: 640, y: 360 })
    expect(await text('size real')).toBe('size 1280x720 normalized=false')
    await session.run('norm on')
    await session.run('move 0.5 1')
    expect(await value('where')).toEqual({ x: 640, y: 719 })
  })

  test('who is connected, with who steers', async () => {
    neko.login('gone')
    expect(await text('sessions')).toBe('Connected Sessions:\n  root-00001 - root\n\nTotal connected: 1')
    await session.run('host')
    expect(await text('sessions')).toContain('  root-00001 - root [HOST]')
  })

  test('the commands, and one of them', async () => {
    expect(await text('help')).toContain('  tap X Y [left|middle|right]')
    expect(await text('help tap')).toBe('tap X Y [left|middle|right]\n  Move and click')
    await expect(session.run('help fly')).rejects.toThrow(code('usage'))
  })

  test('nothing but what was asked for comes from a comment', async () => {
    expect(await session.run('  # tap 1 2')).toBeUndefined()
  })
})

describe('who steers', () => {
  test('asks, lets go, and says who', async () => {
    expect(await text('host')).toBe('You steer.')
    expect(neko.hostId).toBe('root-00001')
    expect(await text('unhost')).toBe('You no longer steer.')
    expect(neko.hostId).toBeNull()
    expect(await text('who')).toBe('Nobody steers.')
  })

  test('refuses inputs while somebody else does, until it is taken by force', async () => {
    const other = await world.connect(neko, { username: 'bob' })
    await other.acquire()
    await neko.until(() => client.state.hostId === 'bob-00002')
    await expect(session.run('tap 1 2')).rejects.toThrow(code('not_host'))
    await expect(session.run('wait-host 0.05')).rejects.toThrow(code('neko_host_refused'))
    expect(await text('force-take')).toBe('You steer.')
    await session.run('tap 1 2')
    expect(await steered(2)).toEqual(['move 1 2', 'buttonpress 1 1 2'])
    expect(await text('give bob')).toBe('bob steers.')
    expect(neko.hostId).toBe('bob-00002')
    expect(await text('force-release')).toBe('Nobody steers.')
  })

  test('disconnects a session by the beginning of its id, and none that may be several', async () => {
    await world.connect(neko, { username: 'bob' })
    await world.connect(neko, { username: 'bob' })
    await neko.until(() => [...client.state.sessions.values()].filter(({ state }) => state.is_connected).length === 3)
    await expect(session.run('kick bob')).rejects.toThrow(code('conflict'))
    await expect(session.run('kick eve')).rejects.toThrow(code('not_found'))
    expect(await text('kick bob-00003')).toBe('bob-00003 is disconnected.')
    expect(neko.requests.at(-1)).toMatchObject({ method: 'POST', path: '/api/sessions/bob-00003/disconnect' })
    expect(await text('kick bob-00002 delete')).toBe('bob-00002 is deleted.')
  })
})

describe('the room', () => {
  test('has another screen afterwards', async () => {
    expect(await text('screen 1001x600@30')).toBe('screen 1000x600@30')
    expect(await text('size')).toBe('size 1000x600 normalized=false')
  })

  test('has other settings afterwards, those of plugins too', async () => {
    await session.run('settings private_mode=on chat.can_send=off')
    expect(JSON.parse(neko.requests.findLast(({ method }) => method === 'POST')?.body ?? '')).toEqual({
      private_mode: true,
      plugins: { 'chat.can_send': false },
    })
    await expect(session.run('settings nonsense=on')).rejects.toThrow(code('usage'))
  })

  test('has a keyboard, a clipboard, a chat', async () => {
    await session.run('host')
    expect(await text('keyboard de nodeadkeys')).toBe('keyboard de nodeadkeys')
    await session.run('clipboard set "a  b"')
    expect(await text('clipboard get')).toBe('a  b')
    await session.run('chat hello   there')
    expect((await neko.next('chat/message')).payload).toEqual({ text: 'hello there' })
  })
})

describe('files', () => {
  test('go there and come back', async () => {
    const [from, to] = [join(folder, 'a.txt'), join(folder, 'b.txt')]
    writeFileSync(from, 'hello')
    await session.run(`files put ${from}`)
    expect(await text('files list')).toContain('a.txt  5 B')
    await session.run(`files get a.txt ${to}`)
    expect(readFileSync(to, 'utf8')).toBe('hello')
    await session.run('files rm a.txt')
    expect(neko.files.size).toBe(0)
    await expect(session.run(`files get nope ${to}`)).rejects.toThrow(expect.objectContaining({ kind: 'not_found' }))
    await expect(session.run(`upload ${join(folder, 'none')}`)).rejects.toThrow(code('file_missing'))
  })

  test('are dropped where the pointer is, or at a point', async () => {
    const path = join(folder, 'a.txt')
    writeFileSync(path, 'hello')
    await session.run('host')
    await session.run('move 7 8')
    expect(await value(`upload ${path}`)).toMatchObject({ at: { x: 7, y: 8 } })
    expect(await value(`upload ${path} ${path} 30 40`)).toMatchObject({ files: [path, path], at: { x: 30, y: 40 } })
  })

  test('of pictures hold what the screen shows', async () => {
    for (const name of ['a.jpg', 'a.png']) {
      await session.run(`screenshot ${join(folder, name)}`)
      const { width, height } = await new Bun.Image(readFileSync(join(folder, name))).metadata()
      expect([name, width, height]).toEqual([name, 1280, 720])
    }
    await expect(session.run('screenshot a.gif')).rejects.toThrow(code('usage'))
    await expect(session.run('watch')).rejects.toThrow(code('no_terminal'))
  })

  test('of a recording of screenshots are Motion JPEG, which WebM cannot hold', async () => {
    const path = join(folder, 'a.mkv')
    expect(await value(`record ${path} 0.6`)).toMatchObject({ codec: 'mjpeg', path })
    expect(readFileSync(path).includes('V_MJPEG')).toBe(true)
    await expect(session.run(`record ${join(folder, 'a.webm')} 0.6`)).rejects.toThrow(code('record_container'))
    await expect(session.run(`record ${path}`)).rejects.toThrow(code('usage'))
  })
})

describe('the end', () => {
  test('interrupts the command that runs, and lets go of keys and of the room', async () => {
    await session.run('host')
    await session.run('keydown Shift')
    const sleeping = session.run('sleep 1000')
    session.interrupt()
    await expect(sleeping).rejects.toThrow(code('interrupted'))
    expect(client.isHost).toBe(true)
    await session.close()
    expect((await neko.next('control/keyup')).payload).toEqual({ keysym: 0xffe1 })
    await neko.next('control/release')
    expect(neko.hostId).toBeNull()
  })

  test('is there after quit', async () => {
    expect(session.ended).toBe(false)
    await session.run('exit')
    expect(session.ended).toBe(true)
  })
})
