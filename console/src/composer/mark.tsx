import { useLocation } from '@solidjs/router'
import { Show } from 'solid-js'
import { conversationPath } from '../app/paths'
import { t } from '../i18n'
import { Icon } from '../ui/icon'
import { hasDraftIn } from './drafts'
import './sync'

/** Beside a conversation in a list: something is written there and not sent. Not beside the one on screen, where it can be seen. */
export function DraftMark(props: { target: string }) {
  const location = useLocation()
  return (
    <Show when={hasDraftIn(props.target) && location.pathname !== conversationPath(props.target)}>
      <span title={t('composer.draft')} class="inline-flex">
        <Icon name="i-lucide-pencil" class="text-[13px] text-faint" />
        <span class="sr-only">{t('composer.draft')}</span>
      </span>
    </Show>
  )
}
