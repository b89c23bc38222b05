import { expect, test } from 'bun:test'
import type { EncodedFrame } from '../media/depacketize/frame'
import { FrameAssembler } from '../media/depacketize/assembler'
import type { EncodedVideo } from '../machine/machine'
import { Outgoing, type Packet } from './outgoing'
import { cutVp8, Packetizer } from './packetize'

const SIZE = { width: 640, height: 480 }

const frameOf = (key: boolean, bytes: number, timestamp = 0): EncodedVideo => {
  const data = new Uint8Array(bytes).map((_, i) => i % 251)
  // The lowest bit of the first byte is 0 for a key frame.
  data[0] = key ? 0x10 : 0x11
  return { codec: 'vp8', data, key, timestamp, size: SIZE }
}

/** What a viewer makes of the packets. */
function assembled(packets: Packet[]): EncodedFrame[] {
  const frames: EncodedFrame[] = []
  const assembler = new FrameAssembler('vp8', { onFrame: (frame) => void frames.push(frame) })
  for (const { payload, sequence, timestamp, marker } of packets)
    assembler.push({ payload, sequence, timestamp, marker })
  return frames
}

test.each([1, 1145, 1146, 1147, 5000, 200_000])(
  'a frame of %d bytes becomes packets that fit, and is itself again',
  async (bytes) => {
    const [out, sent] = outgoing()
    const frame = frameOf(true, bytes)
    out.push(frame)
    await sent.all(Math.ceil(bytes / 1146))
    expect(sent.packets.every(({ payload }) => payload.length <= 1150)).toBe(true)
    expect(sent.packets.filter(({ marker }) => marker)).toEqual([sent.packets.at(-1)!])
    expect(assembled(sent.packets)).toEqual([expect.objectContaining({ key: true, data: frame.data })])
  },
)

test('the picture id goes on from frame to frame, and over its end', () => {
  const idOf = (payload: Buffer | undefined) => (payload?.readUInt16BE(2) ?? 0) & 0x7fff
  expect(idOf(cutVp8(new Uint8Array(3), 0x7fff)[0])).toBe(0x7fff)
  const packetizer = new Packetizer()
  const [one, two] = [frameOf(true, 10), frameOf(false, 10)]
  const first = packetizer.payloads(one)
  expect(idOf(packetizer.payloads(two)[0])).toBe((idOf(first[0]) + 1) & 0x7fff)
  // Cut once, for all viewers.
  expect(packetizer.payloads(one)).toBe(first)
})

test('a viewer gets nothing before a key frame', async () => {
  const [out, sent] = outgoing()
  out.push(frameOf(false, 10, 1))
  out.push(frameOf(true, 10, 2))
  out.push(frameOf(false, 10, 3))
  await sent.all(2)
  expect(sent.packets.map(({ timestamp }) => timestamp)).toEqual([2, 3])
})

test('time does not go back when a viewer joins again', async () => {
  const [out, sent] = outgoing()
  for (const [key, timestamp] of [
    [true, 9000],
    [false, 12_000],
  ] as const)
    out.push(frameOf(key, 10, timestamp))
  await sent.all(2)
  out.restart()
  for (const [key, timestamp] of [
    [true, 9000],
    [false, 12_000],
    [false, 15_000],
  ] as const)
    out.push(frameOf(key, 10, timestamp))
  await sent.all(5)
  expect(sent.packets.map(({ timestamp }) => timestamp)).toEqual([9000, 12_000, 12_090, 12_180, 15_000])
})

test('time goes on over the end of its 32 bits', async () => {
  const [out, sent] = outgoing()
  out.push(frameOf(true, 10, 2 ** 32 - 1000))
  out.push(frameOf(false, 10, 2 ** 32 + 2000))
  await sent.all(2)
  expect(sent.packets.map(({ timestamp }) => timestamp)).toEqual([2 ** 32 - 1000, 2000])
})

test('a viewer that takes nothing costs no more than a few megabytes, and goes on with a key frame', async () => {
  const gate = Promise.withResolvers<void>()
  const [out, sent] = outgoing(gate.promise)
  out.push(frameOf(true, 100_000, 0))
  for (let i = 1; i < 500; i++) out.push(frameOf(false, 100_000, i * 3000))
  expect(out.dropped).toBe(1)
  expect(out.waitingFrames * 100_000).toBeLessThanOrEqual(6 << 20)
  // Nothing between what was dropped and the next key frame is of use to it.
  const kept = out.waitingFrames
  out.push(frameOf(false, 10, 2_000_000))
  expect(out.waitingFrames).toBe(kept)
  out.restart()
  gate.resolve()
  out.push(frameOf(true, 10, 3_000_000))
  await sent.until(({ timestamp }) => timestamp === 3_000_000)
  const key = assembled(sent.packets).at(-1)
  expect(key).toMatchObject({ key: true, timestamp: 3_000_000 })
})

test('a packet can be sent again for as long as it is of use', async () => {
  const [out, sent] = outgoing()
  out.push(frameOf(true, 1146 * 2000, 0))
  await sent.all(2000)
  const [first, last] = [sent.packets.at(-1024)!, sent.packets.at(-1)!]
  expect(out.sent(first.sequence)).toBe(first)
  expect(out.sent(sent.packets.at(-1025)!.sequence)).toBeUndefined()
  expect([out.ageOf(last.sequence), out.ageOf(first.sequence)]).toEqual([0, 1023])
})

function outgoing(gate?: Promise<void>) {
  const packetizer = new Packetizer()
  const packets: Packet[] = []
  const waiting = new Set<() => void>()
  const until = async (is: () => boolean) => {
    while (!is()) await new Promise<void>((resolve) => waiting.add(resolve))
  }
  const out = new Outgoing(
    (frame) => packetizer.payloads(frame),
    async (packet) => {
      await gate
      packets.push(packet)
      for (const tell of waiting) tell()
      waiting.clear()
    },
  )
  const sent = {
    packets,
    all: (count: number) => until(() => packets.length >= count),
    until: (suits: (packet: Packet) => boolean) => until(() => packets.some(suits)),
  }
  return [out, sent] as const
}
