import { Show, type JSX } from 'solid-js'
import type { Failure, FailureReason } from '@shared/contract'
import { t } from '../i18n'
import { cx } from '../ui/cx'
import { Icon } from '../ui/icon'
import { failureText, isGuard } from './failures'

const tones = {
  bad: { box: 'border-bad/30 bg-bad-soft', text: 'text-bad', icon: 'i-lucide-circle-alert' },
  warn: { box: 'border-warn/35 bg-warn-soft', text: 'text-warn', icon: 'i-lucide-shield-alert' },
  plain: { box: 'border-line bg-sunken', text: 'text-ink', icon: 'i-lucide-square' },
}

/** A guard asks for a look, and what a person stopped is no accident. */
const toneOf = (reason: FailureReason): keyof typeof tones =>
  isGuard(reason) ? 'warn' : reason === 'killed' ? 'plain' : 'bad'

/** Why something failed and what to do next, with the buttons that do it. */
export function FailureBox(props: { failure: Failure; actions?: JSX.Element; title?: string | undefined }) {
  const text = () => failureText(props.failure)
  const tone = () => tones[toneOf(props.failure.reason)]
  return (
    <div class={cx('row items-start gap-2.5 rounded-xl border px-3.5 py-2.5 text-[13.5px] leading-snug', tone().box)}>
      <Icon name={tone().icon} class={cx('text-[16px] mt-0.5', tone().text)} />
      <div class="flex-1 min-w-0 col gap-0.5">
        <p class={cx('font-600', tone().text)}>
          <Show when={props.title}>{(title) => <>{title()} </>}</Show>
          {text().sentence}
        </p>
        <p>
          {text().next} {text().resets}
        </p>
        <Show when={props.failure.message}>
          <details class="text-soft">
            <summary class="cursor-pointer text-[12.5px] rounded w-fit">{t('failure.details')}</summary>
            <pre class="whitespace-pre-wrap break-words text-[12.5px] mt-1 font-mono">{props.failure.message}</pre>
          </details>
        </Show>
        <div class="row flex-wrap gap-2 mt-1.5 empty:hidden">{props.actions}</div>
      </div>
    </div>
  )
}
