import { createSignal } from 'solid-js'
import { listKey } from '../store/state'

const [wanted, setWanted] = createSignal<{ key: string; id: string }>()

/** The message that a list was asked to show; a new object each time. */
export const revealed = wanted

/** Asks the list of a conversation to scroll so far that one of its loaded messages is in view. */
export const reveal = (target: string, threadId: string | null, id: string): void =>
  void setWanted({ key: listKey(target, threadId), id })
