import { Show, type JSX, type ParentProps } from 'solid-js'
import { t } from '../i18n'
import { Button } from '../ui/button'
import { Icon } from '../ui/icon'
import { answerOffer, offerOf } from './drafts'

/** A line above the field that says something about what is written, with what can be done. */
export const Line = (
  props: ParentProps<{ icon: string; tone?: 'bad' | 'warn' | undefined; actions?: JSX.Element }>,
) => (
  <div
    class="row flex-wrap gap-2 text-[13px] text-soft px-1 pb-1.5 min-w-0"
    role={props.tone === 'bad' ? 'alert' : 'status'}
  >
    <Icon
      name={props.icon}
      class={props.tone === 'bad' ? 'text-bad' : props.tone === 'warn' ? 'text-warn' : undefined}
    />
    <span class="min-w-0 break-words">{props.children}</span>
    {props.actions}
  </div>
)

/** Another device has words of its own for this place. */
export const OfferLine = (props: { draftKey: string }) => (
  <Show when={offerOf(props.draftKey)}>
    {(text) => (
      <Line
        icon="i-lucide-monitor-smartphone"
        actions={
          <>
            <Button size="sm" onClick={() => answerOffer(props.draftKey, true)}>
              {t('composer.offerTake')}
            </Button>
            <Button size="sm" kind="ghost" onClick={() => answerOffer(props.draftKey, false)}>
              {t('composer.offerKeep')}
            </Button>
          </>
        }
      >
        {t('composer.offer', { text: text().length > 80 ? `${text().slice(0, 80)}…` : text() })}
      </Line>
    )}
  </Show>
)
