import type { RunStep } from '@shared/contract'

/** What a bar of the timeline is coloured by. */
export type BarKind = 'text' | 'thought' | 'tool' | 'approval' | 'problem'

/** One step on the timeline; several where they are too short to be told apart. */
export interface Bar {
  /** The step that the bar leads to. */
  id: string
  kind: BarKind
  /** Of the whole, from 0 to 1. */
  start: number
  width: number
  /** 0 is the topmost row. */
  lane: number
  startedAt: number
  /** Milliseconds. */
  duration: number
  /** How many steps it stands for. */
  count: number
}

export interface Timeline {
  bars: Bar[]
  lanes: number
  from: number
  /** Milliseconds from its first to its last moment. */
  span: number
}

const lanesAtMost = 4
/** Shorter than this part of the whole nothing can be seen or hit. */
const thinnest = 0.004

const kindOf = ({ detail, status }: RunStep): BarKind | undefined => {
  switch (detail.type) {
    case 'text':
      return 'text'
    case 'thought':
    case 'plan':
      return 'thought'
    case 'tool':
      return status === 'failed' || detail.outcome === 'failed' ? 'problem' : 'tool'
    case 'approval':
      return 'approval'
    case 'retry':
      return 'problem'
    case 'notice':
      return detail.level === 'error' ? 'problem' : undefined
    case 'usage':
    case 'cache':
      return undefined
  }
}

/**
 * Steps as bars on one line of time, in as many rows as went on at once. `until` is when the last of what is not over yet ends. However
 * many steps there are, there are no more bars than can be told apart.
 */
export function layOut(steps: readonly RunStep[], until: number): Timeline {
  const known = steps.flatMap((step) => {
    const kind = kindOf(step)
    return kind ? [{ step, kind, end: Math.max(step.startedAt, step.completedAt ?? until) }] : []
  })
  if (known.length === 0) return { bars: [], lanes: 0, from: 0, span: 0 }
  const from = known.reduce((least, { step }) => Math.min(least, step.startedAt), Infinity)
  const to = known.reduce((most, { end }) => Math.max(most, end), from)
  const span = Math.max(1, to - from)
  const bars: Bar[] = []
  const ends: number[] = []
  for (const { step, kind, end } of known.toSorted((a, b) => a.step.startedAt - b.step.startedAt)) {
    const start = (step.startedAt - from) / span
    const width = Math.min(Math.max((end - step.startedAt) / span, thinnest), 1)
    const lane = freeLane(ends, start)
    const before = bars.at(-1)
    // Too short to be told from its neighbour: one bar for both.
    if (
      before &&
      before.kind === kind &&
      start < before.start + before.width &&
      width <= thinnest &&
      before.width <= 2 * thinnest
    ) {
      before.count++
      before.duration = Math.max(before.duration, end - before.startedAt)
      continue
    }
    ends[lane] = start + width
    const at = Math.min(start, 1 - width)
    bars.push({
      id: step.id,
      kind,
      start: at,
      width,
      lane,
      startedAt: step.startedAt,
      duration: end - step.startedAt,
      count: 1,
    })
  }
  return { bars, lanes: Math.max(1, ends.length), from, span }
}

/** The first row that is free at `start`; when all are taken, the one that is free soonest. */
function freeLane(ends: number[], start: number): number {
  const free = ends.findIndex((end) => end <= start + 1e-9)
  if (free >= 0) return free
  if (ends.length < lanesAtMost) return ends.length
  return ends.indexOf(Math.min(...ends))
}

const nice = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 43_200, 86_400].map(
  (s) => s * 1000,
)

/** Moments for a scale of `span` milliseconds, at round figures, at most `most` of them. */
export function ticks(span: number, most = 6): number[] {
  const step = nice.find((size) => span / size <= most) ?? Math.ceil(span / most)
  return Array.from({ length: Math.floor(span / step) + 1 }, (_, at) => at * step)
}
