import { createEffect, createMemo, createSignal, createUniqueId, For, on, onMount, Show } from 'solid-js'
import { Virtualizer, type VirtualizerHandle } from 'virtua/solid'
import '../i18n/en/messages'
import { createLoad } from '../app/load'
import { narrow } from '../app/screen'
import { locale, t } from '../i18n'
import { cx } from '../ui/cx'
import { Icon } from '../ui/icon'
import { ErrorNotice } from '../ui/notice'
import { Skeleton } from '../ui/skeleton'
import { findEmoji, groups, loadEmoji, step, type Cell, type EmojiFact } from './data'
import { keepEmoji, recentEmoji } from './recent'

const columns = 8
type Line = { title: string } | { cells: EmojiFact[]; row: number }

/** A field to look for an emoji and all of them below it: arrows move, Enter chooses. */
export function EmojiPicker(props: { onPick: (emoji: string) => void }) {
  const id = createUniqueId()
  const [query, setQuery] = createSignal('')
  const [cell, setCell] = createSignal<Cell>([0, 0])
  const facts = createLoad(locale, loadEmoji)
  const lines = createMemo(() => toLines(facts.value() ?? [], query()))
  const rows = createMemo(() => lines().flatMap((line) => ('cells' in line ? [line.cells] : [])))
  const active = () => rows()[cell()[0]]?.[cell()[1]]
  const [view, setView] = createSignal<VirtualizerHandle>()
  let field: HTMLInputElement | undefined
  onMount(() => !narrow() && queueMicrotask(() => field?.focus({ preventScroll: true })))
  createEffect(on(query, () => setCell([0, 0]), { defer: true }))

  const pick = (emoji: string) => {
    keepEmoji(emoji)
    props.onPick(emoji)
  }
  const keydown = (event: KeyboardEvent) => {
    if (event.isComposing) return
    const found = active()
    if (event.key === 'Enter' && found) pick(found.emoji)
    else if (/^Arrow(Up|Down)$/.test(event.key) || (event.key.startsWith('Arrow') && (!query() || cell()[0] > 0))) {
      setCell(step(rows(), cell(), event.key))
      const at = lines().findIndex((line) => 'cells' in line && line.row === cell()[0])
      view()?.scrollToIndex(at, { align: 'nearest' })
    } else return
    event.preventDefault()
  }
  return (
    <div class="col gap-2">
      <div class="row gap-2 rounded-lg border border-edge bg-surface px-2.5 h-9 focus-within:border-accent focus-within:ring-3 focus-within:ring-accent/20">
        <Icon name="i-lucide-search" class="text-soft" />
        <input
          ref={(element) => (field = element)}
          role="combobox"
          aria-label={t('emoji.find')}
          aria-expanded="true"
          aria-controls={id}
          aria-activedescendant={active() ? `${id}-${cell().join('-')}` : undefined}
          placeholder={t('emoji.find')}
          value={query()}
          onInput={(event) => setQuery(event.currentTarget.value)}
          onKeyDown={keydown}
          autocomplete="off"
          class="flex-1 min-w-0 bg-transparent text-sm outline-none!"
        />
      </div>
      <div class="h-68 overflow-y-auto overscroll-contain" id={id} role="grid" aria-label={t('emoji.all')}>
        <ErrorNotice error={facts.error()} />
        <Show when={facts.value()} fallback={<Waiting />}>
          <Virtualizer ref={setView} data={lines()} bufferSize={200}>
            {(line) => (
              <Show when={'cells' in line && line} fallback={<Title text={'title' in line ? line.title : ''} />}>
                {(line) => (
                  <div role="row" class="grid grid-cols-8">
                    <For each={line().cells}>
                      {(fact, column) => (
                        <button
                          type="button"
                          role="gridcell"
                          tabindex={-1}
                          id={`${id}-${line().row}-${column()}`}
                          aria-label={fact.name}
                          aria-selected={cell()[0] === line().row && cell()[1] === column()}
                          title={fact.name}
                          onMouseEnter={() => setCell([line().row, column()])}
                          onClick={() => pick(fact.emoji)}
                          class={cx(
                            'h-9 max-sm:h-11 row justify-center rounded-lg text-[21px] leading-none',
                            cell()[0] === line().row &&
                              cell()[1] === column() &&
                              'bg-hover ring-1 ring-inset ring-edge',
                          )}
                        >
                          {fact.emoji}
                        </button>
                      )}
                    </For>
                  </div>
                )}
              </Show>
            )}
          </Virtualizer>
          <Show when={rows().length === 0}>
            <p class="py-8 text-center text-soft text-[13px]">{t('emoji.none')}</p>
          </Show>
        </Show>
      </div>
      <p class="row gap-2 h-6 text-[13px] text-soft" aria-live="polite">
        <span class="text-[18px]" aria-hidden="true">
          {active()?.emoji}
        </span>
        <span class="truncate">{active()?.name}</span>
      </p>
    </div>
  )
}

const Title = (props: { text: string }) => (
  <p class="px-1.5 pt-2 pb-1 text-[12px] font-600 text-faint" role="presentation">
    {props.text}
  </p>
)

const Waiting = () => (
  <div class="grid grid-cols-8 gap-1.5 p-1.5" role="status" aria-label={t('common.loading')}>
    <For each={Array.from({ length: 40 })}>{() => <Skeleton class="h-7" />}</For>
  </div>
)

/** What the picker shows: what was found, or the latest used and then all in their groups. */
function toLines(all: EmojiFact[], query: string): Line[] {
  if (all.length === 0) return []
  const lines: Line[] = []
  let row = 0
  const add = (title: string | undefined, facts: EmojiFact[]) => {
    if (title !== undefined && facts.length > 0) lines.push({ title })
    for (let at = 0; at < facts.length; at += columns) lines.push({ cells: facts.slice(at, at + columns), row: row++ })
  }
  if (query.trim()) {
    add(undefined, findEmoji(all, query))
    return lines
  }
  const known = new Map(all.map((fact) => [fact.emoji, fact]))
  add(
    t('emoji.recent'),
    recentEmoji(columns * 2).map((emoji) => known.get(emoji) ?? { emoji, name: emoji, group: 0, words: '' }),
  )
  for (const group of groups)
    add(
      t(`emoji.group.${group}`),
      all.filter((fact) => fact.group === group),
    )
  return lines
}
