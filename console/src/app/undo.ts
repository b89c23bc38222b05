import { t } from '../i18n'
import { ACTION_MS, toast } from '../ui/toast'
import { act } from './act'

interface Delayed {
  /** What the toast says that was done. */
  text: string
  /** Shows it as done. */
  apply: () => void
  /** Shows it as before: it was taken back, or the server refused. */
  revert: () => void
  /** The request. */
  commit: () => Promise<unknown>
}

const waiting = new Set<() => void>()
// Who leaves the page has not taken anything back.
addEventListener('pagehide', () => waiting.forEach((finish) => finish()))

/** Does what the server cannot take back: it shows at once and is asked for when the toast with Undo has gone. */
export function withUndo({ text, apply, revert, commit }: Delayed): void {
  apply()
  const finish = () => {
    if (!waiting.delete(finish)) return
    clearTimeout(timer)
    void act(commit).then((done) => done || revert())
  }
  const timer = setTimeout(finish, ACTION_MS)
  waiting.add(finish)
  toast('ok', text, undefined, {
    label: t('common.undo'),
    run: () => {
      if (!waiting.delete(finish)) return
      clearTimeout(timer)
      revert()
    },
  })
}
