import { expect, test } from 'bun:test'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { UdpTransport } from 'werift'
import { mendSockets } from './sockets'

mendSockets()
mendSockets()

test('a packet that is refused ends nothing', async () => {
  const transport = await UdpTransport.init('udp4')
  // What Bun does when the other side has gone; without a listener it throws.
  expect(() => transport.socket.emit('error', new Error('recvmsg ECONNREFUSED'))).not.toThrow()
  expect(transport.socket.listenerCount('error')).toBe(1)
  await transport.close()
})

test('sockets that are made at once get ports of their own, and none when all of the range are taken', async () => {
  const from = await freeRange(4)
  const portRange: [number, number] = [from, from + 3]
  const made = await Promise.all(Array.from({ length: 4 }, () => UdpTransport.init('udp4', { portRange })))
  expect(made.map(({ port }) => port).toSorted()).toEqual([from, from + 1, from + 2, from + 3])
  await expect(UdpTransport.init('udp4', { portRange })).rejects.toThrow('no UDP port of the range is free')
  for (const transport of made) await transport.close()
})

/** The first of so many free ports in a row. */
async function freeRange(count: number): Promise<number> {
  for (let from = 30_000; from < 32_000; from += count) {
    const sockets = Array.from({ length: count }, () => createSocket('udp4'))
    const bound = sockets.map((socket, i) => {
      socket.bind(from + i)
      return once(socket, 'listening')
    })
    const results = await Promise.allSettled(bound)
    for (const [i, socket] of sockets.entries()) if (results[i]?.status === 'fulfilled') socket.close()
    if (results.every(({ status }) => status === 'fulfilled')) return from
  }
  throw new Error('there are no free ports in a row')
}
