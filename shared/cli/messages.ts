import type { Delivery, Message, MessagePage } from '@shared/contract'
import type { Connection } from './account'
import { type Context, command, group } from './command'
import { Exit, type ExitCode, usage } from './exit'
import { follow } from './follow'
import { findTarget, loadNames } from './names'
import { messageText } from './show'
import { whole } from './values'

const PAGE = 200
/** The longest history that one command fetches. */
const MOST = 10_000
/** How many of the latest messages are remembered, so that none is shown twice. */
const REMEMBERED = 5000

const args = {
  target: {
    type: 'positional',
    required: true,
    description: 'Channel (general), person or agent (@name), or dm:… as “nekode channels” shows it',
  },
  thread: { type: 'string', valueHint: 'ID', description: 'Only this thread: the id of its first message' },
  topic: { type: 'string', valueHint: 'N', description: 'Only this topic: its number in the channel' },
  after: { type: 'string', valueHint: 'ID', description: 'Only messages after this one; 0: from the first one on' },
  q: { type: 'string', valueHint: 'TEXT', description: 'Only messages with these words, latest first' },
  limit: {
    type: 'string',
    default: '20',
    description: 'How many of the latest messages (0 with --follow: only new ones)',
  },
  follow: { type: 'boolean', alias: 'f', description: 'Go on with new messages until Ctrl-C' },
} as const
type MessagesContext = Context<typeof args>

const list = command({
  name: 'list',
  description: 'Read a channel, a thread or a direct conversation, oldest first',
  args,
  examples: [
    'nekode messages general',
    'nekode messages general --follow',
    'nekode messages @coder --limit 100 --json',
    'nekode messages general --follow --limit 0 --json | jq -r .content',
    'nekode messages list --room general --topic 1 --after 0',
  ],
  instead: { room: 'target', chat: 'target' },
  notes: [
    'JSON: {"items", "deliveries", "runs"}, items oldest first. With --follow: one message a line, as they come; a lost connection is resumed without a gap.',
  ],
  run: async (context) => {
    const { args, out } = context
    const limit = whole('limit', args.limit, args.follow ? 0 : 1, MOST)
    const connection = await context.connect()
    const where: Where = { target: await findTarget(connection, args.target) }
    const threadId = await threadOf(context, connection, where.target)
    if (threadId !== undefined) where.threadId = threadId
    if (args.follow) return followMessages(context, connection, where, limit)
    if (args.q !== undefined) return searchIn(context, connection, where.target, args.q)
    const read =
      args.after === undefined ? latest(connection, where, limit) : from(connection, where, args.after, limit)
    const [page, names] = await Promise.all([read, loadNames(connection)])
    if (page.items.length === 0) out.note('No messages yet.')
    out.show(page, () => page.items.map((m) => messageText(m, out, of(m, page.deliveries), names.agent)).join('\n\n'))
  },
})

/** @throws usage when the options say different things */
async function threadOf({ args }: MessagesContext, { call }: Connection, target: string): Promise<string | undefined> {
  const ways = [args.follow === true, args.after !== undefined, args.q !== undefined]
  if (ways.filter(Boolean).length > 1) throw usage('Use one of --follow, --after and --q.')
  if (args.q !== undefined && (args.thread ?? args.topic) !== undefined)
    throw usage('--q searches the whole channel: leave --thread and --topic out.')
  if (args.topic === undefined) return args.thread
  if (args.thread !== undefined) throw usage('Use one of --thread and --topic.')
  const number = whole('topic', args.topic, 1, Number.MAX_SAFE_INTEGER)
  return (await call('GET /api/channels/{target}/topics/{number}', { params: { target, number } })).threadId
}

async function searchIn(
  { args, out }: MessagesContext,
  { call }: Connection,
  target: string,
  q: string,
): Promise<void> {
  const limit = whole('limit', args.limit, 1, PAGE)
  const page = await call('GET /api/messages/search', { query: { q, target, limit } })
  if (page.items.length === 0) out.note('Nothing found.')
  out.show(page, () => page.items.map((m) => messageText(m, out)).join('\n\n'))
}

/** The first messages after one, oldest first. */
async function from({ call }: Connection, where: Where, id: string, limit: number): Promise<MessagePage> {
  const all: MessagePage = { items: [], deliveries: [], runs: [] }
  while (all.items.length < limit) {
    const count = Math.min(limit - all.items.length, PAGE)
    const page = await call('GET /api/messages', {
      query: { ...where, after: all.items.at(-1)?.id ?? id, limit: count },
    })
    all.items.push(...page.items)
    all.deliveries.push(...page.deliveries)
    all.runs.push(...page.runs)
    if (page.items.length < count) break
  }
  return all
}

const show = command({
  name: 'show',
  description: 'One message, and what became of it',
  args: { id: { type: 'positional', required: true, description: 'The message: msg_…' } },
  examples: ['nekode messages show msg_0198c2f4a1b27c3e9d5f60718293a4b5'],
  notes: ['JSON: {"message", "deliveries", "runs"}.'],
  run: async ({ args, out, connect }) => {
    const connection = await connect()
    const [found, names] = await Promise.all([
      connection.call('GET /api/messages/{id}', { params: { id: args.id } }),
      loadNames(connection),
    ])
    out.show(found, () => `${found.message.target}\n${messageText(found.message, out, found.deliveries, names.agent)}`)
  },
})

const of = (message: Message, deliveries: readonly Delivery[]): Delivery[] =>
  deliveries.filter((d) => d.messageId === message.id)

/** The latest messages, oldest first, out of as many pages as it takes. */
async function latest({ call }: Connection, where: Where, limit: number): Promise<MessagePage> {
  const page = await call('GET /api/messages', { query: { ...where, limit: Math.min(limit, PAGE) } })
  while (page.nextCursor !== undefined && page.items.length < limit) {
    const count = Math.min(limit - page.items.length, PAGE)
    const more = await call('GET /api/messages', { query: { ...where, limit: count, cursor: page.nextCursor } })
    page.items.push(...more.items)
    page.deliveries.push(...more.deliveries)
    page.runs.push(...more.runs)
    page.nextCursor = more.nextCursor
  }
  const { items, deliveries, runs } = page
  return { items: items.toReversed(), deliveries, runs }
}

/** All messages after one, oldest first. */
async function after({ call }: Connection, where: Where, id: string): Promise<Message[]> {
  const items: Message[] = []
  for (;;) {
    const page = await call('GET /api/messages', { query: { ...where, after: items.at(-1)?.id ?? id, limit: PAGE } })
    items.push(...page.items)
    if (page.items.length < PAGE) return items
  }
}

interface Where {
  target: string
  threadId?: string
}

/**
 * Prints each message once: first `limit` of the history, then what comes. The stream is open before history is read, so
 * what is written in between comes twice and never not at all; so does what a broken connection kept back.
 */
async function followMessages(
  { host, out }: MessagesContext,
  connection: Connection,
  where: Where,
  limit: number,
): Promise<ExitCode> {
  const names = await loadNames(connection)
  const seen = new Set<string>()
  let last: string | undefined
  let started = false
  const print = (message: Message, deliveries: readonly Delivery[] = []): void => {
    if (seen.has(message.id)) return
    seen.add(message.id)
    if (last === undefined || message.id > last) last = message.id
    for (const oldest of seen) {
      if (seen.size <= REMEMBERED) break
      seen.delete(oldest)
    }
    out.item(message, () => `${messageText(message, out, of(message, deliveries), names.agent)}\n`)
  }
  const catchUp = async (): Promise<void> => {
    if (last !== undefined) for (const message of await after(connection, where, last)) print(message)
    else {
      const page = await latest(connection, where, started ? MOST : limit)
      for (const message of page.items) print(message, page.deliveries)
    }
    started = true
  }
  if (limit === 0) {
    // The newest message marks where new ones begin; it has to be known before one can come.
    last = (await latest(connection, where, 1)).items.at(-1)?.id
    started = true
  }
  for await (const item of follow(connection, { target: where.target, signal: host.interrupted(), out })) {
    if (item.type === 'open' && !item.resumed) await catchUp()
    else if (item.type === 'event' && item.event.kind === 'message' && item.event.operation === 'created') {
      // A reaction to a message of last week does not make it new.
      if (within(item.event.payload, where)) print(item.event.payload)
    }
  }
  return Exit.interrupted
}

const within = (message: Message, { threadId }: Where): boolean =>
  threadId === undefined || message.threadId === threadId || message.id === threadId

export const messages = group({
  name: 'messages',
  description: 'Read a channel, a thread or a direct conversation, oldest first',
  examples: [
    'nekode messages general',
    'nekode messages general --follow',
    'nekode messages show msg_0198c2f4a1b27c3e9d5f60718293a4b5',
  ],
  default: 'list',
  open: true,
  subCommands: { list, show },
})
