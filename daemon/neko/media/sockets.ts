import { UdpTransport } from 'werift'

let isHeard = false

/**
 * To be called before a connection is made. werift 0.25.2 does not listen for errors of its UDP sockets, and Bun tells there of each packet
 * that was refused because the other side has gone: an error that nobody hears ends the process. ICE finds out about the other side by itself.
 */
export function hearSocketErrors(): void {
  if (isHeard) return
  isHeard = true
  const init = UdpTransport.init.bind(UdpTransport)
  UdpTransport.init = async (...given) => {
    const transport = await init(...given)
    transport.socket.on('error', () => undefined)
    return transport
  }
}
