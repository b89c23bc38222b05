import { createEffect, createMemo, createUniqueId, on, onMount, Show } from 'solid-js'
import { narrow } from '../app/screen'
import { channelTitle } from '../app/unread'
import { t } from '../i18n'
import { send } from '../store/outbox'
import { listKey, state } from '../store/state'
import { Icon } from '../ui/icon'
import { createCompletion } from './completion'
import { draftOf, setDraft } from './drafts'
import { MentionList, OutsideHint } from './names'
import { everybody } from './people'

/** The longest message that the server takes, in UTF-16 code units. */
export const longest = 40_000

/** The field where a message is written. What is typed stays when the reader goes elsewhere. */
export function Composer(props: { target: string; threadId: string | null }) {
  const key = () => listKey(props.target, props.threadId)
  const text = () => draftOf(key())
  const setText = (text: string) => setDraft(key(), text)
  const tooLong = () => text().length > longest
  let area: HTMLTextAreaElement | undefined
  const people = createMemo(() => everybody(props.target))
  const names = createCompletion({ people, setText, area: () => area })
  createEffect(on(key, names.close, { defer: true }))

  const submit = () => {
    const content = text().trim()
    if (!content || tooLong()) return
    setText('')
    void send(props.target, props.threadId, content)
    area?.focus()
  }
  const keydown = (event: KeyboardEvent) => {
    if (event.isComposing) return
    if (names.key(event)) return event.preventDefault()
    if (event.key !== 'Enter' || event.shiftKey || event.altKey || event.ctrlKey) return
    event.preventDefault()
    submit()
  }
  return (
    <div class="relative px-3 sm:px-5 pt-1 shrink-0 bg-canvas pb-[max(0.75rem,env(safe-area-inset-bottom))]">
      <OutsideHint target={props.target} text={text()} people={people()} />
      <div class="row items-end gap-2 rounded-xl border border-edge bg-surface pl-3.5 pr-1.5 py-1.5 shadow-[var(--lift)] focus-within:border-accent focus-within:ring-3 focus-within:ring-accent/15">
        <TextField
          ref={(element) => (area = element)}
          label={placeholder(props.target, props.threadId)}
          text={text()}
          names={names}
          onText={setText}
          onKeyDown={keydown}
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

interface TextFieldProps {
  ref: (element: HTMLTextAreaElement) => void
  label: string
  text: string
  names: ReturnType<typeof createCompletion>
  onText: (text: string) => void
  onKeyDown: (event: KeyboardEvent) => void
}

/** The field itself, as high as its text, with the list of names above it. */
function TextField(props: TextFieldProps) {
  const id = createUniqueId()
  const open = () => props.names.found().length > 0
  let area: HTMLTextAreaElement | undefined
  createEffect(
    on(
      () => props.text,
      () => grow(area),
    ),
  )
  onMount(() => {
    // On a phone the keyboard would cover the conversation before it was read.
    if (!narrow()) area?.focus()
  })
  return (
    <>
      <Show when={open()}>
        <MentionList
          id={id}
          found={props.names.found()}
          at={props.names.at()}
          onHover={props.names.setAt}
          onChoose={props.names.choose}
        />
      </Show>
      <textarea
        ref={(element) => {
          area = element
          props.ref(element)
        }}
        data-composer
        rows={1}
        value={props.text}
        role="combobox"
        aria-label={props.label}
        aria-autocomplete="list"
        aria-expanded={open()}
        aria-controls={id}
        aria-activedescendant={open() ? `${id}-${props.names.at()}` : undefined}
        placeholder={props.label}
        onInput={(event) => {
          props.onText(event.currentTarget.value)
          props.names.look()
        }}
        onKeyDown={(event) => props.onKeyDown(event)}
        onClick={props.names.look}
        onBlur={props.names.close}
        class="flex-1 min-w-0 resize-none bg-transparent text-[15px] leading-[1.5] py-1.25 max-h-[40dvh] outline-none!"
      />
    </>
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
