import { Show } from 'solid-js'
import { t } from '../i18n'
import { discard, resend } from '../store/outbox'
import type { Pending } from '../store/state'
import { state } from '../store/state'
import { Avatar } from '../ui/avatar'
import { Button } from '../ui/button'
import { cx } from '../ui/cx'
import { Icon } from '../ui/icon'
import { Prose } from './body'

/** A message of one's own that the server does not have yet, or did not take. */
export const PendingItem = (props: { pending: Pending }) => (
  <article class="row items-start gap-3 px-4 sm:px-5 pt-2 pb-0.5">
    <Avatar name={state.me?.displayName ?? ''} kind="human" class={cx(!props.pending.error && 'opacity-60')} />
    <div class="flex-1 min-w-0 max-w-210">
      <header class="row gap-2 leading-tight mb-0.5">
        <span class="font-650">{state.me?.displayName}</span>
        <Show when={!props.pending.error}>
          <span class="row gap-1 text-[12px] text-faint">
            <Icon name="i-lucide-clock" />
            {t('message.sending')}
          </span>
        </Show>
      </header>
      <div class={cx(!props.pending.error && 'opacity-60')}>
        <Prose text={props.pending.content} />
      </div>
      <Show when={props.pending.error}>
        {(error) => (
          <div class="row flex-wrap gap-2 mt-1 text-[13px] text-bad" role="alert">
            <Icon name="i-lucide-circle-alert" />
            <span>
              {t('message.notSent')} {error().offline ? t('error.unreachable') : error().message}
            </span>
            <Button size="sm" onClick={() => void resend(props.pending.requestId)}>
              {t('common.retry')}
            </Button>
            <Button size="sm" kind="ghost" onClick={() => discard(props.pending.requestId)}>
              {t('message.discard')}
            </Button>
          </div>
        )}
      </Show>
    </div>
  </article>
)
