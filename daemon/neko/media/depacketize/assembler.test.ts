import { expect, setDefaultTimeout, test } from 'bun:test'
import { film, packetizer } from '../testing'
import { FrameAssembler, type VideoPacket } from './assembler'
import { VIDEO_CODECS, type EncodedFrame, type VideoCodec } from './frame'
import { vp8 } from './vp8'
import { vp9 } from './vp9'

// ffmpeg makes the films first, on a machine that may have more to do.
setDefaultTimeout(60_000)

/** Busy enough for several packets a frame; a keyframe every five. */
const packetsOf = async (codec: VideoCodec): Promise<{ packets: VideoPacket[]; count: number }> => {
  const busy = await film(codec, { group: 5, source: { filter: 'testsrc2=s=320x176:r=15', frames: 15 } })
  const cutter = packetizer(codec)
  const packets = busy.frames.flatMap((frame, index) =>
    cutter.packetize(frame, index * 6000).map(({ header, payload }) => {
      const { sequenceNumber: sequence, timestamp, marker } = header
      return { sequence, timestamp, marker, payload }
    }),
  )
  return { packets, count: busy.frames.length }
}

const same = (frames: EncodedFrame[]) =>
  frames.map(({ data, timestamp, key }) => ({ data: Bun.hash(data), timestamp, key }))

function assemble(codec: VideoCodec, packets: VideoPacket[], step = 1) {
  const frames: EncodedFrame[] = []
  let now = 0
  let broken = 0
  const assembler = new FrameAssembler(codec, {
    onFrame: (frame) => frames.push(frame),
    onBroken: () => void broken++,
    now: () => now,
  })
  for (const packet of packets) {
    assembler.push(packet)
    now += step
  }
  return { frames, assembler, broken }
}

for (const codec of VIDEO_CODECS) {
  test(`${codec}: packets in any order, some of them twice, give the same frames`, async () => {
    const { packets, count } = await packetsOf(codec)
    const [first, ...rest] = packets
    const mixed = rest.flatMap((packet, index) => (index % 3 === 0 ? [packet, packet] : [packet]))
    for (let at = 0; at + 4 < mixed.length; at += 5) mixed.splice(at, 4, ...mixed.slice(at, at + 4).toReversed())
    const straight = assemble(codec, packets).frames
    expect(straight).toHaveLength(count)
    expect(same(assemble(codec, [first!, ...mixed]).frames)).toEqual(same(straight))
  })

  test(`${codec}: after a packet that never comes there is nothing until the next keyframe`, async () => {
    const { packets, count } = await packetsOf(codec)
    const times = [...new Set(packets.map(({ timestamp }) => timestamp))]
    // Somewhere in the seventh frame, the second of its group.
    const lost = packets.findLastIndex(({ timestamp }) => timestamp === times[6])
    const { frames, broken, assembler } = assemble(codec, packets.toSpliced(lost, 1), 200)
    expect(broken).toBe(1)
    expect(assembler.stats.gaps).toBe(1)
    const whole = assemble(codec, packets).frames
    const keys = whole.flatMap(({ key }, index) => (key ? [index] : []))
    const next = keys.find((index) => index > 6) ?? count
    expect(frames.map(({ timestamp }) => timestamp)).toEqual([...times.slice(0, 6), ...times.slice(next)])
    expect(frames[6]?.key).toBe(true)
  })

  test(`${codec}: sequence numbers go round, and a sender may count anew`, async () => {
    const { packets, count } = await packetsOf(codec)
    const from = (start: number) =>
      packets.map((packet, index) => ({
        ...packet,
        sequence: (start + index) & 0xffff,
        timestamp: packet.timestamp + start,
      }))
    expect(assemble(codec, from(0xfff8)).frames).toHaveLength(count)
    // Far behind: at first it looks like packets that come late.
    const again = [
      ...from(40_000),
      ...from(20_000),
      ...from(20_000 + packets.length),
      ...from(20_000 + 2 * packets.length),
    ]
    expect(assemble(codec, again).frames.length).toBeGreaterThan(2 * count)
  })
}

test('vp8: the byte of the layer is skipped when it is there alone, which werift does wrong', () => {
  const descriptor = (bits: number, bytes: number[]) => Uint8Array.of(0x90, bits, ...bytes, 0xaa, 0xbb)
  for (const [bits, bytes] of [
    [0x00, []],
    [0x80, [5]],
    [0x80, [0x80, 5]],
    [0x40, [7]],
    [0x20, [0x40]],
    [0x10, [0x01]],
    [0x30, [0x41]],
    [0xf0, [0x81, 5, 7, 0x41]],
  ] as const) {
    expect(vp8.part(descriptor(bits, [...bytes]))).toEqual({ start: true, bytes: Uint8Array.of(0xaa, 0xbb) })
  }
  expect(vp8.part(Uint8Array.of(0x11, 0xaa))).toEqual({ start: false, bytes: Uint8Array.of(0xaa) })
})

test('vp9: layers, references and the structure of the stream are skipped', () => {
  for (const bytes of [
    [0x08],
    [0x88, 5],
    [0x88, 0x80, 5],
    [0x28, 0x10, 0x07],
    [0x38, 0x10],
    [0x58, 0x03, 0x02],
    [0x0a, 0x10, 1, 0x40, 0, 0xb0],
    [0x0a, 0x08, 2, 0x04, 1, 0x08, 1, 2],
  ]) {
    expect(vp9.part(Uint8Array.of(...bytes, 0xaa))).toEqual({ start: true, bytes: Uint8Array.of(0xaa) })
  }
})

test('bytes that are no video do no harm', () => {
  for (const codec of VIDEO_CODECS) {
    const random = (length: number) => crypto.getRandomValues(new Uint8Array(length))
    const packets = Array.from({ length: 300 }, (_, sequence) => ({
      sequence,
      timestamp: Math.floor(sequence / 3) * 100,
      marker: sequence % 3 === 2,
      payload: random(sequence % 40),
    }))
    expect(assemble(codec, packets).assembler.stats.packets).toBe(300)
  }
})
