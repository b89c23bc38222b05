import { expect, test } from 'bun:test'
import { type Packet, packet, packets } from './packets'

const LIMITS = { textBytes: 100, binaryBytes: 1000 }

/** Reads what comes in pieces of a size. */
async function read(bytes: Uint8Array, size: number): Promise<Packet[]> {
  let at = 0
  const from = {
    async read() {
      const piece = bytes.subarray(at, (at += size))
      return piece.length > 0 ? piece : undefined
    },
  }
  const found: Packet[] = []
  for await (const one of packets(from, LIMITS)) found.push(one)
  return found
}

const all = Buffer.concat([packet('{"a":"ü"}'), packet(new Uint8Array(700).fill(7)), packet(''), packet('last')])

test.each([1, 3, 64, 10_000])('messages come out as they went in, %d bytes at a time', async (size) => {
  expect(await read(all, size)).toEqual([
    { kind: 'text', text: '{"a":"ü"}' },
    { kind: 'binary', bytes: new Uint8Array(700).fill(7) },
    { kind: 'text', text: '' },
    { kind: 'text', text: 'last' },
  ])
})

test('a message that is cut off is none', async () => {
  expect(await read(packet('whole').subarray(0, 8), 100)).toEqual([])
})

test.each([
  ['a text that is too long', packet('x'.repeat(101))],
  ['bytes that are too many', packet(new Uint8Array(1001))],
  ['a kind that nobody knows', new Uint8Array([0, 0, 0, 1, 9, 0])],
  ['no UTF-8', new Uint8Array([0, 0, 0, 1, 0, 0xff])],
])('%s is refused', async (_, bytes) => {
  const refused = await read(bytes, 5).catch((error: unknown) => error)
  expect(refused).toMatchObject({ kind: 'invalid' })
})
