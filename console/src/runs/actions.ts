import type { Run, RunAction } from '@shared/contract'
import { call } from '../api/client'
import { act } from '../app/act'
import { t } from '../i18n'
import { putRun } from '../store/apply'
import { isOver } from '../store/runs'
import { change } from '../store/state'
import type { MenuItem } from '../ui/menu'

/** Interrupts, kills, restarts or retries a run. */
export const actOnRun = (run: Run, action: RunAction): Promise<boolean> =>
  act(async () => {
    const changed = await call('POST /api/runs/{id}/actions', { params: { id: run.id }, body: { action } })
    change((draft) => putRun(draft, changed))
  })

/** What can be done with a run now, the gentlest first. */
export function runMenu(run: Run): MenuItem[] {
  if (isOver(run)) {
    return run.deliveryId === null || run.state === 'completed'
      ? []
      : [{ label: t('run.retry'), icon: 'i-lucide-rotate-cw', onSelect: () => void actOnRun(run, 'retry') }]
  }
  return [
    { label: t('run.interrupt'), icon: 'i-lucide-square', onSelect: () => void actOnRun(run, 'interrupt') },
    { label: t('run.restart'), icon: 'i-lucide-refresh-ccw', onSelect: () => void actOnRun(run, 'restart') },
    { label: t('run.kill'), icon: 'i-lucide-skull', danger: true, onSelect: () => void actOnRun(run, 'kill') },
  ]
}
