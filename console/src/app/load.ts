import { createEffect, createMemo, createSignal, onCleanup, untrack, type Accessor } from 'solid-js'

export interface Load<T> {
  /** The latest answer; undefined before the first. */
  value: Accessor<T | undefined>
  error: Accessor<unknown>
  loading: Accessor<boolean>
  /** Asks again. Resolves when the answer is here, whatever it is. */
  reload: () => Promise<void>
}

/**
 * Asks for something whenever `source` changes, and not while it is undefined. Unlike a resource it never suspends the page
 * around it: what is on screen stays there while a part of it loads.
 */
export function createLoad<S, T>(source: () => S | undefined, ask: (source: S) => Promise<T>): Load<T> {
  const [value, setValue] = createSignal<T>()
  const [error, setError] = createSignal<unknown>()
  const [loading, setLoading] = createSignal(false)
  let turn = 0
  const run = async (from: S): Promise<void> => {
    const mine = ++turn
    setLoading(true)
    setError(undefined)
    try {
      const answer = await ask(from)
      if (mine === turn) setValue(() => answer)
    } catch (cause) {
      if (mine === turn) setError(() => cause)
    } finally {
      if (mine === turn) setLoading(false)
    }
  }
  const asked = createMemo(source)
  createEffect(() => {
    const from = asked()
    if (from !== undefined) untrack(() => void run(from))
  })
  // An answer that comes after the view has gone is nobody's.
  onCleanup(() => turn++)
  const reload = async (): Promise<void> => {
    const from = untrack(asked)
    if (from !== undefined) await run(from)
  }
  return { value, error, loading, reload }
}
