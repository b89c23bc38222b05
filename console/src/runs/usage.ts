import type { Run, RunStep, Usage } from '@shared/contract'
import { t } from '../i18n'
import { compact, dollars, duration } from '../i18n/dates'

/** All tokens, those from a cache too. */
export const totalTokens = (usage: Usage): number => usage.input + usage.cacheRead + usage.cacheWrite + usage.output

/** How long a run has taken so far, or took. Null before it started. */
export const elapsed = (run: Run, now: number): number | null =>
  run.startedAt === null ? null : (run.completedAt ?? Math.max(now, run.startedAt)) - run.startedAt

/** “42s · 12.3k tokens · $0.04”, of what is known. */
export function runFigures(run: Run, now: number): string {
  const time = elapsed(run, now)
  return [
    time === null ? undefined : duration(time),
    run.usage && totalTokens(run.usage) > 0 ? t('run.tokens', { n: compact(totalTokens(run.usage)) }) : undefined,
    run.costUsd ? dollars(run.costUsd) : undefined,
  ]
    .filter(Boolean)
    .join(' · ')
}

/** “1.2k tokens · $0.01” that an answer from the cache saved. */
export const savedFigures = ({ usage, costUsd }: { usage: Usage; costUsd?: number | undefined }): string =>
  [t('run.tokens', { n: compact(totalTokens(usage)) }), costUsd ? dollars(costUsd) : undefined]
    .filter(Boolean)
    .join(' · ')

/** How full the model's context was at the last count. */
export function contextOf(steps: RunStep[]): { used: number; size: number } | undefined {
  for (const step of steps.toReversed())
    if (step.detail.type === 'usage' && step.detail.context) return step.detail.context
  return undefined
}
