import type { Action } from '../agent/actions'
import { type Change, compare, type Thumbnail } from './change'

/** Closer than this share of the screen is the same place: models are not steady. */
const SAME_PLACE = 0.02
/** How often the same may be done to no effect until the model is told, and until the task ends. */
const NOTHING = { warn: 2, end: 4 }
/** The same for what changes little, as a counter that is clicked up, and for waiting and looking. */
const LITTLE = { warn: 6, end: 12 }
/** Different things to no effect at all: the screen may be frozen. */
const FROZEN = { warn: 6, end: 12 }
/** Rounds of a cycle in which the screens repeat too. */
const CYCLE = { longest: 4, warn: 2, end: 3 }
const KEPT = CYCLE.longest * CYCLE.end

interface Done {
  action: Action
  before: Thumbnail
  change: Change
}

export interface Verdict {
  kind: 'fine' | 'warn' | 'stuck'
  /** For the model, and for people. */
  text: string
}

const FINE: Verdict = { kind: 'fine', text: '' }

/** Sees when a task goes round in circles. */
export class Loops {
  readonly #done: Done[] = []
  #same = 0
  #isSlight = false
  #frozen = 0

  /** @param before the screen on which the action was decided */
  note(action: Action, before: Thumbnail, change: Change): Verdict {
    const last = this.#done.at(-1)
    this.#done.push({ action, before, change })
    if (this.#done.length > KEPT) this.#done.shift()
    this.#frozen = change === 'none' ? this.#frozen + 1 : 0
    const goesOn = last !== undefined && isSame(last.action, action) && change !== 'much'
    this.#isSlight = change === 'slight' || (goesOn && this.#isSlight)
    this.#same = change === 'much' ? 0 : goesOn ? this.#same + 1 : 1
    return this.#repeats(action) ?? this.#circles() ?? this.#stands() ?? FINE
  }

  /** A person said something, or did: what was tried before may work now. */
  forget(): void {
    this.#done.length = 0
    this.#same = 0
    this.#frozen = 0
  }

  #repeats(action: Action): Verdict | undefined {
    const isPatient =
      this.#isSlight || action.action === 'WAIT' || action.action === 'LOOK' || action.action === 'HOVER'
    const { warn, end } = isPatient ? LITTLE : NOTHING
    const what = isPatient ? 'hardly anything changed' : 'nothing changed on the screen'
    const text = `The same action was done ${this.#same} times and ${what}.`
    if (this.#same >= end) return { kind: 'stuck', text }
    if (this.#same >= warn) return { kind: 'warn', text: `${text} Do not repeat it: try another place or another way.` }
    return undefined
  }

  #circles(): Verdict | undefined {
    for (let length = 2; length <= CYCLE.longest; length++) {
      const rounds = this.#rounds(length)
      const text = `The same ${length} actions were done ${rounds} times and led back to the same screens.`
      if (rounds >= CYCLE.end) return { kind: 'stuck', text }
      if (rounds >= CYCLE.warn) return { kind: 'warn', text: `${text} Do something else.` }
    }
    return undefined
  }

  /** How often the last `length` actions were done in a row, on the same screens. */
  #rounds(length: number): number {
    const done = this.#done
    let matching = 0
    for (let at = done.length - 1; at >= length; at--) {
      const [now, earlier] = [done[at], done[at - length]]
      if (!now || !earlier || !isSame(now.action, earlier.action)) break
      if (compare(now.before, earlier.before) === 'much') break
      matching++
    }
    const isOne = done.slice(-length).every(({ action }) => isSame(action, done.at(-1)?.action ?? action))
    return isOne ? 1 : 1 + Math.floor(matching / length)
  }

  #stands(): Verdict | undefined {
    const text = `The last ${this.#frozen} actions changed nothing on the screen.`
    if (this.#frozen >= FROZEN.end) return { kind: 'stuck', text }
    if (this.#frozen >= FROZEN.warn) return { kind: 'warn', text: `${text} Wait, or try something quite different.` }
    return undefined
  }
}

/** The same thing at about the same place. */
export function isSame(one: Action, other: Action): boolean {
  if (one.action !== other.action) return false
  const [first, second] = [placesOf(one), placesOf(other)]
  const isNear = first.every(({ x, y }, at) => {
    const there = second[at]
    return there !== undefined && Math.abs(x - there.x) < SAME_PLACE && Math.abs(y - there.y) < SAME_PLACE
  })
  return first.length === second.length && isNear && valuesOf(one) === valuesOf(other)
}

const placesOf = (action: Action): { x: number; y: number }[] => {
  if ('from' in action) return [action.from, action.to]
  return 'position' in action && action.position ? [action.position] : []
}

const valuesOf = (action: Action): string => JSON.stringify({ ...action, position: null, from: null, to: null })
