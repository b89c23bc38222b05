import { createEffect, createSignal, onCleanup, onMount, Show, Suspense, type JSX } from 'solid-js'
import { lazy } from '../app/lazy'
import { call } from '../api/client'
import { act } from '../app/act'
import { useHotkeys, type Hotkey } from '../app/hotkeys'
import { createLoad } from '../app/load'
import { channelTitle } from '../app/unread'
import { Composer } from '../composer/composer'
import { t } from '../i18n'
import { tellTyping } from '../presence/people'
import { TypingLine } from '../presence/typing'
import { jumpToPresent, openList } from '../store/lists'
import { canWrite } from '../store/session'
import { put } from '../store/apply'
import { change, listKey, state } from '../store/state'
import { Button } from '../ui/button'
import { Empty } from '../ui/empty'
import { Icon } from '../ui/icon'
import { ErrorNotice } from '../ui/notice'
import { SkeletonRows } from '../ui/skeleton'
import { MessageList } from './list'
import { reveal } from './reveal'
import { createUnread, readEverything } from './unread'

const Welcome = lazy(() => import('../setup/welcome').then((m) => ({ default: m.Welcome })))

interface ConversationProps {
  target: string
  threadId: string | null
  around?: string | undefined
  onThread?: (id: string) => void
  /** Of a thread: how many replies are unread, once that is known. */
  replies?: () => number | undefined
  /** What stands before the first message instead of the channel's own introduction. */
  intro?: JSX.Element
}

/** The messages of a channel or a thread, and below them the field to write one. */
export function Conversation(props: ConversationProps) {
  const list = () => state.lists[listKey(props.target, props.threadId)]
  const channel = () => state.channels[props.target]
  const unread = createUnread(props.target, props.threadId, props.replies)
  /** Set to look at what was unread when that is further back than what was loaded. */
  const [past, setPast] = createSignal<string>()
  const around = () => props.around ?? (past() ? (unread.first() ?? past()) : undefined)
  const opened = createLoad(
    () => ({ target: props.target, threadId: props.threadId, around: props.around ?? past() }),
    ({ target, threadId, around }) => openList(target, threadId, around).then(() => true),
  )
  // A snapshot after a long absence empties what was loaded.
  createEffect(() => state.phase === 'ready' && !list() && opened.value() && void opened.reload())
  const wrote = (event: InputEvent) => {
    const { target } = event
    const typed = target instanceof HTMLTextAreaElement && target.matches('[data-composer]') && target.value.trim()
    if (typed) tellTyping(props.target, props.threadId)
  }
  const keydown = (event: KeyboardEvent) => {
    if (event.key !== 'Escape' || event.defaultPrevented || covered()) return
    // What is open beside the channel is closed first.
    const beside = /[?&](thread|panel)=/.test(window.location.search)
    if (event.shiftKey) void act(readEverything, t('message.allRead'))
    else if (!beside && unread.count() > 0) {
      unread.clear()
      setPast(undefined)
      // At the end it is read; there without a jump when all up to it is loaded.
      const last = list()?.ids.at(-1)
      if (last && !list()?.newer) reveal(props.target, null, last)
      else void act(() => jumpToPresent(props.target, null))
    } else return
    event.preventDefault()
  }
  if (props.threadId === null) {
    useHotkeys(shortcuts)
    onMount(() => document.addEventListener('keydown', keydown))
    onCleanup(() => document.removeEventListener('keydown', keydown))
  }
  return (
    <>
      <Show
        when={list()?.status === 'ready'}
        fallback={
          <div class="flex-1 min-h-0 overflow-hidden">
            <Show when={opened.error()} fallback={<SkeletonRows />}>
              <div class="p-5 col items-start gap-3">
                <ErrorNotice error={opened.error()} />
                <Button icon="i-lucide-rotate-cw" onClick={() => void opened.reload()}>
                  {t('common.tryAgain')}
                </Button>
              </div>
            </Show>
          </div>
        }
      >
        <MessageList
          target={props.target}
          threadId={props.threadId}
          around={around()}
          onThread={props.onThread}
          unread={unread}
          onUnread={() => setPast(unread.after ?? undefined)}
          intro={props.intro ?? <Intro target={props.target} />}
        />
      </Show>
      <Show when={canWrite()} fallback={<ReadOnly text={t('composer.viewer')} />}>
        <Show when={channel()?.joined} fallback={<JoinBar target={props.target} />}>
          <TypingLine target={props.target} threadId={props.threadId} />
          <div class="contents" onInput={wrote}>
            <Composer target={props.target} threadId={props.threadId} />
          </div>
        </Show>
      </Show>
    </>
  )
}

const group = () => t('message.list')
/** What the list itself takes while the focus is in it, for the sheet. */
const shortcuts: Hotkey[] = [
  { keys: 'j', label: () => t('keys.next'), group },
  { keys: 'k', label: () => t('keys.previous'), group },
  { keys: 'Enter', label: () => t('keys.thread'), group },
  { keys: 'e', label: () => t('keys.edit'), group },
  { keys: '+', label: () => t('keys.react'), group },
  { keys: 's', label: () => t('keys.save'), group },
  { keys: 'm', label: () => t('keys.menu'), group },
  { keys: 'ArrowUp', label: () => t('keys.editLast'), group },
  { keys: 'Escape', label: () => t('keys.read'), group },
  { keys: 'shift+Escape', label: () => t('keys.readAll'), group },
]

const covered = () => document.querySelector('dialog[open], [popover]:popover-open') !== null

function Intro(props: { target: string }) {
  const channel = () => state.channels[props.target]
  return (
    <div class="col gap-5 pt-6 pb-3">
      <Show when={channel()}>
        {(channel) => (
          <Empty
            icon={channel().kind === 'dm' ? 'i-lucide-message-circle' : 'i-lucide-hash'}
            title={
              channel().kind === 'dm'
                ? t('channel.dmIntro', { name: channelTitle(channel()) })
                : t('channel.intro', { name: channelTitle(channel()) })
            }
            text={channel().topic || (channel().kind === 'dm' ? t('channel.dmIntroText') : t('channel.introText'))}
            class="py-4!"
          />
        )}
      </Show>
      <Show when={props.target === '#general'}>
        <Suspense>
          <Welcome />
        </Suspense>
      </Show>
    </div>
  )
}

const ReadOnly = (props: { text: string }) => (
  <p class="row gap-2 justify-center border-t border-line px-4 py-4 text-[13.5px] text-soft shrink-0">
    <Icon name="i-lucide-eye" />
    {props.text}
  </p>
)

function JoinBar(props: { target: string }) {
  const join = () =>
    act(async () => {
      const channel = await call('POST /api/channels/{target}/join', { params: { target: props.target } })
      change((draft) => put(draft.channels, props.target, channel))
    })
  return (
    <div class="row flex-wrap gap-3 justify-center border-t border-line px-4 py-3.5 shrink-0">
      <span class="text-soft">{t('channel.joinText')}</span>
      <Button kind="primary" size="sm" onClick={() => void join()}>
        {t('channel.join')}
      </Button>
    </div>
  )
}
