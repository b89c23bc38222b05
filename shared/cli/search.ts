import { command } from './command'
import { findTarget } from './names'
import { messageText } from './show'
import { oneOf, whole } from './values'

export const search = command({
  name: 'search',
  description: 'Search the messages that you may see',
  args: {
    query: { type: 'positional', required: true, description: 'Words to look for' },
    target: { type: 'string', description: 'Only in this channel or direct conversation' },
    sort: { type: 'string', default: 'recent', description: 'Which come first: recent or relevance' },
    limit: { type: 'string', default: '20', description: 'How many' },
    cursor: { type: 'string', description: 'Go on after an earlier page: its nextCursor' },
  },
  examples: [
    'nekode search \'"out of memory" from:ada has:code\'',
    'nekode search deploy --target general --json',
    "nekode search '部署失败 -test after:2026-01-31'",
  ],
  notes: [
    'All words have to be there; "words in quotes" together, -word not. Filters: from:name, in:#channel, has:link|code|file|image,',
    'kind:decision|blocker|status, before:2026-01-31, after:2026-01-31 (midnight UTC).',
    'JSON: a page {"items", "nextCursor"?} of messages.',
  ],
  run: async ({ args, out, connect }) => {
    const limit = whole('limit', args.limit, 1, 200)
    const sort = oneOf('sort', args.sort, ['recent', 'relevance'])
    const connection = await connect()
    const target = args.target === undefined ? undefined : await findTarget(connection, args.target)
    const page = await connection.call('GET /api/messages/search', {
      query: {
        q: args.query,
        limit,
        sort,
        ...(target === undefined ? {} : { target }),
        ...(args.cursor === undefined ? {} : { cursor: args.cursor }),
      },
    })
    if (page.items.length === 0) out.note('Nothing found.')
    out.show(page, () => page.items.map((m) => `${out.paint('dim', m.target)}\n${messageText(m, out)}`).join('\n\n'))
  },
})
