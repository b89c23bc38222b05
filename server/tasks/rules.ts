import { NekodeError } from '@shared/errors'
import type { Core } from '../core'
import type { Channel } from '../directory/directory'
import type { Worker } from './book'
import { notHolder } from './errors'
import { type ClaimRow, type TaskRow, type TaskState, isAgent } from './view'

/**
 * Whether somebody may change a task. People who write in its channel may. While a task is claimed no agent may but those that hold a
 * claim of it; otherwise an agent may when it is the task's own: its assignee, its author, or a reviewer.
 */
export function mayChange(p: Worker, row: TaskRow, held: ClaimRow[]): void {
  if (!isOwn(p, row, held)) throw notHolder(row, held.find((c) => c.mode === 'owner')?.holder.name)
}

/** As `mayChange`, as a question. */
export function isOwn(p: Worker, row: TaskRow, held: ClaimRow[]): boolean {
  if (p.kind === 'user' || held.some((c) => c.holderId === p.id)) return true
  if (held.some((c) => c.mode === 'owner')) return false
  return row.assigneeId === p.id || row.createdById === p.id || row.reviewerIds.includes(p.id)
}

/** What an agent may not do to a state although the table of transitions would allow it. */
export function mayMove(p: Worker, row: TaskRow, to: TaskState, held: ClaimRow[]): void {
  if (p.kind === 'user' || to === row.state) return
  const reviews = row.reviewerIds.includes(p.id)
  if (to === 'in_progress' && !held.some((c) => c.holderId === p.id) && !(reviews && row.state === 'in_review'))
    throw notHolder(row, undefined)
  if (to === 'done' && row.reviewerIds.length && !reviews)
    throw new NekodeError('forbidden', `#${row.number} has reviewers; one of them closes it.`, {
      code: 'review_required',
      next: 'Set it to in_review.',
    })
}

/** Who a task may be given to: whoever reads its channel; an agent has to be in it. */
export function assignable({ directory }: Core, channel: Channel, id: string): void {
  if (isAgent(id)) {
    const agent = directory.agent(id)
    if (!agent) throw new NekodeError('not_found', 'There is no such agent.', { code: 'assignee_unknown' })
    if (directory.member(channel.id, 'agent', id)) return
    throw new NekodeError('conflict', `@${agent.name} is not a member of ${channel.target}.`, {
      code: 'not_a_member',
      next: 'Add it to the channel first.',
    })
  }
  const user = directory.user(id)
  if (!user || user.disabledAt !== null)
    throw new NekodeError('not_found', 'There is no such person.', { code: 'assignee_unknown' })
  if (channel.visibility === 'public' || directory.member(channel.id, 'human', id)) return
  throw new NekodeError('conflict', `@${user.username} is not a member of ${channel.target}.`, {
    code: 'not_a_member',
    next: 'Add them to the channel first.',
  })
}
