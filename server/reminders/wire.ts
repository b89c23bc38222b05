import type { MessageInitShape } from '@bufbuild/protobuf'
import type { Actor, Reminder, ReminderEvent, ReminderEventType, ReminderStatus, ScheduleKind } from '@shared/contract'
import { NekodeError } from '@shared/errors'
import {
  ReminderActorType,
  type ReminderEventSchema,
  ReminderEventType as WireEvent,
  type ReminderRecordSchema,
  ReminderScheduleKind,
  ReminderStatus as WireStatus,
} from '@shared/gen/nekode/daemon/v1/reminders_pb'
import { seconds } from '../rpc/wire'

const STATUS: Record<ReminderStatus, WireStatus> = {
  active: WireStatus.ACTIVE,
  done: WireStatus.DONE,
  canceled: WireStatus.CANCELED,
  paused: WireStatus.PAUSED,
  failed: WireStatus.FAILED,
}
const KIND: Record<ScheduleKind, ReminderScheduleKind> = {
  cron: ReminderScheduleKind.CRON,
  every: ReminderScheduleKind.EVERY,
  at: ReminderScheduleKind.AT,
  rrule: ReminderScheduleKind.RRULE,
  natural: ReminderScheduleKind.NATURAL,
}
/** The wire has no word for a time that was skipped: it should have fired and could not. */
const EVENT: Record<ReminderEventType, WireEvent> = {
  created: WireEvent.CREATED,
  fired: WireEvent.FIRED,
  snoozed: WireEvent.SNOOZED,
  updated: WireEvent.UPDATED,
  canceled: WireEvent.CANCELED,
  missed: WireEvent.FAILED,
  failed: WireEvent.FAILED,
}

const bad = (what: string): NekodeError => new NekodeError('invalid', what, { code: 'invalid_request' })

/** @throws NekodeError for one that the wire does not have */
export function statusesOf(statuses: readonly WireStatus[]): ReminderStatus[] | undefined {
  if (!statuses.length) return undefined
  return statuses.slice(0, 10).map((status) => {
    const known = keyOf(STATUS, status)
    if (known) return known
    throw bad(`There is no reminder status ${status}.`)
  })
}

/** Without one it is words. @throws NekodeError for one that the wire does not have */
export function kindOf(kind: ReminderScheduleKind): ScheduleKind {
  if (kind === ReminderScheduleKind.UNSPECIFIED) return 'natural'
  const known = keyOf(KIND, kind)
  if (known) return known
  throw bad(`There is no kind of schedule ${kind}.`)
}

const keyOf = <K extends string, V>(map: Record<K, V>, value: V): K | undefined => {
  for (const key in map) if (map[key] === value) return key
  return undefined
}

/** @param cancelToken for whoever set it, and nobody else */
export const wireReminder = (r: Reminder, cancelToken = ''): MessageInitShape<typeof ReminderRecordSchema> => ({
  reminderId: r.id,
  target: r.target,
  scheduleKind: KIND[r.scheduleKind],
  schedule: r.schedule,
  prompt: r.prompt || r.title,
  enabled: r.status === 'active',
  nextRunUnix: seconds(r.nextRunAt),
  lastRunUnix: seconds(r.lastRunAt),
  runCount: r.runCount,
  lastError: r.lastError,
  title: r.title,
  status: STATUS[r.status],
  msgRef: r.messageId ?? '',
  ...(r.recurring ? { recurrence: { rule: r.rule, description: describe(r), timezone: r.timezone } } : {}),
  cancelToken,
})

/** As it was said, when that were words. */
const describe = (r: Reminder): string =>
  r.scheduleKind === 'natural'
    ? r.schedule
    : r.ruleKind === 'every'
      ? `every ${r.rule} seconds`
      : `${r.ruleKind} ${r.rule}`

export const wireReminderEvent = (e: ReminderEvent): MessageInitShape<typeof ReminderEventSchema> => ({
  eventId: e.id,
  reminderId: e.reminderId,
  eventType: EVENT[e.type],
  actorType: actorType(e.actor),
  actorId: e.actor.id,
  occurredTimeUnix: seconds(e.at),
  nextFireTimeUnix: seconds(e.nextRunAt),
  detail: e.detail,
})

function actorType({ kind }: Actor): ReminderActorType {
  if (kind === 'human') return ReminderActorType.HUMAN
  return kind === 'agent' ? ReminderActorType.AGENT : ReminderActorType.SYSTEM
}
