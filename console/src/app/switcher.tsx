import { useNavigate } from '@solidjs/router'
import { createMemo, createSignal, createUniqueId, For, Show } from 'solid-js'
import { call } from '../api/client'
import { t } from '../i18n'
import { relative } from '../i18n/dates'
import { cx } from '../ui/cx'
import { Dialog } from '../ui/dialog'
import { Icon } from '../ui/icon'
import { createLoad } from './load'
import { findPlaces, type Place } from './places'
import { conversationPath } from './paths'

const [open, setOpen] = createSignal(false)
export const openSwitcher = (): void => void setOpen(true)

/** Ctrl-K: everything by its name, and messages by what they say. */
export const Switcher = () => (
  <Dialog open={open()} onClose={() => setOpen(false)} title={t('switcher.title')} wide>
    <SwitcherBody onClose={() => setOpen(false)} />
  </Dialog>
)

/** Places at once, and messages once typing pauses. */
function createSearch() {
  const [query, setQuery] = createSignal('')
  const [settled, setSettled] = createSignal('')
  let timer: ReturnType<typeof setTimeout> | undefined
  const words = () => (settled().trim().length > 1 ? settled().trim() : undefined)
  const messages = createLoad(words, (q) => call('GET /api/messages/search', { query: { q, limit: 8 } }))
  const found = createMemo<Place[]>(() => [
    ...findPlaces(query()),
    ...(words() ? (messages.value()?.items ?? []) : []).map((message) => ({
      key: message.id,
      icon: 'i-lucide-message-square-text',
      label: message.content.slice(0, 140),
      hint: `${message.sender.displayName} · ${relative(message.createdAt)}`,
      href: conversationPath(message.target, { thread: message.threadId, message: message.id }),
    })),
  ])
  const type = (text: string) => {
    setQuery(text)
    clearTimeout(timer)
    timer = setTimeout(() => setSettled(text), 180)
  }
  return { query, found, type }
}

function SwitcherBody(props: { onClose: () => void }) {
  const navigate = useNavigate()
  const id = createUniqueId()
  const { query, found, type } = createSearch()
  const [at, setAt] = createSignal(0)
  const go = (place: Place | undefined) => {
    if (!place) return
    props.onClose()
    if (place.run) place.run()
    else if (place.href) navigate(place.href)
  }
  const keydown = (event: KeyboardEvent) => {
    const last = found().length - 1
    if (event.key === 'ArrowDown') setAt((at) => (at >= last ? 0 : at + 1))
    else if (event.key === 'ArrowUp') setAt((at) => (at <= 0 ? last : at - 1))
    else if (event.key === 'Enter') go(found()[at()])
    else return
    event.preventDefault()
    document.getElementById(`${id}-${at()}`)?.scrollIntoView({ block: 'nearest' })
  }
  return (
    <div class="col gap-2 -mx-2">
      <input
        type="text"
        role="combobox"
        aria-expanded="true"
        aria-controls={`${id}-list`}
        aria-activedescendant={found().length > 0 ? `${id}-${at()}` : undefined}
        aria-label={t('switcher.placeholder')}
        placeholder={t('switcher.placeholder')}
        value={query()}
        onInput={(event) => {
          type(event.currentTarget.value)
          setAt(0)
        }}
        onKeyDown={keydown}
        ref={(input) => queueMicrotask(() => input.focus())}
        class="h-11 px-3 rounded-lg border border-edge bg-surface text-[15px] focus:outline-none focus:border-accent focus:ring-3 focus:ring-accent/20"
      />
      <ul id={`${id}-list`} role="listbox" aria-label={t('switcher.results')} class="max-h-[50dvh] overflow-y-auto">
        <For
          each={found()}
          fallback={
            <li class="px-3 py-8 text-center text-soft" role="presentation">
              {t('switcher.nothing')}
            </li>
          }
        >
          {(place, index) => (
            <li
              id={`${id}-${index()}`}
              role="option"
              aria-selected={index() === at()}
              onMouseMove={() => setAt(index())}
              onClick={() => go(place)}
              class={cx('row gap-3 px-3 py-2 rounded-lg cursor-pointer', index() === at() && 'bg-accent-soft')}
            >
              <Icon name={place.icon} class="text-soft text-[16px]" />
              <span class="flex-1 min-w-0 truncate">{place.label}</span>
              <Show when={place.hint}>
                <span class="text-[12px] text-faint shrink-0">{place.hint}</span>
              </Show>
            </li>
          )}
        </For>
      </ul>
    </div>
  )
}
