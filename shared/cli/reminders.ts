import { type Reminder, ReminderStatus, ScheduleKind, MissedPolicy } from '@shared/contract'
import { command, group } from './command'
import { usage } from './exit'
import { givenText } from './input'
import { findMember, findTarget } from './names'
import type { Output } from './output'
import { indent, neutralise, oneLine } from './text'
import { listOf, oneOf, span, whole } from './values'

const id = { type: 'positional', required: true, description: 'The reminder: rem_…' } as const
const target = { type: 'string', description: 'Only of this channel, or @name of a direct conversation' } as const
const limit = { type: 'string', default: '50', description: 'How many, newest first' } as const
const cursor = { type: 'string', description: 'Go on after an earlier page: its nextCursor' } as const
const EXAMPLE = 'rem_0198c2f4a1b27c3e9d5f60718293a4b5'

const when = (ms: number | null): string =>
  ms === null ? '' : new Date(ms).toISOString().slice(0, 16).replace('T', ' ')

const list = command({
  name: 'list',
  description: 'Reminders that you may see',
  args: {
    target,
    status: {
      type: 'string',
      description: `Some of ${ReminderStatus.options.join(', ')}; all but canceled unless given`,
    },
    limit,
    cursor,
  },
  examples: ['nekode reminders', 'nekode reminders list --target general --status active --json'],
  notes: ['JSON: a page {"items", "nextCursor"?} of reminders. Times are in UTC.'],
  run: async ({ args, out, connect }) => {
    const connection = await connect()
    const where = args.target === undefined ? undefined : await findTarget(connection, args.target)
    const statuses = listOf(args.status ?? '').map((s) => oneOf('--status', s, ReminderStatus.options))
    const page = await connection.call('GET /api/reminders', {
      query: {
        limit: whole('limit', args.limit, 1, 200),
        ...(where === undefined ? {} : { target: where }),
        ...(statuses.length ? { status: statuses.join(',') } : {}),
        ...(args.cursor === undefined ? {} : { cursor: args.cursor }),
      },
    })
    out.list(
      page,
      [
        { title: 'id', text: (r) => r.id },
        { title: 'status', text: (r) => r.status },
        { title: 'next (UTC)', text: (r) => when(r.nextRunAt) },
        { title: 'where', text: (r) => r.target },
        { title: 'for', text: (r) => (r.for ? `@${r.for.name}` : '') },
        { title: 'when', text: (r) => (r.recurring ? oneLine(r.schedule) : 'once') },
        { title: 'title', text: (r) => oneLine(r.title), style: () => 'bold' },
      ],
      'There are no reminders.',
    )
  },
})

const show = command({
  name: 'show',
  description: 'One reminder',
  args: { id },
  examples: [`nekode reminders show ${EXAMPLE}`],
  notes: ['JSON: the reminder.'],
  run: async ({ args, out, connect }) => {
    const { call } = await connect()
    record(out, await call('GET /api/reminders/{id}', { params: { id: args.id } }))
  },
})

function record(out: Output, r: Reminder): void {
  out.record(r, [
    ['title', r.title],
    ['status', r.lastError ? `${r.status}: ${r.lastError}` : r.status],
    ['next (UTC)', when(r.nextRunAt)],
    ['where', r.target],
    ['for', r.for ? `@${r.for.name}` : ''],
    ['set by', `@${r.createdBy.name}`],
    ['when', `${r.schedule} (${r.scheduleKind}, ${r.timezone})`],
    ['when missed', r.missed],
    ['fired', r.maxRuns === null ? `${r.runCount} times` : `${r.runCount} of ${r.maxRuns} times`],
    ['id', r.id],
  ])
  if (!out.json && r.prompt) out.line(indent(neutralise(r.prompt)))
}

const schedule = {
  in: { type: 'string', valueHint: 'TIME', description: 'So much later: 20m, 3h, 2d' },
  at: { type: 'string', valueHint: 'TIME', description: 'At that time: 2027-03-01T09:00, in the zone' },
  when: {
    type: 'string',
    valueHint: 'WORDS',
    description: 'In words: “tomorrow at 9”, “every weekday 8:30”, “每天9点”',
  },
  every: { type: 'string', valueHint: 'TIME', description: 'Again and again: 15m, 2h, 1d' },
  cron: { type: 'string', valueHint: 'LINE', description: 'By a cron line: “0 9 * * 1-5”' },
  rrule: { type: 'string', valueHint: 'RULE', description: 'By an RRULE: “FREQ=MONTHLY;BYDAY=-1FR;BYHOUR=16”' },
  zone: {
    type: 'string',
    valueHint: 'ZONE',
    description: 'IANA zone of the times; that of this computer unless given',
  },
} as const

type Given = Partial<Record<keyof typeof schedule, string | undefined>>

/** What the API takes; undefined when nothing was given. Throws `usage` for several. */
function scheduleOf(given: Given) {
  const ways = (['in', 'at', 'when', 'every', 'cron', 'rrule'] as const).filter((way) => given[way] !== undefined)
  if (ways.length > 1) throw usage('Give one of --in, --at, --when, --every, --cron and --rrule.')
  const [way] = ways
  const text = way === undefined ? '' : (given[way] ?? '')
  switch (way) {
    case undefined:
      return undefined
    case 'in':
      return { delaySeconds: Math.ceil(span('in', text) / 1000) }
    case 'at':
      return { fireAt: text }
    case 'when':
      return { schedule: text, scheduleKind: ScheduleKind.enum.natural }
    case 'every':
    case 'cron':
    case 'rrule':
      return { schedule: text, scheduleKind: ScheduleKind.enum[way] }
  }
}

const add = command({
  name: 'add',
  description: 'Set a reminder in a channel or a direct conversation',
  args: {
    channel: { type: 'positional', required: true, description: 'The channel, or @name of a direct conversation' },
    title: { type: 'positional', required: true, description: 'What it is about, in a line' },
    text: { type: 'positional', required: false, description: 'What is to be done; “-” reads standard input' },
    ...schedule,
    for: {
      type: 'string',
      valueHint: 'NAME',
      description: 'Whom it is for: an agent is set to work, a person is mentioned',
    },
    missed: {
      type: 'string',
      default: 'fire',
      description: `When the server was not running then: ${MissedPolicy.options.join(' (late, once) or ')}`,
    },
    times: { type: 'string', valueHint: 'N', description: 'Done after so many' },
  },
  examples: [
    'nekode reminders add general "Stand-up" --when "every weekday 9:30"',
    'nekode reminders add general "Summarise the day" --cron "0 18 * * 1-5" --for @coder',
    'nekode reminders add @coder "Look at the build again" --in 20m',
  ],
  notes: ['JSON: the reminder, with the token that cancels it.'],
  run: async ({ args, host, out, connect }) => {
    const time = scheduleOf(args)
    if (!time) throw usage('Say when: with --in, --at, --when, --every, --cron or --rrule.')
    const connection = await connect()
    const prompt = args.text === undefined ? undefined : await givenText(host, 'prompt', { text: args.text })
    const whom = args.for === undefined ? undefined : await findMember(connection, args.for)
    const made = await connection.call('POST /api/reminders', {
      body: {
        target: await findTarget(connection, args.channel),
        title: args.title,
        ...(prompt === undefined ? {} : { prompt }),
        ...time,
        timezone: args.zone ?? Intl.DateTimeFormat().resolvedOptions().timeZone,
        missed: oneOf('--missed', args.missed, MissedPolicy.options),
        ...(whom ? { for: { kind: whom.kind, memberId: whom.memberId } } : {}),
        ...(args.times === undefined ? {} : { maxRuns: whole('times', args.times, 1, 100_000) }),
      },
      idempotencyKey: crypto.randomUUID(),
    })
    out.show(made, () => `Set ${made.id}: next at ${when(made.nextRunAt)} UTC.`)
  },
})

const edit = command({
  name: 'edit',
  description: 'Give a reminder another title or time, pause it or let it go on',
  args: {
    id,
    title: { type: 'string', description: 'What it is about' },
    ...schedule,
    pause: { type: 'boolean', description: 'Do not fire until it goes on' },
    resume: { type: 'boolean', description: 'Go on' },
  },
  examples: [`nekode reminders edit ${EXAMPLE} --when "every monday at 9"`, `nekode reminders edit ${EXAMPLE} --pause`],
  notes: ['JSON: the reminder.'],
  run: async ({ args, out, connect }) => {
    if (args.pause && args.resume) throw usage('Give one of --pause and --resume.')
    const body = {
      ...(args.title === undefined ? {} : { title: args.title }),
      ...scheduleOf(args),
      ...(args.zone === undefined ? {} : { timezone: args.zone }),
      ...(args.pause || args.resume ? { paused: Boolean(args.pause) } : {}),
    }
    if (Object.keys(body).length === 0) throw usage('Say what to change: a title, a time, --pause or --resume.')
    const { call } = await connect()
    record(out, await call('PATCH /api/reminders/{id}', { params: { id: args.id }, body }))
  },
})

const snooze = command({
  name: 'snooze',
  description: 'Let a reminder fire once more, so much later',
  args: { id, time: { type: 'positional', required: true, description: 'How much: 15m, 2h, 1d' } },
  examples: [`nekode reminders snooze ${EXAMPLE} 15m`],
  notes: ['JSON: the reminder.'],
  run: async ({ args, out, connect }) => {
    const { call } = await connect()
    const r = await call('POST /api/reminders/{id}/snooze', {
      params: { id: args.id },
      body: { delaySeconds: Math.ceil(span('time', args.time) / 1000) },
      idempotencyKey: crypto.randomUUID(),
    })
    out.show(r, () => `Snoozed: next at ${when(r.nextRunAt)} UTC.`)
  },
})

const cancel = command({
  name: 'cancel',
  description: 'Cancel a reminder',
  args: { id },
  examples: [`nekode reminders cancel ${EXAMPLE}`],
  notes: ['JSON: the reminder.'],
  run: async ({ args, out, connect }) => {
    const { call } = await connect()
    const r = await call('POST /api/reminders/{id}/cancel', { params: { id: args.id }, body: {} })
    out.show(r, () => `Canceled “${oneLine(r.title)}”.`)
  },
})

const log = command({
  name: 'log',
  description: 'What happened to a reminder: every firing, change and failure',
  args: { id, limit, cursor },
  examples: [`nekode reminders log ${EXAMPLE}`],
  notes: ['JSON: a page {"items", "nextCursor"?}.'],
  run: async ({ args, out, connect }) => {
    const { call } = await connect()
    const page = await call('GET /api/reminders/{id}/log', {
      params: { id: args.id },
      query: {
        limit: whole('limit', args.limit, 1, 200),
        ...(args.cursor === undefined ? {} : { cursor: args.cursor }),
      },
    })
    out.list(
      page,
      [
        { title: 'at (UTC)', text: (e) => when(e.at) },
        { title: 'what', text: (e) => e.type, style: () => 'bold' },
        { title: 'by', text: (e) => (e.actor.kind === 'system' ? '' : `@${e.actor.name}`) },
        { title: 'next (UTC)', text: (e) => when(e.nextRunAt) },
        { title: 'message', text: (e) => e.messageId ?? '' },
        { title: 'detail', text: (e) => oneLine(e.detail) },
      ],
      'Nothing in the last 90 days.',
    )
  },
})

export const reminders = group({
  name: 'reminders',
  description: 'What is to be said later, once or again and again',
  examples: ['nekode reminders', 'nekode reminders add general "Stand-up" --when "every weekday 9:30"'],
  default: 'list',
  subCommands: { list, show, add, edit, snooze, cancel, log },
})
