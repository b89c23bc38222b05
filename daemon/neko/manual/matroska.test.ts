import { describe, expect, test } from 'bun:test'
import { avcConfig, unitsOf, withLengths } from './avc'
import { Matroska, type Track } from './matroska'

const CONTAINERS = new Set([
  0x1a45dfa3, 0x18538067, 0x1549a966, 0x1654ae6b, 0xae, 0xe0, 0xe1, 0x1f43b675, 0x1c53bb6b, 0xbb, 0xb7, 0x114d9b74,
  0x4dbb,
])

interface Element {
  id: number
  at: number
  data: Buffer
  parts: Element[]
}

/** Reads EBML as a player does. */
function read(bytes: Buffer, from = 0, to = bytes.length): Element[] {
  const found: Element[] = []
  for (let at = from; at < to;) {
    const idLength = Math.clz32((bytes[at] ?? 0) << 24) + 1
    const id = bytes.readUIntBE(at, idLength)
    const sizeLength = Math.clz32((bytes[at + idLength] ?? 0) << 24) + 1
    const size = bytes.subarray(at + idLength, at + idLength + sizeLength)
    const isUnknown = size[0] === 0x01 && size.subarray(1).every((byte) => byte === 0xff)
    const length = isUnknown
      ? to - at - idLength - sizeLength
      : Number(BigInt(`0x${size.toString('hex')}`) & ((1n << BigInt(7 * sizeLength)) - 1n))
    const start = at + idLength + sizeLength
    const parts = CONTAINERS.has(id) ? read(bytes, start, start + length) : []
    found.push({ id, at, data: bytes.subarray(start, start + length), parts })
    at = start + length
  }
  return found
}

const all = (elements: Element[], id: number): Element[] =>
  elements.flatMap((element) => [...(element.id === id ? [element] : []), ...all(element.parts, id)])

const video: Track = { kind: 'video', codec: 'V_VP8', width: 1280, height: 720 }
const audio: Track = {
  kind: 'audio',
  codec: 'A_OPUS',
  sampleRate: 48_000,
  channels: 2,
  config: Buffer.from('OpusHead'),
}

function written(fill: (file: Matroska) => void, isWebm = true): Buffer {
  let file = Buffer.alloc(0)
  const write = (bytes: Uint8Array, at: number): void => {
    if (at + bytes.length > file.length) file = Buffer.concat([file, Buffer.alloc(at + bytes.length - file.length)])
    file.set(bytes, at)
  }
  fill(new Matroska({ write }, [video, audio], isWebm))
  return file
}

/** Time, track, whether it is a key, and bytes of each frame. */
const blocks = (file: Buffer): [ms: number, track: number, key: boolean, data: string][] =>
  all(read(file), 0x1f43b675).flatMap(({ parts }) => {
    const start = parts.find(({ id }) => id === 0xe7)?.data ?? Buffer.alloc(1)
    return all(parts, 0xa3).map(({ data }): [number, number, boolean, string] => [
      start.readUIntBE(0, start.length) + data.readInt16BE(1),
      (data[0] ?? 0) & 0x7f,
      data[3] === 0x80,
      data.subarray(4).toString(),
    ])
  })

describe('a recording', () => {
  const file = written((muxer) => {
    muxer.frame(video, 0, true, Buffer.from('k1'))
    muxer.frame(audio, 12.4, true, Buffer.from('a1'))
    muxer.frame(video, 40, false, Buffer.from('d1'))
    muxer.frame(video, 70_000, true, Buffer.from('k2'.repeat(10_000)))
    muxer.frame(audio, 69_990, true, Buffer.from('a2'))
    muxer.end(80_000)
  })

  test('holds its frames with their times', () => {
    expect(blocks(file).map(([ms, track, key, data]) => [ms, track, key, data.slice(0, 2)])).toEqual([
      [0, 1, true, 'k1'],
      [12, 2, true, 'a1'],
      [40, 1, false, 'd1'],
      [70_000, 1, true, 'k2'],
      [69_990, 2, true, 'a2'],
    ])
  })

  test('says what its tracks are, and how long it is', () => {
    const elements = read(file)
    expect(all(elements, 0x4282)[0]?.data.toString()).toBe('webm')
    expect(all(elements, 0x86).map(({ data }) => data.toString())).toEqual(['V_VP8', 'A_OPUS'])
    expect(all(elements, 0xb0)[0]?.data.readUInt16BE()).toBe(1280)
    expect(all(elements, 0xba)[0]?.data.readUInt16BE()).toBe(720)
    expect(all(elements, 0x63a2)[0]?.data.toString()).toBe('OpusHead')
    expect(all(elements, 0x4489)[0]?.data.readDoubleBE()).toBe(80_000)
  })

  test('says where to jump to', () => {
    const elements = read(file)
    const segment = all(elements, 0x18538067)[0]
    const start = (segment?.at ?? 0) + 12
    const places = all(elements, 0xf1).map(({ data }) => data.readUIntBE(0, data.length))
    expect(places).toEqual(all(elements, 0x1f43b675).map(({ at }) => at - start))
    const [cues] = all(elements, 0x1c53bb6b)
    expect(all(elements, 0x53ac)[0]?.data.readBigUInt64BE()).toBe(BigInt((cues?.at ?? 0) - start))
  })

  test('plays without its end', () => {
    const cut = written((muxer) => {
      muxer.frame(video, 0, true, Buffer.from('k1'))
      muxer.frame(video, 40, false, Buffer.from('d1'))
      muxer.frame(video, 80, true, Buffer.from('k2'))
    }, false)
    expect(blocks(cut).map(([ms]) => ms)).toEqual([0, 40])
    expect(all(read(cut), 0x4282)[0]?.data.toString()).toBe('matroska')
  })
})

describe('H.264', () => {
  const [sps, pps, idr] = [
    Uint8Array.of(0x67, 0x42, 0xc0, 0x1f, 9),
    Uint8Array.of(0x68, 7),
    Uint8Array.of(0x65, 1, 0, 2),
  ]
  const frame = Buffer.concat([
    Uint8Array.of(0, 0, 0, 1),
    sps,
    Uint8Array.of(0, 0, 0, 1),
    pps,
    Uint8Array.of(0, 0, 1),
    idr,
  ])

  test('is taken apart at its start codes', () => {
    expect(unitsOf(frame).map((unit) => [...unit])).toEqual([[...sps], [...pps], [...idr]])
    expect(unitsOf(Uint8Array.of(1, 2, 3))).toEqual([])
  })

  test('says beforehand what a decoder needs', () => {
    expect([...(avcConfig(frame) ?? [])]).toEqual([1, 0x42, 0xc0, 0x1f, 0xff, 0xe1, 0, 5, ...sps, 1, 0, 2, ...pps])
    expect(avcConfig(Buffer.concat([Uint8Array.of(0, 0, 1), idr]))).toBeUndefined()
  })

  test('has lengths in the place of start codes', () => {
    expect([...withLengths(frame)]).toEqual([0, 0, 0, 5, ...sps, 0, 0, 0, 2, ...pps, 0, 0, 0, 4, ...idr])
  })
})
