import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { z } from 'zod'
import { NekodeError } from '@shared/errors'
import { createLogger } from '@shared/log'
import type { Point } from '../geometry'
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
  ScreenSize,
  Unlisten,
} from '../machine/machine'
import { type Desktop, type DesktopOptions, startDesktop } from './desktop'

/** A machine of which everything that is done to it can be read. For tests of the server; nothing of it is in the product. */
export class PaperMachine implements Machine {
  readonly display = ':0'
  readonly environment = {}
  readonly hasAudio = true
  readonly noAudio = undefined
  readonly downloads = mkdtempSync(join(tmpdir(), 'nekode-paper-'))
  readonly failed = new Promise<string>(() => {})
  /** What was done, in its order. */
  readonly done: string[] = []
  readonly spoken: Uint8Array[] = []
  size: ScreenSize = { width: 1280, height: 720, rate: 30 }
  place: Point = { x: 0, y: 0 }
  shots = 0
  chooserOpen = false
  /** Whether the program below the pointer takes files. */
  takesFiles = true
  content: ClipboardContent = {}
  layout: KeyboardLayout = { layout: 'us', variant: '' }
  locked: ModifierState = {
    shift: false,
    capslock: false,
    control: false,
    alt: false,
    numlock: false,
    meta: false,
    super: false,
    altgr: false,
  }
  readonly seers = new Set<(frame: EncodedVideo) => void>()
  readonly hearers = new Set<(packet: EncodedAudio) => void>()
  private readonly held = new Set<string>()
  private readonly clipboards = new Set<() => void>()
  private readonly choosers = new Set<(open: boolean) => void>()
  private readonly resizes = new Set<(size: ScreenSize) => void>()
  private group: EncodedVideo[] = []

  async screenshot(quality: number): Promise<Uint8Array> {
    this.shots += 1
    return new TextEncoder().encode(`jpeg ${quality} of ${this.size.width}x${this.size.height}`)
  }

  async screenPixels() {
    const { width, height } = this.size
    return { width, height, rgb: new Uint8Array(width * height * 3) }
  }

  video(onFrame: (frame: EncodedVideo) => void): Unlisten {
    for (const frame of this.group) onFrame(frame)
    return listen(this.seers, onFrame)
  }

  /** A picture was encoded. */
  show(frame: EncodedVideo): void {
    this.group = frame.key ? [frame] : [...this.group, frame]
    for (const seer of this.seers) seer(frame)
  }

  audio(onPacket: (packet: EncodedAudio) => void): Unlisten {
    return listen(this.hearers, onPacket)
  }

  microphone(packet: Uint8Array): void {
    this.spoken.push(packet)
  }

  move(point: Point): void {
    this.place = point
    this.done.push(`move ${point.x},${point.y}`)
  }

  button = (code: number, down: boolean): boolean => this.hold(`button ${code}`, down)
  key = (keysym: number, down: boolean): boolean => this.hold(`key 0x${keysym.toString(16)}`, down)

  private hold(what: string, down: boolean): boolean {
    if (this.held.has(what) === down) return false
    if (down) this.held.add(what)
    else this.held.delete(what)
    this.done.push(`${what} ${down ? 'down' : 'up'}`)
    return true
  }

  wheel(dx: number, dy: number, control = false): void {
    this.done.push(`wheel ${dx},${dy}${control ? ' control' : ''}`)
  }

  reset(): void {
    for (const what of [...this.held].toReversed()) this.hold(what, false)
  }

  async settled(): Promise<void> {}

  modifiers = async (): Promise<ModifierState> => this.locked

  async setModifiers(modifiers: { [name in keyof ModifierState]?: boolean | null | undefined }): Promise<void> {
    const given = Object.entries(modifiers).filter(([, value]) => typeof value === 'boolean')
    this.locked = { ...this.locked, ...Object.fromEntries(given) }
  }

  keyboardLayout = async (): Promise<KeyboardLayout> => this.layout

  async setKeyboardLayout(layout: KeyboardLayout): Promise<void> {
    if (layout.layout === 'none') throw new NekodeError('invalid', 'there is no such layout')
    this.layout = layout
  }

  async clipboard(): Promise<ClipboardText> {
    const { text, html } = this.content
    return { ...(text === undefined ? {} : { text }), ...(html === undefined ? {} : { html }) }
  }

  clipboardImage = async (): Promise<Uint8Array | undefined> => this.content.png

  async setClipboard(content: ClipboardContent): Promise<void> {
    this.content = content
    for (const tell of this.clipboards) tell()
  }

  onClipboard = (listener: () => void): Unlisten => listen(this.clipboards, listener)

  async resize(size: ScreenSize): Promise<ScreenSize> {
    if (size.width < 64 || size.width > 8192) throw new NekodeError('invalid', 'there is no such size')
    this.size = { width: size.width - (size.width % 8), height: size.height, rate: size.rate || 60 }
    for (const tell of this.resizes) tell(this.size)
    return this.size
  }

  sizes = (): ScreenSize[] => [
    { width: 1280, height: 720, rate: 30 },
    { width: 1280, height: 720, rate: 45 },
    { width: 1920, height: 1080, rate: 60 },
    { width: 1920, height: 1080, rate: 75 },
  ]

  onResize = (listener: (size: ScreenSize) => void): Unlisten => listen(this.resizes, listener)

  onCursor(listener: (cursor: CursorImage) => void): Unlisten {
    listener({ width: 24, height: 24, hotspot: { x: 3, y: 4 }, png: Uint8Array.of(0x89, 0x50, 0x4e, 0x47) })
    return () => {}
  }

  pointer = async (): Promise<Point> => this.place

  async drop(point: Point, files: MachineFile[]): Promise<void> {
    if (!this.takesFiles) throw new NekodeError('precondition', 'nothing there takes files')
    this.done.push(`drop ${point.x},${point.y} ${files.map(({ name }) => name).join(' ')}`)
  }

  onChooser = (listener: (open: boolean) => void): Unlisten => listen(this.choosers, listener)

  openChooser(isOpen: boolean): void {
    this.chooserOpen = isOpen
    for (const tell of this.choosers) tell(isOpen)
  }

  async choose(files: MachineFile[]): Promise<void> {
    this.done.push(`choose ${files.map(({ name }) => name).join(' ')}`)
    this.openChooser(false)
  }

  async close(): Promise<void> {
    rmSync(this.downloads, { recursive: true, force: true })
  }
}

function listen<T>(listeners: Set<T>, listener: T): Unlisten {
  listeners.add(listener)
  return () => void listeners.delete(listener)
}

export interface Guest {
  id: string
  token: string
  /** A request of the API as this session; `body` is sent as JSON unless it is a form. */
  call(method: string, path: string, body?: unknown): Promise<Response>
  connect(): Promise<Wire>
}

/** A desktop that nobody sees, on a machine of paper. */
export class TestDesktop {
  private readonly wires: Wire[] = []

  private constructor(
    readonly machine: PaperMachine,
    readonly desktop: Desktop,
  ) {}

  static async start(options: Partial<DesktopOptions> = {}): Promise<TestDesktop> {
    const machine = new PaperMachine()
    const users = { user: 'neko', admin: 'admin' }
    const log = createLogger({ write: () => {} })
    return new TestDesktop(machine, await startDesktop({ machine, port: 0, users, log, ...options }))
  }

  get url(): string {
    return this.desktop.url
  }

  async login(role: 'user' | 'admin', name: string = role): Promise<Guest> {
    const password = role === 'admin' ? 'admin' : 'neko'
    const reply = await fetch(`${this.url}/api/login`, {
      method: 'POST',
      body: JSON.stringify({ username: name, password }),
    })
    const { id, token } = z.object({ id: z.string(), token: z.string() }).parse(await reply.json())
    return {
      id,
      token,
      call: (method, path, body) =>
        fetch(`${this.url}${path}`, {
          method,
          headers: { authorization: `Bearer ${token}` },
          ...(body === undefined ? {} : { body: body instanceof FormData ? body : JSON.stringify(body) }),
        }),
      connect: () => this.connect(token),
    }
  }

  async connect(token: string | undefined, headers: Record<string, string> = {}): Promise<Wire> {
    const query = token === undefined ? '' : `?token=${token}`
    const socket: BunSocket = Reflect.construct(WebSocket, [
      `${this.url.replace('http', 'ws')}/api/ws${query}`,
      { headers },
    ])
    const wire = new Wire(socket)
    this.wires.push(wire)
    await wire.opened
    return wire
  }

  async stop(): Promise<void> {
    for (const wire of this.wires) wire.close()
    await this.desktop.stop()
  }
}

/** Bun has this beside what the types of browsers have. */
interface BunSocket extends WebSocket {
  terminate: () => void
}

const Heard = z.object({ event: z.string(), payload: z.unknown().optional() })

/** A client's end of the WebSocket. What was said is there for whoever asks later. */
export class Wire {
  readonly heard: z.infer<typeof Heard>[] = []
  readonly opened: Promise<void>
  /** Code of the end. */
  readonly closed: Promise<number>
  private readonly waiting = new Set<() => void>()

  constructor(private readonly socket: BunSocket) {
    const { promise, resolve } = Promise.withResolvers<void>()
    this.opened = promise
    socket.addEventListener('open', () => resolve())
    this.closed = new Promise((resolveClosed) => {
      socket.addEventListener('close', ({ code }) => {
        resolve()
        resolveClosed(code)
      })
    })
    socket.addEventListener('message', ({ data }) => {
      this.heard.push(Heard.parse(JSON.parse(String(data))))
      for (const look of this.waiting) look()
    })
  }

  send(event: string, payload?: unknown): void {
    this.socket.send(JSON.stringify({ event, payload }))
  }

  raw(text: string): void {
    this.socket.send(text)
  }

  /** The names of what was said, in its order. */
  get events(): string[] {
    return this.heard.map(({ event }) => event)
  }

  /** What was said from now on is what counts. */
  forget(): void {
    this.heard.length = 0
  }

  /** The payload of an event that was said, or is said next. */
  async next(event: string, suits: (payload: unknown) => boolean = () => true): Promise<unknown> {
    const find = () => this.heard.find((one) => one.event === event && suits(one.payload))
    for (let found = find(); ; found = find()) {
      if (found) return found.payload
      await this.change()
    }
  }

  private change(): Promise<void> {
    return new Promise((resolve) => {
      const look = () => {
        this.waiting.delete(look)
        resolve()
      }
      this.waiting.add(look)
    })
  }

  /** Everything that was sent before is done: a message to oneself has come back. */
  async settled(): Promise<void> {
    const text = crypto.randomUUID()
    this.send('chat/message', { text })
    await this.next('chat/message', (payload) => JSON.stringify(payload).includes(text))
    this.heard.splice(
      this.heard.findIndex(({ payload }) => JSON.stringify(payload ?? null).includes(text)),
      1,
    )
  }

  /** @param code 1000: goodbye */
  close(code = 1000): void {
    this.socket.close(code)
  }

  /** Breaks off without a word. */
  cut(): void {
    this.socket.terminate()
  }
}
