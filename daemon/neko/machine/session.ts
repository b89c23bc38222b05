import { NekodeError } from '@shared/errors'
import type { Logger } from '@shared/log'
import type { Point, Size } from '../geometry'
import { Sound } from './audio'
import { FileChooser } from './chooser'
import { Clipboard } from './clipboard'
import { cursorImage } from './cursor'
import { FileDrop } from './drop'
import { saveFiles } from './files'
import type { Home } from './home'
import { InputDevices } from './input'
import type { KeptProgram } from './kept'
import { keyboardLayout, modifierState, modifierMasks, setKeyboardLayout } from './layout'
import type {
  ClipboardContent,
  ClipboardText,
  CursorImage,
  EncodedAudio,
  EncodedVideo,
  KeyboardLayout,
  Machine,
  MachineFile,
  ModifierState,
  ScreenPixels,
  ScreenSize,
  Unlisten,
} from './machine'
import type { Microphone } from './microphone'
import type { Programs } from './packages'
import type { Family } from './processes'
import { screenSize, usualSizes } from './sizes'
import { VideoStream } from './video'
import { XConnection } from './x11/connection'
import { Core } from './x11/core'
import { RandR } from './x11/randr'
import { XFixes } from './x11/xfixes'
import { Xkb } from './x11/xkb'
import { XTest } from './x11/xtest'
import type { Xvfb } from './xvfb'

const MANAGER_MS = 10_000

export interface SessionOptions {
  xvfb: Xvfb
  family: Family
  home: Home
  sound: Sound | string
  log: Logger
  largest: Size
  programs: Programs
  frameRate: number
  kilobits: number
}

/** The parts that are made of the connection to the screen's server. */
interface Parts {
  core: Core
  xkb: Xkb
  xfixes: XFixes
  randr: RandR
  input: InputDevices
  clipboard: Clipboard
  drops: FileDrop
  chooser: FileChooser
}

/** A machine that runs. */
export class Session implements Machine {
  readonly failed: Promise<string>
  readonly #kept: KeptProgram[] = []
  readonly #o: SessionOptions
  readonly #parts: Parts
  readonly #video: VideoStream
  readonly #resized = new Set<(size: ScreenSize) => void>()
  readonly #cursors = new Set<(cursor: CursorImage) => void>()
  #cursor: CursorImage | undefined
  #size: ScreenSize
  #resizing: Promise<unknown> = Promise.resolve()
  #microphone: Promise<Microphone> | undefined
  #closing: Promise<void> | undefined
  #fail: (why: string) => void = () => {}

  private constructor(options: SessionOptions, parts: Parts, size: () => ScreenSize) {
    this.#o = options
    this.#parts = parts
    this.#size = size()
    this.failed = new Promise((resolve) => (this.#fail = resolve))
    const { family, log, programs, xvfb } = options
    this.#video = new VideoStream({
      family,
      log,
      ffmpeg: programs.ffmpeg,
      display: xvfb.display,
      size: () => this.#size,
      rate: options.frameRate,
      kilobits: options.kilobits,
      now: () => performance.now(),
    })
    parts.xfixes.onCursor(() => void this.#lookAtCursor())
    void xvfb.program.exited.then((code) => {
      if (!this.#closing) this.#fail(`the screen ended with ${code}: ${xvfb.program.lastWords || 'it said nothing'}`)
    })
  }

  /** Connects to the screen's server. */
  static async open(options: SessionOptions): Promise<Session> {
    const { socket, cookie } = options.xvfb
    const { log, largest } = options
    const x = await XConnection.open({
      socket,
      cookie,
      // Windows that are gone by the time of a request about them.
      onError: (error) => log.debug(error.message),
    })
    const core = new Core(x)
    const [xkb, xfixes, randr, xtest] = await Promise.all([
      Xkb.open(x),
      XFixes.open(x),
      RandR.open(core),
      XTest.open(x),
    ])
    let session: Session | undefined
    const size = () => session?.size ?? { ...largest, rate: 60 }
    const input = await InputDevices.open(core, xtest, size, log)
    const [clipboard, drops, chooser] = await Promise.all([
      Clipboard.open(core, xfixes),
      FileDrop.open(core),
      FileChooser.open(core, input),
    ])
    session = new Session(options, { core, xkb, xfixes, randr, input, clipboard, drops, chooser }, size)
    return session
  }

  get display(): string {
    return this.#o.xvfb.display
  }

  get environment(): Readonly<Record<string, string>> {
    const { xvfb, sound } = this.#o
    return {
      DISPLAY: xvfb.display,
      XAUTHORITY: xvfb.authority,
      ...(sound instanceof Sound ? sound.recorderEnv : {}),
    }
  }

  get size(): ScreenSize {
    return this.#size
  }

  get hasAudio(): boolean {
    return this.#o.sound instanceof Sound
  }

  get noAudio(): string | undefined {
    return typeof this.#o.sound === 'string' ? this.#o.sound : undefined
  }

  get downloads(): string {
    return this.#o.home.downloads
  }

  /** A program that ends with the machine. */
  keep(program: KeptProgram): void {
    this.#kept.push(program)
  }

  /** Resolves when windows are managed. @throws NekodeError unavailable when that takes too long */
  async windowsManaged(): Promise<void> {
    const { core } = this.#parts
    const check = await core.atom('_NET_SUPPORTING_WM_CHECK')
    const deadline = Date.now() + MANAGER_MS
    while (!(await core.numbers(core.x.root, check))) {
      if (Date.now() > deadline) {
        const says = this.#kept.map(({ lastWords }) => lastWords).join('\n')
        throw new NekodeError('unavailable', `The window manager does not start: ${says || 'it says nothing'}`, {
          code: 'window_manager_failed',
        })
      }
      await Bun.sleep(10)
    }
  }

  async screenshot(quality: number): Promise<Uint8Array> {
    this.#mustBeOpen()
    const bmp = this.#o.xvfb.framebuffer.bmp(this.#size)
    return new Bun.Image(bmp).jpeg({ quality: Math.min(100, Math.max(1, Math.trunc(quality))) }).bytes()
  }

  async screenPixels(): Promise<ScreenPixels> {
    this.#mustBeOpen()
    const { width, height } = this.#size
    return this.#o.xvfb.framebuffer.pixels({ width, height })
  }

  video(onFrame: (frame: EncodedVideo) => void): Unlisten {
    return this.#video.listen(onFrame)
  }

  audio(onPacket: (packet: EncodedAudio) => void): Unlisten {
    const { sound } = this.#o
    return sound instanceof Sound ? sound.listen(onPacket) : () => {}
  }

  microphone(packet: Uint8Array): void {
    const { sound, log } = this.#o
    if (!(sound instanceof Sound) || this.#closing) return
    this.#microphone ??= import('./microphone').then(({ openMicrophone }) => openMicrophone(sound, log))
    void this.#microphone.then((microphone) => microphone.play(packet))
  }

  move(point: Point): void {
    this.#parts.input.move(point)
  }

  button(code: number, down: boolean): boolean {
    return this.#parts.input.button(code, down)
  }

  key(keysym: number, down: boolean): boolean {
    return this.#parts.input.key(keysym, down)
  }

  wheel(dx: number, dy: number, control = false): void {
    this.#parts.input.wheel(dx, dy, control)
  }

  reset(): void {
    this.#parts.input.reset()
  }

  settled(): Promise<void> {
    return this.#parts.input.after(() => this.#parts.core.x.sync())
  }

  modifiers(): Promise<ModifierState> {
    const { input, xkb } = this.#parts
    return input.after(async () => modifierState((await xkb.modifiers()).effective))
  }

  setModifiers(modifiers: { [name in keyof ModifierState]?: boolean | null | undefined }): Promise<void> {
    const { input, xkb, core } = this.#parts
    const { affected, locked } = modifierMasks(modifiers)
    return input.after(async () => {
      xkb.lock(affected, locked)
      await core.x.sync()
    })
  }

  keyboardLayout(): Promise<KeyboardLayout> {
    return keyboardLayout(this.#parts.core)
  }

  setKeyboardLayout(layout: KeyboardLayout): Promise<void> {
    const { family, programs } = this.#o
    return this.#parts.input.after(async () => {
      await setKeyboardLayout(family, programs.setxkbmap, layout)
      this.#parts.input.newLayout()
    })
  }

  clipboard(): Promise<ClipboardText> {
    return this.#parts.clipboard.read()
  }

  clipboardImage(): Promise<Uint8Array | undefined> {
    return this.#parts.clipboard.image()
  }

  setClipboard(content: ClipboardContent): Promise<void> {
    return this.#parts.clipboard.write(content)
  }

  onClipboard(listener: () => void): Unlisten {
    return this.#parts.clipboard.listen(listener)
  }

  resize(wanted: ScreenSize): Promise<ScreenSize> {
    const done = this.#resizing.then(() => this.#resize(wanted))
    this.#resizing = done.catch(() => undefined)
    return done
  }

  sizes(): ScreenSize[] {
    return usualSizes(this.#o.largest)
  }

  onResize(listener: (size: ScreenSize) => void): Unlisten {
    this.#resized.add(listener)
    return () => void this.#resized.delete(listener)
  }

  onCursor(listener: (cursor: CursorImage) => void): Unlisten {
    this.#cursors.add(listener)
    if (this.#cursor) listener(this.#cursor)
    else void this.#lookAtCursor()
    return () => void this.#cursors.delete(listener)
  }

  pointer(): Promise<Point> {
    const { input, core } = this.#parts
    return input.after(async () => {
      const { x, y } = await core.pointer()
      return { x, y }
    })
  }

  async drop(point: Point, files: MachineFile[]): Promise<void> {
    const paths = await saveFiles(this.downloads, files)
    await this.#parts.drops.drop(point, paths)
  }

  get chooserOpen(): boolean {
    return this.#parts.chooser.isOpen
  }

  onChooser(listener: (open: boolean) => void): Unlisten {
    return this.#parts.chooser.listen(listener)
  }

  async choose(files: MachineFile[]): Promise<void> {
    const { chooser } = this.#parts
    if (files.length > 1)
      throw new NekodeError('invalid', 'The file dialog takes one file at a time.', { code: 'chooser_one_file' })
    if (!chooser.isOpen) return chooser.answer(undefined)
    const [path] = await saveFiles(this.downloads, files)
    return chooser.answer(path)
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    const { sound, family, home, xvfb } = this.#o
    const { input, chooser, drops, clipboard, core } = this.#parts
    input.close()
    chooser.close()
    await Promise.all([
      ...this.#kept.map((program) => program.close()),
      this.#video.encoder.close(),
      sound instanceof Sound && sound.close(),
    ])
    drops.close()
    clipboard.close()
    core.x.close()
    await family.close()
    xvfb.framebuffer.close()
    home.leave()
  }

  async #resize(wanted: ScreenSize): Promise<ScreenSize> {
    const size = screenSize(wanted, this.#o.largest)
    const { width, height } = this.#size
    const isChanged = size.width !== width || size.height !== height || !this.#parts.randr.hasMode
    if (isChanged) await this.#parts.randr.resize(size, size.rate)
    this.#size = size
    if (isChanged) await this.#video.encoder.restart()
    for (const listener of this.#resized) listener(size)
    return size
  }

  async #lookAtCursor(): Promise<void> {
    if (!this.#cursors.size) {
      // Whoever comes next looks.
      this.#cursor = undefined
      return
    }
    try {
      this.#cursor = cursorImage(await this.#parts.xfixes.cursor())
    } catch {
      // The server is gone; `failed` says so.
      return
    }
    for (const listener of this.#cursors) listener(this.#cursor)
  }

  #mustBeOpen(): void {
    if (this.#closing) throw new NekodeError('unavailable', 'The machine is closed.', { code: 'machine_closed' })
  }
}
