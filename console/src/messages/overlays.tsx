import { createEffect, For, Match, Show, Suspense, Switch } from 'solid-js'
import { lazy } from '../app/lazy'
import '../i18n/en/messages'
import { narrow } from '../app/screen'
import { EmojiPicker } from '../emoji/picker'
import { keepEmoji, recentEmoji } from '../emoji/recent'
import { t } from '../i18n'
import { state } from '../store/state'
import { cx } from '../ui/cx'
import { Dialog } from '../ui/dialog'
import { Icon } from '../ui/icon'
import { Item } from '../ui/menu'
import { Popover } from '../ui/popover'
import { react, reactedWith } from './actions'
import { allowedOn } from './allowed'
import { loadFollow } from './follows'
import { menuItems, type MessageMenuItem } from './menuitems'
import { closeOverlay, openOverlay, overlay, type Overlay } from './overlay'
import { loadSaved } from './saved'

const Promote = lazy(() => import('../decisions/promote'))
const Edits = lazy(() => import('./edits'))

/** What stands over a conversation for one of its messages; once in the page. */
export default function Overlays() {
  const message = () => state.messages[overlay()?.messageId ?? '']
  return (
    <Show when={overlay()} keyed>
      {(open) => (
        <Show when={message()}>
          <Suspense>
            <Switch>
              <Match when={open.kind === 'menu'}>
                <MessageMenu open={open} />
              </Match>
              <Match when={open.kind === 'emoji'}>
                <EmojiPanel open={open} />
              </Match>
              <Match when={open.kind === 'edits'}>
                <Edits messageId={open.messageId} onClose={() => closeOverlay('edits')} />
              </Match>
              <Match when={open.kind === 'promote'}>
                <Promote messageId={open.messageId} onClose={() => closeOverlay('promote')} />
              </Match>
            </Switch>
          </Suspense>
        </Show>
      )}
    </Show>
  )
}

/** The menu of a message; on a phone a sheet from below. */
function MessageMenu(props: { open: Overlay }) {
  const message = () => state.messages[props.open.messageId]
  const items = (): MessageMenuItem[] => {
    const now = message()
    return now ? menuItems(now, props.open) : []
  }
  createEffect(() => {
    const now = message()
    if (!now) return
    void loadSaved(now.target)
    void loadFollow(now.threadId ?? now.id)
  })
  const close = () => closeOverlay('menu')
  const choose = (item: MessageMenuItem) => {
    close()
    // The focus is back where it was before the action takes it elsewhere.
    queueMicrotask(item.onSelect)
  }
  return (
    <Show when={!narrow()} fallback={<Sheet open={props.open} items={items()} onChoose={choose} onClose={close} />}>
      <Listed anchor={props.open.anchor} items={items()} onChoose={choose} onClose={close} />
    </Show>
  )
}

function Listed(props: {
  anchor: HTMLElement
  items: MessageMenuItem[]
  onChoose: (item: MessageMenuItem) => void
  onClose: () => void
}) {
  let panel: HTMLDivElement | undefined
  const rows = () => [...(panel?.querySelectorAll<HTMLButtonElement>('[role=menuitem]:not(:disabled)') ?? [])]
  const focus = (at: number) => rows().at(at)?.focus({ preventScroll: true })
  const keydown = (event: KeyboardEvent) => {
    const at = rows().findIndex((row) => row === document.activeElement)
    const byKey = props.items.find((item) => item.hint?.toLowerCase() === event.key.toLowerCase())
    if (event.key === 'ArrowDown') focus((at + 1) % rows().length)
    else if (event.key === 'ArrowUp') focus(at - 1)
    else if (event.key === 'Home') focus(0)
    else if (event.key === 'End') focus(-1)
    else if (event.key === 'Tab') props.onClose()
    else if (byKey && !event.ctrlKey && !event.metaKey) props.onChoose(byKey)
    else return
    event.stopPropagation()
    event.preventDefault()
  }
  createEffect(() => queueMicrotask(() => focus(0)))
  return (
    <Popover
      ref={(element) => (panel = element)}
      anchor={props.anchor}
      role="menu"
      label={t('act.menu')}
      class="min-w-56 p-1"
      onClose={props.onClose}
      onKeyDown={keydown}
    >
      <For each={props.items}>{(item) => <Item item={item} onSelect={() => props.onChoose(item)} />}</For>
    </Popover>
  )
}

function Sheet(props: {
  open: Overlay
  items: MessageMenuItem[]
  onChoose: (item: MessageMenuItem) => void
  onClose: () => void
}) {
  const message = () => state.messages[props.open.messageId]
  const mayReact = () => {
    const now = message()
    return now !== undefined && allowedOn(now, state.me, state.channels[now.target]).join
  }
  const pressed = (emoji: string) => {
    const now = message()
    return now !== undefined && reactedWith(now, emoji)
  }
  const pick = (emoji: string) => {
    props.onClose()
    keepEmoji(emoji)
    void react(props.open.messageId, emoji)
  }
  return (
    <Dialog open title={t('act.menu')} onClose={props.onClose}>
      <Show when={mayReact()}>
        <div class="grid grid-cols-7 gap-1.5 mb-3">
          <For each={recentEmoji(6)}>
            {(emoji) => (
              <button
                type="button"
                aria-label={`${t('act.react')}: ${emoji}`}
                aria-pressed={pressed(emoji)}
                onClick={() => pick(emoji)}
                class="h-11 row justify-center rounded-xl bg-sunken text-[22px] leading-none"
              >
                {emoji}
              </button>
            )}
          </For>
          <button
            type="button"
            aria-label={t('act.react')}
            onClick={() => openOverlay({ ...props.open, kind: 'emoji' })}
            class="h-11 row justify-center rounded-xl bg-sunken text-soft"
          >
            <Icon name="i-lucide-smile-plus" class="text-[20px]" />
          </button>
        </div>
      </Show>
      <div role="menu" aria-label={t('act.menu')} class="col -mx-2">
        <For each={props.items.filter((item) => item.hint !== '+')}>
          {(item) => (
            <button
              type="button"
              role="menuitem"
              onClick={() => props.onChoose(item)}
              class={cx(
                'row gap-3.5 min-h-11 px-2 rounded-lg text-left text-[15px] active:bg-hover',
                item.danger ? 'text-bad' : 'text-ink',
              )}
            >
              <Icon name={item.icon ?? ''} class={cx('text-[18px]', !item.danger && 'text-soft')} />
              {item.label}
            </button>
          )}
        </For>
      </div>
    </Dialog>
  )
}

function EmojiPanel(props: { open: Overlay }) {
  const close = () => closeOverlay('emoji')
  const pick = (emoji: string) => {
    close()
    const message = state.messages[props.open.messageId]
    // Choosing the same again is no way to take it back by mistake.
    if (message && !reactedWith(message, emoji)) void react(message.id, emoji)
  }
  return (
    <Show
      when={!narrow()}
      fallback={
        <Dialog open title={t('act.react')} onClose={close}>
          <EmojiPicker onPick={pick} />
        </Dialog>
      }
    >
      <Popover anchor={props.open.anchor} label={t('act.react')} class="w-86 p-2.5" onClose={close}>
        <EmojiPicker onPick={pick} />
      </Popover>
    </Show>
  )
}
