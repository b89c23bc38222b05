import { Show } from 'solid-js'
import type { Run } from '@shared/contract'
import '../i18n/en/screens'
import { t } from '../i18n'
import { actOnRun } from '../runs/actions'
import { isOver } from '../store/runs'
import { canWrite } from '../store/session'
import { Button } from '../ui/button'
import type { ScreenConnection } from './connection'
import { cannotTakeOver } from './status'

/** Takes over, and hands back. */
export function Steering(props: {
  screen: ScreenConnection
  usable: boolean
  handBack: (button: HTMLButtonElement) => void
}) {
  const steering = () => props.screen.state()?.steering
  const yours = () => {
    const now = steering()
    return now?.by === 'person' && now.you
  }
  const elsewhere = () => {
    const now = steering()
    return now?.by === 'person' && now.elsewhere
  }
  const refusal = () => cannotTakeOver(props.screen)
  return (
    <Show when={props.usable && props.screen.state()}>
      <Show
        when={yours()}
        fallback={
          <Button
            size="sm"
            kind="primary"
            icon="i-lucide-hand"
            title={refusal() ?? t('screen.takeOverHint')}
            disabled={refusal() !== undefined}
            onClick={() => props.screen.say({ type: 'take_over' })}
          >
            {t(elsewhere() ? 'screen.takeOverHere' : 'screen.takeOver')}
          </Button>
        }
      >
        <Button
          ref={props.handBack}
          size="sm"
          kind="primary"
          icon="i-lucide-undo-2"
          title={t('screen.handBackHint')}
          onClick={() => props.screen.say({ type: 'hand_back' })}
        >
          {t('screen.handBack')}
        </Button>
      </Show>
    </Show>
  )
}

/** Ends the run. */
export const Stop = (props: { run: Run | undefined }) => (
  <Show when={canWrite() && props.run && !isOver(props.run) && props.run}>
    {(run) => (
      <Button
        size="sm"
        kind="danger"
        icon="i-lucide-square"
        title={t('screen.stopHint')}
        onClick={() => void actOnRun(run(), 'interrupt')}
      >
        <span class="max-sm:sr-only">{t('screen.stop')}</span>
      </Button>
    )}
  </Show>
)
