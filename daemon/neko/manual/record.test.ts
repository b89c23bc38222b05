import { afterEach, beforeEach, expect, setDefaultTimeout, test } from 'bun:test'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Http } from '../client/http'
import { NekoRest } from '../client/rest'
import { Frames } from '../frames/frames'
import type { VideoCodec } from '../media/depacketize/frame'
import { colourAt, film, quiet, until } from '../media/testing'
import { TestRoom, TestServer } from '../media/testserver'
import { record } from './record'

// ffmpeg makes the films, and plays the recordings, on a machine that may have more to do.
setDefaultTimeout(60_000)

let folder: string
const ends: (() => Promise<void>)[] = []
beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), 'nekode-record-'))))
afterEach(async () => {
  for (const end of ends.splice(0)) await end()
  rmSync(folder, { recursive: true, force: true })
})

async function begin(codec: VideoCodec) {
  const room = new TestRoom()
  const neko = new TestServer(room, { film: await film(codec, { colours: ['lime'] }) })
  const client = Object.assign(room, { rest: new NekoRest(new Http({ base: 'http://127.0.0.1:9' }, 'token')) })
  const frames = new Frames(client, { prefer: 'webrtc', ice: { policy: 'strict' }, log: quiet })
  ends.push(async () => {
    await frames.close()
    await neko.close()
  })
  const stop = new AbortController()
  const start = (name: string) =>
    record({ frames, path: join(folder, name), size: room.size, signal: stop.signal, audio: true })
  return { room, neko, frames, stop, start }
}

/** Every picture of a file, as ffmpeg plays it. */
async function play(name: string, { width, height }: { width: number; height: number }): Promise<string[]> {
  const argv = ['ffmpeg', '-v', 'error', '-xerror', '-i', join(folder, name), '-map', '0:v', '-fps_mode', 'passthrough']
  const ffmpeg = Bun.spawn([...argv, '-f', 'rawvideo', '-pix_fmt', 'rgb24', 'pipe:1'], {
    stdout: 'pipe',
    stderr: 'pipe',
  })
  const [bytes, errors] = await Promise.all([new Response(ffmpeg.stdout).bytes(), new Response(ffmpeg.stderr).text()])
  expect([await ffmpeg.exited, errors]).toEqual([0, ''])
  const length = width * height * 3
  return Array.from({ length: bytes.length / length }, (_, at) =>
    colourAt({ width, height, rgb: bytes.subarray(at * length, (at + 1) * length) }),
  )
}

test.each(['vp8', 'vp9', 'h264'] as const)('what comes as %s is a file that plays', async (codec) => {
  const { frames, stop, start, room } = await begin(codec)
  const recording = start('a.mkv')
  await until(() => (frames.media?.stream?.stats.frames ?? 0) >= 20)
  stop.abort()
  const done = await recording
  expect(done.codec).toBe(codec)
  const colours = await play('a.mkv', room.size)
  expect(colours.length).toBe(done.frames)
  expect(colours.length).toBeGreaterThan(5)
  expect(new Set(colours)).toEqual(new Set(['lime']))
})

test('a recording goes on when the video begins anew', async () => {
  const { frames, stop, start, room } = await begin('vp8')
  const recording = start('a.webm')
  await until(() => (frames.media?.stream?.stats.frames ?? 0) >= 5)
  const before = frames.media?.stream
  frames.media?.request()
  await until(() => frames.media?.stream !== before && (frames.media?.stream?.stats.frames ?? 0) >= 5)
  stop.abort()
  const done = await recording
  expect(done.frames).toBeGreaterThanOrEqual(10)
  expect((await play('a.webm', room.size)).length).toBe(done.frames)
})

test('a kind of file that cannot hold the video is refused by name', async () => {
  const { start } = await begin('h264')
  await expect(start('a.webm')).rejects.toThrow(expect.objectContaining({ code: 'record_container' }))
})

test('a recording of nothing says why there is none', async () => {
  const { neko, stop, start } = await begin('vp8')
  neko.isMuted = true
  const recording = start('a.webm')
  stop.abort()
  await expect(recording).rejects.toThrow(expect.objectContaining({ code: 'no_picture' }))
})

test('a file that cannot be written is named', async () => {
  const { start } = await begin('vp8')
  await expect(start('no/such/folder.webm')).rejects.toThrow(expect.objectContaining({ code: 'file_unwritable' }))
})
