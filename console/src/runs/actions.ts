import type { Run, RunAction } from '@shared/contract'
import { call } from '../api/client'
import { act } from '../app/act'
import { t } from '../i18n'
import { putRun } from '../store/apply'
import { isOver } from '../store/runs'
import { change } from '../store/state'
import { confirm } from '../ui/confirm'
import type { MenuItem } from '../ui/menu'
import { isGuard, isRetryable } from './failures'

/** Interrupts, kills, restarts or retries a run. `onRun` gets the run that came of it: a new one when it was tried again. */
export const actOnRun = (run: Run, action: RunAction, onRun?: (run: Run) => void): Promise<boolean> =>
  act(async () => {
    const changed = await call('POST /api/runs/{id}/actions', { params: { id: run.id }, body: { action } })
    change((draft) => putRun(draft, changed))
    onRun?.(changed)
  })

/** A process that is killed may leave things half done, so the reader is asked. */
async function kill(run: Run): Promise<void> {
  const question = { title: t('run.killTitle'), body: t('run.killText'), action: t('run.kill'), danger: true }
  if (await confirm(question)) await actOnRun(run, 'kill')
}

/** What can be done with a run now, the gentlest first. */
export function runMenu(run: Run, onRun?: (run: Run) => void): MenuItem[] {
  if (isOver(run)) {
    if (run.deliveryId === null || run.state === 'completed') return []
    if (run.failure && !isRetryable(run.failure.reason)) return []
    const guard = run.failure !== null && isGuard(run.failure.reason)
    return [
      {
        label: guard ? t('run.continue') : t('run.retry'),
        text: t('run.retryHint'),
        icon: guard ? 'i-lucide-play' : 'i-lucide-rotate-cw',
        onSelect: () => void actOnRun(run, 'retry', onRun),
      },
    ]
  }
  return [
    {
      label: t('run.interrupt'),
      text: t('run.interruptHint'),
      icon: 'i-lucide-square',
      onSelect: () => void actOnRun(run, 'interrupt'),
    },
    {
      label: t('run.restart'),
      text: t('run.restartHint'),
      icon: 'i-lucide-refresh-ccw',
      onSelect: () => void actOnRun(run, 'restart', onRun),
    },
    {
      label: t('run.kill'),
      text: t('run.killHint'),
      icon: 'i-lucide-skull',
      danger: true,
      onSelect: () => void kill(run),
    },
  ]
}
