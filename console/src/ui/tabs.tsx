import { createUniqueId, For, type JSX } from 'solid-js'
import { cx } from './cx'

export interface Tab<T extends string> {
  value: T
  label: string
}

/** Parts of a page, one shown at a time. Arrows move between the tabs. */
export function Tabs<T extends string>(props: {
  label: string
  tabs: Tab<T>[]
  value: T
  onChange: (value: T) => void
  children: JSX.Element
}) {
  const id = createUniqueId()
  const keydown = (event: KeyboardEvent) => {
    const step = event.key === 'ArrowRight' ? 1 : event.key === 'ArrowLeft' ? -1 : 0
    if (step === 0) return
    const at = props.tabs.findIndex((tab) => tab.value === props.value)
    const tab = props.tabs[(at + step + props.tabs.length) % props.tabs.length]
    if (!tab) return
    props.onChange(tab.value)
    document.getElementById(`${id}-${tab.value}`)?.focus()
  }
  return (
    <div class="col gap-4">
      <div
        role="tablist"
        aria-label={props.label}
        onKeyDown={keydown}
        class="row gap-1 border-b border-line overflow-x-auto [scrollbar-width:none]"
      >
        <For each={props.tabs}>
          {(tab) => (
            <button
              type="button"
              role="tab"
              id={`${id}-${tab.value}`}
              aria-selected={tab.value === props.value}
              aria-controls={`${id}-panel`}
              tabindex={tab.value === props.value ? 0 : -1}
              onClick={() => props.onChange(tab.value)}
              class={cx(
                'px-3 h-9 -mb-px text-[13.5px] font-550 border-b-2 whitespace-nowrap -outline-offset-2',
                tab.value === props.value ? 'border-accent text-ink' : 'border-transparent text-soft hover:text-ink',
              )}
            >
              {tab.label}
            </button>
          )}
        </For>
      </div>
      <div role="tabpanel" id={`${id}-panel`} aria-labelledby={`${id}-${props.value}`}>
        {props.children}
      </div>
    </div>
  )
}
