import { For, Show } from 'solid-js'
import type { Message } from '@shared/contract'
import '../i18n/en/messages'
import { recentEmoji } from '../emoji/recent'
import { t } from '../i18n'
import { state } from '../store/state'
import { IconButton } from '../ui/button'
import { cx } from '../ui/cx'
import { react, reactedWith } from './actions'
import { allowedOn } from './allowed'
import { startEdit } from './editing'
import { toggleSaved } from './menuitems'
import { openOverlay, overlay, type Overlay } from './overlay'
import { isSaved, loadSaved } from './saved'

interface ToolbarProps {
  message: Message
  inThread: boolean
  onThread?: ((id: string) => void) | undefined
}

/** The actions of the message under the pointer, or with the focus. */
export function Toolbar(props: ToolbarProps) {
  void loadSaved(props.message.target)
  const may = () => allowedOn(props.message, state.me, state.channels[props.message.target])
  const open = (kind: Overlay['kind'], anchor: HTMLElement) =>
    openOverlay({ kind, anchor, messageId: props.message.id, inThread: props.inThread, onThread: props.onThread })
  const isOpen = (kind: Overlay['kind']) => overlay()?.kind === kind && overlay()?.messageId === props.message.id
  return (
    <div
      role="toolbar"
      aria-label={t('act.menu')}
      class="absolute z-10 right-3 -top-3.5 row rounded-lg border border-line bg-raised shadow-[var(--lift)] [@media(hover:none)]:hidden"
    >
      <Show when={may().join}>
        <For each={recentEmoji(3)}>
          {(emoji) => (
            <button
              type="button"
              aria-label={`${t('act.react')}: ${emoji}`}
              aria-pressed={reactedWith(props.message, emoji)}
              onClick={() => void react(props.message.id, emoji)}
              class={cx(
                'size-8 row justify-center rounded-lg text-[16px] leading-none hover:bg-hover',
                reactedWith(props.message, emoji) && 'bg-accent-soft',
              )}
            >
              {emoji}
            </button>
          )}
        </For>
        <IconButton
          icon="i-lucide-smile-plus"
          label={t('act.react')}
          aria-haspopup="dialog"
          aria-expanded={isOpen('emoji')}
          onClick={(event) => open('emoji', event.currentTarget)}
        />
      </Show>
      <Show when={props.onThread}>
        {(onThread) => (
          <IconButton
            icon="i-lucide-message-square-reply"
            label={t('message.reply')}
            onClick={() => onThread()(props.message.threadId ?? props.message.id)}
          />
        )}
      </Show>
      <Show when={may().edit}>
        <IconButton
          icon="i-lucide-pencil"
          label={t('act.edit')}
          onClick={() => startEdit(props.message.id, props.inThread)}
        />
      </Show>
      <Show when={props.message.deletedAt === null && !may().edit}>
        <IconButton
          icon={isSaved(props.message.id) ? 'i-lucide-bookmark-check text-accent-text' : 'i-lucide-bookmark'}
          label={t(isSaved(props.message.id) ? 'act.unsave' : 'act.save')}
          onClick={() => void toggleSaved(props.message.id)}
        />
      </Show>
      <IconButton
        icon="i-lucide-ellipsis"
        label={t('act.more')}
        aria-haspopup="menu"
        aria-expanded={isOpen('menu')}
        onClick={(event) => open('menu', event.currentTarget)}
      />
    </div>
  )
}
