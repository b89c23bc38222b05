import { afterEach, beforeEach, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { chmodSync, existsSync, lstatSync, mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { createLogger } from '@shared/log'
import { z } from 'zod'
import { until } from '../../test/fixtures/control'
import { makeFolders, type Paths, pathsOf } from '../config/paths'
import { LocalClient } from './client'
import { Dispatcher } from './dispatch'
import { LocalEvents } from './events'
import { encodeFrame, FrameReader } from './frames'
import { operations, serve } from './operation'
import { makeSocketFolder, socketAddress } from './place'
import { LocalSocket } from './socket'

setDefaultTimeout(30_000)

const SLOW = operations({
  Slow: { about: 'Answers when it is told to', input: z.object({}), answers: { Done: z.object({}) } },
})

let dir: string
let paths: Paths
let answer: PromiseWithResolvers<void>
const clients: Socket[] = []
const servers: LocalSocket[] = []
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'nekode-faults-'))
  paths = pathsOf(dir)
  makeFolders(paths)
  answer = Promise.withResolvers()
})
afterEach(async () => {
  answer.resolve()
  for (const client of clients.splice(0)) client.destroy()
  for (const server of servers.splice(0)) await server.close(1000)
  rmSync(dir, { recursive: true, force: true })
})

async function open(spareMs = 60_000, address = socketAddress(paths)): Promise<{ events: LocalEvents }> {
  const log = createLogger({ level: 'error', write: () => undefined })
  const events = new LocalEvents()
  const served = serve(SLOW, {
    Slow: async () => {
      await answer.promise
      return { type: 'Done' }
    },
  })
  const dispatcher = new Dispatcher({
    serve: async () => served,
    log,
    token: 't',
    agentOf: () => undefined,
    clean: (input) => input,
  })
  servers.push(await LocalSocket.open({ address, dispatcher, events, log, spareMs }))
  return { events }
}

async function client() {
  const socket = connect({ path: socketAddress(paths), allowHalfOpen: true })
  clients.push(socket)
  await new Promise((resolve) => socket.once('connect', resolve))
  let isGone = false
  const replies: unknown[] = []
  const frames = new FrameReader()
  socket.on('data', (piece: Buffer) => replies.push(...frames.push(piece)))
  socket.on('error', () => (isGone = true))
  socket.on('end', () => (isGone = true))
  return {
    socket,
    isGone: () => isGone,
    /** The next reply; undefined when there are no more. */
    next: () => until('a reply', () => replies.length > 0 || isGone).then(() => replies.shift()),
  }
}

test('a client that closes its side after a request still gets the answer', async () => {
  await open()
  const { socket, next } = await client()
  socket.end(encodeFrame({ type: 'Slow' }))
  setTimeout(answer.resolve, 50)
  expect(await next()).toEqual({ type: 'Done' })
  expect(await next()).toBeUndefined()
})

test('a client that goes while it is answered leaves nothing behind', async () => {
  await open()
  const gone = await client()
  gone.socket.write(encodeFrame({ type: 'Slow' }))
  gone.socket.destroy()
  answer.resolve()
  const { socket, next } = await client()
  socket.write(encodeFrame({ type: 'Slow' }))
  expect(await next()).toEqual({ type: 'Done' })
})

test('a listener that closes its side is let go', async () => {
  const { events } = await open()
  const { socket, next, isGone } = await client()
  socket.write(encodeFrame({ type: 'EventSubscribe' }))
  const telling = setInterval(() => events.publish({ type: 'DaemonStopping' }), 5)
  expect(await next()).toMatchObject({ type: 'Event' })
  clearInterval(telling)
  socket.end()
  await until('it is let go', () => isGone())
})

describe('sixty-four clients that say nothing', () => {
  const silent = () => Promise.all(Array.from({ length: 64 }, client))

  test('make room for one that does when they have been silent for a while', async () => {
    await open(0)
    const all = await silent()
    const { socket, next } = await client()
    socket.write(encodeFrame({ type: 'Slow' }))
    answer.resolve()
    expect(await next()).toEqual({ type: 'Done' })
    await until('one of them is gone', () => all.some(({ isGone }) => isGone()))
    expect(all.filter(({ isGone }) => isGone())).toHaveLength(1)
  })

  test('with half a frame each make room as well', async () => {
    await open(0)
    const all = await silent()
    for (const { socket } of all) socket.write(encodeFrame({ type: 'Slow' }).subarray(0, 6))
    const { socket, next } = await client()
    socket.write(encodeFrame({ type: 'Slow' }))
    answer.resolve()
    expect(await next()).toEqual({ type: 'Done' })
  })

  test('keep their places while they are answered: the next one is told that there is none', async () => {
    await open(0)
    const all = await silent()
    for (const { socket } of all) socket.write(encodeFrame({ type: 'Slow' }))
    // The last one’s request is known to be under way when a later connection is refused.
    let refused: unknown
    for (let i = 0; i < 100 && refused === undefined; i++) {
      await new Promise((resolve) => setTimeout(resolve, 10))
      if (i < 20) continue
      refused = await (await client()).next()
    }
    expect(refused).toMatchObject({ type: 'Error', code: 'too_many_connections' })
    answer.resolve()
    for (const { next } of all) expect(await next()).toEqual({ type: 'Done' })
  })
})

describe('a home with a long path', () => {
  const long = () => pathsOf(join(dir, 'x'.repeat(120)))
  const folder = () => dirname(socketAddress(long()))
  /** The folder is that of every daemon of this user: it is looked at, not replaced. */
  const elsewhere = () => join('/tmp', `nekode-test-${process.pid}`, 'x.sock')
  afterEach(() => rmSync(dirname(elsewhere()), { recursive: true, force: true }))

  test('has its socket in a folder of this user alone, wherever temporary files are', async () => {
    const address = socketAddress(long())
    expect(Buffer.byteLength(address)).toBeLessThan(100)
    expect(address).toStartWith(`/tmp/nekode-${process.getuid?.()}/`)
    makeSocketFolder(address)
    expect(statSync(folder()).mode & 0o777).toBe(0o700)
    await open(0, address)
    expect(statSync(address).mode & 0o777).toBe(0o600)
    const one = await LocalClient.open({ address })
    one.close()
  })

  test.each<[string, (path: string) => void]>([
    ['that others can look into', (path) => (mkdirSync(path), chmodSync(path, 0o755))],
    ['that is a link', (path) => symlinkSync(dir, path)],
  ])('uses no folder %s, as daemon and as client', async (_, make) => {
    const address = elsewhere()
    make(dirname(address))
    const before = lstatSync(dirname(address)).mode
    expect(() => makeSocketFolder(address)).toThrow('is not a folder of this user alone')
    await expect(LocalClient.open({ address })).rejects.toThrow('is not a folder of this user alone')
    expect(lstatSync(dirname(address)).mode).toBe(before)
  })
})

test('a home that cannot be written is told as that', async () => {
  const address = join(dir, 'file', 'nekode.sock')
  await expect(open(0, address)).rejects.toMatchObject({ code: 'local_socket_unavailable' })
  expect(existsSync(address)).toBe(false)
})
