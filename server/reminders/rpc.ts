import { MAX_REMINDER_TITLE, api } from '@shared/contract'
import { NekodeError } from '@shared/errors'
import type { ReminderSchedule } from '@shared/gen/nekode/daemon/v1/reminders_pb'
import type { Core } from '../core'
import { authorOf, participants, readerAt, readerWith } from '../rpc/acting'
import { callerOf } from '../rpc/caller'
import type { Handlers } from '../rpc/handlers'
import { onceFor } from '../rpc/once'
import { readPage } from '../rpc/page'
import { parseTarget } from '../rpc/target'
import { cut } from '../rpc/text'
import type { ReminderService } from './service'
import { kindOf, statusesOf, wireReminder, wireReminderEvent } from './wire'

type Method =
  'scheduleReminder' | 'listReminders' | 'cancelReminder' | 'snoozeReminder' | 'updateReminder' | 'getReminderLog'

/** Entries that one answer holds; the wire's list has no pages. */
const LOG = 100

type Spec =
  | { case: 'delaySeconds'; value: number }
  | { case: 'fireAt'; value: string }
  | { case: 'recurring'; value: ReminderSchedule }
  | { case: undefined; value?: undefined }

export function reminderRpc(core: Core, reminders: ReminderService): Handlers<Method> {
  return {
    async scheduleReminder(req, context) {
      const caller = callerOf(context)
      const author = authorOf(core, caller, req.context?.actor)
      const { target, threadId } = parseTarget(req.target || req.channel)
      const title = cut(req.title || req.name, MAX_REMINDER_TITLE).trim()
      const input = api['POST /api/reminders'].body.parse({
        target,
        ...(title ? { title } : {}),
        ...(req.prompt ? { prompt: req.prompt } : {}),
        ...whenOf(req.scheduleSpec, req.timezone),
        ...(req.msgId || threadId ? { msgRef: req.msgId || threadId } : {}),
      })
      const once = onceFor(core.idempotency, caller, 'ScheduleReminder', req, input)
      const { cancelToken, ...reminder } = await reminders.create(author, input, once)
      return { reminder: wireReminder(reminder, cancelToken) }
    },

    async listReminders(req, context) {
      const caller = callerOf(context)
      const { includeCanceled } = req
      const status = statusesOf(req.statuses)
      const target = req.target ? parseTarget(req.target).target : undefined
      const readers = target === undefined ? participants(core, caller) : [readerAt(core, caller, target)]
      const page = await readPage(core.serverId, req, { target: req.target }, (cursor, limit) =>
        reminders.list(readers, { target, status, includeCanceled, limit, cursor }),
      )
      return { reminders: page.items.map((one) => wireReminder(one)), ...page.next }
    },

    async cancelReminder(req, context) {
      const caller = callerOf(context)
      const author = authorOf(core, caller, req.context?.actor)
      const { reminderId, cancelToken } = req
      const once = onceFor(core.idempotency, caller, 'CancelReminder', req, { reminderId, cancelToken })
      try {
        const reminder = await reminders.cancel(author, reminderId, cancelToken || undefined, once)
        return { accepted: true, reminder: wireReminder(reminder) }
      } catch (error) {
        // The wire has an answer for this, and older clients read it.
        if (error instanceof NekodeError && error.code === 'cancel_token_wrong')
          return { accepted: false, reminder: wireReminder(await reminders.get(author, reminderId)) }
        throw error
      }
    },

    async snoozeReminder(req, context) {
      const caller = callerOf(context)
      const author = authorOf(core, caller, req.context?.actor)
      const { reminderId } = req
      const { delaySeconds } = api['POST /api/reminders/{id}/snooze'].body.parse({ delaySeconds: req.delaySeconds })
      const once = onceFor(core.idempotency, caller, 'SnoozeReminder', req, { reminderId, delaySeconds })
      return { reminder: wireReminder(await reminders.snooze(author, reminderId, delaySeconds, once)) }
    },

    async updateReminder(req, context) {
      const caller = callerOf(context)
      const author = authorOf(core, caller, req.context?.actor)
      const { reminderId } = req
      const input = api['PATCH /api/reminders/{id}'].body.parse({
        ...(req.title === undefined ? {} : { title: req.title }),
        ...whenOf(req.scheduleUpdate, req.timezone ?? ''),
      })
      const once = onceFor(core.idempotency, caller, 'UpdateReminder', req, { reminderId, ...input })
      return { reminder: wireReminder(await reminders.update(author, reminderId, input, once)) }
    },

    async getReminderLog({ reminderId }, context) {
      const { items } = await readerWith(core, callerOf(context), (reader) =>
        reminders.log(reader, reminderId, { limit: LOG }),
      )
      return { events: items.map(wireReminderEvent) }
    },
  }
}

function whenOf(spec: Spec, zone: string) {
  const timezone = (spec.case === 'recurring' ? spec.value.timezone : '') || zone
  const zoned = timezone ? { timezone } : {}
  switch (spec.case) {
    case 'delaySeconds':
      return { delaySeconds: spec.value, ...zoned }
    case 'fireAt':
      return { fireAt: spec.value, ...zoned }
    case 'recurring':
      return { schedule: spec.value.expression, scheduleKind: kindOf(spec.value.kind), ...zoned }
    case undefined:
      return zoned
  }
}
