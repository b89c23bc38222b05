import type { Actor, Reminder, ReminderEvent } from '@shared/contract'
import type { Row } from '../db/tables'

export type ReminderRow = Row<'reminders'>
export type ReminderEventRow = Row<'reminderEvents'>

/** @param place its channel's target as it is called now, and whom it is for as they are called now */
export const reminderView = (r: ReminderRow, place: { target: string; for: Actor | null }): Reminder => ({
  id: r.id,
  target: place.target,
  threadId: r.threadId,
  title: r.title,
  prompt: r.prompt,
  status: r.status,
  scheduleKind: r.scheduleKind,
  schedule: r.schedule,
  ruleKind: r.ruleKind,
  rule: r.ruleKind === 'at' ? new Date(r.anchorAt).toISOString() : r.rule,
  recurring: r.ruleKind !== 'at',
  timezone: r.timezone,
  missed: r.missed,
  for: place.for,
  createdBy: r.createdBy,
  messageId: r.messageId,
  nextRunAt: r.nextRunAt,
  lastRunAt: r.lastRunAt,
  runCount: r.runCount,
  maxRuns: r.maxRuns,
  lastError: r.lastError,
  version: r.version,
  createdAt: r.createdAt,
  updatedAt: r.updatedAt,
})

export const reminderEventView = (r: ReminderEventRow): ReminderEvent => ({ ...r })
