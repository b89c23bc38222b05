import type { InboxItem, InboxState } from '@shared/contract'
import { DONE, type InboxRow, READ, UNREAD } from './store'

const STATES: Record<InboxState, number> = { unread: UNREAD, read: READ, done: DONE }

export const stateNumber = (state: InboxState): number => STATES[state]

const stateName = (state: number): InboxState => (state === UNREAD ? 'unread' : state === READ ? 'read' : 'done')

/** @param target of its channel, as it is called now */
export const inboxView = (row: InboxRow, target: string): InboxItem => ({
  // A permission is known by its own id, whether it was marked before or not.
  id: row.kind === 'approval' ? row.subjectId : row.id,
  kind: row.kind,
  state: stateName(row.state),
  target,
  threadId: row.threadId || null,
  taskId: row.kind === 'task' ? row.subjectId : null,
  reason: row.reason || null,
  messageId: row.messageId || null,
  unreadCount: row.unread,
  at: row.at,
})
