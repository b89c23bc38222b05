import type { Extension, XConnection } from './connection'
import { Request } from './wire'

const KEY_PRESS = 2
const KEY_RELEASE = 3
const BUTTON_PRESS = 4
const BUTTON_RELEASE = 5
const MOTION = 6

/** Input as if from a keyboard and a mouse. */
export class XTest {
  private constructor(
    readonly x: XConnection,
    readonly extension: Extension,
  ) {}

  static async open(x: XConnection): Promise<XTest> {
    return new XTest(x, await x.extension('XTEST'))
  }

  key(keycode: number, down: boolean): void {
    this.#fake(down ? KEY_PRESS : KEY_RELEASE, keycode, 0, 0)
  }

  button(button: number, down: boolean): void {
    this.#fake(down ? BUTTON_PRESS : BUTTON_RELEASE, button, 0, 0)
  }

  /** To a place on the screen. */
  move(x: number, y: number): void {
    this.#fake(MOTION, 0, x, y)
  }

  #fake(type: number, detail: number, x: number, y: number): void {
    this.x.send(
      new Request(this.extension.opcode, 2)
        .u8(type, detail)
        .skip(2)
        .u32(0, this.x.root)
        .skip(8)
        .u16(x, y)
        .skip(8)
        .end(),
    )
  }
}
