import { afterAll, afterEach, expect, setDefaultTimeout, test } from 'bun:test'
import { NekodeError } from '@shared/errors'
import { Http } from '../client/http'
import { NekoRest } from '../client/rest'
import { colourAt, film, quiet, until } from '../media/testing'
import { TestRoom, TestServer, type TestServerOptions } from '../media/testserver'
import { Frames, type FramesOptions } from './frames'
import { encodePixels } from './picture'
import type { ScreenClient } from './screenshot'

// ffmpeg makes the films first, on a machine that may have more to do.
setDefaultTimeout(60_000)

/** A server's pictures: red from its screencast, blue of the screen itself. */
const images = Bun.serve({
  port: 0,
  hostname: '127.0.0.1',
  async fetch(request) {
    const { pathname } = new URL(request.url)
    asked.push(pathname.split('/').at(-1) ?? '')
    return new Response(await solid(pathname.endsWith('cast.jpg') ? [255, 0, 0] : [0, 0, 255]))
  },
})
const asked: string[] = []
afterAll(() => images.stop(true))

const solid = async (colour: number[]): Promise<Uint8Array<ArrayBuffer>> => {
  const rgb = Uint8Array.from({ length: 320 * 176 * 3 }, (_, at) => colour[at % 3] ?? 0)
  return new Uint8Array(await encodePixels({ width: 320, height: 176, rgb }, 'jpeg', 90))
}

const ends: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const end of ends.splice(0)) await end()
  asked.length = 0
})

const lime = await film('vp8', { colours: ['lime'] })

interface Setting {
  screencast?: boolean
  isAdmin?: boolean
  server?: Partial<TestServerOptions>
}

function begin({ screencast = true, isAdmin = false, server = {} }: Setting, options: Partial<FramesOptions> = {}) {
  const room = new TestRoom()
  Object.assign(room, { screencast, isAdmin })
  const neko = new TestServer(room, { film: lime, ...server })
  const rest = new NekoRest(new Http({ base: `http://127.0.0.1:${images.port}` }, 'token'))
  const client: ScreenClient = Object.assign(room, { rest })
  const frames = new Frames(client, { ice: { policy: 'strict' }, log: quiet, ...options })
  const sources: string[] = []
  frames.on('source', ({ kind }) => sources.push(kind))
  ends.push(async () => {
    await frames.close()
    await neko.close()
  })
  return { room, neko, frames, sources }
}

const colourOf = async (frames: Frames, timeoutMs = 8000) =>
  colourAt(await (await frames.next({ after: Date.now(), timeoutMs })).pixels())

test('pictures come from WebRTC where it works', async () => {
  const { frames, sources } = begin({})
  expect(await colourOf(frames)).toBe('lime')
  expect(frames.kind).toBe('webrtc')
  expect(sources).toEqual([])
  expect(asked).toEqual([])
})

test('while WebRTC gives nothing there are screenshots, and then WebRTC again', async () => {
  const { frames, neko, sources } = begin({})
  neko.isMuted = true
  expect(await colourOf(frames, 2000)).toBe('red')
  expect(frames.kind).toBe('screenshot')
  neko.isMuted = false
  await until(() => (frames.media?.stream?.newestAt ?? 0) > 0)
  expect(await colourOf(frames)).toBe('lime')
  expect(sources).toEqual(['screenshot', 'webrtc'])
})

test('video that stops is noticed, and its return as well', async () => {
  const { frames, neko, sources } = begin({})
  expect(await colourOf(frames)).toBe('lime')
  neko.isMuted = true
  expect(await colourOf(frames, 2000)).toBe('red')
  neko.isMuted = false
  const before = Date.now()
  await until(() => (frames.media?.stream?.newestAt ?? 0) > before)
  expect(await colourOf(frames)).toBe('lime')
  expect(sources).toEqual(['screenshot', 'webrtc'])
})

test('an administrator gets the screen itself, others the screencast', async () => {
  const { frames } = begin({ isAdmin: true }, { prefer: 'screenshot' })
  expect(await colourOf(frames)).toBe('blue')
  const other = begin({}, { prefer: 'screenshot' })
  expect(await colourOf(other.frames)).toBe('red')
  expect(asked).toEqual(['shot.jpg', 'cast.jpg'])
})

const failure = (promise: Promise<unknown>): Promise<NekodeError> =>
  promise.then(
    () => Promise.reject(new Error('there was a picture')),
    (e: unknown) => (e instanceof NekodeError ? e : Promise.reject(e)),
  )

test('where there is neither, the error names both and what to do', async () => {
  const { frames, neko } = begin({ screencast: false })
  neko.isMuted = true
  const { kind, code, message, next } = await failure(frames.next({ timeoutMs: 1500 }))
  expect({ kind, code }).toEqual({ kind: 'unavailable', code: 'no_picture' })
  expect(message).toContain('WebRTC: no')
  expect(message).toContain('The server gives this session no screenshots.')
  expect(next).toContain('NEKO_CAPTURE_SCREENCAST_ENABLED=true')
})

test('H.264 of a profile that cannot be decoded is named, and there are screenshots instead', async () => {
  const main = await film('h264', { args: ['-profile:v', 'main', '-preset', 'medium', '-bf', '0'] })
  const { frames, sources } = begin({ server: { film: main } })
  expect(await colourOf(frames)).toBe('red')
  expect(sources).toEqual(['screenshot'])
  const only = begin({ server: { film: main } }, { prefer: 'webrtc' })
  const { kind, code, message, next } = await failure(only.frames.next({ timeoutMs: 8000 }))
  expect({ kind, code }).toEqual({ kind: 'unimplemented', code: 'h264_profile' })
  expect(message).toContain('profile Main')
  expect(next).toContain('constrained-baseline')
})

test('the first frames of a stream are passed over', async () => {
  const { frames, neko } = begin({}, { skipInitial: 8 })
  await frames.next({ timeoutMs: 8000 })
  expect(frames.media?.stats().decoded?.frames).toBeGreaterThan(8)
  expect(neko.requests).toBe(1)
})

test('after the connection to the room came back, pictures come from a new stream', async () => {
  const { frames, room, neko } = begin({})
  await frames.next()
  const before = frames.media?.stream
  room.change('down', { reason: 'cut', final: false })
  room.change('up', room.state)
  expect(await colourOf(frames)).toBe('lime')
  expect(frames.kind).toBe('webrtc')
  expect(frames.media?.stream).not.toBe(before!)
  expect(neko.requests).toBe(2)
})

test('whoever stops waiting gets the reason they gave', async () => {
  const { frames, neko } = begin({})
  neko.isMuted = true
  const stop = new AbortController()
  const waiting = frames.next({ signal: stop.signal })
  stop.abort(new Error('enough'))
  await expect(waiting).rejects.toThrow('enough')
})
