import { createEffect, createMemo, createSignal, For, on, onCleanup, Show } from 'solid-js'
import type { Agent, MemoryRecord } from '@shared/contract'
import '../i18n/en/agentpage'
import { call } from '../api/client'
import { act } from '../app/act'
import { createLoad } from '../app/load'
import { narrow } from '../app/screen'
import { t } from '../i18n'
import { relative } from '../i18n/dates'
import { canWrite } from '../store/session'
import { Badge } from '../ui/badge'
import { Button } from '../ui/button'
import { cx } from '../ui/cx'
import { Empty } from '../ui/empty'
import { TextField } from '../ui/field'
import { Icon } from '../ui/icon'
import { ErrorNotice } from '../ui/notice'
import { SkeletonRows } from '../ui/skeleton'
import { NoteEditor } from './editor'
import { memories } from './store'

/** An agent's notes: to find, read, write and remove. */
export default function MemoryPanel(props: { agent: Agent }) {
  const [words, setWords] = createSignal('')
  const [open, setOpen] = createSignal<string>()
  const asked = createWords(words)
  const pages = createNotes(() => props.agent.id, asked)
  const chosen = () => (open() === 'new' ? undefined : memories.items[open() ?? ''])
  const shown = () => open() === 'new' || chosen() !== undefined
  return (
    <div class="grid md:grid-cols-[17rem_1fr] gap-4 items-start">
      <Show when={!narrow() || !shown()}>
        <div class="col gap-3 min-w-0">
          <TextField label={t('memory.search')} type="search" value={words()} maxlength={200} onInput={setWords} />
          <Show when={canWrite()}>
            <Button size="sm" icon="i-lucide-plus" class="self-start" onClick={() => setOpen('new')}>
              {t('memory.new')}
            </Button>
          </Show>
          <NoteList pages={pages} open={open()} searched={asked() !== ''} onOpen={setOpen} />
        </div>
      </Show>
      <Show when={shown()} fallback={<Nothing />}>
        <div class="min-w-0">
          <Show when={narrow()}>
            <Button size="sm" kind="ghost" icon="i-lucide-arrow-left" class="mb-2" onClick={() => setOpen(undefined)}>
              {t('memory.back')}
            </Button>
          </Show>
          <Show when={open()} keyed>
            {(id) => (
              <NoteEditor
                agent={props.agent}
                note={id === 'new' ? undefined : memories.items[id]}
                onSaved={(note) => setOpen(note.id)}
                onGone={() => setOpen(undefined)}
              />
            )}
          </Show>
        </div>
      </Show>
    </div>
  )
}

const Nothing = () => (
  <Show when={!narrow()}>
    <p class="text-soft text-[13.5px] pt-6 text-center">{t('memory.choose')}</p>
  </Show>
)

/** What is asked for, once the reader has stopped typing for a moment. */
function createWords(typed: () => string): () => string {
  const [asked, setAsked] = createSignal('')
  createEffect(
    on(typed, (text) => {
      const timer = setTimeout(() => setAsked(text.trim()), 250)
      onCleanup(() => clearTimeout(timer))
    }),
  )
  return asked
}

type Pages = ReturnType<typeof createNotes>

/** The notes of an agent that have all the words, page by page. Without words also those that are written meanwhile. */
function createNotes(agentId: () => string, words: () => string) {
  const [ids, setIds] = createSignal<string[]>([])
  const [cursor, setCursor] = createSignal<string>()
  const fetchPage = async (id: string, q: string, from?: string): Promise<void> => {
    const query = { limit: 50, ...(q ? { q } : {}), ...(from ? { cursor: from } : {}) }
    const page = await call('GET /api/agents/{id}/memory', { params: { id }, query })
    if (q !== words() || id !== agentId()) return
    memories.put(...page.items)
    const found = page.items.map((note) => note.id)
    setIds((before) => (from ? [...before, ...found] : found))
    setCursor(page.nextCursor)
  }
  const first = createLoad(
    () => ({ id: agentId(), q: words(), era: memories.era() }),
    ({ id, q }) => fetchPage(id, q).then(() => true),
  )
  const notes = createMemo<MemoryRecord[]>(() => {
    if (words()) return ids().flatMap((id) => memories.items[id] ?? [])
    return Object.values(memories.items)
      .filter((note) => note.agentId === agentId())
      .sort((a, b) => b.updatedAt - a.updatedAt)
  })
  return { first, notes, cursor, more: (from: string) => act(() => fetchPage(agentId(), words(), from)) }
}

interface NoteListProps {
  pages: Pages
  open: string | undefined
  searched: boolean
  onOpen: (id: string) => void
}

const NoteList = (props: NoteListProps) => (
  <Show
    when={props.pages.first.value() || props.pages.first.error()}
    fallback={<SkeletonRows count={3} avatar={false} />}
  >
    <ErrorNotice error={props.pages.first.error()} />
    <ul class="col gap-px empty:hidden">
      <For each={props.pages.notes()}>
        {(note) => (
          <li>
            <button
              type="button"
              aria-current={props.open === note.id}
              onClick={() => props.onOpen(note.id)}
              class={cx(
                'col w-full rounded-lg px-2.5 py-2 text-left hover:bg-hover -outline-offset-2',
                props.open === note.id && 'bg-accent-soft',
              )}
            >
              <span class="row gap-1.5 text-[13.5px] font-550 min-w-0">
                <Icon name={note.localOnly ? 'i-lucide-hard-drive' : 'i-lucide-notebook-text'} class="text-soft" />
                <span class="truncate">{note.title || note.path}</span>
              </span>
              <span class="text-[12px] text-faint truncate max-w-full">
                {note.path} · {relative(note.updatedAt)}
              </span>
              <Show when={note.tags.length > 0}>
                <span class="row flex-wrap gap-1 mt-1">
                  <For each={note.tags}>{(tag) => <Badge>{tag}</Badge>}</For>
                </span>
              </Show>
            </button>
          </li>
        )}
      </For>
    </ul>
    <Show when={props.pages.cursor()}>
      {(cursor) => (
        <Button size="sm" class="self-center" onClick={() => void props.pages.more(cursor())}>
          {t('common.more')}
        </Button>
      )}
    </Show>
    <Show when={props.pages.notes().length === 0 && !props.pages.first.error()}>
      <Show
        when={props.searched}
        fallback={<Empty icon="i-lucide-brain" title={t('memory.none')} text={t('memory.noneText')} class="py-6!" />}
      >
        <Empty icon="i-lucide-search-x" title={t('memory.noneFound')} text={t('memory.noneFoundText')} class="py-6!" />
      </Show>
    </Show>
  </Show>
)
