import { A } from '@solidjs/router'
import { Show } from 'solid-js'
import type { Run } from '@shared/contract'
import '../i18n/en/screens'
import { runPath } from '../app/paths'
import { t } from '../i18n'
import { Badge } from '../ui/badge'
import { cx } from '../ui/cx'
import { Icon } from '../ui/icon'
import type { ScreenConnection } from './connection'
import { whoSteers } from './status'

/** Fingers, and no keyboard that could go elsewhere. */
export const isCoarse = () => matchMedia('(pointer: coarse)').matches

/** Who steers, where the keyboard goes, and who else watches. */
export function Footer(props: { screen: ScreenConnection; captured: boolean; run: Run | undefined; quiet: boolean }) {
  const viewers = () => props.screen.state()?.viewers ?? 0
  const other = () => {
    const runId = props.screen.access()?.runId
    return props.run && runId && runId !== props.run.id ? runId : undefined
  }
  const hands = () => {
    if (!props.screen.steers()) return ''
    if (isCoarse()) return t('screen.tapHere')
    return t(props.captured ? 'screen.keysHere' : 'screen.keysThere')
  }
  const sentence = () => (props.quiet ? '' : [whoSteers(props.screen), hands()].filter(Boolean).join(' '))
  return (
    <footer
      class={cx(
        'row flex-wrap gap-x-3 gap-y-1 px-3 py-2 border-t border-line text-[12.5px] text-soft min-h-9',
        sentence() === '' && 'sr-only',
      )}
    >
      <p aria-live="polite">{sentence()}</p>
      <Show when={props.screen.steers() && props.captured}>
        <Badge tone="accent" icon="i-lucide-keyboard">
          {t('screen.keysBack')}
        </Badge>
      </Show>
      <Show when={!props.quiet && other()}>
        {(id) => (
          <p class="row gap-1.5">
            {t('screen.otherRun')}
            <A href={runPath(id())} class="text-accent-text hover:underline rounded">
              {t('screen.openRun')}
            </A>
          </p>
        )}
      </Show>
      <Show when={!props.quiet && viewers() > 1}>
        <p class="row gap-1.5 ml-auto">
          <Icon name="i-lucide-eye" />
          {t('screen.viewers', { n: viewers() })}
        </p>
      </Show>
    </footer>
  )
}
