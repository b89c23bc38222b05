import { createEffect, createMemo, createSignal, createUniqueId, For, on, onMount, Show } from 'solid-js'
import { call } from '../api/client'
import { act } from '../app/act'
import { narrow } from '../app/screen'
import { channelTitle } from '../app/unread'
import { canManage } from '../channels/manage'
import { t } from '../i18n'
import { send } from '../store/outbox'
import { listKey, state } from '../store/state'
import { Avatar } from '../ui/avatar'
import { Button } from '../ui/button'
import { cx } from '../ui/cx'
import { Icon } from '../ui/icon'
import { draftOf, setDraft } from './drafts'
import { candidates, complete, mentionAt, mentionedIn, type Someone, type Typed } from './mentions'

/** The longest message that the server takes, in UTF-16 code units. */
export const longest = 40_000

/** The field where a message is written. What is typed stays when the reader goes elsewhere. */
export function Composer(props: { target: string; threadId: string | null }) {
  const key = () => listKey(props.target, props.threadId)
  const text = () => draftOf(key())
  const setText = (text: string) => setDraft(key(), text)
  const [typed, setTyped] = createSignal<Typed>()
  const people = createMemo(() => everybody(props.target))
  const found = createMemo(() => {
    const mention = typed()
    return mention ? candidates(people(), mention.query) : []
  })
  const [at, setAt] = createSignal(0)
  const listId = createUniqueId()
  let area: HTMLTextAreaElement | undefined

  createEffect(on(key, () => setTyped(undefined), { defer: true }))
  createEffect(on(text, () => grow(area)))
  onMount(() => {
    // On a phone the keyboard would cover the conversation before it was read.
    if (!narrow()) area?.focus()
  })

  const look = () => {
    setTyped(area && area.selectionStart === area.selectionEnd ? mentionAt(area.value, area.selectionStart) : undefined)
    setAt(0)
  }
  const choose = (someone: Someone | undefined) => {
    const mention = typed()
    if (!someone || !mention || !area) return
    const done = complete(text(), mention, someone.name)
    setText(done.text)
    setTyped(undefined)
    area.focus()
    area.value = done.text
    area.setSelectionRange(done.caret, done.caret)
  }
  const tooLong = () => text().length > longest
  const submit = () => {
    const content = text().trim()
    if (!content || tooLong()) return
    setText('')
    void send(props.target, props.threadId, content)
    area?.focus()
  }
  const keydown = (event: KeyboardEvent) => {
    if (event.isComposing) return
    if (found().length > 0 && mentionKey(event)) return event.preventDefault()
    if (event.key === 'Enter' && !event.shiftKey && !event.altKey && !event.ctrlKey) {
      event.preventDefault()
      submit()
    }
  }
  /** @returns whether the key belonged to the list of names */
  const mentionKey = (event: KeyboardEvent): boolean => {
    const count = found().length
    if (event.key === 'ArrowDown') setAt((at) => (at + 1) % count)
    else if (event.key === 'ArrowUp') setAt((at) => (at - 1 + count) % count)
    else if (event.key === 'Enter' || event.key === 'Tab') choose(found()[at()])
    else if (event.key === 'Escape') setTyped(undefined)
    else return false
    return true
  }
  return (
    <div class="relative px-3 sm:px-5 pb-3 sm:pb-4 pt-1 shrink-0 bg-canvas pb-[max(0.75rem,env(safe-area-inset-bottom))]">
      <Show when={found().length > 0}>
        <MentionList id={listId} found={found()} at={at()} onHover={setAt} onChoose={choose} />
      </Show>
      <OutsideHint target={props.target} text={text()} people={people()} />
      <div class="row items-end gap-2 rounded-xl border border-edge bg-surface pl-3.5 pr-1.5 py-1.5 shadow-[var(--lift)] focus-within:border-accent focus-within:ring-3 focus-within:ring-accent/15">
        <textarea
          ref={(element) => (area = element)}
          data-composer
          rows={1}
          value={text()}
          role="combobox"
          aria-label={placeholder(props.target, props.threadId)}
          aria-autocomplete="list"
          aria-expanded={found().length > 0}
          aria-controls={listId}
          aria-activedescendant={found().length > 0 ? `${listId}-${at()}` : undefined}
          placeholder={placeholder(props.target, props.threadId)}
          onInput={(event) => {
            setText(event.currentTarget.value)
            look()
          }}
          onKeyDown={keydown}
          onClick={look}
          onBlur={() => setTyped(undefined)}
          class="flex-1 min-w-0 resize-none bg-transparent text-[15px] leading-[1.5] py-1.25 max-h-[40dvh] outline-none!"
        />
        <button
          type="button"
          aria-label={t('composer.send')}
          title={t('composer.send')}
          disabled={!text().trim() || tooLong()}
          onClick={submit}
          class="size-8.5 shrink-0 row justify-center rounded-lg bg-accent text-accent-ink disabled:bg-hover disabled:text-faint hover:brightness-112"
        >
          <Icon name="i-lucide-arrow-up" class="text-[18px]" />
        </button>
      </div>
      <Show when={tooLong()}>
        <p class="text-[12.5px] text-bad mt-1.5 px-1" role="alert">
          {t('composer.tooLong', { n: text().length - longest })}
        </p>
      </Show>
    </div>
  )
}

function grow(area: HTMLTextAreaElement | undefined): void {
  if (!area) return
  area.style.height = 'auto'
  area.style.height = `${area.scrollHeight}px`
}

function placeholder(target: string, threadId: string | null): string {
  if (threadId) return t('composer.thread')
  const channel = state.channels[target]
  const title = channel ? channelTitle(channel) : target
  return channel?.kind === 'dm' ? t('composer.dm', { name: title }) : t('composer.channel', { name: title })
}

/** Agents and people; who is in the conversation is known for agents, and for people once somebody looked. */
function everybody(target: string): Someone[] {
  const channel = state.channels[target]
  const members = state.members[target]
  const peers = new Set([...(channel?.peers ?? []), ...(members ?? [])].map((peer) => peer.memberId))
  return [
    ...Object.values(state.agents).map((agent) => ({
      kind: 'agent' as const,
      id: agent.id,
      name: agent.name,
      displayName: agent.displayName,
      inside: peers.has(agent.id) || agent.channels.some((channel) => channel.target === target),
    })),
    ...Object.values(state.users).map((user) => ({
      kind: 'human' as const,
      id: user.id,
      name: user.username,
      displayName: user.displayName,
      inside: members === undefined || peers.has(user.id),
    })),
  ]
}

function MentionList(props: {
  id: string
  found: Someone[]
  at: number
  onHover: (at: number) => void
  onChoose: (someone: Someone) => void
}) {
  return (
    <ul
      id={props.id}
      role="listbox"
      aria-label={t('composer.mentions')}
      class="absolute bottom-full left-3 sm:left-5 mb-1 z-20 w-80 max-w-[calc(100%-1.5rem)] rounded-xl border border-line bg-raised p-1 shadow-[var(--float)]"
    >
      <For each={props.found}>
        {(someone, index) => (
          <li
            id={`${props.id}-${index()}`}
            role="option"
            aria-selected={index() === props.at}
            onMouseMove={() => props.onHover(index())}
            // Before the field loses the focus.
            onMouseDown={(event) => {
              event.preventDefault()
              props.onChoose(someone)
            }}
            class={cx('row gap-2.5 px-2 py-1.5 rounded-lg cursor-pointer', index() === props.at && 'bg-accent-soft')}
          >
            <Avatar
              name={someone.kind === 'human' ? someone.displayName : someone.name}
              kind={someone.kind}
              size="sm"
            />
            <span class="font-550 truncate">{someone.displayName}</span>
            <span class="text-[13px] text-faint truncate flex-1">@{someone.name}</span>
            <Show when={!someone.inside}>
              <span class="text-[12px] text-faint shrink-0">{t('composer.outside')}</span>
            </Show>
          </li>
        )}
      </For>
    </ul>
  )
}

/** A mention brings an agent into a public channel; into a private one somebody has to add it. */
function OutsideHint(props: { target: string; text: string; people: Someone[] }) {
  const channel = () => state.channels[props.target]
  const outside = createMemo(() =>
    channel()?.kind === 'channel' && channel()?.visibility === 'private'
      ? mentionedIn(props.text, props.people).filter((someone) => !someone.inside)
      : [],
  )
  const mayAdd = () => {
    const here = channel()
    return here !== undefined && canManage(here)
  }
  const add = (someone: Someone) =>
    act(
      () =>
        call('POST /api/channels/{target}/members', {
          params: { target: props.target },
          body: { kind: someone.kind, memberId: someone.id },
        }),
      t('composer.added', { name: someone.displayName }),
    )
  return (
    <For each={outside()}>
      {(someone) => (
        <p class="row flex-wrap gap-2 text-[13px] text-soft px-1 pb-2">
          <Icon name="i-lucide-user-plus" class="text-warn" />
          {t('composer.notMember', { name: `@${someone.name}` })}
          <Show when={mayAdd()}>
            <Button size="sm" onClick={() => void add(someone)}>
              {t('composer.add')}
            </Button>
          </Show>
        </p>
      )}
    </For>
  )
}
