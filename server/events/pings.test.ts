import { expect, test } from 'bun:test'
import { withPings } from './pings'

/** Takes so many items and leaves. */
async function take<T>(items: AsyncIterable<T>, count: number): Promise<T[]> {
  const taken: T[] = []
  for await (const item of items) {
    taken.push(item)
    if (taken.length === count) return taken
  }
  return taken
}

const never = () => new Promise<string[]>(() => {})

test('a silent stream is a ping and then more pings', async () => {
  expect(
    await take(
      withPings(never, () => 'ping', 2),
      4,
    ),
  ).toEqual(['ping', 'ping', 'ping', 'ping'])
})

test('items come in order, after a ping, and pages without any are passed over', async () => {
  const pages = [['a', 'b'], [], ['c']]
  const next = () => Promise.resolve(pages.shift() ?? never())
  expect(
    await take(
      withPings(next, () => 'ping', 60_000),
      4,
    ),
  ).toEqual(['ping', 'a', 'b', 'c'])
})

test('a busy stream is pinged too', async () => {
  const next = async () => {
    await Bun.sleep(1)
    return ['item']
  }
  const taken = await take(
    withPings(next, () => 'ping', 5),
    40,
  )
  expect(taken.filter((item) => item === 'ping').length).toBeGreaterThan(2)
  expect(taken.filter((item) => item === 'item').length).toBeGreaterThan(2)
})

test('a stream ends with the error of its source, also one that comes while it waits', async () => {
  const late = () => Bun.sleep(3).then(() => Promise.reject(new Error('over')))
  expect(
    take(
      withPings(late, () => 'ping', 60_000),
      5,
    ),
  ).rejects.toThrow('over')
  expect(
    take(
      withPings(
        () => Promise.reject(new Error('at once')),
        () => 'ping',
        60_000,
      ),
      5,
    ),
  ).rejects.toThrow('at once')
})
