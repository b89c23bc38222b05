import { mkdirSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { mark } from '../../neko/agent/mark'
import type { TaskEvent } from '../../neko/task/outcome'
import { inWorkspace } from '../builtin/files'

/** In the workspace. */
const FOLDER = 'neko'
/** Turns whose pictures are kept. */
const KEPT = 30
const QUALITY = 70
const LONGEST_EDGE = 1280

/** Pictures of a turn's actions, as small files in the workspace. */
export class Pictures {
  readonly #workspace: string
  readonly #name: string
  #folder: string | undefined

  /** @param began of the turn, Unix milliseconds */
  constructor(workspace: string, began: number) {
    this.#workspace = workspace
    this.#name = new Date(began).toISOString().slice(0, 19).replaceAll(':', '-')
  }

  /**
   * Writes the picture of an action, with the action drawn in.
   * @returns its path in the workspace
   * @throws NekodeError forbidden when a link leads out of the workspace, and what the disk says
   */
  async keep({ action, boxes, picture, id }: Extract<TaskEvent, { type: 'action' }>): Promise<string> {
    this.#folder ??= this.#make()
    const name = `step-${id.padStart(5, '0')}-${action.action.toLowerCase()}.jpg`
    const step = Number(id.split('-')[0])
    const whole = await mark(await picture.pixels(), action, { step, boxes, format: 'jpeg' })
    const isSmall = Math.max(picture.width, picture.height) <= LONGEST_EDGE
    const file = isSmall ? whole : await smaller(whole, picture)
    await Bun.write(join(this.#folder, name), file)
    return join(FOLDER, this.#name, name)
  }

  #make(): string {
    const all = inWorkspace(this.#workspace, FOLDER)
    mkdirSync(all, { recursive: true })
    const old = readdirSync(all)
      .filter((name) => /^\d{4}-\d\d-\d\dT/.test(name))
      .sort()
    for (const name of old.slice(0, Math.max(0, old.length - KEPT + 1)))
      rmSync(join(all, name), { recursive: true, force: true })
    const folder = inWorkspace(this.#workspace, join(FOLDER, this.#name))
    mkdirSync(folder, { recursive: true })
    return folder
  }
}

function smaller(jpeg: Uint8Array, { width, height }: { width: number; height: number }): Promise<Uint8Array> {
  const factor = LONGEST_EDGE / Math.max(width, height)
  const side = (length: number) => Math.max(1, Math.round(length * factor))
  return new Bun.Image(jpeg).resize(side(width), side(height)).jpeg({ quality: QUALITY }).bytes()
}
