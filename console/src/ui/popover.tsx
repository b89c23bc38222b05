import type { Placement } from '@floating-ui/dom'
import { onCleanup, onMount, type ParentProps } from 'solid-js'
import { cx } from './cx'
import { anchor } from './menu'

interface PopoverProps {
  /** What it stands beside; it gets the focus back. */
  anchor: HTMLElement
  label: string
  role?: 'dialog' | 'menu'
  placement?: Placement
  class?: string
  onClose: () => void
  onKeyDown?: (event: KeyboardEvent) => void
  ref?: (element: HTMLDivElement) => void
}

/** A panel beside something, open as long as it is in the page: Esc and a press elsewhere close it. */
export function Popover(props: ParentProps<PopoverProps>) {
  let panel: HTMLDivElement | undefined
  onMount(() => {
    const { anchor: beside, placement = 'bottom-end' } = props
    if (!panel) return
    panel.showPopover()
    onCleanup(anchor(beside, panel, placement))
    onCleanup(() => {
      const { activeElement } = document
      const here = activeElement === document.body || panel?.contains(activeElement)
      if (here && beside.isConnected) beside.focus({ preventScroll: true })
    })
  })
  return (
    <div
      ref={(element) => {
        panel = element
        props.ref?.(element)
      }}
      popover="auto"
      role={props.role ?? 'dialog'}
      aria-label={props.label}
      onToggle={(event) => event.newState === 'closed' && props.onClose()}
      onKeyDown={(event) => props.onKeyDown?.(event)}
      class={cx('rounded-xl border border-line bg-raised shadow-[var(--float)]', props.class)}
    >
      {props.children}
    </div>
  )
}
