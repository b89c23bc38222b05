import { TokenScope } from '@shared/contract'
import { command, group } from '@shared/cli/command'
import { usage } from '@shared/cli/exit'
import { listOf, oneOf, span } from '@shared/cli/values'

const list = command({
  name: 'list',
  description: 'Your API tokens',
  args: {},
  examples: ['nekode tokens'],
  notes: ['JSON: {"items"} of tokens, without their texts.'],
  run: async ({ out, connect }) => {
    const { call } = await connect()
    out.list(
      await call('GET /api/tokens'),
      [
        { title: 'id', text: (t) => t.id },
        { title: 'name', text: (t) => t.name, style: () => 'bold' },
        { title: 'starts with', text: (t) => t.prefix },
        { title: 'scopes', text: (t) => t.scopes.join(',') },
        { title: 'last used', text: (t) => out.ago(t.lastUsedAt) },
        { title: 'expires', text: (t) => out.ago(t.expiresAt) },
      ],
      'You have no API tokens.',
    )
  },
})

const create = command({
  name: 'create',
  description: 'Make an API token for a program; its text is shown this once',
  args: {
    name: { type: 'positional', required: true, description: 'What it is for' },
    scopes: { type: 'string', default: 'read,write', description: 'Comma-separated: read, write, admin' },
    expires: { type: 'string', valueHint: 'TIME', description: 'When it stops working, such as 30d (default: never)' },
  },
  examples: ['nekode tokens create ci', 'nekode tokens create monitoring --scopes read --expires 90d > token.txt'],
  notes: [
    'read: see conversations, runs, agents, computers. write: take part in conversations, act on runs. admin: everything you may do, and the only one for agents’ settings, permission requests, computers, people and tokens.',
    'Standard output holds the token alone. JSON: the token’s data with "token".',
  ],
  run: async ({ args, host, out, connect }) => {
    const scopes = listOf(args.scopes).map((scope) => oneOf('--scopes', scope, TokenScope.options))
    if (scopes.length === 0) throw usage('--scopes is empty.')
    const expiresAt = args.expires === undefined ? undefined : host.now() + span('expires', args.expires)
    const { call } = await connect()
    const made = await call('POST /api/tokens', {
      body: { name: args.name, scopes, ...(expiresAt === undefined ? {} : { expiresAt }) },
    })
    out.show(made, () => made.token)
    out.note(`Keep it now: it is not shown again. It ends with “nekode tokens revoke ${made.id}”.`)
  },
})

const revoke = command({
  name: 'revoke',
  description: 'End an API token',
  args: { id: { type: 'positional', required: true, description: 'The token: tok_…' } },
  examples: ['nekode tokens revoke tok_0198c2f4a1b27c3e9d5f60718293a4b5'],
  run: async ({ args, out, connect }) => {
    const { call } = await connect()
    out.show(await call('DELETE /api/tokens/{id}', { params: { id: args.id } }), () => `Revoked ${args.id}.`)
  },
})

export const tokens = group({
  name: 'tokens',
  description: 'API tokens for programs',
  examples: ['nekode tokens', 'nekode tokens create ci --scopes read'],
  default: 'list',
  subCommands: { list, create, revoke },
})
