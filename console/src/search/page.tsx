import { useSearchParams } from '@solidjs/router'
import { createEffect, createMemo, createSignal, createUniqueId, For, on, onCleanup, Show } from 'solid-js'
import type { SearchHit } from '@shared/contract'
import { t } from '../i18n'
import '../i18n/en/search'
import { errorNext, errorText } from '../i18n/errors'
import { dayLabel, dayOf } from '../i18n/dates'
import { me } from '../store/session'
import { Button } from '../ui/button'
import { Empty } from '../ui/empty'
import { Icon } from '../ui/icon'
import { Choice } from '../ui/select'
import { SkeletonRows } from '../ui/skeleton'
import { nameView } from '../ui/title'
import { SearchField } from './field'
import { FilterBar } from './filters'
import { Hit } from './hit'
import { unknownIs } from './query'
import { forgetSearches, keepSearch, recentSearches } from './recent'
import { createResults, type Sort } from './results'

/** Somebody pauses for so long before the server is asked, in milliseconds. */
const pauseMs = 220

/** Everything that was written, by words and filters. The address holds the search, so it can be kept and shared. */
export default function SearchPage() {
  nameView(() => t('search.title'))
  const id = createUniqueId()
  const [params, setParams] = useSearchParams<{ q?: string; sort?: string }>()
  const [text, setText] = createSignal(params.q ?? '')
  const [asked, setAsked] = createSignal(params.q ?? '')
  const sort = (): Sort => (params.sort === 'relevance' ? 'relevance' : 'recent')
  const results = createResults(asked, sort)
  const ask = (text: string) => {
    setAsked(text)
    setParams({ q: text.trim() || undefined }, { replace: true })
  }
  createEffect(
    on(
      text,
      (text) => {
        const timer = setTimeout(() => ask(text), pauseMs)
        onCleanup(() => clearTimeout(timer))
      },
      { defer: true },
    ),
  )
  // Another search was asked for while this page is open, such as from the palette.
  createEffect(
    on(
      () => params.q,
      (q) => q !== undefined && q !== asked().trim() && (setText(q), setAsked(q)),
      { defer: true },
    ),
  )
  const keep = () => asked().trim() && keepSearch(asked().trim())
  const wrong = createMemo(() => {
    const is = unknownIs(text())
    if (is) return t('search.unknownIs', { value: is })
    const error = results.error()
    return error ? [errorText(error), errorNext(error)].filter(Boolean).join(' ') : ''
  })
  return (
    <div class="h-full overflow-y-auto" onScroll={(event) => nearEnd(event.currentTarget) && results.more()}>
      <div class="mx-auto w-full max-w-220 px-3 sm:px-6 py-4 col gap-3">
        <h1 class="sr-only">{t('search.title')}</h1>
        <SearchField
          value={text()}
          invalid={wrong() !== ''}
          describedBy={`${id}-wrong`}
          onInput={setText}
          onEnter={() => {
            ask(text())
            keep()
          }}
          onDown={() => document.querySelector<HTMLElement>('[data-hit]')?.focus()}
        />
        <p id={`${id}-wrong`} role="status" class="text-[13px] text-bad empty:hidden">
          {wrong()}
        </p>
        <FilterBar value={text()} onChange={setText} />
        <Show when={results.status() !== 'idle'} fallback={<Begin onChoose={setText} />}>
          <div class="row justify-between gap-3">
            <p class="text-[13px] text-soft" aria-live="polite">
              {results.status() === 'loading' ? t('common.loading') : found(results.hits().length, results.hasMore())}
            </p>
            <Choice
              label={t('search.sort')}
              value={sort()}
              options={[
                { value: 'recent', label: t('search.recent') },
                { value: 'relevance', label: t('search.relevance') },
              ]}
              onChange={(sort) => setParams({ sort: sort === 'relevance' ? sort : undefined }, { replace: true })}
            />
          </div>
          <Show when={results.hits().length > 0 || results.status() !== 'loading'} fallback={<SkeletonRows />}>
            <Hits hits={results.hits()} byDay={sort() === 'recent'} onOpen={keep} failed={wrong() !== ''} />
          </Show>
          <Show when={results.hasMore()}>
            <Button class="self-center" busy={results.status() === 'more'} onClick={() => results.more()}>
              {t('common.more')}
            </Button>
          </Show>
        </Show>
      </div>
    </div>
  )
}

const nearEnd = (box: HTMLElement) => box.scrollHeight - box.scrollTop - box.clientHeight < 500
const found = (n: number, more: boolean) => (more ? t('search.foundMore', { n }) : t('search.found', { n }))

/** Moves between what was found with the arrows. */
function arrows(event: KeyboardEvent): void {
  const step = event.key === 'ArrowDown' ? 1 : event.key === 'ArrowUp' ? -1 : 0
  if (step === 0) return
  const all = [...document.querySelectorAll<HTMLElement>('[data-hit]')]
  const at = all.findIndex((hit) => hit === document.activeElement)
  const next = at + step < 0 ? document.querySelector<HTMLElement>('input[type=search]') : all[at + step]
  next?.focus()
  event.preventDefault()
}

function Hits(props: { hits: SearchHit[]; byDay: boolean; failed: boolean; onOpen: () => void }) {
  const groups = createMemo(() => {
    if (!props.byDay) return props.hits.length > 0 ? [{ day: 0, hits: props.hits }] : []
    const days = new Map<number, SearchHit[]>()
    for (const hit of props.hits) days.set(dayOf(hit.createdAt), [...(days.get(dayOf(hit.createdAt)) ?? []), hit])
    return [...days].map(([day, hits]) => ({ day, hits }))
  })
  return (
    <div class="col gap-3" onKeyDown={arrows}>
      <For
        each={groups()}
        fallback={
          <Show when={!props.failed}>
            <Empty icon="i-lucide-search-x" title={t('search.nothing')} text={t('search.nothingText')} />
          </Show>
        }
      >
        {(group) => (
          <section class="col gap-px">
            <Show when={group.day}>
              {(day) => <h2 class="px-3 pt-1 text-[12px] font-600 text-soft">{dayLabel(day())}</h2>}
            </Show>
            <For each={group.hits}>{(hit) => <Hit hit={hit} onOpen={props.onOpen} />}</For>
          </section>
        )}
      </For>
    </div>
  )
}

const examples = () => [
  `from:@${me().username}`,
  'in:#general has:link',
  '"exact words"',
  'is:task',
  'after:2026-01 -draft',
]

/** Before anything is asked: what was asked before, and what can be written. */
function Begin(props: { onChoose: (text: string) => void }) {
  const [recent, setRecent] = createSignal(recentSearches())
  const line = 'row gap-3 w-full text-left px-3 h-10 rounded-lg hover:bg-hover text-[13.5px]'
  return (
    <div class="col gap-5 pt-2">
      <Show when={recent().length > 0}>
        <section class="col">
          <header class="row justify-between px-3">
            <h2 class="text-[12px] font-600 text-soft">{t('search.recentSearches')}</h2>
            <Button
              size="sm"
              kind="ghost"
              onClick={() => {
                forgetSearches()
                setRecent([])
              }}
            >
              {t('search.forget')}
            </Button>
          </header>
          <For each={recent()}>
            {(text) => (
              <button type="button" class={line} onClick={() => props.onChoose(text)}>
                <Icon name="i-lucide-history" class="text-soft" />
                <span class="truncate">{text}</span>
              </button>
            )}
          </For>
        </section>
      </Show>
      <section class="col">
        <h2 class="px-3 pb-1 text-[12px] font-600 text-soft">{t('search.examples')}</h2>
        <For each={examples()}>
          {(text) => (
            <button type="button" class={line} onClick={() => props.onChoose(text)}>
              <Icon name="i-lucide-lightbulb" class="text-soft" />
              <code class="text-[13px]">{text}</code>
            </button>
          )}
        </For>
      </section>
    </div>
  )
}
