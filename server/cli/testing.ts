import { type Socket, connect, createServer } from 'node:net'
import { TestHost as AnyHost } from '@shared/cli/testing'
import { commands } from './commands'

/** A machine for a test of `nekode`. */
export class TestHost extends AnyHost {
  constructor() {
    super({ name: 'nekode', version: '0.0.0-test', description: 'test', examples: [], commands })
  }
}

/** A network between the command line and a server that a test can cut. */
export class Proxy {
  readonly #listener
  readonly #open = new Set<Socket>()
  #refusing = false

  constructor(port: number) {
    this.#listener = createServer((near) => {
      if (this.#refusing) return void near.destroy()
      const far = connect(port, '127.0.0.1')
      for (const [from, to] of [
        [near, far],
        [far, near],
      ] as const) {
        this.#open.add(from)
        from.on('error', () => to.destroy())
        from.on('close', () => {
          this.#open.delete(from)
          to.destroy()
        })
        from.pipe(to)
      }
    }).listen(0, '127.0.0.1')
  }

  get url(): string {
    const address = this.#listener.address()
    if (address === null || typeof address === 'string') throw new Error('the proxy does not listen')
    return `http://127.0.0.1:${address.port}`
  }

  /** Cuts every connection and takes no new one. */
  refuse(): void {
    this.#refusing = true
    for (const socket of this.#open) socket.destroy()
  }

  accept(): void {
    this.#refusing = false
  }

  stop(): void {
    this.refuse()
    this.#listener.close()
  }
}
