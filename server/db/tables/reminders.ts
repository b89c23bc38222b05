import type { Actor, MissedPolicy, ReminderEventType, ReminderStatus, ScheduleKind } from '@shared/contract'
import type { Dialect } from '../dialect'

/** What is to be said later, and what became of it. */
export function remindersTables(d: Dialect) {
  const reminders = d.table(
    'reminders',
    {
      id: d.id().primaryKey(),
      channelId: d.id().notNull(),
      threadId: d.id(),
      messageId: d.id(),
      title: d.str(200).notNull(),
      prompt: d.text().notNull(),
      status: d.str(16).$type<ReminderStatus>().notNull(),
      scheduleKind: d.str(16).$type<ScheduleKind>().notNull(),
      schedule: d.str(500).notNull(),
      /** What the schedule came to, with the moment that intervals and RRULEs count from. */
      ruleKind: d.str(16).$type<Exclude<ScheduleKind, 'natural'>>().notNull(),
      rule: d.str(500).notNull(),
      anchorAt: d.ms().notNull(),
      timezone: d.str(64).notNull(),
      missed: d.str(8).$type<MissedPolicy>().notNull(),
      forKind: d.str(16).$type<'human' | 'agent'>(),
      forId: d.id(),
      creatorId: d.id().notNull(),
      createdBy: d.json<Actor>().notNull(),
      /** Agents that answered each other before the one that set it; 0 for a person’s. */
      hops: d.int().notNull(),
      cancelToken: d.str(64).notNull(),
      /** Of an active one only, so that what is due is found in the index. */
      nextRunAt: d.ms(),
      lastRunAt: d.ms(),
      runCount: d.int().notNull(),
      maxRuns: d.int(),
      lastError: d.text().notNull(),
      version: d.int().notNull(),
      createdAt: d.ms().notNull(),
      updatedAt: d.ms().notNull(),
    },
    (t) => [
      d.index('reminders_due').on(t.nextRunAt),
      d.index('reminders_channel').on(t.channelId, t.id),
      d.index('reminders_creator').on(t.creatorId, t.status),
      d.index('reminders_for').on(t.forId, t.id),
    ],
  )

  const reminderEvents = d.table(
    'reminder_events',
    {
      id: d.id().primaryKey(),
      reminderId: d.id().notNull(),
      type: d.str(16).$type<ReminderEventType>().notNull(),
      actor: d.json<Actor>().notNull(),
      at: d.ms().notNull(),
      scheduledAt: d.ms(),
      nextRunAt: d.ms(),
      messageId: d.id(),
      detail: d.text().notNull(),
    },
    (t) => [d.index('reminder_events_page').on(t.reminderId, t.id), d.index('reminder_events_age').on(t.at)],
  )

  return { reminders, reminderEvents }
}
