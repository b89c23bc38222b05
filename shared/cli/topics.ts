import type { Topic } from '@shared/contract'
import { command, group } from './command'
import { givenText } from './input'
import { findTarget } from './names'
import type { Output } from './output'
import { oneLine } from './text'
import { whole } from './values'

const channel = { type: 'positional', required: true, description: 'The channel, with or without “#”' } as const
const number = { type: 'positional', required: true, description: 'The topic’s number' } as const

const MOST = 10_000

function record(out: Output, t: Topic): void {
  out.record(t, [
    ['number', String(t.number)],
    ['title', oneLine(t.title)],
    ['state', t.closedAt === null ? 'open' : 'closed'],
    ['thread', t.threadId],
    ['replies', String(t.replyCount)],
    ['begun by', `@${t.createdBy.name}`],
  ])
}

const list = command({
  name: 'list',
  description: 'Topics of a channel: its threads that have a name',
  args: {
    channel,
    open: { type: 'boolean', description: 'Only those that are not closed' },
    limit: { type: 'string', default: '50', description: 'How many, the latest first' },
    cursor: { type: 'string', description: 'Go on after an earlier page: its nextCursor' },
  },
  examples: ['nekode topics list general', 'nekode topics list general --open --json'],
  instead: { room: 'channel' },
  notes: ['JSON: a page {"items", "nextCursor"?} of topics.'],
  run: async ({ args, out, connect }) => {
    const connection = await connect()
    const page = await connection.call('GET /api/channels/{target}/topics', {
      params: { target: await findTarget(connection, args.channel) },
      query: {
        limit: whole('limit', args.limit, 1, 200),
        ...(args.open ? { closed: 'false' as const } : {}),
        ...(args.cursor === undefined ? {} : { cursor: args.cursor }),
      },
    })
    out.list(
      page,
      [
        { title: 'number', text: (t) => String(t.number) },
        { title: 'title', text: (t) => oneLine(t.title), style: () => 'bold' },
        { title: 'state', text: (t) => (t.closedAt === null ? 'open' : 'closed') },
        { title: 'replies', text: (t) => String(t.replyCount) },
        { title: 'last', text: (t) => (t.lastReplyAt === null ? '' : out.ago(t.lastReplyAt)) },
        { title: 'thread', text: (t) => t.threadId },
      ],
      'There are no topics.',
    )
  },
})

const create = command({
  name: 'create',
  description: 'Begin a topic, or give a name to a thread',
  args: {
    channel,
    title: { type: 'positional', required: true, description: 'What it is called' },
    text: { type: 'positional', required: false, description: 'Its first message; “-” reads standard input' },
    thread: { type: 'string', valueHint: 'MESSAGE', description: 'A message of the thread that gets the name' },
  },
  examples: [
    'nekode topics create general Investigation "@coder have a look"',
    'nekode topics create --room general Investigation',
  ],
  instead: { room: 'channel' },
  notes: ['JSON: the topic. Write in it with nekode send --thread, and the thread that it names.'],
  run: async ({ args, host, out, connect }) => {
    const content = args.text === undefined ? undefined : await givenText(host, 'message', { text: args.text })
    const connection = await connect()
    const topic = await connection.call('POST /api/channels/{target}/topics', {
      params: { target: await findTarget(connection, args.channel) },
      body: {
        title: args.title,
        ...(content === undefined ? {} : { content }),
        ...(args.thread === undefined ? {} : { threadId: args.thread }),
      },
      idempotencyKey: crypto.randomUUID(),
    })
    record(out, topic)
  },
})

const show = command({
  name: 'show',
  description: 'One topic',
  args: { channel, number },
  examples: ['nekode topics show general 1'],
  notes: ['JSON: the topic.'],
  run: async ({ args, out, connect }) => {
    const connection = await connect()
    const params = {
      target: await findTarget(connection, args.channel),
      number: String(whole('number', args.number, 1, MOST)),
    }
    record(out, await connection.call('GET /api/channels/{target}/topics/{number}', { params }))
  },
})

const change = (name: 'close' | 'open', description: string) =>
  command({
    name,
    description,
    args: { channel, number },
    examples: [`nekode topics ${name} general 1`],
    notes: ['JSON: the topic.'],
    run: async ({ args, out, connect }) => {
      const connection = await connect()
      const params = {
        target: await findTarget(connection, args.channel),
        number: String(whole('number', args.number, 1, MOST)),
      }
      const body = { closed: name === 'close' }
      record(out, await connection.call('PATCH /api/channels/{target}/topics/{number}', { params, body }))
    },
  })

const rename = command({
  name: 'rename',
  description: 'Give a topic another name',
  args: { channel, number, title: { type: 'positional', required: true, description: 'What it is called now' } },
  examples: ['nekode topics rename general 1 "The red build"'],
  notes: ['JSON: the topic.'],
  run: async ({ args, out, connect }) => {
    const connection = await connect()
    const params = {
      target: await findTarget(connection, args.channel),
      number: String(whole('number', args.number, 1, MOST)),
    }
    const body = { title: args.title }
    record(out, await connection.call('PATCH /api/channels/{target}/topics/{number}', { params, body }))
  },
})

export const topics = group({
  name: 'topics',
  description: 'Threads of a channel that have a name',
  examples: ['nekode topics list general', 'nekode topics create general Investigation'],
  subCommands: {
    list,
    create,
    show,
    rename,
    close: change('close', 'Say that a topic is settled; it still takes messages'),
    open: change('open', 'Say that a topic is not settled after all'),
  },
})
