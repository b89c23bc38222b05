import { command, group } from './command'
import { askNewPassword, inputLines } from './input'
import { oneOf } from './values'

const list = command({
  name: 'list',
  description: 'People on this server',
  args: {},
  examples: ['nekode users'],
  notes: ['JSON: {"items"} of users.'],
  run: async ({ out, connect }) => {
    const { call } = await connect()
    out.list(
      await call('GET /api/users'),
      [
        { title: 'name', text: (u) => u.username, style: () => 'bold' },
        { title: 'role', text: (u) => u.role },
        { title: 'since', text: (u) => out.ago(u.createdAt) },
        { title: 'id', text: (u) => u.id },
        { title: 'display name', text: (u) => u.displayName },
      ],
      'There are no users.',
    )
  },
})

const add = command({
  name: 'add',
  description: 'Add a person',
  args: {
    username: { type: 'positional', required: true, description: 'User name: a-z, 0-9, dot, dash, underscore' },
    role: { type: 'string', default: 'member', description: 'admin, member or viewer' },
    'display-name': { type: 'string', valueHint: 'NAME', description: 'Name for showing (default: the user name)' },
    'password-stdin': { type: 'boolean', description: 'Read the password from the first line of standard input' },
  },
  examples: ['nekode users add bob', 'nekode users add bob --role viewer --password-stdin < password.txt'],
  notes: ['JSON: the user.'],
  run: async ({ args, host, out, connect }) => {
    const role = oneOf('--role', args.role, ['admin', 'member', 'viewer'])
    const { call } = await connect()
    const password = args['password-stdin']
      ? ((await inputLines(host))[0] ?? '')
      : await askNewPassword(host, 'Use --password-stdin.')
    const displayName = args['display-name']
    const user = await call('POST /api/users', {
      body: { username: args.username, password, role, ...(displayName === undefined ? {} : { displayName }) },
    })
    out.show(user, () => `Added ${user.username} (${user.role}).`)
  },
})

export const users = group({
  name: 'users',
  description: 'People on the server',
  examples: ['nekode users', 'nekode users add bob'],
  default: 'list',
  subCommands: { list, add },
})
