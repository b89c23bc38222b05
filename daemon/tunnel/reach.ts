import net from 'node:net'
import { errorText, NekodeError } from '@shared/errors'

const CONNECT_MS = 5_000
/** Development servers listen on either family; which one does not change often. */
const FRESH_MS = 10_000
const HOSTS = ['127.0.0.1', '::1']

const known = new Map<number, { host: string; at: number }>()

/** A connection to a port of this computer's loopback interface, on whichever address somebody listens. */
export async function connect(port: number): Promise<net.Socket> {
  for (const host of HOSTS) {
    const socket = await tryConnect(host, port)
    if (!socket) continue
    known.set(port, { host, at: Date.now() })
    return socket
  }
  known.delete(port)
  throw new NekodeError('unavailable', `Nothing listens on port ${port} of the computer.`, { code: 'nothing_listens' })
}

/** The address at which a port is served. @throws NekodeError unavailable `nothing_listens` */
export async function hostOf(port: number): Promise<string> {
  const found = known.get(port)
  if (found && Date.now() - found.at < FRESH_MS) return found.host
  const socket = await connect(port)
  socket.destroy()
  return known.get(port)?.host ?? '127.0.0.1'
}

/** What was believed of a port turned out wrong. */
export const forget = (port: number): void => void known.delete(port)

function tryConnect(host: string, port: number): Promise<net.Socket | undefined> {
  const { promise, resolve } = Promise.withResolvers<net.Socket | undefined>()
  const socket = net.connect({ host, port })
  const timer = setTimeout(() => fail(), CONNECT_MS)
  const fail = (): void => {
    clearTimeout(timer)
    socket.destroy()
    resolve(undefined)
  }
  socket.once('error', fail)
  socket.once('connect', () => {
    clearTimeout(timer)
    socket.off('error', fail)
    socket.setNoDelay(true)
    resolve(socket)
  })
  return promise
}

/** Why nothing can be seen on a port: nobody listens there. Undefined when somebody does. */
export async function silence(port: number): Promise<string | undefined> {
  try {
    await hostOf(port)
    return undefined
  } catch (error) {
    return errorText(error)
  }
}
