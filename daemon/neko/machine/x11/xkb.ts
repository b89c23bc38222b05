import type { Extension, XConnection } from './connection'
import { Request } from './wire'

const CORE_KEYBOARD = 0x100

/** Modifiers, as bits: Shift, Lock, Control, Mod1 to Mod5. */
export class Xkb {
  private constructor(
    readonly x: XConnection,
    readonly extension: Extension,
  ) {}

  static async open(x: XConnection): Promise<Xkb> {
    const extension = await x.extension('XKEYBOARD')
    await x.ask(new Request(extension.opcode, 0).u16(1, 0).end())
    return new Xkb(x, extension)
  }

  /** @returns `held`: by keys that are down; `effective`: those, and what is latched or locked */
  async modifiers(): Promise<{ effective: number; held: number; locked: number }> {
    const reply = await this.x.ask(new Request(this.extension.opcode, 4).u16(CORE_KEYBOARD, 0).end())
    reply.from(8)
    return { effective: reply.u8(), held: reply.u8(), locked: reply.skip(1).u8() }
  }

  /** @param affected which modifiers to change @param locked which of them are locked then */
  lock(affected: number, locked: number): void {
    this.x.send(new Request(this.extension.opcode, 5).u16(CORE_KEYBOARD).u8(affected, locked).skip(8).end())
  }
}
