import type { UsageFigures } from '@shared/contract'
import '../i18n/en/agentpage'
import { t } from '../i18n'
import { compact, dollars, duration } from '../i18n/dates'

export type Measure = 'tokens' | 'cost' | 'runs' | 'time'
export const measures: Measure[] = ['tokens', 'cost', 'runs', 'time']

/** A measure's parts, which make up its whole: of tokens what went in, what came from the cache, and what came out. */
export function partsOf(measure: Measure): { label: string; colour: string; of: (figures: UsageFigures) => number }[] {
  switch (measure) {
    case 'tokens':
      return [
        { label: t('usage.in'), colour: '--accent', of: (f) => f.input + f.cacheWrite },
        { label: t('usage.cached'), colour: '--bot', of: (f) => f.cacheRead },
        { label: t('usage.out'), colour: '--ok', of: (f) => f.output },
      ]
    case 'cost':
      return [{ label: t('usage.cost'), colour: '--accent', of: (f) => f.costUsd }]
    case 'runs':
      return [{ label: t('usage.runs'), colour: '--accent', of: (f) => f.runs }]
    case 'time':
      return [{ label: t('usage.time'), colour: '--accent', of: (f) => f.durationMs }]
  }
}

export const valueOf = (measure: Measure, figures: UsageFigures): number =>
  partsOf(measure).reduce((sum, part) => sum + part.of(figures), 0)

/** A value as people read it. */
export function textOf(measure: Measure, value: number): string {
  if (measure === 'cost') return dollars(value)
  return measure === 'time' ? duration(value) : compact(value)
}

/** Each part's tops when parts stand on each other: one list for each part, the lowest part first. */
export function stack(lists: readonly (readonly number[])[]): number[][] {
  const heights: number[] = []
  return lists.map((list) => list.map((value, at) => (heights[at] = (heights[at] ?? 0) + value)))
}
