import { NekodeError } from '@shared/errors'
import type { Exchange } from '@shared/tunnel/exchange'
import type { Socket, SocketHandler } from '../listener/listener'
import { PREVIEW } from './limits'
import { Decoder, Opcode, encode, encodeClose } from './websocket'

/** A browser's WebSocket on one end, the bytes of the application's on the other. */
export class PreviewSocket implements SocketHandler {
  readonly #decoder = new Decoder(PREVIEW.socketMessage)
  #sending: Promise<void> = Promise.resolve()
  /** Bytes that the application has not taken yet. */
  #backlog = 0
  #drained: (() => void) | undefined
  #closed = false
  #socket: Socket | undefined

  constructor(private readonly exchange: Exchange) {}

  /** Whoever looks has lost the right to. */
  end(reason: NekodeError): void {
    this.#socket?.close(4403, reason.message.slice(0, 120))
  }

  open(socket: Socket): void {
    this.#socket = socket
    void this.#receive(socket)
  }

  async #receive(socket: Socket): Promise<void> {
    try {
      for (let bytes = await this.exchange.read(); bytes; bytes = await this.exchange.read())
        for (const message of this.#decoder.push(bytes)) {
          if (socket.readyState !== WebSocket.OPEN) return
          if (message.type === 'close') return socket.close(...sayable(message.code, message.reason))
          if (message.type === 'ping') this.#send(encode(Opcode.pong, message.data))
          if (message.type !== 'text' && message.type !== 'binary') continue
          const sent =
            message.type === 'text'
              ? socket.send(new TextDecoder().decode(message.data))
              : socket.send(new Uint8Array(message.data))
          // -1: the browser takes less than it gets. The application waits for it.
          if (sent === -1) await new Promise<void>((resolve) => (this.#drained = resolve))
        }
      socket.close(1000, '')
    } catch (error) {
      if (socket.readyState !== WebSocket.OPEN) return
      const reason = error instanceof NekodeError ? error.message : 'The preview failed.'
      socket.close(1014, reason.slice(0, 120))
    }
  }

  message(socket: Socket, data: string | Buffer): void {
    const bytes = typeof data === 'string' ? new TextEncoder().encode(data) : data
    // The listener cannot make a browser wait, so what it sends has to have an end.
    if (this.#backlog > 0 && this.#backlog + bytes.length > PREVIEW.socketBacklog)
      return socket.close(1013, 'The application does not read what is sent to it.')
    this.#send(encode(typeof data === 'string' ? Opcode.text : Opcode.binary, bytes))
  }

  #send(frame: Uint8Array): void {
    this.#backlog += frame.length
    this.#sending = this.#sending
      .then(() => this.exchange.write(frame))
      // The reader hears why, and tells the browser.
      .catch(() => undefined)
      .finally(() => {
        this.#backlog -= frame.length
      })
  }

  drain(): void {
    this.#drained?.()
    this.#drained = undefined
  }

  close(_socket: Socket, code: number, reason: string): void {
    if (this.#closed) return
    this.#closed = true
    this.drain()
    void this.#sending
      .then(() => this.exchange.write(encodeClose(code, reason)))
      .then(() => this.exchange.end())
      .then(() => goodbye(this.exchange.over))
      // It is over already, from the other end.
      .catch(() => undefined)
      .finally(() => this.exchange.cancel())
  }
}

/** How long an application has to answer that the browser is gone. */
const GOODBYE_MS = 2000

function goodbye(over: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  const timer = setTimeout(resolve, GOODBYE_MS)
  const end = (): void => {
    clearTimeout(timer)
    resolve()
  }
  if (over.aborted) end()
  else over.addEventListener('abort', end, { once: true })
  return promise
}

/** A close code that may be sent: an application that gives none, or one that nobody may send, ends normally. */
const sayable = (code: number, reason: string): [number, string] => {
  const known = (code >= 1000 && code <= 1014 && code !== 1004 && code !== 1005 && code !== 1006) || code >= 3000
  return known && code < 5000 ? [code, reason.slice(0, 120)] : [1000, '']
}
