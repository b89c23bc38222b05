import { autoUpdate, computePosition, flip, offset, shift, type Placement } from '@floating-ui/dom'
import { createSignal, createUniqueId, For, onCleanup, Show, type JSX } from 'solid-js'
import { IconButton } from './button'
import { cx } from './cx'
import { Icon } from './icon'

export interface MenuItem {
  label: string
  icon?: string | undefined
  hint?: string | undefined
  /** What it does, below its name. */
  text?: string | undefined
  danger?: boolean
  disabled?: boolean
  onSelect: () => void
}

interface MenuProps {
  label: string
  items: MenuItem[]
  icon?: string
  placement?: Placement
  /** Instead of the icon button. Gets what to put on a `<button>`. */
  trigger?: (props: TriggerProps) => JSX.Element
  class?: string
}

export interface TriggerProps {
  ref: (element: HTMLButtonElement) => void
  'aria-haspopup': 'menu'
  'aria-expanded': boolean
  'aria-controls': string
  onClick: () => void
}

/** Keeps `floating` beside `anchor` while both are shown. Returns what stops it. */
export function anchor(anchorElement: Element, floating: HTMLElement, placement: Placement): () => void {
  return autoUpdate(anchorElement, floating, () => {
    void computePosition(anchorElement, floating, {
      placement,
      strategy: 'fixed',
      middleware: [offset(6), flip({ padding: 8 }), shift({ padding: 8 })],
    }).then(({ x, y }) => Object.assign(floating.style, { left: `${x}px`, top: `${y}px`, position: 'fixed' }))
  })
}

/** A button that opens a list of actions: arrows move, Enter chooses, Esc closes and gives the focus back. */
export function Menu(props: MenuProps) {
  const id = createUniqueId()
  const [open, setOpen] = createSignal(false)
  let button: HTMLButtonElement | undefined
  let panel: HTMLDivElement | undefined
  let release: (() => void) | undefined
  onCleanup(() => release?.())

  const items = () => [...(panel?.querySelectorAll<HTMLButtonElement>('[role=menuitem]:not(:disabled)') ?? [])]
  const move = (step: number) => {
    const list = items()
    const at = list.findIndex((item) => item === document.activeElement)
    list[(at + step + list.length) % list.length]?.focus()
  }
  const toggled = (opened: boolean) => {
    setOpen(opened)
    release?.()
    release = undefined
    if (!opened || !button || !panel) return
    release = anchor(button, panel, props.placement ?? 'bottom-end')
    items()[0]?.focus({ preventScroll: true })
  }
  const keydown = (event: KeyboardEvent) => {
    if (event.key === 'ArrowDown') move(1)
    else if (event.key === 'ArrowUp') move(-1)
    else if (event.key === 'Home') items()[0]?.focus()
    else if (event.key === 'End') items().at(-1)?.focus()
    else if (event.key === 'Tab') panel?.hidePopover()
    else return
    if (event.key !== 'Tab') event.preventDefault()
  }
  const select = (item: MenuItem) => {
    panel?.hidePopover()
    button?.focus()
    item.onSelect()
  }
  const trigger = (): TriggerProps => ({
    ref: (element) => (button = element),
    'aria-haspopup': 'menu',
    'aria-expanded': open(),
    'aria-controls': id,
    onClick: () => panel?.togglePopover(),
  })
  return (
    <>
      <Show
        when={props.trigger}
        fallback={
          <IconButton icon={props.icon ?? 'i-lucide-ellipsis'} label={props.label} class={props.class} {...trigger()} />
        }
      >
        {(render) => render()(trigger())}
      </Show>
      <div
        ref={(element) => (panel = element)}
        id={id}
        popover="auto"
        role="menu"
        aria-label={props.label}
        onToggle={(event) => toggled(event.newState === 'open')}
        onKeyDown={keydown}
        class="min-w-48 max-w-80 rounded-xl border border-line bg-raised p-1 shadow-[var(--float)]"
      >
        <Show when={open()}>
          <For each={props.items}>{(item) => <Item item={item} onSelect={() => select(item)} />}</For>
        </Show>
      </div>
    </>
  )
}

/** One action of a menu. */
export const Item = (props: { item: MenuItem; onSelect: () => void }) => (
  <button
    type="button"
    role="menuitem"
    tabindex={-1}
    disabled={props.item.disabled}
    onClick={() => props.onSelect()}
    onMouseEnter={(event) => event.currentTarget.focus({ preventScroll: true })}
    class={cx(
      'row w-full gap-2.5 rounded-lg px-2.5 py-1.5 text-left text-[13.5px] outline-none focus:bg-hover disabled:opacity-45',
      props.item.danger ? 'text-bad' : 'text-ink',
    )}
  >
    <Show when={props.item.icon}>{(icon) => <Icon name={icon()} class={props.item.danger ? '' : 'text-soft'} />}</Show>
    <span class="flex-1">
      {props.item.label}
      <Show when={props.item.text}>{(text) => <span class="block text-[12px] text-soft">{text()}</span>}</Show>
    </span>
    <Show when={props.item.hint}>
      <span class="text-xs text-faint">{props.item.hint}</span>
    </Show>
  </button>
)
