import { Show } from 'solid-js'
import { createLoad } from '../app/load'
import { CopyButton } from './copy'
import { cx } from './cx'

/** Source text with a copy button, coloured once the highlighter has been loaded. */
export function CodeBlock(props: { text: string; language?: string | undefined; class?: string }) {
  const html = createLoad(
    () => (props.language ? { text: props.text, language: props.language } : undefined),
    async ({ text, language }) => (await import('../messages/highlight')).highlight(text, language),
  )
  return (
    <figure class={cx('code group relative rounded-lg border border-line bg-sunken overflow-hidden', props.class)}>
      <Show when={props.language}>
        <figcaption class="px-3 pt-1.5 text-[11.5px] text-faint select-none">{props.language}</figcaption>
      </Show>
      <pre class="px-3 py-2.5" tabindex="0">
        <Show when={html.value()} fallback={<code>{props.text}</code>}>
          {/* The highlighter escapes the text and adds nothing but span elements with a class. */}
          {(coloured) => <code innerHTML={coloured()} />}
        </Show>
      </pre>
      <CopyButton
        text={props.text}
        class="absolute right-1 top-1 bg-sunken opacity-0 group-hover:opacity-100 focus-visible:opacity-100 [@media(pointer:coarse)]:opacity-100"
      />
    </figure>
  )
}

/** A command to run in a terminal: one line, always with its copy button. */
export const Command = (props: { text: string }) => (
  <div class="row items-start gap-1 rounded-lg border border-line bg-sunken pl-3 pr-1 py-1">
    <code class="flex-1 min-w-0 whitespace-pre-wrap break-all py-1.5 text-[12.5px]" tabindex="0">
      {props.text}
    </code>
    <CopyButton text={props.text} />
  </div>
)
