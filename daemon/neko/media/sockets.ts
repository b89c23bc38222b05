import { once } from 'node:events'
import { UdpTransport } from 'werift'

let isMended = false

/**
 * Mends the UDP sockets of werift 0.25.2; to be called before a connection is made.
 *
 * It does not listen for their errors, and Bun tells there of each packet that was refused because the other side has gone: an error that nobody
 * hears ends the process. ICE finds out about the other side by itself. A port of a range it looks for by trying one and letting go of it
 * again; two that look at once find the same one, and with none left it waits for ever.
 */
export function mendSockets(): void {
  if (isMended) return
  isMended = true
  UdpTransport.init = async (type, { portRange, ...options } = {}) => {
    for (const port of portsOf(portRange)) {
      const transport: UdpTransport = Reflect.construct(UdpTransport, [type, port ? { ...options, port } : options])
      if (await isBound(transport)) return transport
    }
    throw new Error('no UDP port of the range is free')
  }
}

/** Each of a range, beginning anywhere; 0: any. */
function* portsOf(range: [number, number] | undefined): Generator<number> {
  if (!range) return yield 0
  const [from, to] = range
  const count = to - from + 1
  const first = Math.floor(Math.random() * count)
  for (let i = 0; i < count; i++) yield from + ((first + i) % count)
}

async function isBound(transport: UdpTransport): Promise<boolean> {
  const { socket } = transport
  const failed = Promise.withResolvers<false>()
  socket.on('error', () => failed.resolve(false))
  const listening = once(socket, 'listening').then(
    () => true,
    () => false,
  )
  const init: unknown = Reflect.get(transport, 'init')
  if (typeof init !== 'function') throw new TypeError('werift’s UDP sockets have no init any more')
  // It waits for the socket to listen, which one that failed never does.
  init.call(transport)
  return Promise.race([listening, failed.promise])
}
