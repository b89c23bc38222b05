import { expect, test } from 'bun:test'
import { UdpTransport } from 'werift'
import { hearSocketErrors } from './sockets'

test('a packet that is refused ends nothing, however often it is asked to be heard', async () => {
  hearSocketErrors()
  hearSocketErrors()
  const transport = await UdpTransport.init('udp4')
  // What Bun does when the other side has gone; without a listener it throws.
  expect(() => transport.socket.emit('error', new Error('recvmsg ECONNREFUSED'))).not.toThrow()
  expect(transport.socket.listenerCount('error')).toBe(1)
  await transport.close()
})
