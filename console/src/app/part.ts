import { useSearchParams } from '@solidjs/router'
import { createSignal, type Accessor } from 'solid-js'

/**
 * Which part of a page is shown, kept in its address as `?part=`. The first part is the one without a name there. It is a signal of its
 * own because the router changes an address only when all that it leads to has been loaded, and a tab answers at once.
 */
export function createPart<T extends string>(parts: readonly [T, ...T[]]): [Accessor<T>, (part: T) => void] {
  const [query, setQuery] = useSearchParams<{ part?: string }>()
  const [part, setPart] = createSignal<T>(parts.find((part) => part === query.part) ?? parts[0])
  const show = (part: T): void => {
    setPart(() => part)
    setQuery({ part: part === parts[0] ? undefined : part }, { replace: true })
  }
  return [part, show]
}
