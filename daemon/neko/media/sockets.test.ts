import { expect, test } from 'bun:test'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { UdpTransport } from 'werift'
import { hearSocketErrors } from './sockets'

test('a packet to a port where nobody is any more ends nothing', async () => {
  hearSocketErrors()
  const gone = createSocket('udp4').bind(0, '127.0.0.1')
  await once(gone, 'listening')
  const { port } = gone.address()
  gone.close()
  await once(gone, 'close')
  const transport = await UdpTransport.init('udp4')
  const told = Promise.withResolvers<string>()
  transport.socket.on('error', (error) => told.resolve(error.message))
  await transport.send(Buffer.from('hello'), ['127.0.0.1', port])
  // As soon as the system says so; another listener than this one is what keeps the process alive.
  expect([await told.promise, transport.socket.listenerCount('error')]).toEqual([expect.stringContaining('ECONNREFUSED'), 2])
  await transport.close()
})
