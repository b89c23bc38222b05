import { createSignal, onCleanup, onMount, Show } from 'solid-js'
import { t } from '../i18n'
import { Icon } from '../ui/icon'

/** A button beside words that are selected in the messages above: it brings them into the field as a quotation. */
export function QuoteButton(props: { zone: () => HTMLElement | null | undefined; onQuote: (words: string) => void }) {
  const [place, setPlace] = createSignal<{ left: number; top: number; words: string }>()
  const look = () => {
    const selection = getSelection()
    const words = selection?.toString().trim() ?? ''
    const range = selection && selection.rangeCount > 0 ? selection.getRangeAt(0) : undefined
    const log = props.zone()?.querySelector('[role=log]')
    if (!range || !words || !log?.contains(range.commonAncestorContainer)) return setPlace(undefined)
    const box = range.getBoundingClientRect()
    const bounds = log.getBoundingClientRect()
    setPlace({
      words,
      left: Math.min(Math.max(box.left, bounds.left + 8), bounds.right - 100),
      top: Math.min(Math.max(box.top - 38, bounds.top + 4), bounds.bottom - 40),
    })
  }
  onMount(() => {
    const gone = new AbortController()
    // Only once the selection is made: it changes with each pixel while the pointer moves.
    document.addEventListener('pointerup', () => setTimeout(look), gone)
    document.addEventListener('keyup', (event) => event.shiftKey && look(), gone)
    document.addEventListener(
      'selectionchange',
      () => place() && !getSelection()?.toString() && setPlace(undefined),
      gone,
    )
    document.addEventListener('scroll', () => place() && setPlace(undefined), { capture: true, signal: gone.signal })
    onCleanup(() => gone.abort())
  })
  return (
    <Show when={place()}>
      {(place) => (
        <button
          type="button"
          onMouseDown={(event) => event.preventDefault()}
          onClick={() => {
            props.onQuote(place().words)
            setPlace(undefined)
            getSelection()?.removeAllRanges()
          }}
          class="fixed z-30 row gap-1.5 h-8 max-sm:h-10 px-2.5 rounded-lg border border-line bg-raised text-[13px] font-550 shadow-[var(--float)] hover:bg-hover"
          style={{ left: `${place().left}px`, top: `${place().top}px` }}
        >
          <Icon name="i-lucide-quote" class="text-accent-text" />
          {t('composer.quote')}
        </button>
      )}
    </Show>
  )
}
