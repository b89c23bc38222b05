import { createSignal, onCleanup } from 'solid-js'

/** Where a command stands in the palette. `here`: about what is on screen. */
export type CommandGroup =
  'here' | 'create' | 'page' | 'conversation' | 'agent' | 'person' | 'computer' | 'preference' | 'message'

/** One line of the palette: a place to go to, something to do, or a choice that leads to further ones. */
export interface Command {
  /** The same for the same thing always: what somebody uses often comes first. */
  id: string
  group: CommandGroup
  icon: string
  label: string
  hint?: string | undefined
  /** Further words that it is found by. */
  words?: string | undefined
  /** The shortcut that does the same, as in `hotkeys`. */
  keys?: string | undefined
  href?: string | undefined
  run?: (() => void) | undefined
  /** What is to be chosen next, such as what to do with an agent. */
  steps?: (() => Command[]) | undefined
}

type Source = () => Command[]
const [sources, setSources] = createSignal<readonly Source[]>([])

/** Everything that is in the palette besides its own places and actions. */
export const addedCommands = (): Command[] => sources().flatMap((source) => source())

/**
 * Adds commands to the palette until the result is called. `source` is asked while the palette is open, so it reads signals and looks at
 * what the reader may do; texts are in their language at that moment:
 *
 *   addCommands(() => canWrite() ? [{ id: 'board.import', group: 'create', icon: 'i-lucide-upload', label: t('…'), run: importBoard }] : [])
 *
 * What belongs to a page and not to a component goes into the tables of `places` instead.
 */
export function addCommands(source: Source): () => void {
  setSources((all) => [...all, source])
  return () => void setSources((all) => all.filter((one) => one !== source))
}

/** Adds commands for as long as the component that calls it is on screen: what can be done with what it shows, in the group `here`. */
export function useCommands(source: Source): void {
  onCleanup(addCommands(source))
}
