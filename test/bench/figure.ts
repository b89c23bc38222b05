import type { Place } from '../e2e/program'

/** One measured figure, with the same thing beside it as it is without our code. */
export interface Figure {
  what: string
  /** What it has to be; empty where nothing was promised. */
  target: string
  /** The measured value, in `unit`. */
  ours: number
  bare: number | undefined
  unit: string
  /** Whether the target is met. */
  met: boolean | undefined
  /** How it was taken, for whoever wants to take it again. */
  how: string
}

export interface Bench {
  name: string
  run(place: Place): Promise<Figure[]>
}

export interface FigureInput extends Omit<Figure, 'target' | 'met' | 'bare'> {
  bare?: number
  /** The largest value that meets the target. */
  atMost?: number
  atLeast?: number
}

export function figure({ atMost, atLeast, bare, ...rest }: FigureInput): Figure {
  const { ours, unit } = rest
  const target =
    atMost !== undefined ? `≤ ${show(atMost)} ${unit}` : atLeast !== undefined ? `≥ ${show(atLeast)} ${unit}` : ''
  const met = atMost !== undefined ? ours <= atMost : atLeast !== undefined ? ours >= atLeast : undefined
  return { ...rest, bare, target, met }
}

/** Three significant digits at least, thousands apart. */
export function show(n: number): string {
  const digits = Math.abs(n) >= 100 ? 0 : Math.abs(n) >= 10 ? 1 : 2
  return n.toLocaleString('en', { maximumFractionDigits: digits })
}

export function median(numbers: number[]): number {
  return numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? 0
}
