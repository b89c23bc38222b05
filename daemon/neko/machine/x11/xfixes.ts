import type { Extension, XConnection } from './connection'
import { Request } from './wire'

const ALL_SELECTION_CHANGES = 7
const DISPLAY_CURSOR = 1

export interface RawCursor {
  width: number
  height: number
  hotX: number
  hotY: number
  /** Of each pixel blue, green, red and alpha; colours are multiplied with alpha. */
  bgra: Uint8Array
}

/** What the pointer looks like, and who owns selections. */
export class XFixes {
  private constructor(
    readonly x: XConnection,
    readonly extension: Extension,
  ) {}

  static async open(x: XConnection): Promise<XFixes> {
    const extension = await x.extension('XFIXES')
    await x.ask(new Request(extension.opcode, 0).u32(4, 0).end())
    return new XFixes(x, extension)
  }

  /** Also when the owner's window is gone. */
  onSelection(window: number, selection: number, listener: (owner: number) => void): () => void {
    this.x.send(new Request(this.extension.opcode, 2).u32(window, selection, ALL_SELECTION_CHANGES).end())
    return this.x.on(this.extension.firstEvent, (event) => {
      const owner = event.from(8).u32()
      if (event.u32() === selection) listener(owner)
    })
  }

  onCursor(listener: () => void): () => void {
    this.x.send(new Request(this.extension.opcode, 3).u32(this.x.root, DISPLAY_CURSOR).end())
    return this.x.on(this.extension.firstEvent + 1, listener)
  }

  async cursor(): Promise<RawCursor> {
    const reply = await this.x.ask(new Request(this.extension.opcode, 4).end())
    reply.from(12)
    const [width, height, hotX, hotY] = [reply.u16(), reply.u16(), reply.u16(), reply.u16()]
    return { width, height, hotX, hotY, bgra: reply.from(32).take(width * height * 4) }
  }
}
