import { NekodeError } from '@shared/errors'
import { pathToFileURL } from 'node:url'
import type { Point } from '../geometry'
import { type Core, EVENT } from './x11/core'
import { Selection } from './x11/selection'
import { utf8 } from './x11/wire'

/** Of the drag-and-drop protocol between X programs. */
const VERSION = 5
const URIS = 'text/uri-list'
/** A page is asked, and answers by scripts of its own: until then browsers say no. */
const ASK_MS = 2000
const ANSWER_MS = 250
const PAUSE_MS = 25
const DROP_MS = 5000

/** Drops files on a program, as a file manager does. */
export class FileDrop {
  #turn: Promise<unknown> = Promise.resolve()

  private constructor(
    readonly core: Core,
    readonly selection: Selection,
  ) {}

  static async open(core: Core): Promise<FileDrop> {
    return new FileDrop(core, await Selection.open(core, 'XdndSelection'))
  }

  /** @throws NekodeError precondition when nothing at this point takes them */
  drop(point: Point, paths: string[]): Promise<void> {
    const done = this.#turn.then(() => this.#drop(point, paths))
    this.#turn = done.catch(() => undefined)
    return done
  }

  close(): void {
    this.selection.close()
  }

  async #drop(point: Point, paths: string[]): Promise<void> {
    const { core } = this
    const source = this.selection.window
    const target = await this.#targetAt(point)
    if (target === undefined) throw refused('the program there takes no files')
    const [enter, position, leave, drop, copy, uris] = await Promise.all(
      ['XdndEnter', 'XdndPosition', 'XdndLeave', 'XdndDrop', 'XdndActionCopy', URIS].map((name) => core.atom(name)),
    )
    if (!enter || !position || !leave || !drop || !copy || !uris) throw refused('the screen names nothing')
    const list = paths.map((path) => `${pathToFileURL(path)}\r\n`).join('')
    await this.selection.own(new Map([[URIS, utf8(list)]]))
    core.message(target, enter, source, VERSION << 24, uris)
    const deadline = Date.now() + ASK_MS
    let takes = false
    while (!takes && Date.now() < deadline) {
      const status = this.#answer('XdndStatus', ANSWER_MS)
      core.message(target, position, source, 0, (point.x << 16) | point.y, 0, copy)
      takes = (((await status) ?? 0) & 1) === 1
      if (!takes) await Bun.sleep(PAUSE_MS)
    }
    if (!takes) {
      core.message(target, leave, source)
      throw refused('what is there takes no files')
    }
    const finished = this.#answer('XdndFinished', DROP_MS)
    core.message(target, drop, source, 0, 0)
    if ((await finished) === undefined) throw refused('the program there did not take them in time')
  }

  /** The window that takes drops, under those that frame it. */
  async #targetAt({ x, y }: Point): Promise<number | undefined> {
    const aware = await this.core.atom('XdndAware')
    for (let window = this.core.x.root; window;) {
      if (await this.core.numbers(window, aware)) return window
      window = await this.core.childAt(window, x, y)
    }
    return undefined
  }

  /** The second number of the next message of this type. */
  async #answer(type: string, ms: number): Promise<number | undefined> {
    const { promise, resolve } = Promise.withResolvers<number | undefined>()
    const wanted = this.core.atom(type)
    const stop = this.core.x.on(EVENT.clientMessage, (event) => {
      const window = event.from(4).u32()
      const is = event.u32()
      const flags = event.skip(4).u32()
      void wanted.then((atom) => {
        if (window === this.selection.window && is === atom) resolve(flags)
      })
    })
    const timer = setTimeout(() => resolve(undefined), ms)
    try {
      return await promise
    } finally {
      clearTimeout(timer)
      stop()
    }
  }
}

const refused = (why: string) =>
  new NekodeError('precondition', `The files are on the machine, but were not dropped: ${why}.`, {
    code: 'drop_refused',
    next: 'Choose them in the program itself: they are in its downloads folder.',
  })
