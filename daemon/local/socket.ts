import { chmodSync, rmSync } from 'node:fs'
import { createServer, type Server, type Socket } from 'node:net'
import { errorText, NekodeError } from '@shared/errors'
import type { Logger } from '@shared/log'
import { type Dispatcher, failure } from './dispatch'
import { encodeFrame, FrameReader } from './frames'
import type { LocalEvents } from './events'

const MAX_CONNECTIONS = 64
/** A client that says nothing for so long, or leaves a frame unfinished, gives its place to another. */
const IDLE_MS = 5 * 60_000
const UNFINISHED_MS = 30_000
/** Where all places are taken, whoever has been silent for so long gives up the place at once. */
const SPARE_MS = 5000

export interface SocketOptions {
  /** A path, or the name of a pipe on Windows. */
  address: string
  dispatcher: Dispatcher
  events: LocalEvents
  log: Logger
  /** Default 5 s. */
  spareMs?: number
}

/** The local API on a socket that only this user can reach. */
export class LocalSocket {
  readonly #server: Server
  readonly #options: SocketOptions
  /** With when each began to wait for its next request; undefined while it is answered or listens to events. */
  readonly #open = new Map<Socket, number | undefined>()
  readonly #busy = new Set<Promise<void>>()

  private constructor(options: SocketOptions) {
    this.#options = options
    // A client may close its side after the last request, and still gets the answer.
    this.#server = createServer({ allowHalfOpen: true }, (socket) => this.#accept(socket))
  }

  /** @throws NekodeError precondition `local_socket_unavailable` */
  static async open(options: SocketOptions): Promise<LocalSocket> {
    const socket = new LocalSocket(options)
    await socket.#listen()
    return socket
  }

  async #listen(): Promise<void> {
    const { address } = this.#options
    const isPipe = process.platform === 'win32'
    // The lock of the home is held: whoever made this file is gone.
    if (!isPipe) rmSync(address, { force: true })
    try {
      await new Promise<void>((resolve, reject) => {
        this.#server.once('error', reject)
        this.#server.listen(address, () => resolve())
      })
      // The folder is closed to others already.
      if (!isPipe) chmodSync(address, 0o600)
    } catch (cause) {
      throw new NekodeError('precondition', `The socket ${address} cannot be made: ${errorText(cause)}.`, {
        code: 'local_socket_unavailable',
        next: 'Check that the folder can be written, or choose a shorter NEKODE_HOME.',
        cause,
      })
    }
  }

  #accept(socket: Socket): void {
    if (this.#open.size >= MAX_CONNECTIONS && !this.#makeRoom()) {
      const { reply } = failure('throttled', 'too_many_connections', `${MAX_CONNECTIONS} connections are open already.`)
      socket.end(encodeFrame(reply))
      return
    }
    this.#open.set(socket, performance.now())
    const gone = new AbortController()
    socket.on('close', () => {
      this.#open.delete(socket)
      gone.abort()
    })
    // What a client does to its own connection is its own business.
    socket.on('error', () => socket.destroy())
    const work = this.#serve(socket, gone.signal)
      .catch((error: unknown) => this.#options.log.debug('a local connection ended with an error', { error }))
      .finally(() => {
        socket.end()
        this.#busy.delete(work)
      })
    this.#busy.add(work)
  }

  /** Ends the connection that has been silent for longest. @returns false when none has been for long */
  #makeRoom(): boolean {
    const { spareMs = SPARE_MS } = this.#options
    let oldest: [Socket, number] | undefined
    for (const [socket, since] of this.#open)
      if (since !== undefined && (!oldest || since < oldest[1])) oldest = [socket, since]
    if (!oldest || performance.now() - oldest[1] < spareMs) return false
    const [socket] = oldest
    this.#open.delete(socket)
    socket.destroy()
    return true
  }

  /** Requests of one connection, one after the other. */
  async #serve(socket: Socket, gone: AbortSignal): Promise<void> {
    const frames = new FrameReader()
    socket.setTimeout(IDLE_MS, () => socket.destroy())
    try {
      // The last answer has to leave before the connection ends.
      for await (const piece of socket.iterator({ destroyOnReturn: false })) {
        this.#mark(socket, undefined)
        for (const request of frames.push(piece)) {
          if (typeOf(request) === 'EventSubscribe') return await this.#tell(socket, gone)
          const { reply } = await this.#options.dispatcher.answer(request)
          await write(socket, encodeReply(reply))
        }
        socket.setTimeout(frames.isInside ? UNFINISHED_MS : IDLE_MS)
        this.#mark(socket, performance.now())
      }
    } catch (error) {
      if (!(error instanceof NekodeError)) throw error
      await write(socket, encodeFrame(failure(error.kind, error.code, error.message).reply))
    }
  }

  #mark(socket: Socket, since: number | undefined): void {
    if (this.#open.has(socket)) this.#open.set(socket, since)
  }

  async #tell(socket: Socket, gone: AbortSignal): Promise<void> {
    socket.setTimeout(0)
    socket.once('end', () => socket.destroy())
    socket.resume()
    for await (const event of this.#options.events.listen(gone))
      await write(socket, encodeFrame({ type: 'Event', event }))
  }

  /** Takes no more connections and waits a moment for the answers that are under way. */
  async close(patienceMs: number): Promise<void> {
    this.#server.close()
    const late = Promise.withResolvers<void>()
    const timer = setTimeout(late.resolve, patienceMs)
    for (const socket of this.#open.keys()) socket.end()
    await Promise.race([Promise.all(this.#busy), late.promise])
    clearTimeout(timer)
    for (const socket of this.#open.keys()) socket.destroy()
    if (process.platform !== 'win32') rmSync(this.#options.address, { force: true })
  }
}

const typeOf = (request: unknown): unknown =>
  typeof request === 'object' && request !== null && 'type' in request ? request.type : undefined

/** An answer that is too long for a frame is told as what it is. */
function encodeReply(reply: unknown): Uint8Array {
  try {
    return encodeFrame(reply)
  } catch (error) {
    if (!(error instanceof NekodeError)) throw error
    return encodeFrame(failure(error.kind, error.code, 'The answer is too long; ask for less.').reply)
  }
}

/** Waits for a client that reads slowly; ends with it. */
async function write(socket: Socket, bytes: Uint8Array): Promise<void> {
  if (socket.destroyed || socket.write(bytes)) return
  await new Promise<void>((resolve) => {
    const done = () => {
      socket.off('drain', done)
      socket.off('close', done)
      resolve()
    }
    socket.on('drain', done)
    socket.on('close', done)
  })
}
