import { z } from 'zod'
import { MAX_DELAY_SECONDS } from '../schedule/limits'
import { MemberKind } from './channels'
import { Actor, Flag, Id, PageQuery, Target, Time, page } from './common'
import { routes } from './route'

/** `at` a moment, `every` so many seconds, by a `cron` line or an `rrule` (RFC 5545), or as somebody said it (`natural`). */
export const ScheduleKind = z.enum(['at', 'every', 'cron', 'rrule', 'natural'])
export type ScheduleKind = z.infer<typeof ScheduleKind>

/** `failed`: it can never fire again, and `lastError` says why. */
export const ReminderStatus = z.enum(['active', 'paused', 'done', 'canceled', 'failed'])
export type ReminderStatus = z.infer<typeof ReminderStatus>

/** What becomes of a time that passed while the server was not running: it fires once, late, or it is skipped. */
export const MissedPolicy = z.enum(['fire', 'skip'])
export type MissedPolicy = z.infer<typeof MissedPolicy>

export const ReminderEventType = z.enum(['created', 'fired', 'snoozed', 'updated', 'canceled', 'missed', 'failed'])
export type ReminderEventType = z.infer<typeof ReminderEventType>

export const MAX_REMINDER_TITLE = 200
export const MAX_REMINDER_PROMPT = 8_000
export const MAX_SCHEDULE = 500
export const MAX_RUNS = 100_000
export { MAX_DELAY_SECONDS }

export const Reminder = z.object({
  id: Id,
  target: Target,
  /** Where in the channel it fires; null at the top level. */
  threadId: z.string().nullable(),
  title: z.string(),
  /** Markdown; what is to be done. May be empty. */
  prompt: z.string(),
  status: ReminderStatus,
  /** As it was set: a moment (ISO 8601), seconds, a cron line, an RRULE, or words. */
  scheduleKind: ScheduleKind,
  schedule: z.string(),
  /** What words came to: `at`, `every`, `cron` or `rrule`. The same as `scheduleKind` for anything else. */
  ruleKind: ScheduleKind.exclude(['natural']),
  rule: z.string(),
  recurring: z.boolean(),
  /** IANA name of the zone that its times are in. */
  timezone: z.string(),
  missed: MissedPolicy,
  /** Whom it is for: an agent gets a delivery, a person a mention. Null: whoever reads the channel. */
  for: Actor.nullable(),
  createdBy: Actor,
  /** The message that it is about. */
  messageId: z.string().nullable(),
  nextRunAt: Time.nullable(),
  lastRunAt: Time.nullable(),
  runCount: z.number().int(),
  /** It is done after so many. */
  maxRuns: z.number().int().nullable(),
  lastError: z.string(),
  version: z.number().int(),
  createdAt: Time,
  updatedAt: Time,
})
export type Reminder = z.infer<typeof Reminder>

/** One line of a reminder's log. */
export const ReminderEvent = z.object({
  id: Id,
  reminderId: Id,
  type: ReminderEventType,
  actor: Actor,
  at: Time,
  /** Of a firing: when it should have been. */
  scheduledAt: Time.nullable(),
  nextRunAt: Time.nullable(),
  /** Of a firing: the message. */
  messageId: z.string().nullable(),
  detail: z.string(),
})
export type ReminderEvent = z.infer<typeof ReminderEvent>

const Title = z.string().trim().min(1).max(MAX_REMINDER_TITLE)
const Prompt = z.string().trim().max(MAX_REMINDER_PROMPT)
const Delay = z.number().int().min(1).max(MAX_DELAY_SECONDS)
const TimeZone = z.string().trim().min(1).max(64)
const ById = z.object({ id: Id })
const ExpectedVersion = z.number().int().min(1).optional()

/** When: exactly one of these when it is set, at most one when it is changed. */
const when = {
  delaySeconds: Delay.optional(),
  /** ISO 8601, Unix seconds, or a local time such as `2027-03-01 09:00` in the reminder’s zone. */
  fireAt: z.string().trim().min(1).max(64).optional(),
  schedule: z.string().trim().min(1).max(MAX_SCHEDULE).optional(),
  /** Of `schedule`. Default: natural. */
  scheduleKind: ScheduleKind.optional(),
  /** Default: UTC. */
  timezone: TimeZone.optional(),
}

const STATUSES = ReminderStatus.options.join(', ')
const StatusList = z
  .string()
  .max(100)
  .transform((text) => text.split(',').map((part) => part.trim()))
  .pipe(z.array(ReminderStatus, `some of ${STATUSES}, with commas between them`).min(1).max(10))

export const reminderRoutes = routes({
  'GET /api/reminders': {
    summary: 'Reminders of the channels that the caller may see, newest first; without canceled ones unless asked for',
    tag: 'reminders',
    who: ['user', 'agent'],
    query: PageQuery.extend({
      target: Target.optional(),
      status: StatusList.optional(),
      includeCanceled: Flag.optional(),
      /** Only those that are for this person or agent. */
      memberId: Id.optional(),
    }),
    response: page(Reminder),
  },
  'POST /api/reminders': {
    summary: 'Set a reminder in a channel: once, at intervals, by a cron line, an RRULE or in words',
    tag: 'reminders',
    who: ['user', 'agent'],
    role: 'member',
    status: 201,
    body: z.strictObject({
      target: Target,
      /** Default: the first line of the prompt. One of them is needed. */
      title: Title.optional(),
      prompt: Prompt.optional(),
      ...when,
      /** The message that it is about; it fires in that message’s thread. */
      msgRef: Id.optional(),
      /** Default: an agent that sets one means itself; a person’s in a direct conversation with an agent is for that agent. */
      for: z.strictObject({ kind: MemberKind, memberId: Id }).nullable().optional(),
      missed: MissedPolicy.optional(),
      maxRuns: z.number().int().min(1).max(MAX_RUNS).optional(),
    }),
    /** The token cancels it over the daemon protocol; nobody else is shown it. */
    response: Reminder.extend({ cancelToken: z.string() }),
    errors: ['schedule_invalid', 'too_many_reminders', 'idempotency_conflict', 'channel_archived'],
  },
  'POST /api/reminders/preview': {
    summary: 'What a schedule comes to, and when it would fire; nothing is set',
    tag: 'reminders',
    who: ['user', 'agent'],
    body: z.strictObject(when),
    response: z.object({
      ruleKind: ScheduleKind.exclude(['natural']),
      rule: z.string(),
      recurring: z.boolean(),
      timezone: z.string(),
      /** The next firings, five at most. */
      times: z.array(Time),
    }),
    errors: ['schedule_invalid'],
  },
  'GET /api/reminders/{id}': {
    summary: 'One reminder',
    tag: 'reminders',
    who: ['user', 'agent'],
    params: ById,
    response: Reminder,
  },
  'PATCH /api/reminders/{id}': {
    summary: 'Change a reminder, pause it or let it go on',
    tag: 'reminders',
    who: ['user', 'agent'],
    role: 'member',
    params: ById,
    body: z.strictObject({
      title: Title.optional(),
      prompt: Prompt.optional(),
      ...when,
      missed: MissedPolicy.optional(),
      paused: z.boolean().optional(),
      expectedVersion: ExpectedVersion,
    }),
    response: Reminder,
    errors: ['schedule_invalid', 'illegal_transition', 'version_conflict', 'channel_archived'],
  },
  'POST /api/reminders/{id}/snooze': {
    summary: 'Let it fire once more in so many seconds; a recurring one then goes on as before',
    tag: 'reminders',
    who: ['user', 'agent'],
    role: 'member',
    params: ById,
    body: z.strictObject({ delaySeconds: Delay }),
    response: Reminder,
    errors: ['illegal_transition', 'channel_archived'],
  },
  'POST /api/reminders/{id}/cancel': {
    summary: 'Cancel a reminder; one that is canceled already stays so',
    tag: 'reminders',
    who: ['user', 'agent'],
    role: 'member',
    params: ById,
    body: z.strictObject({ cancelToken: z.string().max(200).optional() }),
    response: Reminder,
    errors: ['illegal_transition', 'cancel_token_wrong'],
  },
  'GET /api/reminders/{id}/log': {
    summary: 'What happened to a reminder, newest first: every firing, change and failure of the last 90 days',
    tag: 'reminders',
    who: ['user', 'agent'],
    params: ById,
    query: PageQuery,
    response: page(ReminderEvent),
  },
})
