import { createSignal } from 'solid-js'
import type { Task } from '@shared/contract'
import { tasks } from './store'

const [selected, setSelected] = createSignal<ReadonlySet<string>>(new Set())
const [hovered, setHovered] = createSignal<string>()
const [opened, setOpened] = createSignal<string>()
let last: string | undefined

/** Ids of the tasks that are marked to be changed together. */
export { selected, setHovered, setOpened }

export const clearSelected = (): void => void setSelected(new Set<string>())

export function toggleSelected(id: string): void {
  const next = new Set(selected())
  if (!next.delete(id)) next.add(id)
  last = id
  setSelected(next)
}

/** Marks everything from the task that was marked last to this one. */
export function selectTo(id: string, order: readonly string[]): void {
  const [from, to] = [order.indexOf(last ?? id), order.indexOf(id)]
  const range = from < 0 ? [id] : order.slice(Math.min(from, to), Math.max(from, to) + 1)
  last = id
  setSelected(new Set([...selected(), ...range]))
}

/** The task that has the focus, or that the pointer is over, or else the one that is open. */
export function currentId(): string | undefined {
  const focused = document.activeElement?.closest<HTMLElement>('[data-task]')?.dataset['task']
  return focused ?? hovered() ?? opened()
}

/** What a key is about: the marked tasks, or the one at hand. */
export function atHand(): Task[] {
  const ids = selected().size ? [...selected()] : [currentId() ?? '']
  return ids.flatMap((id) => tasks.items[id] ?? [])
}
