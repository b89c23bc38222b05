import type { Logger } from '@shared/log'
import { withPlace } from '../agent/actions'
import { mark } from '../agent/mark'
import { saveAction, saveFrame } from '../agent/save'
import { encodePixels } from '../frames/picture'
import type { TaskEvent } from './outcome'

export interface AlbumOptions {
  /** Where the frame that the model saw is kept. */
  frame?: string | undefined
  /** Where pictures of actions are kept. */
  actions?: string | undefined
  log: Logger
}

/** Pictures that may wait to be written; on a slow disk more are left out. */
const WAITING = 4

/** Keeps what a task saw and did as files, one after the other, without holding the task up. */
export class Album {
  readonly #options: AlbumOptions
  #last: Promise<void> = Promise.resolve()
  #waiting = 0

  constructor(options: AlbumOptions) {
    this.#options = options
  }

  on(event: TaskEvent): void {
    const { frame, actions } = this.#options
    if (event.type === 'step' && frame !== undefined)
      this.#keep(async () => {
        await saveFrame(frame, await encodePixels(await event.picture.pixels(), 'png'), event.step)
      })
    if (event.type === 'action' && actions !== undefined) this.#keep(() => this.#action(actions, event))
  }

  /** Resolves when everything is written. */
  done(): Promise<void> {
    return this.#last
  }

  async #action(path: string, event: Extract<TaskEvent, { type: 'action' }>): Promise<void> {
    const { action, boxes, places, picture, step } = event
    const pixels = await picture.pixels()
    const options = { step, action: action.action }
    for (const look of boxes.keys()) {
      const place = places[look + 1]
      const seen = place ? withPlace(action, place) : action
      const file = await mark(pixels, seen, { step, boxes: boxes.slice(0, look + 1) })
      await saveAction(path, file, { ...options, look: look + 1 })
    }
    await saveAction(path, await mark(pixels, action, { step, boxes }), options)
  }

  #keep(write: () => Promise<void>): void {
    if (this.#waiting >= WAITING) return this.#options.log.warn('a picture is not saved: the disk is too slow')
    this.#waiting++
    this.#last = this.#last.then(write).then(
      () => void this.#waiting--,
      (error: unknown) => {
        this.#waiting--
        this.#options.log.warn('a picture was not saved', { error })
      },
    )
  }
}
