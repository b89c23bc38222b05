import type { MessageInitShape } from '@bufbuild/protobuf'
import { EventPayload } from '@shared/contract'
import { EventOperation, EventScopeType } from '@shared/gen/nekode/daemon/v1/common_pb'
import { CollaborationEventKind, type CollaborationEventSchema } from '@shared/gen/nekode/daemon/v1/events_pb'
import { newId } from '@shared/ids'
import type { ActivityService } from '../activity/service'
import type { ActivityRow } from '../activity/view'
import { wireActivity } from '../activity/wire'
import { wireRecord } from '../coordination/wire'
import type { LogEvent } from '../db/database'
import { wireMemory } from '../memory/wire'
import { wireMessage } from '../messages/wire'
import { wireReminder } from '../reminders/wire'
import { PROTOCOL_VERSION, seconds } from '../rpc/wire'
import { wireRun, wireStep } from '../runs/wire'
import { wireTask } from '../tasks/wire'
import { type Scope, operationOf } from './filter'

type EventInit = MessageInitShape<typeof CollaborationEventSchema>

/** An event of the log as the wire has it, with what it is filtered by. */
export interface Collaboration {
  kind: CollaborationEventKind
  operation: EventOperation
  scope: Scope
  target: string
  aggregateId: string
  event: EventInit
}

interface About {
  kind: CollaborationEventKind
  operation?: EventOperation
  scope: Scope
  aggregateId: string
  /** The id of what changed, under the name that the wire has for its kind. */
  ids: Pick<EventInit, 'messageId' | 'activityId' | 'runId' | 'taskId' | 'coordinationRecordId' | 'memoryRecordId'>
  payload: NonNullable<EventInit['payload']>
}

/** What the wire's log is about: messages, runs and their steps, activity, what is agreed on and remembered. The rest of our log is for the console. */
const KINDS = new Set(['message', 'task', 'run', 'run_step', 'activity', 'coordination', 'memory', 'reminder'])

export async function collaboration(events: readonly LogEvent[], activity: ActivityService): Promise<Collaboration[]> {
  const ours = events.filter((e) => KINDS.has(e.kind))
  const ids = ours.flatMap((e) => (e.kind === 'activity' ? e.aggregateId : []))
  const activities = await activity.named(ids)
  return ours.flatMap((e) => {
    const about = read(e, activities)
    return about ? whole(e, about) : []
  })
}

function read(e: LogEvent, activities: Map<string, ActivityRow>): About | undefined {
  // Of an earlier version, perhaps: what no longer has its form is left out.
  const payload: unknown = JSON.parse(e.payload)
  switch (e.kind) {
    case 'message': {
      const message = EventPayload.message.safeParse(payload).data
      if (!message) return undefined
      return {
        kind: CollaborationEventKind.MESSAGE,
        // A conversation grows by its messages; anything else is a change of one.
        ...(e.operation === 'created' ? { operation: EventOperation.APPENDED } : {}),
        scope: message.threadId
          ? { scopeType: EventScopeType.THREAD, scopeId: message.threadId, target: message.target }
          : { scopeType: EventScopeType.TARGET, scopeId: message.target, target: message.target },
        aggregateId: message.threadId ?? message.target,
        ids: { messageId: message.id, runId: message.runId ?? '' },
        payload: { case: 'message', value: wireMessage(message, e.sequence) },
      }
    }
    case 'run': {
      const run = EventPayload.run.safeParse(payload).data
      if (!run) return undefined
      return {
        kind: CollaborationEventKind.RUN,
        scope: { scopeType: EventScopeType.RUN, scopeId: run.id, target: run.target },
        aggregateId: run.id,
        ids: { runId: run.id, messageId: run.inputMessageId ?? '' },
        payload: { case: 'run', value: wireRun(run) },
      }
    }
    case 'coordination': {
      const record = EventPayload.coordination.safeParse(payload).data
      if (!record) return undefined
      return {
        kind: CollaborationEventKind.COORDINATION,
        scope: { scopeType: EventScopeType.TARGET, scopeId: record.target, target: record.target },
        aggregateId: record.subjectId,
        ids: { coordinationRecordId: record.id, taskId: record.taskId },
        payload: { case: 'coordinationRecord', value: wireRecord(record) },
      }
    }
    case 'memory': {
      const memory = EventPayload.memory.safeParse(payload).data
      if (!memory) return undefined
      return {
        kind: CollaborationEventKind.MEMORY,
        scope: { scopeType: EventScopeType.AGENT, scopeId: memory.agentId, target: memory.target ?? '' },
        aggregateId: memory.agentId,
        ids: { memoryRecordId: memory.id },
        payload: { case: 'memoryRecord', value: wireMemory(memory) },
      }
    }
    case 'reminder': {
      const reminder = EventPayload.reminder.safeParse(payload).data
      if (!reminder) return undefined
      return {
        kind: CollaborationEventKind.REMINDER,
        scope: { scopeType: EventScopeType.TARGET, scopeId: reminder.target, target: reminder.target },
        aggregateId: reminder.id,
        ids: {},
        payload: { case: 'reminder', value: wireReminder(reminder) },
      }
    }
    case 'run_step': {
      const step = EventPayload.run_step.safeParse(payload).data
      if (!step) return undefined
      return {
        kind: CollaborationEventKind.RUN_STEP,
        scope: { scopeType: EventScopeType.RUN, scopeId: step.runId, target: e.target ?? '' },
        aggregateId: step.runId,
        ids: { runId: step.runId },
        payload: { case: 'runStep', value: wireStep(step) },
      }
    }
    case 'task': {
      const task = EventPayload.task.safeParse(payload).data
      if (!task) return undefined
      return {
        kind: CollaborationEventKind.TASK,
        scope: { scopeType: EventScopeType.TASK, scopeId: task.id, target: task.target },
        aggregateId: task.id,
        ids: { taskId: task.id },
        payload: { case: 'task', value: wireTask(task) },
      }
    }
    default: {
      const row = activities.get(e.aggregateId)
      if (!row) return undefined
      return {
        kind: CollaborationEventKind.ACTIVITY,
        scope: { scopeType: EventScopeType.AGENT, scopeId: row.agentId, target: row.target },
        aggregateId: row.target,
        ids: { activityId: row.id, runId: row.runId ?? '' },
        payload: { case: 'activity', value: wireActivity(row, e.sequence) },
      }
    }
  }
}

function whole(e: LogEvent, { kind, scope, aggregateId, ids, payload, operation: own }: About): Collaboration {
  const operation = own ?? operationOf(e.operation)
  const target = e.target ?? ''
  return {
    kind,
    operation,
    scope,
    target,
    aggregateId,
    event: {
      ...ids,
      eventId: e.id,
      target,
      kind,
      createdTimeUnix: seconds(e.createdAt),
      sequence: BigInt(e.sequence),
      aggregateId,
      protocolVersion: PROTOCOL_VERSION,
      operation,
      scope,
      payload,
    },
  }
}

/** A sign of life on a stream of collaboration events. */
export const collaborationPing = (sequence: number): EventInit => ({
  eventId: newId('evt'),
  kind: CollaborationEventKind.PING,
  operation: EventOperation.HEARTBEAT,
  createdTimeUnix: seconds(Date.now()),
  sequence: BigInt(sequence),
  protocolVersion: PROTOCOL_VERSION,
})
