import { createSignal, onCleanup } from 'solid-js'

type Title = () => string
const [titles, setTitles] = createSignal<Title[]>([])

/** Says what the view is called, in the browser's tab and to screen readers, for as long as it is there. */
export function nameView(title: Title): void {
  setTitles((all) => [...all, title])
  onCleanup(() => setTitles((all) => all.filter((one) => one !== title)))
}

/** What the view on screen is called: the innermost that says it. Empty while it loads. */
export const viewTitle = (): string => titles().at(-1)?.() ?? ''
