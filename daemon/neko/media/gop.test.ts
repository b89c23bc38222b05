import { expect, test } from 'bun:test'
import { pictureOfPlanes } from '../frames/i420'
import { FrameAssembler } from './depacketize/assembler'
import { VIDEO_CODECS, type EncodedFrame, type VideoCodec } from './depacketize/frame'
import { PictureStream } from './gop'
import { colourAt, COLOURS, type Film, film, packetizer } from './testing'

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
    for (const [index, frame] of frames.entries()) {
      stream.push(frame)
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
