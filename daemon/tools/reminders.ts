import { MAX_REMINDER_PROMPT, MAX_REMINDER_TITLE, MAX_SCHEDULE, type Reminder } from '@shared/contract/reminders'
import { z } from 'zod'
import { type McpTool, mcpTool } from '../mcp/server'
import type { ToolDeps } from './deps'

/** What an agent has itself told later. */
export const reminderTools = (deps: ToolDeps) => ({
  set_reminder: setReminder(deps),
  list_reminders: listReminders(deps),
  cancel_reminder: cancelReminder(deps),
})

const setReminder = ({ calls }: ToolDeps): McpTool =>
  mcpTool({
    name: 'set_reminder',
    description:
      'Have yourself told something later: then you get a turn in that channel. Use it instead of waiting. Recurring ones are at least 10 minutes apart and end after 100 times.',
    input: z.strictObject({
      target: z.string().trim().min(1).max(200).describe('The channel, direct conversation or thread: "#general".'),
      title: z.string().trim().min(1).max(MAX_REMINDER_TITLE).describe('What it is about, in a line.'),
      prompt: z.string().trim().max(MAX_REMINDER_PROMPT).optional().describe('What is to be done then.'),
      when: z
        .string()
        .trim()
        .min(1)
        .max(MAX_SCHEDULE)
        .describe('In words: "in 20 minutes", "tomorrow at 9", "every weekday 8:30", "每天9点".'),
      timezone: z.string().max(64).optional().describe('IANA zone of the time, such as Europe/Berlin. Default: UTC.'),
    }),
    async call({ target, title, prompt, when, timezone }, agentId) {
      const key = crypto.randomUUID()
      const [, place = target, thread] = /^(.+):(msg_[^:]+)$/.exec(target) ?? []
      const reminder = await calls.api(agentId, (call) =>
        call('POST /api/reminders', {
          body: {
            target: place,
            title,
            schedule: when,
            ...(prompt ? { prompt } : {}),
            ...(timezone ? { timezone } : {}),
            ...(thread ? { msgRef: thread } : {}),
          },
          idempotencyKey: key,
        }),
      )
      return `Set. ${shown(reminder)}`
    },
  })

const listReminders = ({ calls }: ToolDeps): McpTool =>
  mcpTool({
    name: 'list_reminders',
    description: 'List your own reminders that are still to come.',
    input: z.strictObject({}),
    readOnly: true,
    async call(_, agentId) {
      const { items } = await calls.api(agentId, (call) =>
        call('GET /api/reminders', { query: { memberId: agentId, status: 'active,paused', limit: 50 } }),
      )
      return items.map(shown).join('\n') || 'You have no reminders.'
    },
  })

const cancelReminder = ({ calls }: ToolDeps): McpTool =>
  mcpTool({
    name: 'cancel_reminder',
    description: 'Cancel a reminder of your own, so that it does not fire again.',
    input: z.strictObject({ id: z.string().trim().min(1).max(80).describe('The reminder: rem_…') }),
    async call({ id }, agentId) {
      await calls.api(agentId, (call) => call('POST /api/reminders/{id}/cancel', { params: { id }, body: {} }))
      return 'Canceled.'
    },
  })

const shown = (r: Reminder): string =>
  `${r.id} [${r.status}] ${r.title} in ${r.target}: ${r.nextRunAt === null ? 'not again' : `next at ${new Date(r.nextRunAt).toISOString()}`}${r.recurring ? `, ${r.schedule}` : ''}`
