import type { RunStep } from '@shared/contract'

/** A moment of what is replayed: when something began, and when it was over. */
export interface Moment {
  id: string
  start: number
  end: number
}

/** Longer waits than this are shortened to it: nobody watches an agent wait for a build. */
export const longestWait = 2000
const shortest = 120

/** What is replayed, on a clock of its own that starts at 0 and on which long waits are short. */
export interface Reel {
  moments: Moment[]
  /** Milliseconds from the first moment to the last. */
  length: number
}

interface Happening {
  id: string
  startedAt: number
  completedAt: number | null
}

/** Puts what happened, in its order, on the clock of a replay. */
export function reelOf(happened: readonly Happening[]): Reel {
  let clock = 0
  let real: number | undefined
  const moments: Moment[] = []
  let length = 0
  for (const { id, startedAt, completedAt } of happened) {
    if (real !== undefined) clock += Math.min(Math.max(startedAt - real, 0), longestWait)
    real = Math.max(real ?? startedAt, startedAt)
    const lasted = Math.min(Math.max((completedAt ?? startedAt) - startedAt, shortest), longestWait)
    moments.push({ id, start: clock, end: clock + lasted })
    length = Math.max(length, clock + lasted)
  }
  return { moments, length }
}

/** How many moments have begun at `at`: by halving, because it is asked for every frame. */
export function begunAt({ moments }: Reel, at: number): number {
  let low = 0
  let high = moments.length
  while (low < high) {
    const middle = (low + high) >> 1
    if ((moments[middle]?.start ?? Infinity) <= at) low = middle + 1
    else high = middle
  }
  return low
}

/** Where the next moment begins, or the one before: what the buttons beside “play” go to. */
export function neighbour(reel: Reel, at: number, step: 1 | -1): number {
  const begun = begunAt(reel, at)
  const to = step === 1 ? begun : begun - 2
  if (to >= reel.moments.length) return reel.length
  return reel.moments[Math.max(0, to)]?.start ?? 0
}

/** A step as it was at a moment of its replay: a text as far as it had been written, a tool without its result until it was over. */
export function stepAt(step: RunStep, { start, end }: Moment, at: number): RunStep {
  if (at >= end) return step
  const part = Math.max(0, (at - start) / (end - start))
  const { detail } = step
  if (detail.type === 'text' || detail.type === 'thought') {
    return {
      ...step,
      status: 'running',
      detail: { ...detail, text: detail.text.slice(0, Math.ceil(detail.text.length * part)) },
    }
  }
  if (detail.type !== 'tool') return step
  const { output: _, diff: __, outcome: ___, ...asked } = detail
  // How long it will take is not known yet at that moment.
  return { ...step, status: 'running', completedAt: step.startedAt, detail: asked }
}

export const speeds = [1, 2, 4, 8, 16] as const
export type Speed = (typeof speeds)[number]

/** Where the clock stands after `elapsed` milliseconds of watching; it stops at the end. */
export const advance = (reel: Reel, at: number, elapsed: number, speed: Speed): number =>
  Math.min(reel.length, at + Math.max(0, elapsed) * speed)
