import { fromBinary, toBinary } from '@bufbuild/protobuf'
import { NekodeError, errorText } from '@shared/errors'
import { type ProxyFrame, ProxyFrameSchema } from '@shared/gen/nekode/daemon/v1/tunnels_pb'
import type { ComputerPrincipal } from '../access/principal'
import type { Core } from '../core'
import type { Socket, SocketHandler } from '../listener/listener'
import { computerOf } from '../rpc/caller'
import type { Handlers } from '../rpc/handlers'
import { Life } from '../rpc/life'
import { attach, lost } from './attach'
import type { Attachment, Attachments } from './attachments'

/** A stream whose first frame does not come is nobody's. */
const FIRST_MS = 15_000

/** ProxyExchange as the wire has it: a stream each way. */
export function exchangeRpc(core: Core, attachments: Attachments): Handlers<'proxyExchange'> {
  return {
    async *proxyExchange(frames, context) {
      const p = computerOf(context)
      using life = new Life(context, core)
      const incoming = frames[Symbol.asyncIterator]()
      const timer = setTimeout(() => life.end(new NekodeError('invalid', 'No attach frame came.')), FIRST_MS)
      const first = await Promise.race([incoming.next(), life.over()])
      clearTimeout(timer)
      if (first.done) return
      const attachment = attach(attachments, p, first.value)
      life.whenOver(() => attachment.detach(lost()))
      life.signal.addEventListener('abort', () => attachment.detach(lost()))
      void readAll(incoming, attachment)
      for (;;) {
        const frame = await attachment.mux.take()
        if (frame) yield frame
        else break
      }
      // A credential that was revoked is told as what it is; anything else is the end of the stream.
      if (life.signal.aborted && life.signal.reason instanceof NekodeError) throw life.signal.reason
    },
  }
}

async function readAll(incoming: AsyncIterator<ProxyFrame>, attachment: Attachment): Promise<void> {
  try {
    for (let next = await incoming.next(); !next.done; next = await incoming.next()) {
      const wait = attachment.receive(next.value)
      if (wait) await wait
    }
  } catch {
    // However the stream broke: what was under way hears that it did.
  }
  attachment.detach(lost())
}

/** The same frames over a WebSocket, a frame each, for where a proxy on the way speaks HTTP/1.1 only. */
export class CarrierSocket implements SocketHandler {
  #attachment: Attachment | undefined
  #drained: (() => void) | undefined
  #end: (() => void) | undefined

  constructor(
    private readonly p: ComputerPrincipal,
    private readonly core: Core,
    private readonly attachments: Attachments,
  ) {}

  open(socket: Socket): void {
    const timer = setTimeout(() => {
      if (!this.#attachment) socket.close(1008, 'No attach frame came.')
    }, FIRST_MS)
    const revoked = (): void => socket.close(4401, 'This token is not valid any more.')
    const stopping = (): void => socket.close(1001, 'The server stops.')
    this.p.revoked.addEventListener('abort', revoked)
    this.core.hub.stopping.addEventListener('abort', stopping)
    this.#end = () => {
      clearTimeout(timer)
      this.p.revoked.removeEventListener('abort', revoked)
      this.core.hub.stopping.removeEventListener('abort', stopping)
    }
    if (this.p.revoked.aborted) revoked()
  }

  message(socket: Socket, data: string | Buffer): void {
    try {
      if (typeof data === 'string') throw new NekodeError('invalid', 'Frames are binary.')
      const frame = fromBinary(ProxyFrameSchema, data)
      // Windows bound what can come; a WebSocket cannot be told to wait.
      if (this.#attachment) void this.#attachment.receive(frame)
      else this.#attach(socket, frame)
    } catch (error) {
      socket.close(1008, errorText(error).slice(0, 120))
    }
  }

  #attach(socket: Socket, frame: ProxyFrame): void {
    const attachment = attach(this.attachments, this.p, frame)
    if (attachment.mux.window === undefined) {
      attachment.detach(lost())
      throw new NekodeError('invalid', 'Over a WebSocket the daemon has to know of windows.')
    }
    this.#attachment = attachment
    void this.#send(socket, attachment)
  }

  async #send(socket: Socket, { mux }: Attachment): Promise<void> {
    for (let frame = await mux.take(); frame; frame = await mux.take()) {
      if (socket.readyState !== WebSocket.OPEN) return
      if (socket.send(toBinary(ProxyFrameSchema, frame)) === -1)
        await new Promise<void>((resolve) => (this.#drained = resolve))
    }
    socket.close(1000, 'The stream is over.')
  }

  drain(): void {
    this.#drained?.()
    this.#drained = undefined
  }

  close(): void {
    this.#end?.()
    this.#attachment?.detach(lost())
    this.drain()
  }
}
