import { createMemo, createSignal, createUniqueId, For, Show } from 'solid-js'
import { t } from '../i18n'
import '../i18n/en/search'
import { cx } from '../ui/cx'
import { Icon } from '../ui/icon'
import { choices, type Choice } from './complete'
import { labels } from './labels'
import { filterAt, withFilter, without } from './query'

/** The field to search in. In a filter it offers what the filter may be. */
export function SearchField(props: {
  value: string
  invalid: boolean
  describedBy: string
  onInput: (text: string) => void
  onEnter: () => void
  onDown: () => void
}) {
  const id = createUniqueId()
  const [caret, setCaret] = createSignal(0)
  const [at, setAt] = createSignal(0)
  const [closed, setClosed] = createSignal(true)
  let input: HTMLInputElement | undefined
  const filter = createMemo(() => filterAt(props.value, caret()))
  const offered = createMemo((): Choice[] => {
    const part = filter()
    if (!part || closed()) return []
    const list = choices(part.filter, part.value, labels)
    // What is written out needs no completion.
    return list.length === 1 && list[0]?.value === part.value ? [] : list
  })
  const look = () => setCaret(input?.selectionStart ?? 0)
  const take = (choice: Choice | undefined) => {
    const part = filter()
    if (!part || !choice) return
    props.onInput(`${withFilter(without(props.value, part), part.filter, choice.value)} `)
    setClosed(true)
    queueMicrotask(() => {
      input?.focus()
      input?.setSelectionRange(input.value.length, input.value.length)
      look()
    })
  }
  const keydown = (event: KeyboardEvent) => {
    if (event.isComposing) return
    const list = offered()
    if (event.key === 'ArrowDown' && list.length === 0) props.onDown()
    else if (event.key === 'ArrowDown') setAt((at) => (at + 1) % list.length)
    else if (event.key === 'ArrowUp' && list.length > 0) setAt((at) => (at - 1 + list.length) % list.length)
    else if ((event.key === 'Enter' || event.key === 'Tab') && list.length > 0) take(list[at()])
    else if (event.key === 'Enter') props.onEnter()
    else if (event.key === 'Escape' && list.length > 0) setClosed(true)
    else return
    event.preventDefault()
  }
  return (
    <div class="relative">
      <div class="row gap-2 h-11 px-3 rounded-xl border border-edge bg-surface focus-within:border-accent focus-within:ring-3 focus-within:ring-accent/20">
        <Icon name="i-lucide-search" class="text-soft text-[16px]" />
        <input
          ref={(element) => {
            input = element
            queueMicrotask(() => {
              element.focus()
              element.setSelectionRange(element.value.length, element.value.length)
            })
          }}
          type="search"
          role="combobox"
          enterkeyhint="search"
          autocomplete="off"
          maxLength={400}
          aria-label={t('search.field')}
          aria-expanded={offered().length > 0}
          aria-controls={`${id}-list`}
          aria-autocomplete="list"
          aria-activedescendant={offered().length > 0 ? `${id}-${at()}` : undefined}
          aria-invalid={props.invalid}
          aria-describedby={props.describedBy}
          placeholder={t('search.hint')}
          value={props.value}
          onInput={(event) => {
            props.onInput(event.currentTarget.value)
            setAt(0)
            setClosed(false)
            look()
          }}
          onClick={look}
          onKeyUp={look}
          onKeyDown={keydown}
          onBlur={() => setClosed(true)}
          class="flex-1 min-w-0 h-full bg-transparent text-[15px] outline-none!"
        />
      </div>
      <ul
        id={`${id}-list`}
        role="listbox"
        aria-label={t('search.completions')}
        class={cx(
          'absolute z-10 left-0 top-12 w-full max-w-90 rounded-xl border border-line bg-raised p-1 shadow-[var(--float)]',
          offered().length === 0 && 'hidden',
        )}
      >
        <For each={offered()}>
          {(choice, index) => (
            <li
              id={`${id}-${index()}`}
              role="option"
              aria-selected={index() === at()}
              // Before the field loses the focus.
              onMouseDown={(event) => {
                event.preventDefault()
                take(choice)
              }}
              onMouseMove={() => setAt(index())}
              class={cx(
                'row gap-2 px-2.5 py-1.5 rounded-lg cursor-pointer text-[13.5px]',
                index() === at() && 'bg-hover',
              )}
            >
              <span class="flex-1 min-w-0 truncate">{choice.label}</span>
              <Show when={choice.hint}>
                <span class="text-[12px] text-soft shrink-0">{choice.hint}</span>
              </Show>
            </li>
          )}
        </For>
      </ul>
    </div>
  )
}
