import { expect, setDefaultTimeout, test } from 'bun:test'
import { pictureOfPlanes } from '../frames/i420'
import { FrameAssembler } from './depacketize/assembler'
import { VIDEO_CODECS, type EncodedFrame, type VideoCodec } from './depacketize/frame'
import { PictureStream } from './gop'
import { colourAt, COLOURS, type Film, film, packetizer, until } from './testing'

// ffmpeg makes the films first, on a machine that may have more to do.
setDefaultTimeout(60_000)

/** Between two frames of a film. */
const EACH_MS = 66

const films = new Map<VideoCodec, Promise<Film>>()
const filmOf = (codec: VideoCodec) => {
  const made = films.get(codec) ?? film(codec, { width: 328, height: 184 })
  films.set(codec, made)
  return made
}

const packetsOf = ({ codec, frames }: Film) => {
  const cutter = packetizer(codec)
  return frames.flatMap((frame, index) => cutter.packetize(frame, index * 6000))
}

for (const codec of VIDEO_CODECS) {
  test(`${codec} from ffmpeg comes out in its colours and its size, packet by packet`, async () => {
    const made = await filmOf(codec)
    const stream = new PictureStream(codec)
    const frames: EncodedFrame[] = []
    const assembler = new FrameAssembler(codec, { onFrame: (frame) => frames.push(frame) })
    for (const { header, payload } of packetsOf(made)) {
      const { sequenceNumber: sequence, timestamp, marker } = header
      assembler.push({ sequence, timestamp, marker, payload })
    }
    expect(frames).toHaveLength(made.frames.length)
    expect(frames.filter(({ key }) => key).length).toBeGreaterThanOrEqual(4)
    const seen: string[] = []
    const began = Date.now()
    for (const [index, frame] of frames.entries()) {
      stream.push({ ...frame, at: began + index * EACH_MS })
      if (index % made.each !== made.each - 1) continue
      const { planes, at } = await stream.picture({ timeoutMs: 5000 })
      const picture = pictureOfPlanes(planes, at)
      expect({ width: picture.width, height: picture.height }).toEqual({ width: 328, height: 184 })
      seen.push(colourAt(await picture.pixels()))
    }
    expect(seen).toEqual([...COLOURS])
    stream.close()
  })
}

let last = 0
/** One that comes when it was made, some time after the one before. */
function frame(data: Uint8Array, key: boolean, at = Math.max(Date.now(), last + EACH_MS)): EncodedFrame {
  last = at
  return { data, key, timestamp: Math.round(at * 90) >>> 0, at }
}

test('frames are kept compressed until a picture is wanted, and a keyframe makes those before it needless', async () => {
  const made = await film('vp8', { group: 15 })
  const stream = new PictureStream('vp8')
  for (const [index, data] of made.frames.slice(0, 40).entries()) stream.push(frame(data, index % 15 === 0))
  expect(stream.stats).toMatchObject({ frames: 40, decoded: 0, dropped: 30 })
  const { planes, at } = await stream.picture({ timeoutMs: 5000 })
  expect(colourAt(await pictureOfPlanes(planes, at).pixels())).toBe('blue')
  expect(stream.stats.decoded).toBe(10)
  stream.close()
})

test('a stream without keyframes is decoded along, so that what waits stays little', async () => {
  const made = await film('vp8', { group: 1000, each: 100 })
  const stream = new PictureStream('vp8')
  for (const [index, data] of made.frames.entries()) {
    stream.push(frame(data, index === 0))
    await new Promise(setImmediate)
  }
  await until(() => made.frames.length - stream.stats.decoded <= 60)
  const { planes, at } = await stream.picture({ timeoutMs: 5000 })
  expect(colourAt(await pictureOfPlanes(planes, at).pixels())).toBe('white')
  stream.close()
})

test('when far more comes than can be decoded, all of it is dropped and a keyframe asked for', () => {
  let asked = 0
  const stream = new PictureStream('vp8', { onNeedKeyframe: () => void asked++ })
  stream.push(frame(new Uint8Array(9), true))
  for (let count = 0; count < 10_000; count++) stream.push(frame(new Uint8Array(9), false))
  expect(asked).toBe(1)
  expect(stream.needsKeyframe).toBe(true)
  expect(stream.stats.frames).toBeLessThan(1000)
  stream.close()
})

for (const codec of VIDEO_CODECS) {
  test(`${codec}: frames that are damaged are passed over, and the stream goes on with a keyframe`, async () => {
    const made = await filmOf(codec)
    let asked = 0
    const stream = new PictureStream(codec, { onNeedKeyframe: () => void asked++ })
    const next = async (data: Uint8Array, key: boolean, timeoutMs: number) => {
      const from = Date.now()
      await until(() => Date.now() > from)
      const wanted = stream.picture({ after: from, timeoutMs })
      stream.push(frame(data, key, Date.now()))
      return wanted.then(
        ({ planes, at }) => pictureOfPlanes(planes, at).pixels().then(colourAt),
        (e: { code: string }) => e.code,
      )
    }
    expect(await next(made.frames[0]!, true, 5000)).toBe('red')
    const damaged = Uint8Array.from(made.frames[15]!, (byte, at) => (at > 50 ? byte ^ 0xa5 : byte))
    await next(damaged, true, 300)
    expect(await next(made.frames[30]!, true, 5000)).toBe('blue')
    expect(stream.stats.damaged === 0 || asked > 0).toBe(true)
    stream.close()
  })
}

test('whoever waits is told when the stream ends, and who asks later too', async () => {
  const stream = new PictureStream('vp8')
  const waiting = stream.picture({ timeoutMs: 5000 })
  stream.close()
  await expect(waiting).rejects.toMatchObject({ kind: 'unavailable', code: 'no_picture' })
  await expect(stream.picture({ timeoutMs: 5000 })).rejects.toMatchObject({ code: 'no_picture' })
})

test('pictures of a size that no screen has are none', async () => {
  const made = await film('vp8', { width: 16, height: 16, each: 1, colours: ['red'] })
  const stream = new PictureStream('vp8')
  const waiting = stream.picture({ timeoutMs: 300 })
  stream.push(frame(made.frames[0]!, true))
  await expect(waiting).rejects.toMatchObject({ code: 'no_picture' })
  stream.close()
})

test('who joins and is sent what was before, in a burst, sees nothing of that: the first picture is of now', async () => {
  const made = await film('vp8', { group: 30 })
  const stream = new PictureStream('vp8')
  const began = Date.now()
  const waited = stream.picture({ timeoutMs: 20_000 })
  const burst = 20
  for (const [index, data] of made.frames.slice(0, 30).entries()) {
    // Made 66 ms apart; the first of them come at once.
    const at = began + Math.max(0, index - burst + 1) * 66
    stream.push({ data, key: index === 0, timestamp: 4_294_900_000 + index * 6000, at })
  }
  expect((await waited).at).toBe(began + 3 * 66)
  stream.close()
})
