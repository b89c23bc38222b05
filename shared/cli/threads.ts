import type { Thread } from '@shared/contract'
import { type Context, command, group } from './command'
import { findTarget } from './names'
import { fit } from './table'
import { oneLine } from './text'
import { whole } from './values'

/** How much of a message a line shows. */
const SHOWN = 200

const list = command({
  name: 'list',
  description: 'Threads that you may read, those that moved last first',
  args: {
    target: { type: 'string', description: 'Only of this channel, person (@name) or dm:…' },
    followed: { type: 'boolean', description: 'Only those that you follow' },
    limit: { type: 'string', default: '50', description: 'How many' },
    cursor: { type: 'string', description: 'The page after this one: “nextCursor” of the page before' },
  },
  examples: ['nekode threads', 'nekode threads list --target general --followed --json'],
  notes: ['JSON: a page {"items", "nextCursor"?} of threads.'],
  run: async ({ args, out, connect }) => {
    const limit = whole('limit', args.limit, 1, 200)
    const connection = await connect()
    const where = args.target === undefined ? {} : { target: await findTarget(connection, args.target) }
    const page = await connection.call('GET /api/threads', {
      query: {
        limit,
        ...where,
        ...(args.followed ? { followed: 'true' as const } : {}),
        ...(args.cursor === undefined ? {} : { cursor: args.cursor }),
      },
    })
    out.list(
      page,
      [
        { title: 'id', text: (t) => t.id },
        { title: 'where', text: (t) => t.target },
        { title: 'replies', text: (t) => String(t.replyCount) },
        { title: 'new', text: (t) => String(t.unreadCount), style: (t) => (t.unreadCount ? 'yellow' : undefined) },
        { title: 'last reply', text: (t) => out.ago(t.lastReplyAt) },
        { title: 'followed', text: (t) => (t.followed ? 'yes' : 'no') },
        { title: 'begins with', text: (t) => `@${t.root.sender.name}: ${fit(oneLine(t.root.content), SHOWN)}` },
      ],
      'There are no threads.',
    )
  },
})

const id = { type: 'positional', required: true, description: 'The thread: the id of any of its messages' } as const

const follow = command({
  name: 'follow',
  description: 'Follow a thread: what is said in it comes to your inbox',
  args: { id },
  examples: ['nekode threads follow msg_0198c2f4a1b27c3e9d5f60718293a4b5'],
  notes: ['You follow by yourself what you began, were mentioned in or replied to. JSON: the thread.'],
  run: (context) => say(context, true),
})

const unfollow = command({
  name: 'unfollow',
  description: 'Stop following a thread; mentions still reach you',
  args: { id },
  examples: ['nekode threads unfollow msg_0198c2f4a1b27c3e9d5f60718293a4b5'],
  notes: ['JSON: the thread.'],
  run: (context) => say(context, false),
})

const read = command({
  name: 'read',
  description: 'Mark a thread as read, with the mentions in it',
  args: { id },
  examples: ['nekode threads read msg_0198c2f4a1b27c3e9d5f60718293a4b5'],
  run: async ({ args, out, connect }) => {
    const { call } = await connect()
    const ok = await call('POST /api/inbox/threads/{threadId}/read', { params: { threadId: args.id } })
    out.show(ok, () => `${args.id} is read.`)
  },
})

async function say({ args, out, connect }: Context<{ id: typeof id }>, wanted: boolean): Promise<void> {
  const { call } = await connect()
  const params = { id: args.id }
  const thread: Thread = wanted
    ? await call('PUT /api/threads/{id}/follow', { params })
    : await call('DELETE /api/threads/{id}/follow', { params })
  out.show(thread, () => `You ${thread.followed ? 'follow' : 'do not follow'} ${thread.id} in ${thread.target}.`)
}

export const threads = group({
  name: 'threads',
  description: 'See threads, and follow them or not; “nekode messages TARGET --thread ID” reads one',
  examples: ['nekode threads', 'nekode threads unfollow msg_0198c2f4a1b27c3e9d5f60718293a4b5'],
  default: 'list',
  subCommands: { list, follow, unfollow, read },
})
