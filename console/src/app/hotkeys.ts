import { createSignal, onCleanup } from 'solid-js'
import { Sequence } from './sequence'

/** One shortcut. The sheet of shortcuts is made of the same table, so it shows what is there at that moment and nothing else. */
export interface Hotkey {
  /** Names as `nameOf` in `sequence` makes them, with spaces between the keys of a sequence: `g i`, `shift+e`, `mod+k`. */
  keys: string
  /** What it does, in the reader's language. */
  label: () => string
  /** What it belongs to in the sheet, in the reader's language. */
  group: () => string
  /** Absent where the key is taken by the field or list that it is about; the sheet only tells of it. */
  run?: () => void
  /** Whether it means anything now; always when absent. */
  when?: () => boolean
  /** Also fires while somebody types. */
  inFields?: boolean
  /** Also fires while a window or a menu is open. */
  inWindows?: boolean
}

const [table, setTable] = createSignal<readonly Hotkey[]>([])

/** Every shortcut that works at this moment. */
export function hotkeys(): Hotkey[] {
  const now = table().filter((hotkey) => hotkey.when?.() ?? true)
  // What a page does with a key replaces what it does elsewhere.
  const last = new Map(now.filter(({ run }) => run).map((hotkey) => [hotkey.keys, hotkey]))
  return now.filter((hotkey) => !hotkey.run || last.get(hotkey.keys) === hotkey)
}

/** Adds shortcuts until the result is called. Of two with the same keys the one that was added later fires. */
export function addHotkeys(list: readonly Hotkey[]): () => void {
  setTable((before) => [...before, ...list])
  return () => void setTable((before) => before.filter((hotkey) => !list.includes(hotkey)))
}

/** Adds shortcuts for as long as the component that calls it is on screen. */
export function useHotkeys(list: readonly Hotkey[]): void {
  onCleanup(addHotkeys(list))
}

const isTyping = (target: EventTarget | null) =>
  target instanceof HTMLElement &&
  target.closest('input:not([type=checkbox]):not([type=radio]), textarea, select, [contenteditable]') !== null
const inWindow = () => document.querySelector('dialog[open], [popover]:popover-open') !== null
/** A button or link that has the focus keeps the keys that press it. */
const isPress = (event: KeyboardEvent) =>
  (event.key === 'Enter' || event.key === ' ') &&
  event.target instanceof HTMLElement &&
  event.target.closest('button, a, summary, [role=button], [role=tab]') !== null

const sequence = new Sequence<Hotkey>()

/** Carries out what a press stands for, unless it is text or somebody else has taken it. */
export function pressed(event: KeyboardEvent): void {
  if (event.defaultPrevented || event.isComposing) return
  if (isPress(event)) return
  const [typing, covered] = [isTyping(event.target), inWindow()]
  const usable = hotkeys().filter(
    (hotkey) => hotkey.run && (!typing || hotkey.inFields) && (!covered || hotkey.inWindows),
  )
  const found = sequence.press(event, usable)
  if (!found) return
  event.preventDefault()
  if (found !== 'half') found.run?.()
}
