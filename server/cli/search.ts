import { command } from './command'
import { findTarget } from './names'
import { messageText } from './show'
import { whole } from './values'

export const search = command({
  name: 'search',
  description: 'Search the messages that you may see',
  args: {
    query: { type: 'positional', required: true, description: 'Words to look for' },
    target: { type: 'string', description: 'Only in this channel or direct conversation' },
    limit: { type: 'string', default: '20', description: 'How many' },
    cursor: { type: 'string', description: 'Go on after an earlier page: its nextCursor' },
  },
  examples: ['nekode search "out of memory"', 'nekode search deploy --target general --json'],
  notes: ['JSON: a page {"items", "nextCursor"?} of messages.'],
  run: async ({ args, out, connect }) => {
    const limit = whole('limit', args.limit, 1, 200)
    const connection = await connect()
    const target = args.target === undefined ? undefined : await findTarget(connection, args.target)
    const page = await connection.call('GET /api/messages/search', {
      query: {
        q: args.query,
        limit,
        ...(target === undefined ? {} : { target }),
        ...(args.cursor === undefined ? {} : { cursor: args.cursor }),
      },
    })
    if (page.items.length === 0) out.note('Nothing found.')
    out.show(page, () => page.items.map((m) => `${out.paint('dim', m.target)}\n${messageText(m, out)}`).join('\n\n'))
  },
})
