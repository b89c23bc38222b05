import { createUniqueId, Show, splitProps, type JSX } from 'solid-js'
import { cx } from './cx'

const box =
  'w-full rounded-lg border border-edge bg-surface px-3 text-sm text-ink transition-colors hover:border-faint focus:outline-none focus:border-accent focus:ring-3 focus:ring-accent/20 disabled:opacity-60 [&[aria-invalid=true]]:border-bad'

interface Labelled {
  label: string
  hint?: JSX.Element
  error?: string | undefined
}

/** A label, a control, and below it a hint or what is wrong with the value. The child gets the ids to put on the control. */
function Field(props: Labelled & { children: (ids: { id: string; describedBy: string }) => JSX.Element }) {
  const id = createUniqueId()
  const describedBy = `${id}-note`
  return (
    <div class="col gap-1.5">
      <label for={id} class="text-[13px] font-550 text-ink">
        {props.label}
      </label>
      {props.children({ id, describedBy })}
      <Show when={props.error || props.hint}>
        <p id={describedBy} class={cx('text-[12.5px] leading-snug', props.error ? 'text-bad' : 'text-soft')}>
          {props.error || props.hint}
        </p>
      </Show>
    </div>
  )
}

export type TextFieldProps = Labelled &
  Omit<JSX.InputHTMLAttributes<HTMLInputElement>, 'onInput'> & { onInput: (value: string) => void; mono?: boolean }

export function TextField(props: TextFieldProps) {
  const [own, rest] = splitProps(props, ['label', 'hint', 'error', 'onInput', 'mono', 'class'])
  return (
    <Field label={own.label} hint={own.hint} error={own.error}>
      {(ids) => (
        <input
          type="text"
          {...rest}
          id={ids.id}
          aria-describedby={ids.describedBy}
          aria-invalid={own.error ? 'true' : undefined}
          class={cx(box, 'h-9', own.mono && 'font-mono text-[13px]', own.class)}
          onInput={(event) => own.onInput(event.currentTarget.value)}
        />
      )}
    </Field>
  )
}

export type TextAreaProps = Labelled &
  Omit<JSX.TextareaHTMLAttributes<HTMLTextAreaElement>, 'onInput'> & {
    onInput: (value: string) => void
    mono?: boolean
  }

export function TextArea(props: TextAreaProps) {
  const [own, rest] = splitProps(props, ['label', 'hint', 'error', 'onInput', 'mono', 'class'])
  return (
    <Field label={own.label} hint={own.hint} error={own.error}>
      {(ids) => (
        <textarea
          rows={3}
          {...rest}
          id={ids.id}
          aria-describedby={ids.describedBy}
          aria-invalid={own.error ? 'true' : undefined}
          class={cx(box, 'py-2 leading-normal resize-y min-h-16', own.mono && 'font-mono text-[13px]', own.class)}
          onInput={(event) => own.onInput(event.currentTarget.value)}
        />
      )}
    </Field>
  )
}
