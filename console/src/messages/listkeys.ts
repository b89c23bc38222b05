import { state } from '../store/state'
import { allowedOn } from './allowed'
import { startEdit } from './editing'
import { openOverlay } from './overlay'

interface ListKeys {
  inThread: boolean
  /** Ids of what is in the list, in its order. */
  rows: () => string[]
  /** Brings a row into view. */
  show: (at: number) => void
  onThread?: ((id: string) => void) | undefined
}

/** What the focus can be on: what somebody said, not what the system noted. */
const isSaid = (id: string): boolean => {
  const message = state.messages[id]
  return message !== undefined && message.system === null && message.sender.kind !== 'system'
}

const find = (list: HTMLElement, id: string) => list.querySelector<HTMLElement>(`[data-message="${CSS.escape(id)}"]`)

/** Puts the focus on a message of a list, which may have to be drawn first. */
function focusRow(list: HTMLElement, keys: ListKeys, at: number, tries = 10): void {
  const id = keys.rows()[at] ?? ''
  const row = find(list, id)
  if (row) {
    row.focus({ preventScroll: true })
    return row.scrollIntoView({ block: 'nearest' })
  }
  keys.show(at)
  if (tries > 0) requestAnimationFrame(() => focusRow(list, keys, at, tries - 1))
}

/** The keys of a list of messages while the focus is in it. Returns whether the press meant something. */
export function pressInList(event: KeyboardEvent & { currentTarget: HTMLElement }, keys: ListKeys): boolean {
  const { target, currentTarget: list } = event
  if (event.ctrlKey || event.metaKey || event.altKey || !(target instanceof HTMLElement)) return false
  if (target.closest('input, textarea, select, [popover], dialog')) return false
  const row = target.closest<HTMLElement>('[data-message]')
  const id = row?.dataset['message']
  const rows = keys.rows()
  const step = (by: 1 | -1) => {
    let at = id ? rows.indexOf(id) + by : by < 0 ? rows.length - 1 : rows.findIndex((each) => find(list, each))
    while (rows[at] !== undefined && !isSaid(rows[at] ?? '')) at += by
    if (rows[at] !== undefined) focusRow(list, keys, at)
    return true
  }
  if (event.key === 'j' || event.key === 'ArrowDown') return id !== undefined && step(1)
  if (event.key === 'k' || event.key === 'ArrowUp') return step(-1)
  const message = id ? state.messages[id] : undefined
  if (!row || !message) return false
  // A button in the message keeps the keys that press it.
  if (event.key === 'Enter') return target === row && openThread(keys, message.threadId ?? message.id)
  return actOn(event.key, row, message.id, keys)
}

function openThread(keys: ListKeys, id: string): boolean {
  keys.onThread?.(id)
  return keys.onThread !== undefined
}

function actOn(key: string, row: HTMLElement, id: string, keys: ListKeys): boolean {
  const message = state.messages[id]
  if (!message) return false
  const may = allowedOn(message, state.me, state.channels[message.target])
  const { inThread, onThread } = keys
  switch (key) {
    case 'r':
      return openThread(keys, message.threadId ?? message.id)
    case 'e':
      if (may.edit) startEdit(id, inThread)
      return may.edit
    case '+':
      if (may.join) openOverlay({ kind: 'emoji', messageId: id, inThread, anchor: row, onThread })
      return may.join
    case 's':
      if (message.deletedAt === null) void import('./menuitems').then(({ toggleSaved }) => toggleSaved(id))
      return message.deletedAt === null
    case 'm':
      openOverlay({ kind: 'menu', messageId: id, inThread, anchor: row, onThread })
      return true
    default:
      return false
  }
}
