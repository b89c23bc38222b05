import { createComputed, createEffect, createMemo, createSignal, on, onCleanup, Show, type JSX } from 'solid-js'
import { Virtualizer, type VirtualizerHandle } from 'virtua/solid'
import { act } from '../app/act'
import { t } from '../i18n'
import { jumpToPresent, loadNewer, loadOlder } from '../store/lists'
import { listKey, state } from '../store/state'
import { Button } from '../ui/button'
import { Skeleton } from '../ui/skeleton'
import { markRead } from './read'
import { Row } from './row'

interface ListProps {
  target: string
  threadId: string | null
  /** A message to show in the middle instead of the end. */
  around?: string | undefined
  onThread?: ((id: string) => void) | undefined
  /** What stands before the very first message. */
  intro: JSX.Element
}

/** How near to the end counts as the end, in pixels. */
const near = 60

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
  const rows = createRows(props)
  const [handle, setHandle] = createSignal<VirtualizerHandle>()
  const [atEnd, setAtEnd] = createSignal(!props.around)
  let settled = false

  let scroller: HTMLDivElement | undefined
  const toEnd = () => {
    handle()?.scrollToIndex(rows().rows.length - 1, { align: 'end' })
    if (scroller) scroller.scrollTop = scroller.scrollHeight
  }
  const measure = () => {
    const view = handle()
    if (!view || !settled) return
    setAtEnd(view.scrollOffset + view.viewportSize >= view.scrollSize - near && !list()?.newer)
  }
  const scrolled = (offset: number) => {
    const view = handle()
    if (!view || !settled) return
    measure()
    if (offset < 600 && list()?.older) void act(() => loadOlder(props.target, props.threadId))
    if (list()?.newer && offset + view.viewportSize > view.scrollSize - 600) {
      void act(() => loadNewer(props.target, props.threadId))
    }
  }
  // Once the first page is here: the end, or the message that was asked for.
  createEffect(() => {
    if (list()?.status !== 'ready' || !handle() || settled) return
    const at = props.around ? rows().rows.indexOf(props.around) : -1
    requestAnimationFrame(() => {
      if (at >= 0) handle()?.scrollToIndex(at, { align: 'center' })
      else toEnd()
      requestAnimationFrame(() => {
        settled = true
        if (at < 0) toEnd()
        measure()
      })
    })
  })
  createEffect(
    on(
      () => props.around,
      (around, before) => {
        const at = around ? rows().rows.indexOf(around) : -1
        if (before !== undefined && at >= 0) handle()?.scrollToIndex(at, { align: 'center' })
      },
    ),
  )
  // New messages and growing answers keep the end in view for a reader who is there.
  createEffect(
    on(
      () => rows().rows.length,
      () => {
        if (settled && atEnd()) requestAnimationFrame(toEnd)
        const last = rows().rows.at(-1)
        if (last?.startsWith('pending:')) requestAnimationFrame(toEnd)
      },
    ),
  )
  markRead(
    () => (atEnd() ? lastSeen(list()?.ids ?? []) : undefined),
    () => props.target,
  )
  const firstUnread = firstUnreadOf(props.target, props.threadId)

  return (
    <div class="relative flex-1 min-h-0">
      <div
        ref={(element) => (scroller = element)}
        role="log"
        aria-label={t('message.list')}
        tabindex="0"
        class="h-full overflow-y-auto overscroll-contain col [overflow-anchor:none] -outline-offset-2"
      >
        {/* A short conversation stands at the bottom, where the next message will be. */}
        <Show when={props.threadId === null}>
          <div class="flex-1" />
        </Show>
        <Virtualizer
          ref={(value) => setHandle(value)}
          data={rows().rows}
          shift={rows().shift}
          onScroll={scrolled}
          onResize={() => settled && atEnd() && toEnd()}
          onScrollEnd={measure}
          bufferSize={600}
        >
          {(row, index) => (
            <Show when={row !== 'head'} fallback={<Head older={Boolean(list()?.older)} intro={props.intro} />}>
              <Row
                id={row}
                previous={rows().rows[index() - 1]}
                marked={row === props.around}
                firstUnread={row === firstUnread()}
                onThread={props.onThread}
              />
            </Show>
          )}
        </Virtualizer>
        <div class="h-3 shrink-0" />
      </div>
      <Show when={!atEnd() && list()?.status === 'ready'}>
        <Button
          size="sm"
          icon="i-lucide-arrow-down"
          class="absolute bottom-3 left-1/2 -translate-x-1/2 rounded-full! shadow-[var(--float)]!"
          onClick={() => {
            setAtEnd(true)
            if (list()?.newer) void act(() => jumpToPresent(props.target, props.threadId)).then(() => toEnd())
            else toEnd()
          }}
        >
          {t('message.toEnd')}
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

/** The first message that was unread when the list was opened; it stays while the reader reads on. */
function firstUnreadOf(target: string, threadId: string | null): () => string | undefined {
  const [first, setFirst] = createSignal<string>()
  if (threadId !== null) return first
  const read = state.channels[target]?.lastReadMessageId
  const unread = state.channels[target]?.unreadCount ?? 0
  let decided = unread === 0
  createComputed(() => {
    const ids = state.lists[listKey(target, threadId)]?.ids
    if (decided || !ids || ids.length === 0 || state.lists[listKey(target, threadId)]?.status !== 'ready') return
    decided = true
    setFirst(read ? ids.find((id) => id > read) : undefined)
  })
  onCleanup(() => setFirst(undefined))
  return first
}
