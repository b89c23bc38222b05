import { NekodeError } from '@shared/errors'
import type { Size } from '../../geometry'
import type { Extension } from './connection'
import type { Core } from './core'
import { Request, utf8 } from './wire'

const NORMAL = 1
/** What a screen without a real one calls itself: programs compute sizes of letters from it. */
const DOTS_PER_INCH = 96
const MM_PER_INCH = 25.4

/** The size of the one screen. */
export class RandR {
  #made: number | undefined

  private constructor(
    readonly core: Core,
    readonly extension: Extension,
    readonly largest: Size,
  ) {}

  static async open(core: Core): Promise<RandR> {
    const extension = await core.x.extension('RANDR')
    await core.x.ask(new Request(extension.opcode, 0).u32(1, 3).end())
    const range = await core.x.ask(new Request(extension.opcode, 6).u32(core.x.root).end())
    range.from(12)
    return new RandR(core, extension, { width: range.u16(), height: range.u16() })
  }

  get hasMode(): boolean {
    return this.#made !== undefined
  }

  /**
   * Makes the screen this large, by a mode made for it.
   * @throws NekodeError when the server refuses; the screen may be off then
   */
  async resize(size: Size, rate: number): Promise<void> {
    const { x } = this.core
    const { crtc, output } = await this.#resources()
    const mode = await this.#createMode(size, rate)
    await x.check(this.#request(18).u32(output, mode).end())
    this.core.grabServer()
    try {
      // A screen cannot become smaller than what is shown on it.
      await this.#show(crtc, 0, [])
      const mm = (pixels: number) => Math.round((pixels / DOTS_PER_INCH) * MM_PER_INCH)
      const { width, height } = size
      await x.check(this.#request(7).u32(x.root).u16(width, height).u32(mm(width), mm(height)).end())
      await this.#show(crtc, mode, [output])
    } finally {
      this.core.ungrabServer()
    }
    const old = this.#made
    this.#made = mode
    if (old === undefined) return
    x.send(this.#request(19).u32(output, old).end())
    x.send(this.#request(17).u32(old).end())
  }

  #request(minor: number): Request {
    return new Request(this.extension.opcode, minor)
  }

  async #resources(): Promise<{ crtc: number; output: number }> {
    const reply = await this.core.x.ask(this.#request(8).u32(this.core.x.root).end())
    reply.from(16)
    const crtcs = reply.u16()
    const outputs = reply.u16()
    const [crtc] = reply.from(32).u32s(crtcs)
    const [output] = reply.u32s(outputs)
    if (crtc === undefined || output === undefined)
      throw new NekodeError('precondition', 'the X server has no output whose size can be changed')
    return { crtc, output }
  }

  async #createMode({ width, height }: Size, rate: number): Promise<number> {
    // Names have to differ.
    const name = utf8(`${width}x${height}_${rate}_${crypto.randomUUID()}`)
    const request = this.#request(16)
      .u32(this.core.x.root, 0)
      .u16(width, height)
      .u32(width * height * rate)
      .u16(width, width, width, 0, height, height, height, name.length)
      .u32(0)
      .bytes(name)
    return (await this.core.x.ask(request.end())).from(8).u32()
  }

  async #show(crtc: number, mode: number, outputs: number[]): Promise<void> {
    const request = this.#request(21)
      .u32(crtc, 0, 0)
      .u16(0, 0)
      .u32(mode)
      .u16(NORMAL, 0)
      .u32(...outputs)
    const { detail: status } = await this.core.x.ask(request.end())
    if (status !== 0)
      throw new NekodeError('internal', `the X server refused the size of the screen (status ${status})`)
  }
}
