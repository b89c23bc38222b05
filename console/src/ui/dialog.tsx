import { createEffect, createUniqueId, onCleanup, Show, type JSX, type ParentProps } from 'solid-js'
import { t } from '../i18n'
import { IconButton } from './button'
import { cx } from './cx'

interface DialogProps {
  open: boolean
  onClose: () => void
  title: string
  subtitle?: JSX.Element
  /** Buttons at the end; the last is the main one. */
  footer?: JSX.Element
  wide?: boolean
}

/** A modal window; on a phone a sheet from below. The browser keeps the focus inside, and Esc closes. */
export function Dialog(props: ParentProps<DialogProps>) {
  return (
    <Show when={props.open}>
      <OpenDialog {...props} />
    </Show>
  )
}

function OpenDialog(props: ParentProps<DialogProps>) {
  const id = createUniqueId()
  let element: HTMLDialogElement | undefined
  createEffect(() => {
    const before = document.activeElement
    element?.showModal()
    onCleanup(() => before instanceof HTMLElement && before.isConnected && before.focus())
  })
  return (
    <dialog
      ref={(dialog) => (element = dialog)}
      aria-labelledby={id}
      onCancel={(event) => {
        event.preventDefault()
        props.onClose()
      }}
      onMouseDown={(event) => event.target === element && props.onClose()}
      class={cx(
        'w-full bg-raised border border-line shadow-[var(--float)] p-0 max-h-[92dvh] overflow-hidden',
        'rounded-t-2xl sm:rounded-2xl max-sm:mb-0 max-sm:max-w-full',
        props.wide ? 'sm:max-w-160' : 'sm:max-w-115',
      )}
    >
      <div class="col max-h-[92dvh]">
        <header class="row gap-3 pl-5 pr-3 pt-4 pb-2 shrink-0">
          <h2 id={id} class="text-base font-650 flex-1 min-w-0">
            {props.title}
          </h2>
          <IconButton icon="i-lucide-x" label={t('common.close')} onClick={() => props.onClose()} />
        </header>
        <div class="px-5 pb-5 overflow-y-auto min-h-0">
          <Show when={props.subtitle}>
            <p class="text-soft text-[13.5px] mb-4 -mt-0.5">{props.subtitle}</p>
          </Show>
          {props.children}
        </div>
        <Show when={props.footer}>
          <footer class="row justify-end gap-2 px-5 py-3.5 border-t border-line bg-sunken shrink-0">
            {props.footer}
          </footer>
        </Show>
      </div>
    </dialog>
  )
}
