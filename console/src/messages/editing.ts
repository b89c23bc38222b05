import { createSignal } from 'solid-js'
import { listKey, state } from '../store/state'
import { allowedOn } from './allowed'
import { reveal } from './reveal'

/** A message may be on screen twice, in its channel and above its thread: only one of the two is edited. */
export interface Editing {
  id: string
  inThread: boolean
  /** What was written so far, when the server refused it. */
  text?: string
}

const [editing, setEditing] = createSignal<Editing>()
export { editing }

export const isEditing = (id: string, inThread: boolean): boolean =>
  editing()?.id === id && editing()?.inThread === inThread

export const startEdit = (id: string, inThread: boolean, text?: string): void =>
  void setEditing({ id, inThread, ...(text === undefined ? {} : { text }) })

/** Leaves the field; the focus goes on to where the next message of that conversation is written. */
export function endEdit(): void {
  const inThread = editing()?.inThread ?? false
  setEditing(undefined)
  const fields = document.querySelectorAll<HTMLTextAreaElement>('textarea[data-composer]')
  fields[inThread ? fields.length - 1 : 0]?.focus()
}

/** Edits the reader's last message of a conversation, as arrow-up in an empty field does. Returns whether there is one. */
export function editLast(target: string, threadId: string | null): boolean {
  const ids = state.lists[listKey(target, threadId)]?.ids ?? []
  const id = ids.findLast((id) => {
    const message = state.messages[id]
    return message && allowedOn(message, state.me, state.channels[target]).edit
  })
  if (!id) return false
  reveal(target, threadId, id)
  startEdit(id, threadId !== null)
  return true
}
