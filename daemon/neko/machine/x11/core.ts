import type { XConnection } from './connection'
import { type Message, Request, utf8 } from './wire'

export const EVENT = {
  propertyNotify: 28,
  selectionClear: 29,
  selectionRequest: 30,
  selectionNotify: 31,
  clientMessage: 33,
  mappingNotify: 34,
} as const

/** Predefined atoms. */
export const ATOM = { atom: 4, cardinal: 6, integer: 19, string: 31, window: 33, wmName: 39 } as const

const PROPERTY_CHANGE = 1 << 22
/** What window managers watch the root window for. */
const SUBSTRUCTURE = (1 << 19) | (1 << 20)
const CW_EVENT_MASK = 1 << 11

export interface Property {
  type: number
  /** 8, 16 or 32 bits a value. */
  format: number
  value: Uint8Array
}

/** Requests of the core protocol that a session needs. */
export class Core {
  readonly #names = new Map<string, Promise<number>>()

  constructor(readonly x: XConnection) {}

  /** The number of an atom, made when there is none. */
  atom(name: string): Promise<number> {
    const known = this.#names.get(name)
    if (known) return known
    const bytes = utf8(name)
    const asked = this.x
      .ask(new Request(16, 0).u16(bytes.length, 0).bytes(bytes).end())
      .then((reply) => reply.from(8).u32())
    this.#names.set(name, asked)
    return asked
  }

  async atomName(atom: number): Promise<string> {
    const reply = await this.x.ask(new Request(17).u32(atom).end())
    const length = reply.from(8).u16()
    return Buffer.from(reply.from(32).take(length)).toString('latin1')
  }

  /** A window that is never shown and that tells of its properties. */
  createWindow(): number {
    const window = this.x.newId()
    // InputOnly, 1x1, outside of the screen.
    this.x.send(
      new Request(1, 0)
        .u32(window, this.x.root)
        .u16(0xfff0, 0xfff0, 1, 1, 0, 2)
        .u32(0, CW_EVENT_MASK, PROPERTY_CHANGE)
        .end(),
    )
    return window
  }

  destroyWindow(window: number): void {
    this.x.send(new Request(4).u32(window).end())
  }

  /** Makes the server tell when a property of this window changes. */
  watchProperties(window: number, on = true): void {
    this.x.send(new Request(2).u32(window, CW_EVENT_MASK, on ? PROPERTY_CHANGE : 0).end())
  }

  /** @param format bits a value: 8, 16 or 32 */
  changeProperty(window: number, property: number, type: number, format: 8 | 16 | 32, value: Uint8Array): void {
    const count = value.length / (format / 8)
    this.x.send(new Request(18, 0).u32(window, property, type).u8(format).skip(3).u32(count).bytes(value).end())
  }

  deleteProperty(window: number, property: number): void {
    this.x.send(new Request(19).u32(window, property).end())
  }

  /** All of a property; undefined when the window has none of that name. */
  async property(window: number, property: number, remove = false): Promise<Property | undefined> {
    const parts: Uint8Array[] = []
    for (let offset = 0; ;) {
      const request = new Request(20, remove ? 1 : 0).u32(window, property, 0, offset, 1 << 20)
      const reply = await this.x.ask(request.end())
      const format = reply.detail
      const type = reply.from(8).u32()
      const after = reply.u32()
      const bytes = reply.u32() * (format / 8)
      if (type === 0) return undefined
      parts.push(reply.from(32).take(bytes))
      if (after === 0) return { type, format, value: Buffer.concat(parts) }
      offset += bytes / 4
    }
  }

  /** A property that is a list of numbers of 32 bits. */
  async numbers(window: number, property: number): Promise<number[] | undefined> {
    const found = await this.property(window, property)
    if (!found || found.format !== 32) return undefined
    const view = new DataView(found.value.buffer, found.value.byteOffset, found.value.length)
    return Array.from({ length: found.value.length / 4 }, (_, index) => view.getUint32(index * 4, true))
  }

  own(selection: number, window: number, time = 0): void {
    this.x.send(new Request(22).u32(window, selection, time).end())
  }

  async owner(selection: number): Promise<number> {
    return (await this.x.ask(new Request(23).u32(selection).end())).from(8).u32()
  }

  convert(selection: number, target: number, property: number, window: number): void {
    this.x.send(new Request(24).u32(window, selection, target, property, 0).end())
  }

  /** @param event 32 bytes @param mask who gets it: those who watch for this; 0: the window's owner */
  sendEvent(window: number, event: Uint8Array, mask = 0): void {
    this.x.send(new Request(25, 0).u32(window, mask).bytes(event).end())
  }

  /** Sends a message of five numbers to a window. */
  message(window: number, type: number, ...data: number[]): void {
    const event = new Request(EVENT.clientMessage, 32).u32(window, type, ...data).skip(Math.max(0, 5 - data.length) * 4)
    this.sendEvent(window, asEvent(event))
  }

  /** Asks the window manager for something about a window. */
  askManager(window: number, type: number, ...data: number[]): void {
    const event = new Request(EVENT.clientMessage, 32).u32(window, type, ...data).skip(Math.max(0, 5 - data.length) * 4)
    this.sendEvent(this.x.root, asEvent(event), SUBSTRUCTURE)
  }

  async pointer(): Promise<{ x: number; y: number; mask: number }> {
    const reply = await this.x.ask(new Request(38).u32(this.x.root).end())
    reply.from(16)
    return { x: reply.i16(), y: reply.i16(), mask: reply.skip(4).u16() }
  }

  /** The child of `window` at a point of the root window, topmost first; 0: none. */
  async childAt(window: number, x: number, y: number): Promise<number> {
    const request = new Request(40).u32(this.x.root, window).u16(x, y)
    return (await this.x.ask(request.end())).from(8).u32()
  }

  /** The last pixel of a window, as a point of the root window. */
  async bottomRight(window: number): Promise<{ x: number; y: number }> {
    const geometry = (await this.x.ask(new Request(14).u32(window).end())).from(16)
    const [width, height] = [geometry.u16(), geometry.u16()]
    const request = new Request(40).u32(window, this.x.root).u16(width - 1, height - 1)
    const place = (await this.x.ask(request.end())).from(12)
    return { x: place.i16(), y: place.i16() }
  }

  grabServer(): void {
    this.x.send(new Request(36).end())
  }

  ungrabServer(): void {
    this.x.send(new Request(37).end())
  }

  focus(window: number): void {
    this.x.send(new Request(42, 1).u32(window, 0).end())
  }

  /** Keysyms of each key from `firstKey` on. */
  async keyboard(): Promise<{ width: number; keysyms: number[] }> {
    const count = this.x.lastKey - this.x.firstKey + 1
    const reply = await this.x.ask(new Request(101).u8(this.x.firstKey, count).skip(2).end())
    const width = reply.detail
    return { width, keysyms: reply.from(32).u32s(count * width) }
  }

  /** @param keysyms of one key, by level; none takes them away */
  changeKey(keycode: number, keysyms: number[]): void {
    this.x.send(
      new Request(100, 1)
        .u8(keycode, Math.max(1, keysyms.length))
        .skip(2)
        .u32(...(keysyms.length ? keysyms : [0]))
        .end(),
    )
  }

  /** The keys of each of the eight modifiers. */
  async modifierKeys(): Promise<number[][]> {
    const reply = await this.x.ask(new Request(119).end())
    const each = reply.detail
    reply.from(32)
    return Array.from({ length: 8 }, () => Array.from(reply.take(each)).filter((key) => key !== 0))
  }
}

/** What was written as a request, as an event: the bytes of its length are the sequence number, which the server fills in. */
export function asEvent(event: Request): Uint8Array {
  const bytes = event.end()
  bytes.set([0, 0], 2)
  return bytes
}

export const text = (message: Message, length: number): string => Buffer.from(message.take(length)).toString()
