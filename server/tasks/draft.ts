import type { Actor, NewTask } from '@shared/contract'
import { newId } from '@shared/ids'
import type { Channel } from '../directory/directory'
import type { TaskRow } from './view'

/** What somebody says about a task that is to be. */
export type Draft = Omit<NewTask, 'target' | 'state' | 'blockedReason' | 'parentId' | 'requestId'>

export interface DraftOf {
  channel: Channel
  actor: Actor
  number: number
  parent?: TaskRow | undefined
  /** When it has one already. */
  id?: string | undefined
}

/** The row of a new task, with what was left unsaid filled in. */
export function newTask({ channel, actor, number, parent, id = newId('tsk') }: DraftOf, input: Draft): TaskRow {
  const now = Date.now()
  return {
    id,
    number,
    channelId: channel.id,
    target: channel.target,
    summary: input.summary,
    description: input.description ?? '',
    state: 'todo',
    columnName: 'todo',
    ownColumn: false,
    priority: input.priority ?? 'none',
    labels: input.labels ?? [],
    dueAt: input.dueAt ?? null,
    assigneeId: input.assigneeId ?? null,
    reviewerIds: input.reviewerIds ?? [],
    createdBy: actor,
    createdById: actor.id,
    source: actor.kind === 'agent' ? 'agent' : 'human',
    blockedReason: '',
    parentId: parent?.id ?? null,
    rootId: parent?.rootId ?? id,
    graphVersion: 1,
    claimPolicy: input.claimPolicy ?? 'exclusive',
    claimConflict: input.claimConflict ?? 'fail_with_reason',
    requiredCapabilities: input.requiredCapabilities ?? [],
    assignedTarget: input.assignedTarget ?? '',
    threadId: null,
    deliveryId: null,
    splitId: null,
    attempts: 0,
    failures: 0,
    releasedAt: null,
    version: 1,
    createdAt: now,
    updatedAt: now,
    closedAt: null,
  }
}
