import { useNavigate, useParams } from '@solidjs/router'
import { createEffect, createMemo, createSignal, For, on, onCleanup, Show } from 'solid-js'
import { IconButton, Button } from '../ui/button'
import { Empty } from '../ui/empty'
import { SkeletonRows } from '../ui/skeleton'
import { toast } from '../ui/toast'
import { cx } from '../ui/cx'
import { nameView } from '../ui/title'
import { useHotkeys } from '../app/hotkeys'
import { narrow } from '../app/screen'
import { t, type PlainKey } from '../i18n'
import '../i18n/en/inbox'
import { neighbour, type Entry, type EntryKind } from './entries'
import { ReadingPane, placeOf } from './pane'
import { EntryRow } from './row'
import { arrange, entries, inbox, load, loadMore, mark, startInbox, unread } from './store'

type Filter = EntryKind | 'all' | 'unread'
const filters: { value: Filter; label: PlainKey }[] = [
  { value: 'all', label: 'inbox.all' },
  { value: 'unread', label: 'inbox.unread' },
  { value: 'mention', label: 'inbox.kinds.mention' },
  { value: 'thread', label: 'inbox.kinds.thread' },
  { value: 'approval', label: 'inbox.kinds.approval' },
  { value: 'task', label: 'inbox.kinds.task' },
  { value: 'tunnel', label: 'inbox.kinds.tunnel' },
]

/** How long something has to be on screen until it counts as read, in milliseconds. */
const readAfterMs = 500

/** Whatever waits for the reader's look: a list, and beside it what the chosen one is about. */
export default function InboxPage() {
  startInbox()
  arrange()
  nameView(() => t('nav.inbox'))
  const params = useParams<{ id?: string }>()
  const navigate = useNavigate()
  const [filter, setFilter] = createSignal<Filter>('all')
  const shown = createMemo(() =>
    entries().filter(
      (entry) =>
        filter() === 'all' ||
        entry.kind === filter() ||
        (filter() === 'unread' && entry.state === 'unread') ||
        entry.id === params.id,
    ),
  )
  const current = createMemo(() => entries().find(({ id }) => id === params.id))
  const go = (id: string | undefined) => navigate(id ? `/inbox/${id}` : '/inbox', { replace: !narrow() })
  const select = (id: string | undefined) => {
    go(id)
    if (id) queueMicrotask(() => rowOf(id)?.scrollIntoView({ block: 'nearest' }))
  }
  const step = (direction: 1 | -1) => {
    const list = shown()
    const at = list.findIndex(({ id }) => id === params.id)
    select(
      list[at < 0 ? (direction > 0 ? 0 : list.length - 1) : Math.min(list.length - 1, Math.max(0, at + direction))]?.id,
    )
  }
  readWhatIsShown(current)

  const done = (entry: Entry | undefined) => {
    if (!entry) return
    const next = neighbour(shown(), entry.id)
    const before = entry.state
    const marked = mark([entry], 'done')
    select(narrow() ? undefined : next)
    toast('ok', t('inbox.doneOne'), undefined, {
      label: t('common.undo'),
      run: () => {
        void marked.then(() => mark([entry], before === 'done' ? 'read' : before))
        select(entry.id)
      },
    })
  }
  const keepUnread = (entry: Entry | undefined) => {
    if (!entry) return
    go(undefined)
    void mark([entry], 'unread')
  }
  const doneAll = async () => {
    while (inbox.next) await loadMore()
    // What waits for a decision stays until somebody has decided. Copies, which stay as they are now.
    const all = shown().flatMap((entry) => (entry.kind === 'approval' || entry.kind === 'tunnel' ? [] : [{ ...entry }]))
    if (all.length === 0) return
    const kind = filter()
    go(undefined)
    const marked = mark(all, 'done', kind === 'unread' ? undefined : kind)
    toast('ok', t('inbox.doneAll', { n: all.length }), undefined, {
      label: t('common.undo'),
      run: async () => {
        await marked
        for (const state of ['unread', 'read'] as const) {
          const some = all.filter((entry) => entry.state === state)
          if (some.length > 0) await mark(some, state)
        }
      },
    })
  }
  const enter = () => {
    if (!current()) return step(1)
    // The way in is the field to answer in, or the first button.
    const pane = document.querySelector('[data-reading]')
    const field =
      pane?.querySelector<HTMLElement>('textarea[data-composer]') ??
      pane?.querySelector<HTMLElement>(':scope section button:not(:disabled)')
    if (field) field.focus()
    else navigate(placeOf(current() ?? fail()))
  }
  const group = () => t('nav.inbox')
  useHotkeys([
    { keys: 'j', label: () => t('inbox.key.next'), group, run: () => step(1) },
    { keys: 'k', label: () => t('inbox.key.previous'), group, run: () => step(-1) },
    { keys: 'ArrowDown', label: () => t('inbox.key.next'), group, run: () => step(1) },
    { keys: 'ArrowUp', label: () => t('inbox.key.previous'), group, run: () => step(-1) },
    { keys: 'Enter', label: () => t('inbox.key.enter'), group, run: enter },
    { keys: 'Escape', label: () => t('inbox.key.out'), group, run: leaveField, inFields: true },
    { keys: 'o', label: () => t('inbox.open'), group, run: () => current() && navigate(placeOf(current() ?? fail())) },
    { keys: 'e', label: () => t('inbox.markDone'), group, run: () => done(current()) },
    { keys: 'u', label: () => t('inbox.markUnread'), group, run: () => keepUnread(current()) },
    { keys: 'shift+e', label: () => t('inbox.allDone'), group, run: () => void doneAll() },
  ])

  return (
    <div class="row items-stretch h-full min-h-0">
      <Show when={!narrow() || !current()}>
        <div class={cx('col min-h-0', narrow() ? 'flex-1 min-w-0' : 'w-90 xl:w-105 shrink-0 border-r border-line')}>
          <header class="row gap-2 h-13 px-3 sm:px-4 border-b border-line shrink-0">
            <h1 class="font-650 text-[15px]">{t('nav.inbox')}</h1>
            <span class="text-[13px] text-soft flex-1" aria-live="polite">
              {unread() > 0 ? t('nav.unread', { n: unread() }) : ''}
            </span>
            <IconButton icon="i-lucide-check-check" label={t('inbox.allDone')} onClick={() => void doneAll()} />
          </header>
          <div
            role="group"
            aria-label={t('inbox.filter')}
            class="row gap-1 px-3 py-2 border-b border-line max-md:overflow-x-auto md:flex-wrap shrink-0 [scrollbar-width:none]"
          >
            <For each={filters}>
              {({ value, label }) => (
                <button
                  type="button"
                  aria-pressed={filter() === value}
                  onClick={() => {
                    arrange()
                    setFilter(value)
                  }}
                  class="h-10 md:h-7 [@media(pointer:coarse)]:h-10! px-2.5 rounded-full text-[13px] whitespace-nowrap text-soft hover:bg-hover aria-pressed:bg-accent-soft aria-pressed:text-accent-text aria-pressed:font-600"
                >
                  {t(label)}
                </button>
              )}
            </For>
          </div>
          <List entries={shown()} filter={filter()} selected={params.id} />
        </div>
      </Show>
      <Show when={!narrow() || current()}>
        <div class="flex-1 min-w-0 min-h-0">
          <Show
            when={current()?.id}
            keyed
            fallback={
              <div class="h-full col justify-center">
                <Show when={shown().length > 0}>
                  <Empty icon="i-lucide-inbox" title={t('inbox.choose')} text={t('inbox.chooseText')} />
                </Show>
              </div>
            }
          >
            <Show when={current()}>
              {(entry) => (
                <ReadingPane
                  entry={entry()}
                  onDone={() => done(current())}
                  onUnread={() => keepUnread(current())}
                  back={
                    <Show when={narrow()}>
                      <IconButton icon="i-lucide-arrow-left" label={t('common.back')} onClick={() => go(undefined)} />
                    </Show>
                  }
                />
              )}
            </Show>
          </Show>
        </div>
      </Show>
    </div>
  )
}

const rowOf = (id: string) => document.querySelector<HTMLElement>(`[data-entry="${CSS.escape(id)}"]`)
const leaveField = () => document.activeElement instanceof HTMLElement && document.activeElement.blur()
const fail = (): never => {
  throw new Error('nothing is chosen')
}

/** What the reader has looked at for a moment is read. What they mark as unread stays so while it is closed. */
function readWhatIsShown(current: () => Entry | undefined): void {
  createEffect(
    on(
      () => (current()?.state === 'unread' ? current()?.id : undefined),
      (id) => {
        if (!id) return
        const timer = setTimeout(() => {
          const entry = current()
          if (entry?.id === id) void mark([entry], 'read')
        }, readAfterMs)
        onCleanup(() => clearTimeout(timer))
      },
    ),
  )
}

function List(props: { entries: Entry[]; filter: Filter; selected: string | undefined }) {
  let box: HTMLDivElement | undefined
  const ids = createMemo(() => props.entries.map(({ id }) => id))
  const byId = createMemo(() => new Map(props.entries.map((entry) => [entry.id, entry])))
  const scrolled = () => {
    if (box && box.scrollHeight - box.scrollTop - box.clientHeight < 600) void loadMore()
  }
  // A filter may leave too little to scroll.
  createEffect(() => void (inbox.next && ids().length < 12 && loadMore()))
  return (
    <div ref={(element) => (box = element)} onScroll={scrolled} class="flex-1 min-h-0 overflow-y-auto">
      <Show
        when={inbox.status === 'ready'}
        fallback={
          <Show when={inbox.status === 'failed'} fallback={<SkeletonRows avatar={false} />}>
            <Empty icon="i-lucide-unplug" title={t('inbox.failed')} text={t('offline.text')}>
              <Button icon="i-lucide-rotate-cw" onClick={() => void load()}>
                {t('common.tryAgain')}
              </Button>
            </Empty>
          </Show>
        }
      >
        <Show
          when={ids().length > 0}
          fallback={
            <Show
              when={props.filter === 'all'}
              fallback={<Empty icon="i-lucide-list-filter" title={t('inbox.none')} text={t('inbox.noneText')} />}
            >
              <Empty icon="i-lucide-party-popper" title={t('inbox.clear')} text={t('inbox.clearText')} />
            </Show>
          }
        >
          <nav aria-label={t('nav.inbox')} class="col">
            <For each={ids()}>
              {(id) => (
                <Show when={byId().get(id)}>
                  {(entry) => <EntryRow entry={entry()} selected={props.selected === id} />}
                </Show>
              )}
            </For>
          </nav>
        </Show>
      </Show>
    </div>
  )
}
