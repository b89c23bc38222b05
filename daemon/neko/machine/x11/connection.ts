import { createConnection, type Socket } from 'node:net'
import { NekodeError } from '@shared/errors'
import { COOKIE_NAME } from './cookie'
import { Message, Request, utf8 } from './wire'

const ERROR = 0
const REPLY = 1
const GENERIC_EVENT = 35
const GET_INPUT_FOCUS = 43
const QUERY_EXTENSION = 98

/** Of the core protocol, by number; an extension's own errors come after these. */
const ERRORS = [
  '',
  'Request',
  'Value',
  'Window',
  'Pixmap',
  'Atom',
  'Cursor',
  'Font',
  'Match',
  'Drawable',
  'Access',
  'Alloc',
  'Colormap',
  'GContext',
  'IDChoice',
  'Name',
  'Length',
  'Implementation',
]

/** What the server refused. */
export class XError extends NekodeError {
  constructor(
    readonly number: number,
    major: number,
    minor: number,
  ) {
    super('internal', `the X server refused request ${major}.${minor}: Bad${ERRORS[number] ?? ` error ${number}`}`)
    this.name = 'XError'
  }
}

export interface Extension {
  opcode: number
  firstEvent: number
}

interface Pending {
  resolve(reply: Message): void
  reject(error: Error): void
}

export interface XOptions {
  /** Path of the Unix socket. */
  socket: string
  cookie: Uint8Array
  /** A request without a reply was refused. */
  onError?: (error: XError) => void
}

/** A connection to an X server: requests in order, replies to those who asked, events to those who listen. */
export class XConnection {
  /** Settles, with the reason, when the connection has ended. */
  readonly closed: Promise<string>
  root = 0
  firstKey = 8
  lastKey = 255
  /** The largest request, in bytes. */
  maxRequest = 65_535 * 4
  readonly #socket: Socket
  readonly #pending = new Map<number, Pending>()
  readonly #listeners = new Map<number, Set<(event: Message) => void>>()
  readonly #onError: ((error: XError) => void) | undefined
  #sequence = 0
  #idBase = 0
  #idStep = 1
  #ids = 0
  #ended: string | undefined
  #end: (reason: string) => void = () => {}
  #setup: Pending | undefined
  #chunks: Uint8Array[] = []
  #have = 0
  #need = 8

  private constructor(socket: Socket, onError: ((error: XError) => void) | undefined) {
    this.#socket = socket
    this.#onError = onError
    this.closed = new Promise((resolve) => (this.#end = resolve))
    socket.on('data', (data) => this.#receive(typeof data === 'string' ? Buffer.from(data) : data))
    socket.on('error', (error) => this.#over(error.message))
    socket.on('close', () => this.#over('the X server closed the connection'))
  }

  /** @throws NekodeError unavailable when nobody listens, forbidden when the cookie is a wrong one */
  static async open({ socket: path, cookie, onError }: XOptions): Promise<XConnection> {
    const socket = createConnection({ path })
    const connection = new XConnection(socket, onError)
    const name = utf8(COOKIE_NAME)
    const hello = new Request(0x6c)
      .u16(0, name.length, cookie.length, 0)
      .bytes(name)
      .skip(-name.length & 3)
      .bytes(cookie)
      .end()
    // The one message that is no request: where those have their length, this has the version.
    hello.set([11, 0], 2)
    const setup = new Promise<Message>((resolve, reject) => (connection.#setup = { resolve, reject }))
    socket.write(hello)
    connection.#welcome(await setup)
    return connection
  }

  /** Sends a request that has no reply. */
  send(request: Uint8Array): void {
    if (this.#ended !== undefined) return
    this.#sequence = (this.#sequence + 1) & 0xffff
    this.#socket.write(request)
  }

  /** @throws XError when the server refuses it, NekodeError unavailable when the connection ended */
  ask(request: Uint8Array): Promise<Message> {
    if (this.#ended !== undefined) return Promise.reject(unavailable(this.#ended))
    return new Promise((resolve, reject) => {
      this.send(request)
      this.#pending.set(this.#sequence, { resolve, reject })
    })
  }

  /** Sends a request that has no reply, and waits until the server has done or refused it. */
  async check(request: Uint8Array): Promise<void> {
    const refused = this.ask(request)
    const sequence = this.#sequence
    const pending = this.#pending.get(sequence)
    // A refusal comes before the answer to the question that follows.
    await Promise.race([refused, this.sync()])
    if (this.#pending.get(sequence) === pending) this.#pending.delete(sequence)
  }

  /** Resolves when the server has done all that was sent. */
  async sync(): Promise<void> {
    await this.ask(new Request(GET_INPUT_FOCUS).end())
  }

  /** @param code of the event @returns what ends it */
  on(code: number, listener: (event: Message) => void): () => void {
    const listeners = this.#listeners.get(code) ?? new Set()
    this.#listeners.set(code, listeners.add(listener))
    return () => void listeners.delete(listener)
  }

  /** A number for a new window or the like. */
  newId(): number {
    return (this.#idBase | (this.#ids++ * this.#idStep)) >>> 0
  }

  /** @throws NekodeError precondition when the server does not have it */
  async extension(name: string): Promise<Extension> {
    const reply = await this.ask(new Request(QUERY_EXTENSION).u16(name.length, 0).bytes(utf8(name)).end())
    reply.from(8)
    const present = reply.u8()
    const extension = { opcode: reply.u8(), firstEvent: reply.u8() }
    if (!present) throw new NekodeError('precondition', `the X server has no extension ${name}`)
    return extension
  }

  close(): void {
    this.#over('closed')
    this.#socket.destroy()
  }

  #over(reason: string): void {
    if (this.#ended !== undefined) return
    this.#ended = reason
    this.#setup?.reject(unavailable(reason))
    for (const { reject } of this.#pending.values()) reject(unavailable(reason))
    this.#pending.clear()
    this.#end(reason)
  }

  #welcome(setup: Message): void {
    setup.from(12)
    this.#idBase = setup.u32()
    const mask = setup.u32()
    this.#idStep = mask & -mask
    const vendorLength = setup.skip(4).u16()
    this.maxRequest = setup.u16() * 4
    const formats = setup.skip(1).u8()
    this.firstKey = setup.skip(4).u8()
    this.lastKey = setup.u8()
    this.root = setup.from(40 + vendorLength + (-vendorLength & 3) + formats * 8).u32()
  }

  #receive(data: Uint8Array): void {
    this.#chunks.push(data)
    this.#have += data.length
    while (this.#have >= this.#need) {
      // Whatever is larger than one read is put together once, when all of it is there.
      const all = this.#chunks.length === 1 ? this.#chunks[0] : Buffer.concat(this.#chunks)
      if (!all) return
      const rest = this.#parse(all)
      this.#chunks = rest.length ? [rest] : []
      this.#have = rest.length
    }
  }

  /** Handles whole messages. @returns what is not one yet, with `#need` set to the length that it has to have */
  #parse(all: Uint8Array): Uint8Array {
    let at = 0
    for (;;) {
      const left = all.subarray(at)
      const length = this.#lengthOf(left)
      this.#need = length
      if (left.length < length) return left
      at += length
      this.#handle(new Message(left.subarray(0, length)))
    }
  }

  #lengthOf(bytes: Uint8Array): number {
    if (this.#setup) return bytes.length < 8 ? 8 : 8 + 4 * new Message(bytes).from(6).u16()
    if (bytes.length < 32) return 32
    const type = bytes[0]
    if (type !== REPLY && type !== GENERIC_EVENT) return 32
    return 32 + 4 * new Message(bytes).from(4).u32()
  }

  #handle(message: Message): void {
    const type = message.bytes[0] ?? 0
    if (this.#setup) {
      const { resolve, reject } = this.#setup
      this.#setup = undefined
      if (type === 1) return resolve(message)
      const reason = Buffer.from(message.from(8).take(message.detail)).toString().trim()
      return reject(new NekodeError('forbidden', `the X server refused the connection: ${reason || 'no reason given'}`))
    }
    if (type === REPLY) return this.#settle(message.sequence)?.resolve(message)
    if (type === ERROR) {
      const error = new XError(message.detail, message.from(10).u8(), message.from(8).u16())
      const waiting = this.#settle(message.sequence)
      if (waiting) waiting.reject(error)
      else this.#onError?.(error)
      return
    }
    for (const listener of this.#listeners.get(type & 0x7f) ?? []) listener(message.from(0))
  }

  #settle(sequence: number): Pending | undefined {
    const pending = this.#pending.get(sequence)
    this.#pending.delete(sequence)
    return pending
  }
}

const unavailable = (reason: string) =>
  new NekodeError('unavailable', `the screen is gone: ${reason}`, { code: 'screen_gone' })
