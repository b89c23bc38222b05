import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { Output } from '@shared/cli/output'
import { TestHost } from '@shared/cli/testing'
import type { FakeNeko } from '../../../test/fixtures/neko'
import { NekoWorld } from '../../../test/fixtures/neko-clients'
import type { NekoClient } from '../client/client'
import { linesOf, type PipedOptions, runLines } from './piped'
import { ManualSession } from './session'

const world = new NekoWorld()
let neko: FakeNeko
let client: NekoClient
let session: ManualSession
let host: TestHost
let stop: AbortController

beforeEach(async () => {
  stop = new AbortController()
  host = new TestHost({ name: 'test', version: '1', description: '', examples: [], commands: {} })
  neko = world.start()
  client = await world.connect(neko)
  session = new ManualSession({
    desk: client,
    face: { interactive: false, secret: () => Promise.resolve(''), note: () => undefined, screen: undefined },
    audio: false,
    frames: () => Promise.reject(new Error('no pictures here')),
    signal: stop.signal,
  })
})
afterEach(async () => {
  await session.close()
  await world.end()
  host.remove()
})

const play = (lines: string[] | AsyncIterable<string>, options: Partial<PipedOptions> & { json?: boolean } = {}) => {
  const { json = false, ...rest } = options
  const out = new Output(host, json)
  return runLines(lines, { session, out, keepGoing: false, patienceMs: 5000, signal: stop.signal, ...rest })
}

describe('a script', () => {
  test('does one command after another and prints what they say', async () => {
    expect(await play(['size', '', '# nothing', 'echo "a  b"', 'copy'])).toBe(0)
    expect(host.stdout).toBe('size 1280x720 normalized=false\na  b\n')
    await neko.next('control/copy')
  })

  test('ends at the first command that fails, and says which without what it types', async () => {
    expect(await play(['echo one', 'tap 1', 'echo two'])).toBe(1)
    expect([host.stdout, host.stderr]).toEqual([
      'one\n',
      'error: Line 2: “tap” needs more than that.\nnext: usage: tap X Y [left|middle|right]\n',
    ])
    host.stderr = ''
    expect(await play(['text hunter2'], { session: await elsewhere() })).toBe(1)
    expect(host.stderr).toStartWith('error: Line 1 (text): bob steers at the moment.\n')
    expect(host.stderr).not.toContain('hunter2')
  })

  test('goes on where it is told to, and counts', async () => {
    expect(await play(['fly', 'echo one', 'fly', 'echo two'], { keepGoing: true })).toBe(2)
    expect(host.stdout).toBe('one\ntwo\n')
  })

  test('ends at quit', async () => {
    expect(await play(['quit', 'echo more'])).toBe(0)
    expect(host.stdout).toBe('')
  })

  test('tells programs about each command', async () => {
    expect(await play(['copy', '# nothing', 'where', 'fly'], { json: true })).toBe(1)
    expect(host.lines()).toEqual([
      { command: 'copy', line: 1, result: null },
      { command: 'where', line: 3, result: { x: 0, y: 0 } },
    ])
    expect(JSON.parse(host.stderr)).toMatchObject({ code: 'unknown_command', error: expect.stringContaining('Line 4') })
  })

  test('waits for a connection that is made again', async () => {
    neko.cut('ann-00001')
    await neko.until(() => !client.connected)
    expect(await play(['copy'])).toBe(0)
    await neko.next('control/copy')
  })

  test('does not wait for one that does not come back', async () => {
    await neko.kill()
    while (client.connected) await Bun.sleep(5)
    expect(await play(['copy'], { patienceMs: 50 })).toBe(1)
    expect(host.stderr).toContain('Line 1 (copy): The connection is gone')
  })

  test('is over at once when it is interrupted', async () => {
    const running = play(['sleep 1000', 'echo more'])
    await Bun.sleep(0)
    stop.abort(new Error('Ctrl-C'))
    await expect(running).rejects.toThrow('Ctrl-C')
    expect(host.stdout).toBe('')
  })
})

/** A session in a room that somebody else steers. */
async function elsewhere(): Promise<ManualSession> {
  const other = await world.connect(neko, { username: 'bob' })
  await other.acquire()
  await neko.until(() => client.state.hostId !== null)
  return session
}

test('lines are there as soon as they have ended, however they are cut on the way', async () => {
  const bytes = new TextEncoder().encode('one\r\ngrün 😀\n\nlast')
  async function* bits() {
    for (const byte of bytes) yield Uint8Array.of(byte)
  }
  expect(await Array.fromAsync(linesOf(bits()))).toEqual(['one', 'grün 😀', '', 'last'])
})
