import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { existsSync, mkdtempSync, rmSync, statSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createLogger } from '@shared/log'
import { z } from 'zod'
import { makeFolders, type Paths, pathsOf } from '../config/paths'
import { LocalClient } from './client'
import { LocalEvents } from './events'
import { encodeFrame, FrameReader, MAX_FRAME } from './frames'
import { type LocalApi, startLocal } from './local'
import { operations, serve } from './operation'
import { readPort, readToken, socketAddress } from './place'

const SAMPLE = operations({
  Echo: {
    about: 'Says it again',
    input: z.object({ text: z.string() }),
    answers: { Said: z.object({ text: z.string() }) },
  },
  Much: {
    about: 'Says a lot',
    input: z.object({ length: z.number() }),
    answers: { Said: z.object({ text: z.string() }) },
  },
  Fail: { about: 'Throws', input: z.object({}), answers: { Never: z.object({}) } },
  Secret: { about: 'Needs the token', input: z.object({}), answers: { Told: z.object({}) }, needsToken: true },
  Mine: {
    about: 'For agents',
    input: z.object({}),
    answers: { Yours: z.object({ agentId: z.string().nullable() }) },
    forAgents: true,
  },
})

let home: string
let paths: Paths
let api: LocalApi
let events: LocalEvents
let ended: PromiseWithResolvers<void>
const sockets: Socket[] = []
beforeEach(async () => {
  home = mkdtempSync(join(tmpdir(), 'nekode-local-'))
  paths = pathsOf(home)
  makeFolders(paths)
  events = new LocalEvents()
  ended = Promise.withResolvers()
  api = await startLocal({
    paths,
    version: '1.2.3',
    log: createLogger({ level: 'error', write: () => undefined }),
    events,
    services: ['sample'],
    port: 0,
    agentOf: (token) => (token === 'agent-token' ? 'agt_1' : undefined),
    shutdown: () => ended.resolve(),
    restart: () => ended.resolve(),
    serve: async () =>
      serve(SAMPLE, {
        Echo: ({ text }) => ({ type: 'Said', text }),
        Much: ({ length }) => ({ type: 'Said', text: 'x'.repeat(length) }),
        Fail: () => {
          throw new Error('inside')
        },
        Secret: () => ({ type: 'Told' }),
        Mine: (_, caller) => ({ type: 'Yours', agentId: caller.kind === 'agent' ? caller.agentId : null }),
      }),
  })
})
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy()
  await api.stop()
  rmSync(home, { recursive: true })
})

/** A bare connection: what it sends is up to the test, and every frame that comes back can be awaited. */
async function raw() {
  const socket = connect(socketAddress(paths))
  sockets.push(socket)
  await new Promise((resolve) => socket.once('connect', resolve))
  const frames = new FrameReader()
  const replies = (async function* () {
    for await (const piece of socket) yield* frames.push(piece)
  })()
  const next = async () => (await replies.next()).value
  return { socket, next, ask: (value: unknown) => (socket.write(encodeFrame(value)), next()) }
}

test('answers come in the order of the requests, however the bytes are cut', async () => {
  const { socket, next } = await raw()
  const bytes = Buffer.concat([
    encodeFrame({ type: 'Echo', text: 'früh' }),
    encodeFrame({ type: 'Ping' }),
    encodeFrame({ type: 'Echo', text: 'x'.repeat(200_000) }),
  ])
  for (const [from, to] of [
    [0, 2],
    [2, 5],
    [5, 60],
    [60, bytes.length],
  ])
    socket.write(bytes.subarray(from, to))
  expect(await next()).toEqual({ type: 'Said', text: 'früh' })
  expect(await next()).toMatchObject({ type: 'Pong', version: '1.2.3' })
  expect(await next()).toEqual({ type: 'Said', text: 'x'.repeat(200_000) })
})

test('the socket, the token and the place of the port are for this user alone, and gone afterwards', async () => {
  const files = [socketAddress(paths), join(paths.state, '.token'), join(paths.state, 'local.json')]
  for (const path of files) expect(statSync(path).mode & 0o777).toBe(0o600)
  await api.stop()
  expect(files.filter((path) => existsSync(path))).toEqual([])
})

describe('a request that is wrong', () => {
  test.each<[string, unknown, object]>([
    ['that is no object', 7, { type: 'Error', code: 'invalid_request' }],
    ['without a type', {}, { type: 'Error', code: 'invalid_request' }],
    ['of no known type', { type: 'Fly' }, { type: 'Error', code: 'unknown_request' }],
    ['of a name that objects have', { type: 'constructor' }, { type: 'Error', code: 'unknown_request' }],
    ['with a wrong field', { type: 'Echo', text: 7 }, { type: 'Error', code: 'invalid_request' }],
    ['that fails inside', { type: 'Fail' }, { type: 'Error', code: 'internal' }],
    ['without the token that it needs', { type: 'Secret' }, { type: 'AuthRequired' }],
    ['with a wrong token', { type: 'Echo', text: 'x', auth_token: 'no' }, { type: 'AuthRequired' }],
    [
      'of an agent, for what is not for agents',
      { type: 'Echo', text: 'x', auth_token: 'agent-token' },
      { code: 'not_for_agents' },
    ],
  ])('%s is told, and the connection goes on', async (_, request, told) => {
    const { ask } = await raw()
    expect(await ask(request)).toMatchObject(told)
    expect(await ask({ type: 'Ping' })).toMatchObject({ type: 'Pong' })
  })

  test.each<[string, Uint8Array, string]>([
    ['too long', new Uint8Array([1, 0, 0, 1]), 'message_too_large'],
    ['no JSON', Buffer.concat([new Uint8Array([0, 0, 0, 2]), Buffer.from('{]')]), 'frame_malformed'],
    ['no UTF-8', new Uint8Array([0, 0, 0, 3, 0x22, 0xff, 0x22]), 'frame_malformed'],
  ])('as a frame that is %s ends its connection, and no other', async (_, bytes, code) => {
    const [bad, good] = [await raw(), await raw()]
    bad.socket.write(bytes)
    expect(await bad.next()).toMatchObject({ type: 'Error', code })
    expect(await bad.next()).toBeUndefined()
    expect(await good.ask({ type: 'Ping' })).toMatchObject({ type: 'Pong' })
  })

  test('more clients than there are places are told so, and a place that is left is free again', async () => {
    const clients = await Promise.all(Array.from({ length: 64 }, raw))
    await Promise.all(clients.map(({ ask }) => ask({ type: 'Ping' })))
    const late = await raw()
    expect(await late.next()).toMatchObject({ code: 'too_many_connections' })
    clients[0]!.socket.end()
    await clients[0]!.next()
    expect(await (await raw()).ask({ type: 'Ping' })).toMatchObject({ type: 'Pong' })
  })
})

test('an answer that is too long for a frame is told as that', async () => {
  const { ask } = await raw()
  expect(await ask({ type: 'Much', length: MAX_FRAME })).toMatchObject({ type: 'Error', code: 'message_too_large' })
  expect(await ask({ type: 'Much', length: 3 })).toEqual({ type: 'Said', text: 'xxx' })
})

test('the typed client has the token where it needs one, and says when nobody answers', async () => {
  const client = await LocalClient.open({ address: socketAddress(paths), token: readToken(paths) })
  expect(await client.call('Status', {})).toMatchObject({ type: 'StatusInfo', services: ['sample'], pid: process.pid })
  await client.call('Shutdown', {})
  await ended.promise
  client.close()
  await api.stop()
  await expect(LocalClient.open({ address: socketAddress(paths) })).rejects.toThrow('The daemon does not run.')
})

test('a listener that does not keep up misses events and is told how many', async () => {
  const stop = new AbortController()
  const listener = events.listen(stop.signal)
  for (let i = 0; i < 300; i++) events.publish({ type: 'DaemonStopping' })
  expect((await listener.next()).value).toEqual({ type: 'LaggedBehind', missed: 300 - 256 })
  stop.abort()
})

test('events come over the socket until the client goes', async () => {
  const client = await LocalClient.open({ address: socketAddress(paths) })
  const heard = client.events()
  const first = heard.next()
  await (await raw()).ask({ type: 'Ping' })
  events.publish({ type: 'DaemonStarted', pid: 7, version: 'x' })
  expect((await first).value).toEqual({ type: 'DaemonStarted', pid: 7, version: 'x' })
  await heard.return(undefined)
})

describe('over HTTP', () => {
  const at = (path: string) => `http://127.0.0.1:${readPort(paths)}${path}`
  const bearer = (token = readToken(paths)) => ({ authorization: `Bearer ${token}` })

  test('the same operations answer, to the token alone', async () => {
    const post = (path: string, headers: Record<string, string>, body = '{}') =>
      fetch(at(path), { method: 'POST', headers, body })
    const said = await post('/v1/Echo', bearer(), '{"text":"hi"}')
    expect([said.status, await said.json()]).toEqual([200, { type: 'Said', text: 'hi' }])
    expect((await post('/v1/Ping', {})).status).toBe(401)
    expect((await post('/v1/Ping', bearer('wrong'))).status).toBe(401)
    expect((await post('/v1/Echo', bearer(), '[]')).status).toBe(400)
    expect((await post('/v1/Nothing', bearer())).status).toBe(404)
    expect((await post('/v1/Secret', bearer())).status).toBe(200)
    expect(await (await post('/v1/Mine', bearer('agent-token'))).json()).toEqual({ type: 'Yours', agentId: 'agt_1' })
    expect((await post('/v1/Echo', bearer('agent-token'), '{"text":"hi"}')).status).toBe(403)
  })

  test('a web page gets nothing, whatever it knows', async () => {
    expect((await fetch(at('/v1'), { headers: { ...bearer(), origin: 'http://evil.example' } })).status).toBe(403)
    expect((await fetch(at('/v1'), { headers: { ...bearer(), host: 'evil.example' } })).status).toBe(403)
  })

  test('the list says what there is', async () => {
    const { operations } = await (await fetch(at('/v1'), { headers: bearer() })).json()
    expect(operations.map(({ name }: { name: string }) => name)).toEqual(
      expect.arrayContaining(['Ping', 'Status', 'Shutdown', 'Echo']),
    )
  })

  test('events come as a stream', async () => {
    const response = await fetch(at('/v1/events'), { headers: bearer() })
    const reader = response.body!.getReader()
    const text = new TextDecoder()
    let heard = text.decode((await reader.read()).value)
    events.publish({ type: 'DaemonStarted', pid: 7, version: 'x' })
    while (!heard.includes('DaemonStarted')) heard += text.decode((await reader.read()).value)
    expect(heard).toContain('data: {"type":"DaemonStarted","pid":7,"version":"x"}')
    await reader.cancel()
  })
})
