import { createEffect, createSignal, onCleanup } from 'solid-js'

/** A growing text, taken over at most every `everyMs`: a hundred pieces a second are not a hundred drawings. */
export function calm(source: () => string, everyMs = 80): () => string {
  const [shown, setShown] = createSignal(source())
  let timer: ReturnType<typeof setTimeout> | undefined
  let last = 0
  const take = () => {
    timer = undefined
    last = Date.now()
    setShown(source())
  }
  createEffect(() => {
    source()
    timer ??= setTimeout(take, Math.max(0, everyMs - (Date.now() - last)))
  })
  onCleanup(() => clearTimeout(timer))
  return shown
}
