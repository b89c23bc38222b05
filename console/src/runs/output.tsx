import { createSignal, For, Show } from 'solid-js'
import { createLoad } from '../app/load'
import { t } from '../i18n'
import { CopyButton } from '../ui/copy'
import type { Span } from './ansi'
import { stripAnsi, tail } from './terminal'

const styleOf = (span: Span) => ({
  color: span.color,
  'background-color': span.background,
  'font-weight': span.bold ? '650' : undefined,
  'font-style': span.italic ? 'italic' : undefined,
  'text-decoration': span.underline ? 'underline' : undefined,
  opacity: span.dim ? '0.7' : undefined,
})

const linesShown = 400
const linesAll = 5000

/** Output as a terminal shows it: in its colours, the end in view. */
export function TerminalOutput(props: { text: string; running: boolean }) {
  const [lines, setLines] = createSignal(linesShown)
  const shown = () => tail(props.text, lines())
  // Most output has no colours, and what has is not held up by the library that reads them.
  const coloured = createLoad(
    () => (shown().text.includes('\u001b') ? shown().text : undefined),
    async (text) => ({ text, spans: (await import('./ansi')).spansOf(text) }),
  )
  const spans = () => {
    const answer = coloured.value()
    return answer?.text === shown().text ? answer.spans : undefined
  }
  return (
    <div class="relative group rounded-lg bg-[#15161a] text-[#d6d8df] overflow-hidden">
      <Show when={shown().cut > 0}>
        <button
          type="button"
          onClick={() => setLines(linesAll)}
          disabled={lines() === linesAll}
          class="block w-full px-3 py-1 text-left text-[12px] text-[#a3a6b1] bg-[#1e2026] hover:text-white disabled:hover:text-[#a3a6b1] -outline-offset-2"
        >
          {t('tool.cut', { n: shown().cut })}
        </button>
      </Show>
      <pre
        tabindex="0"
        ref={(element) => queueMicrotask(() => (element.scrollTop = element.scrollHeight))}
        class="px-3 py-2.5 text-[12.5px] leading-relaxed max-h-80 overflow-auto whitespace-pre-wrap break-words -outline-offset-2"
      >
        <Show when={spans()} fallback={stripAnsi(shown().text)}>
          {(spans) => <For each={spans()}>{(span) => <span style={styleOf(span)}>{span.text}</span>}</For>}
        </Show>
        <Show when={props.running}>
          <span class="pulse">▍</span>
        </Show>
      </pre>
      <CopyButton
        text={stripAnsi(props.text)}
        class="absolute right-1 top-1 text-[#d6d8df]! bg-[#15161a] hover:bg-[#2a2c33]! opacity-0 group-hover:opacity-100 focus-visible:opacity-100 [@media(pointer:coarse)]:opacity-100"
      />
    </div>
  )
}
