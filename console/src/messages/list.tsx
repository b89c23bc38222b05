import { createEffect, createMemo, createSignal, on, onMount, Show, type JSX } from 'solid-js'
import { Virtualizer } from 'virtua/solid'
import { act } from '../app/act'
import { whenIdle } from '../app/idle'
import { t } from '../i18n'
import { jumpToPresent } from '../store/lists'
import { listKey, state } from '../store/state'
import { Button } from '../ui/button'
import { Skeleton } from '../ui/skeleton'
import { pressInList } from './listkeys'
import { markRead, markThreadRead } from './read'
import { revealed } from './reveal'
import { Row } from './row'
import { createScroll } from './scroll'
import { FloatingDay, UnreadBar } from './above'
import type { Unread } from './unread'

/** How far beyond what can be seen rows are kept ready for scrolling. */
const AHEAD_PX = 600
/** When the page is loaded, what can be seen comes first; rows for the scrolling to come are made once it is on screen. */
const [ahead, setAhead] = createSignal(0)

interface ListProps {
  target: string
  threadId: string | null
  /** A message to show in the middle instead of the end. */
  around?: string | undefined
  onThread?: ((id: string) => void) | undefined
  unread: Unread
  /** Loads what lies around the first unread message. */
  onUnread: () => void
  /** What stands before the very first message. */
  intro: JSX.Element
}

/** Rows: a head, the messages, and what is still on its way. */
function createRows(props: ListProps) {
  return createMemo<{ rows: string[]; shift: boolean }>(
    (before) => {
      const ids = state.lists[listKey(props.target, props.threadId)]?.ids ?? []
      const pending = state.outbox
        .filter((item) => item.target === props.target && item.threadId === props.threadId)
        .map((item) => `pending:${item.requestId}`)
      const rows = ['head', ...ids, ...pending]
      // Older messages came in above: what is on screen has to stay where it is.
      const shift = before.rows.length > 1 && rows[1] !== before.rows[1] && rows.at(-1) === before.rows.at(-1)
      return { rows, shift }
    },
    { rows: [], shift: false },
  )
}

/** Messages, of which only those in view are in the page; more are loaded when either end comes near. */
export function MessageList(props: ListProps) {
  const list = () => state.lists[listKey(props.target, props.threadId)]
  const model = createRows(props)
  const rows = () => model().rows
  const scroll = createScroll(props, rows)
  const seen = () => (scroll.atEnd() ? lastSeen(list()?.ids ?? []) : undefined)
  if (props.threadId === null) markRead(seen, () => props.target)
  else markThreadRead(seen, props.threadId)
  createEffect(
    on(revealed, (wanted) => {
      if (wanted?.key === listKey(props.target, props.threadId)) scroll.toMessage(wanted.id)
    }),
  )
  onMount(() => whenIdle(() => setAhead(AHEAD_PX)))
  const keydown = (event: KeyboardEvent & { currentTarget: HTMLElement }) => {
    const taken = pressInList(event, {
      inThread: props.onThread === undefined,
      rows,
      show: scroll.show,
      onThread: props.onThread,
    })
    if (!taken) return
    event.preventDefault()
    event.stopPropagation()
  }
  const toUnread = () => {
    const first = props.unread.first()
    if (!first || !scroll.toMessage(first)) props.onUnread()
  }
  const toPresent = async () => {
    scroll.claimEnd()
    if (list()?.newer) await act(() => jumpToPresent(props.target, props.threadId))
    scroll.toEnd()
  }
  return (
    <div class="relative flex-1 min-h-0">
      <div
        ref={scroll.setScroller}
        role="log"
        aria-label={t('message.list')}
        tabindex="0"
        onKeyDown={keydown}
        class="h-full overflow-y-auto overscroll-contain col [overflow-anchor:none] -outline-offset-2"
      >
        {/* A short conversation stands at the bottom, where the next message will be. */}
        <Show when={props.threadId === null}>
          <div class="flex-1" />
        </Show>
        <Virtualizer
          ref={scroll.setHandle}
          data={rows()}
          shift={model().shift}
          onScroll={scroll.measure}
          onScrollEnd={scroll.measure}
          onResize={scroll.resized}
          bufferSize={ahead()}
        >
          {(row, index) => (
            <Show when={row !== 'head'} fallback={<Head older={Boolean(list()?.older)} intro={props.intro} />}>
              <Row
                id={row}
                previous={rows()[index() - 1]}
                marked={row === props.around}
                firstUnread={row === props.unread.first()}
                onThread={props.onThread}
              />
            </Show>
          )}
        </Virtualizer>
        <div class="h-3 shrink-0" />
      </div>
      <UnreadBar unread={props.unread} above={scroll.isAbove(props.unread.first())} onJump={toUnread} />
      <FloatingDay id={scroll.top()} />
      <Show when={!scroll.atEnd() && list()?.status === 'ready'}>
        <Button
          size="sm"
          icon="i-lucide-arrow-down"
          class="absolute bottom-3 left-1/2 -translate-x-1/2 rounded-full! shadow-[var(--float)]!"
          onClick={() => void toPresent()}
        >
          {t(props.threadId ? 'thread.toEnd' : 'message.toEnd')}
        </Button>
      </Show>
    </div>
  )
}

/** The newest message on screen at the end of a list; an answer in a thread is shown under its question. */
function lastSeen(ids: string[]): string | undefined {
  const answers = ids
    .slice(-5)
    .flatMap((id) => state.byMessage[id] ?? [])
    .map((id) => state.deliveries[id]?.answerMessageId ?? '')
  return [ids.at(-1) ?? '', ...answers].reduce((a, b) => (a > b ? a : b)) || undefined
}

const Head = (props: { older: boolean; intro: JSX.Element }) => (
  <Show when={props.older} fallback={props.intro}>
    <div class="row gap-3 px-5 py-4" role="status" aria-label={t('common.loading')}>
      <Skeleton class="size-9 rounded-xl" />
      <Skeleton class="h-3 w-2/5" />
    </div>
  </Show>
)
