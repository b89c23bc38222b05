import { type Server, type Socket, connect, createServer } from 'node:net'
import { z } from 'zod'

/** What happens to bytes. A direction that drops them tells nobody: no error, no end, as when a router forgot the connection. */
export const Weather = z.enum(['open', 'refused', 'silent', 'requests lost', 'answers lost'])
export type Weather = z.infer<typeof Weather>

interface Pair {
  client: Socket
  upstream: Socket
  dropUp: boolean
  dropDown: boolean
}

/** A wire between two programs that a test can cut. */
export class Network implements AsyncDisposable {
  readonly #server: Server
  readonly #pairs = new Set<Pair>()
  #weather: Weather = 'open'
  connections = 0

  private constructor(server: Server) {
    this.#server = server
  }

  /** Listens on a free port of loopback and passes on to `port`. */
  static async to(port: number): Promise<Network> {
    const server = createServer({ allowHalfOpen: false })
    const network = new Network(server)
    server.on('connection', (client) => network.#join(client, port))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    return network
  }

  get port(): number {
    const address = this.#server.address()
    return typeof address === 'object' && address ? address.port : 0
  }

  #join(client: Socket, port: number): void {
    if (this.#weather === 'refused') {
      client.resetAndDestroy()
      return
    }
    this.connections++
    const upstream = connect(port, '127.0.0.1')
    const pair: Pair = { client, upstream, dropUp: false, dropDown: false }
    this.#rain(pair)
    this.#pairs.add(pair)
    client.on('data', (chunk) => void (pair.dropUp || upstream.write(chunk)))
    upstream.on('data', (chunk) => void (pair.dropDown || client.write(chunk)))
    // The end of one side is news too, and is lost like everything else.
    client.on('close', () => {
      this.#pairs.delete(pair)
      if (!pair.dropUp) upstream.destroy()
    })
    upstream.on('close', () => void (pair.dropDown || client.destroy()))
    for (const socket of [client, upstream]) socket.on('error', () => socket.destroy())
  }

  #rain(pair: Pair): void {
    pair.dropUp ||= this.#weather === 'silent' || this.#weather === 'requests lost'
    pair.dropDown ||= this.#weather === 'silent' || this.#weather === 'answers lost'
  }

  /**
   * Changes the weather for all connections, those that are there and those that come. A connection that once lost bytes never works
   * again, whatever the weather: its two ends do not agree any more on what was said.
   */
  set(weather: Weather): void {
    this.#weather = weather
    for (const pair of this.#pairs) {
      if (weather === 'refused') {
        pair.client.resetAndDestroy()
        pair.upstream.resetAndDestroy()
      } else this.#rain(pair)
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { client, upstream } of this.#pairs) {
      client.destroy()
      upstream.destroy()
    }
    await new Promise((resolve) => this.#server.close(resolve))
  }
}
