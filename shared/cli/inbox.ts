import { InboxKind, type InboxItem, type Message, type Task } from '@shared/contract'
import type { Connection } from './account'
import { wish } from './approvals'
import { type Context, command, group } from './command'
import { usage } from './exit'
import { findTarget } from './names'
import { fit } from './table'
import { oneLine } from './text'
import { oneOf, whole } from './values'

/** How much of a message a line shows. */
const SHOWN = 200

const listArgs = {
  unread: { type: 'boolean', description: 'Only what you have not read' },
  kind: { type: 'string', description: 'thread, mention, approval or task' },
  target: { type: 'string', description: 'Only of this channel, person (@name) or dm:…' },
  limit: { type: 'string', default: '50', description: 'How many' },
  cursor: { type: 'string', description: 'The page after this one: “nextCursor” of the page before' },
  all: { type: 'boolean', description: 'As an agent: also what is over' },
} as const
type ListContext = Context<typeof listArgs>

const list = command({
  name: 'list',
  description: 'What waits for your look: unread first, then the latest first',
  args: listArgs,
  examples: ['nekode inbox', 'nekode inbox list --unread --kind mention --json'],
  notes: [
    'JSON: {"items", "messages", "approvals", "tasks", "unreadCount", "nextCursor"?}: items name what they are about by id.',
    'An agent sees what it owes an answer to. JSON then: a page {"items", "nextCursor"?} of {"delivery", "message"}.',
  ],
  run: async (context) => {
    const { args, out, connect } = context
    const limit = whole('limit', args.limit, 1, 200)
    const kind = args.kind === undefined ? {} : { kind: oneOf('--kind', args.kind, InboxKind.options) }
    const connection = await connect()
    if (connection.self) return listOwed(context, connection, limit)
    const where = args.target === undefined ? {} : { target: await findTarget(connection, args.target) }
    const page = await connection.call('GET /api/inbox', {
      query: {
        limit,
        ...kind,
        ...where,
        ...(args.unread ? { unread: 'true' as const } : {}),
        ...(args.cursor === undefined ? {} : { cursor: args.cursor }),
      },
    })
    const messages = new Map(page.messages.map((m) => [m.id, m]))
    const tasks = new Map(page.tasks.map((t) => [t.id, t]))
    const wishes = new Map(page.approvals.map((a) => [a.id, wish(a)]))
    out.list(
      page,
      [
        { title: 'id', text: (item) => item.id },
        { title: 'kind', text: (item) => item.kind },
        { title: 'where', text: (item) => item.target },
        { title: 'new', text: (item) => String(item.unreadCount), style: (item) => styleOf(item) },
        { title: 'when', text: (item) => out.ago(item.at) },
        {
          title: 'what',
          text: (item) => wishes.get(item.id) ?? about(item, tasks) ?? said(messages.get(item.messageId ?? '')),
        },
      ],
      'Nothing waits for you.',
    )
  },
})

/** What an agent owes an answer to. */
async function listOwed({ args, out }: ListContext, { call }: Connection, limit: number): Promise<void> {
  if (args.unread || args.kind !== undefined || args.target !== undefined)
    throw usage('--unread, --kind and --target are for people.', 'An agent has --all, --limit and --cursor.')
  const query = {
    limit,
    ...(args.all ? { all: 'true' as const } : {}),
    ...(args.cursor === undefined ? {} : { cursor: args.cursor }),
  }
  out.list(
    await call('GET /api/agent/inbox', { query }),
    [
      { title: 'id', text: ({ delivery }) => delivery.id },
      { title: 'state', text: ({ delivery }) => delivery.state },
      { title: 'where', text: ({ message }) => message?.target ?? '' },
      { title: 'when', text: ({ delivery }) => out.ago(delivery.createdAt) },
      { title: 'what', text: ({ message }) => said(message ?? undefined) },
    ],
    'Nothing waits for an answer.',
  )
}

const decline = command({
  name: 'decline',
  description: 'As an agent: say that a mention was seen and needs no answer',
  args: { id: { type: 'positional', required: true, description: 'The delivery, as “nekode inbox” shows it' } },
  examples: ['nekode inbox decline dlv_0198c2f4a1b27c3e9d5f60718293a4b5'],
  notes: ['JSON: the delivery.'],
  run: async ({ args, out, connect }) => {
    const { call } = await connect()
    const done = await call('POST /api/agent/inbox/{id}/decline', { params: { id: args.id }, body: {} })
    out.show(done, () => `${done.id} is ${done.state}.`)
  },
})

const styleOf = ({ state }: InboxItem): 'yellow' | undefined => (state === 'unread' ? 'yellow' : undefined)

const REASONS = { assigned: 'is yours', review: 'waits for your review', comment: 'was commented on' } as const

/** `#12 is yours: Write the docs` */
function about({ taskId, reason }: InboxItem, tasks: ReadonlyMap<string, Task>): string | undefined {
  const task = tasks.get(taskId ?? '')
  if (!task || reason === null) return undefined
  return `#${task.number} ${REASONS[reason]}: ${fit(oneLine(task.summary), SHOWN)}`
}

const said = (message: Message | undefined): string =>
  message === undefined ? '' : `@${message.sender.name}: ${fit(oneLine(message.content), SHOWN)}`

const args = {
  id: { type: 'positional', required: false, description: 'The item: inb_… or apr_…' },
  all: { type: 'boolean', description: 'Everything; permissions stay until they are decided' },
  target: { type: 'string', description: 'With --all: only of this channel, person (@name) or dm:…' },
} as const

const read = command({
  name: 'read',
  description: 'Mark an item, or everything, as read',
  args,
  examples: ['nekode inbox read inb_0198c2f4a1b27c3e9d5f60718293a4b5', 'nekode inbox read --all --target general'],
  notes: ['JSON: the item; with --all {"changed"}.'],
  run: (context) => mark(context, 'read'),
})

const done = command({
  name: 'done',
  description: 'Take an item, or everything, off the list; what moves again comes back',
  args,
  examples: ['nekode inbox done inb_0198c2f4a1b27c3e9d5f60718293a4b5', 'nekode inbox done --all'],
  notes: ['JSON: the item; with --all {"changed"}.'],
  run: (context) => mark(context, 'done'),
})

async function mark({ args: given, out, connect }: Context<typeof args>, state: 'read' | 'done'): Promise<void> {
  if ((given.id === undefined) !== (given.all === true))
    throw usage('Name one item, or say --all.', 'See what there is: nekode inbox')
  const connection = await connect()
  if (given.id !== undefined) {
    const item = await connection.call('POST /api/inbox/{id}', { params: { id: given.id }, body: { state } })
    out.show(item, () => `${item.id} is ${item.state}.`)
    return
  }
  const where = given.target === undefined ? {} : { target: await findTarget(connection, given.target) }
  const marked = await connection.call('POST /api/inbox/mark-all', { body: { state, ...where } })
  out.show(marked, () => `Marked ${marked.changed} as ${state}.`)
}

export const inbox = group({
  name: 'inbox',
  description: 'See what waits for your look: threads that you follow, mentions, permission requests, your tasks',
  examples: ['nekode inbox', 'nekode inbox done --all'],
  default: 'list',
  subCommands: { list, read, done, decline },
})
