import { NekodeError } from '@shared/errors'
import type { Point } from '../geometry'
import type { InputDevices } from './input'
import type { Unlisten } from './machine'
import { type Core, EVENT } from './x11/core'

/** What GTK calls the window, in all programs that use its dialog: Chromium and Firefox do. */
const ROLE = 'GtkFileChooserDialog'
const KEYS = { control: 0xffe3, l: 0x6c, a: 0x61, escape: 0xff1b } as const
/** Where GTK has the button that opens the file, from the bottom right of the dialog. */
const OPEN_BUTTON: Point = { x: 45, y: 25 }
/** A dialog that opens takes a moment until it has the focus, and again until its entry is there. */
const SETTLE_MS = 250
const CLOSE_MS = 3000

/** The dialog in which programs let people choose a file. */
export class FileChooser {
  #window: number | undefined
  readonly #listeners = new Set<(open: boolean) => void>()
  #look: Promise<void> = Promise.resolve()
  readonly #stop: () => void

  private constructor(
    readonly core: Core,
    readonly input: InputDevices,
    readonly clients: number,
    readonly role: number,
    readonly active: number,
  ) {
    core.watchProperties(core.x.root)
    this.#stop = core.x.on(EVENT.propertyNotify, (event) => {
      if (event.from(4).u32() !== core.x.root || event.u32() !== clients) return
      // A window that closes while it is looked at is none; the next change of the list says so.
      this.#look = this.#look.then(() => this.#find()).catch(() => undefined)
    })
  }

  static async open(core: Core, input: InputDevices): Promise<FileChooser> {
    const [clients, role, active] = await Promise.all([
      core.atom('_NET_CLIENT_LIST'),
      core.atom('WM_WINDOW_ROLE'),
      core.atom('_NET_ACTIVE_WINDOW'),
    ])
    return new FileChooser(core, input, clients, role, active)
  }

  get isOpen(): boolean {
    return this.#window !== undefined
  }

  listen(listener: (open: boolean) => void): Unlisten {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  /**
   * @param path undefined: closes the dialog without a file
   * @throws NekodeError precondition when none is open, or when it does not take the file
   */
  async answer(path: string | undefined): Promise<void> {
    const window = this.#window
    if (window === undefined)
      throw new NekodeError('precondition', 'No file dialog is open on the machine.', { code: 'chooser_closed' })
    const { core, input } = this
    input.reset()
    // From a pager (2): window managers let those always.
    core.askManager(window, this.active, 2)
    await Bun.sleep(SETTLE_MS)
    if (path === undefined) this.#press(KEYS.escape)
    else await this.#type(window, path)
    const deadline = Date.now() + CLOSE_MS
    while (this.#window === window && Date.now() < deadline) await Bun.sleep(20)
    if (this.#window === window)
      throw new NekodeError('precondition', 'The file dialog did not take the file.', { code: 'chooser_refused' })
  }

  close(): void {
    this.#stop()
  }

  async #type(window: number, path: string): Promise<void> {
    const { input } = this
    // In GTK's dialog this opens the entry for a path.
    input.key(KEYS.control, true)
    this.#press(KEYS.l)
    this.#press(KEYS.a)
    input.key(KEYS.control, false)
    await Bun.sleep(SETTLE_MS)
    for (const letter of path) this.#press(keysymOf(letter))
    await input.after(() => this.core.x.sync())
    await Bun.sleep(SETTLE_MS)
    // Chromium's dialog takes Enter for a cancel; its button is always there.
    const corner = await this.core.bottomRight(window)
    input.move({ x: corner.x - OPEN_BUTTON.x, y: corner.y - OPEN_BUTTON.y })
    input.button(1, true)
    input.button(1, false)
  }

  #press(keysym: number): void {
    this.input.key(keysym, true)
    this.input.key(keysym, false)
  }

  async #find(): Promise<void> {
    const { core } = this
    let found: number | undefined
    for (const window of (await core.numbers(core.x.root, this.clients)) ?? []) {
      const role = await core.property(window, this.role)
      if (role && Buffer.from(role.value).toString('latin1') === ROLE) found = window
    }
    if (found === this.#window) return
    const wasOpen = this.isOpen
    this.#window = found
    if (wasOpen !== this.isOpen) for (const listener of this.#listeners) listener(this.isOpen)
  }
}

/** Latin-1 has its own keysyms, all else those above 0x01000000. */
function keysymOf(letter: string): number {
  const code = letter.codePointAt(0) ?? 0
  return code < 0x100 ? code : 0x01000000 | code
}
