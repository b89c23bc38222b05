import { createSignal, type Accessor } from 'solid-js'
import { createStore, produce } from 'solid-js/store'
import type { ServerEvent } from '@shared/contract'
import { put } from './apply'
import { onEvent, onRestart } from './feed'

export interface Collection<T> {
  /** By id, read-only. */
  items: Record<string, T>
  /** Takes in what a request answered with; what is older than what is here is left. */
  put: (...items: T[]) => void
  remove: (id: string) => void
  /** Grows when everything was forgotten: who shows the collection asks for it again. */
  era: Accessor<number>
}

interface CollectionOptions<T> {
  /** What the event carries, when it is about one of these. */
  ofEvent: (event: ServerEvent) => T | undefined
  idOf: (item: T) => string
  /** When it was changed, or its version: tells an answer that an event has overtaken. */
  age: (item: T) => number
}

/**
 * Entities of one kind, kept up to date by events: a view asks once, gives the answer to `put`, filters what is here, and never asks again
 * because something changed. Made once, beside the feature that it belongs to.
 */
export function createCollection<T extends object>({ ofEvent, idOf, age }: CollectionOptions<T>): Collection<T> {
  const [items, setItems] = createStore<Record<string, T>>({})
  const [era, setEra] = createSignal(0)
  const edit = (recipe: (draft: Record<string, T>) => void): void => setItems(produce(recipe))
  const remove = (id: string): void => edit((draft) => void delete draft[id])
  const take = (list: T[]): void =>
    edit((draft) => {
      for (const item of list) {
        const known = draft[idOf(item)]
        if (!known || age(known) <= age(item)) put(draft, idOf(item), item)
      }
    })
  onEvent((event) => {
    const item = ofEvent(event)
    if (!item) return
    if (event.operation === 'deleted') remove(idOf(item))
    else take([item])
  })
  onRestart(() => {
    edit((draft) => Object.keys(draft).forEach((id) => delete draft[id]))
    setEra((n) => n + 1)
  })
  return { items, put: (...list) => take(list), remove, era }
}
