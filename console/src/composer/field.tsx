import { createEffect, createUniqueId, on, onMount, Show } from 'solid-js'
import { narrow } from '../app/screen'
import { ChoiceList } from './choices'
import type { Completion } from './completion'

interface FieldProps {
  ref: (element: HTMLTextAreaElement) => void
  label: string
  text: string
  completion: Completion
  onText: (text: string) => void
  onKeyDown: (event: KeyboardEvent) => void
  onPaste: (event: ClipboardEvent) => void
}

/** Browsers that know it give the field the height of its text themselves, without a layout in between. */
const grows = typeof CSS !== 'undefined' && CSS.supports?.('field-sizing', 'content')

/** The field itself, as high as its text, with the list of what fits above it. */
export function Field(props: FieldProps) {
  const id = createUniqueId()
  const open = () => props.completion.found().length > 0
  let area: HTMLTextAreaElement | undefined
  createEffect(
    on(
      () => props.text,
      () => !grows && grow(area),
    ),
  )
  onMount(() => {
    // On a phone the keyboard would cover the conversation before it was read.
    // In the inbox the keys go through the list; Enter leads here.
    // The focus needs the layout, which is only made once when it comes after the first frame.
    if (!narrow() && !area?.closest('[data-reading]')) requestAnimationFrame(() => area?.focus())
  })
  return (
    <>
      <Show when={open()}>
        <ChoiceList id={id} completion={props.completion} />
      </Show>
      <textarea
        ref={(element) => {
          area = element
          props.ref(element)
        }}
        data-composer
        rows={1}
        value={props.text}
        role="combobox"
        aria-label={props.label}
        aria-autocomplete="list"
        aria-expanded={open()}
        aria-controls={id}
        aria-activedescendant={open() ? `${id}-${props.completion.at()}` : undefined}
        placeholder={props.label}
        onInput={(event) => {
          props.onText(event.currentTarget.value)
          props.completion.look()
        }}
        onKeyDown={(event) => props.onKeyDown(event)}
        onPaste={(event) => props.onPaste(event)}
        onClick={props.completion.look}
        onBlur={props.completion.close}
        class="block w-full resize-none bg-transparent text-[15px] leading-[1.5] px-1.5 py-1 max-h-[40dvh] outline-none! [field-sizing:content]"
      />
    </>
  )
}

function grow(area: HTMLTextAreaElement | undefined): void {
  if (!area) return
  area.style.height = 'auto'
  area.style.height = `${area.scrollHeight}px`
}
