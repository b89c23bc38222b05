import { NekodeError } from '@shared/errors'
import type { Socket, SocketHandler } from '../listener/listener'
import type { Reader } from './hub'
import { eventJson } from './json'

/** Why a WebSocket was closed, as the last digits of the HTTP status that says the same. */
export const CloseCode = { revoked: 4401, cursorGone: 4410, throttled: 4429, failed: 1011, stopping: 1001 } as const

/** One event a frame. What a client sends is ignored. */
export class EventSocket implements SocketHandler {
  #drained: (() => void) | undefined

  /** @param reader or the reason why there is none: a browser cannot read a refused handshake, but it can read a close code */
  constructor(private readonly reader: Reader | NekodeError) {}

  open(socket: Socket): void {
    const { reader } = this
    if (reader instanceof NekodeError) return socket.close(refusal(reader), reader.message)
    reader.whenClosed((reason) => {
      if (socket.readyState !== WebSocket.OPEN) return
      // A client that takes nothing would never get as far as the reason.
      if (this.#drained) socket.terminate()
      else socket.close(...closing(reason))
    })
    void this.#send(socket, reader)
  }

  async #send(socket: Socket, reader: Reader): Promise<void> {
    try {
      for (;;) {
        const events = await reader.next()
        for (const json of [...reader.takeNotes(), ...events.map(eventJson)]) {
          // -1: the client takes less than it gets. Nothing more is read from the log until it has caught up.
          if (socket.send(json) === -1) await new Promise<void>((resolve) => (this.#drained = resolve))
          if (socket.readyState !== WebSocket.OPEN) return
        }
      }
    } catch (error) {
      if (socket.readyState === WebSocket.OPEN) socket.close(...closing(error))
    }
  }

  message(): void {}

  drain(): void {
    this.#drained?.()
    this.#drained = undefined
  }

  close(): void {
    if (!(this.reader instanceof NekodeError)) this.reader.close()
    this.drain()
  }
}

const refusal = (error: NekodeError): number =>
  error.kind === 'throttled' ? CloseCode.throttled : CloseCode.cursorGone

function closing(error: unknown): [code: number, reason: string] {
  if (error instanceof NekodeError && error.kind === 'unavailable') return [CloseCode.stopping, error.message]
  if (error instanceof DOMException && error.name === 'AbortError')
    return [CloseCode.revoked, 'This login or token is not valid any more.']
  return [CloseCode.failed, 'The events cannot be read.']
}

/** The reader, or the refusal as a value. Anything but a cursor that is gone, or a stream too many, is thrown. */
export function readerOrGone(open: () => Reader): Reader | NekodeError {
  try {
    return open()
  } catch (error) {
    if (error instanceof NekodeError && ['gone', 'throttled'].includes(error.kind)) return error
    throw error
  }
}

/** Whether a browser's handshake comes from a page of this server: it sends cookies from any page of the same site. */
export function sameOrigin(origin: string | undefined, own: string, publicUrl: string): boolean {
  if (origin === undefined) return true
  return origin === own || origin === new URL(publicUrl).origin
}
