import { createUniqueId, For, Show, type JSX } from 'solid-js'
import { cx } from './cx'
import { Icon } from './icon'

export interface Option<T extends string> {
  value: T
  label: string
  disabled?: boolean
}

interface SelectProps<T extends string> {
  label: string
  /** Hides the label from view, where the place says enough. */
  quiet?: boolean
  hint?: JSX.Element
  value: T
  options: Option<T>[]
  disabled?: boolean | undefined
  onChange: (value: T) => void
}

/** The browser's own list, which every phone and screen reader knows how to show. */
export function Select<T extends string>(props: SelectProps<T>) {
  const id = createUniqueId()
  const choose = (value: string) => {
    const option = props.options.find((option) => option.value === value)
    if (option) props.onChange(option.value)
  }
  return (
    <div class={cx('col', !props.quiet && 'gap-1.5')}>
      <label for={id} class={props.quiet ? 'sr-only' : 'text-[13px] font-550'}>
        {props.label}
      </label>
      <div class="relative">
        <select
          id={id}
          disabled={props.disabled}
          onChange={(event) => choose(event.currentTarget.value)}
          class={cx(
            'w-full appearance-none rounded-lg border border-edge bg-surface pl-3 pr-8 text-ink transition-colors hover:border-faint focus:outline-none focus:border-accent focus:ring-3 focus:ring-accent/20 disabled:opacity-60',
            props.quiet ? 'h-8 [@media(pointer:coarse)]:h-10 text-[13px]' : 'h-9 [@media(pointer:coarse)]:h-10 text-sm',
          )}
        >
          <For each={props.options}>
            {(option) => (
              <option value={option.value} disabled={option.disabled} selected={option.value === props.value}>
                {option.label}
              </option>
            )}
          </For>
        </select>
        <Icon
          name="i-lucide-chevron-down"
          class="pointer-events-none absolute right-2.5 top-1/2 -translate-y-1/2 text-soft"
        />
      </div>
      <Show when={props.hint}>
        <p class="text-[12.5px] text-soft leading-snug">{props.hint}</p>
      </Show>
    </div>
  )
}

interface ChoiceProps<T extends string> {
  label: string
  value: T
  options: (Option<T> & { icon?: string })[]
  onChange: (value: T) => void
  disabled?: boolean | undefined
}

/** One of a few, all in view: radio buttons in a row. */
export function Choice<T extends string>(props: ChoiceProps<T>) {
  const name = createUniqueId()
  return (
    <div
      role="radiogroup"
      aria-label={props.label}
      class="inline-flex gap-0.5 rounded-lg bg-sunken border border-line p-0.5"
    >
      <For each={props.options}>
        {(option) => (
          <label
            class={cx(
              'row gap-1.5 rounded-md px-2.5 h-7 [@media(pointer:coarse)]:h-10 text-[13px] font-500 cursor-pointer select-none has-[:focus-visible]:ring-2 has-[:focus-visible]:ring-accent',
              option.value === props.value ? 'bg-surface text-ink shadow-[var(--lift)]' : 'text-soft hover:text-ink',
            )}
          >
            <input
              type="radio"
              class="sr-only"
              name={name}
              disabled={props.disabled}
              checked={option.value === props.value}
              onChange={() => props.onChange(option.value)}
            />
            <Show when={option.icon}>{(icon) => <Icon name={icon()} />}</Show>
            {option.label}
          </label>
        )}
      </For>
    </div>
  )
}

/** On or off, with effect at once. */
export function Switch(props: {
  label: string
  hint?: string | undefined
  checked: boolean
  disabled?: boolean | undefined
  onChange: (checked: boolean) => void
}) {
  return (
    <label class="row gap-3 justify-between cursor-pointer has-[:disabled]:cursor-not-allowed">
      <span class="col">
        <span class="text-sm font-500">{props.label}</span>
        <Show when={props.hint}>
          <span class="text-[12.5px] text-soft">{props.hint}</span>
        </Show>
      </span>
      <input
        type="checkbox"
        role="switch"
        class="sr-only peer"
        checked={props.checked}
        disabled={props.disabled}
        onChange={(event) => props.onChange(event.currentTarget.checked)}
      />
      <span
        aria-hidden="true"
        class={cx(
          'relative h-5 w-9 shrink-0 rounded-full transition-colors peer-focus-visible:ring-2 peer-focus-visible:ring-accent peer-focus-visible:ring-offset-2 peer-focus-visible:ring-offset-canvas peer-disabled:opacity-50',
          props.checked ? 'bg-accent' : 'bg-edge',
        )}
      >
        <span
          class={cx(
            'absolute top-0.5 size-4 rounded-full bg-white shadow transition-[left] duration-[var(--quick)]',
            props.checked ? 'left-4.5' : 'left-0.5',
          )}
        />
      </span>
    </label>
  )
}

export function Checkbox(props: {
  label: JSX.Element
  checked: boolean
  disabled?: boolean | undefined
  onChange: (checked: boolean) => void
}) {
  return (
    <label class="inline-flex items-center gap-2 text-sm cursor-pointer">
      <input
        type="checkbox"
        class="size-4 accent-[var(--accent)]"
        checked={props.checked}
        disabled={props.disabled}
        onChange={(event) => props.onChange(event.currentTarget.checked)}
      />
      {props.label}
    </label>
  )
}
