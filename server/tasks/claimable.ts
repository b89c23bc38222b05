import type { TaskClaimMode } from '@shared/contract'
import type { Tx } from '../db/database'
import type { Directory } from '../directory/directory'
import type { TaskBook, Worker } from './book'
import { name, words } from './errors'
import type { TaskRow, TaskState } from './view'

export interface Attempt {
  p: Worker
  row: TaskRow
  mode: TaskClaimMode
  /** Whether somebody has it as its owner. */
  claimed: boolean
  expectedAssigneeId: string | undefined
}

const STATES: Record<TaskClaimMode, readonly TaskState[]> = {
  owner: ['todo', 'in_progress'],
  reviewer: ['in_review'],
  assistant: ['in_progress'],
}

/** Why a task is not to be claimed by somebody, whoever else has it: a code and a sentence. Nothing when it is. */
export async function refusal(
  book: TaskBook,
  tx: Tx,
  { p, row, mode, claimed, expectedAssigneeId }: Attempt,
): Promise<[reason: string, message: string] | undefined> {
  const policy = row.claimPolicy
  if (policy === 'unclaimable') return ['not_claimable', `${name(row)} is assigned by people.`]
  if (policy === 'reviewer_only' && mode !== 'reviewer')
    return ['not_claimable', `${name(row)} is to be claimed for review only.`]
  if (!STATES[mode].includes(row.state))
    return ['not_claimable', `${name(row)} is ${words(row.state)}; it is claimed when ${list(STATES[mode])}.`]
  if (mode === 'reviewer' && row.reviewerIds.length && !row.reviewerIds.includes(p.id))
    return ['not_claimable', `Others review ${name(row)}.`]
  if (expectedAssigneeId !== undefined && row.assigneeId !== expectedAssigneeId)
    return ['assignee_changed', `${name(row)} is not assigned to whom you expected.`]
  const free = row.assigneeId === null || row.assigneeId === p.id || row.assigneeId === expectedAssigneeId
  if (mode === 'owner' && !free && !claimed && policy !== 'shared')
    return ['already_assigned', `${name(row)} is assigned to somebody else.`]
  if (p.kind === 'agent') {
    const missing = missingOf(book.core.directory, p.id, row)
    if (missing.length) return ['missing_capability', `${name(row)} needs ${missing.join(', ')}.`]
  }
  const open = mode === 'owner' ? await book.edges.open(row.id, tx.q) : []
  if (!open.length) return undefined
  return ['dependencies_open', `${name(row)} waits for ${open.map((t) => `#${t.number}`).join(', ')}.`]
}

const list = (states: readonly TaskState[]): string => states.map(words).join(' or ')

/** An agent can what it is: its runtime, its model, and the words of its description. */
function missingOf(directory: Directory, agentId: string, row: TaskRow): string[] {
  const agent = directory.agent(agentId)
  const words = [agent?.runtimeKind, agent?.model, ...(agent?.description ?? '').split(/[\s,;]+/)]
  const has = new Set(words.map((word) => word?.toLowerCase()))
  return row.requiredCapabilities.filter((c) => !has.has(c.toLowerCase()))
}
