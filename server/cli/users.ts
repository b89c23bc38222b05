import { type User, UserRole } from '@shared/contract'
import { NekodeError } from '@shared/errors'
import type { Connection } from '@shared/cli/account'
import { command, group } from '@shared/cli/command'
import { askNewPassword, confirm, inputLines } from '@shared/cli/input'
import { listOf, oneOf, span } from '@shared/cli/values'

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

const person = { type: 'positional', required: true, description: 'User name, or id' } as const

/** Whom a command is about; `removed` looks among those who were removed. */
async function find({ call }: Connection, text: string, removed = false): Promise<User> {
  const name = text.replace(/^@/, '')
  const { items } = removed ? await call('GET /api/users/removed') : await call('GET /api/users')
  const user = items.find((each) => each.id === name || each.username === name)
  if (user) return user
  throw new NekodeError(
    'not_found',
    `There is nobody called ${name}${removed ? ' among those who were removed' : ''}.`,
    {
      next: 'Look at the list: nekode users',
    },
  )
}

const invite = command({
  name: 'invite',
  description: 'Make a link that lets one person join',
  args: {
    role: { type: 'string', default: 'member', description: 'owner, admin, member or viewer' },
    channels: { type: 'string', valueHint: 'LIST', description: 'Channels to join besides #general, comma-separated' },
    note: { type: 'string', valueHint: 'TEXT', description: 'For whom it is' },
    expires: { type: 'string', valueHint: 'TIME', description: 'When it stops working, 1h to 30d (default: 7d)' },
  },
  examples: ['nekode users invite', 'nekode users invite --role viewer --channels ops,news --note Grace --expires 1d'],
  notes: ['Standard output holds the link alone; it works once. JSON: the invite with "code" and "url".'],
  run: async ({ args, out, connect }) => {
    const { call } = await connect()
    const made = await call('POST /api/invites', {
      body: {
        role: oneOf('--role', args.role, UserRole.options),
        ...(args.channels === undefined ? {} : { channels: listOf(args.channels) }),
        ...(args.note === undefined ? {} : { note: args.note }),
        ...(args.expires === undefined
          ? {}
          : { expiresInHours: Math.round(span('expires', args.expires) / 3_600_000) }),
      },
    })
    out.show(made, () => made.url)
    out.note(`Send it to one person; it is not shown again. It ends with “nekode users uninvite ${made.id}”.`)
  },
})

const invites = command({
  name: 'invites',
  description: 'Links that were made for joining',
  args: {},
  examples: ['nekode users invites'],
  notes: ['JSON: {"items"} of invites, without their codes.'],
  run: async ({ out, connect }) => {
    const { call } = await connect()
    out.list(
      await call('GET /api/invites', { query: { limit: 200 } }),
      [
        { title: 'id', text: (i) => i.id },
        { title: 'role', text: (i) => i.role },
        { title: 'note', text: (i) => i.note },
        { title: 'made', text: (i) => out.ago(i.createdAt) },
        { title: 'expires', text: (i) => out.ago(i.expiresAt) },
        { title: 'used', text: (i) => out.ago(i.usedAt) },
      ],
      'There are no invites.',
    )
  },
})

const uninvite = command({
  name: 'uninvite',
  description: 'Revoke an invite that nobody has used',
  args: { id: { type: 'positional', required: true, description: 'The invite: tkt_…' } },
  examples: ['nekode users uninvite tkt_0198c2f4a1b27c3e9d5f60718293a4b5'],
  run: async ({ args, out, connect }) => {
    const { call } = await connect()
    out.show(await call('DELETE /api/invites/{id}', { params: { id: args.id } }), () => `Revoked ${args.id}.`)
  },
})

const role = command({
  name: 'role',
  description: 'Change what somebody may do',
  args: {
    username: person,
    role: { type: 'positional', required: true, description: 'owner, admin, member or viewer' },
  },
  examples: ['nekode users role bob admin'],
  notes: ['Only owners make owners, and the last one stays one. JSON: the user.'],
  run: async ({ args, out, connect }) => {
    const wanted = oneOf('ROLE', args.role, UserRole.options)
    const server = await connect()
    const { id } = await find(server, args.username)
    const user = await server.call('PATCH /api/users/{id}', { params: { id }, body: { role: wanted } })
    out.show(user, () => `${user.username} is ${user.role} now.`)
  },
})

const remove = command({
  name: 'remove',
  description: 'Remove somebody: sessions and tokens end at once, messages stay',
  args: { username: person, yes: { type: 'boolean', description: 'Do not ask' } },
  examples: ['nekode users remove bob', 'nekode users remove bob --yes'],
  run: async ({ args, host, out, connect }) => {
    const server = await connect()
    const { id, username } = await find(server, args.username)
    await confirm(host, args.yes, `${username} is logged out everywhere and cannot come in any more.`)
    out.show(await server.call('DELETE /api/users/{id}', { params: { id } }), () => `Removed ${username}.`)
  },
})

const restore = command({
  name: 'restore',
  description: 'Let somebody who was removed in again',
  args: { username: person },
  examples: ['nekode users restore bob'],
  notes: ['JSON: the user.'],
  run: async ({ args, out, connect }) => {
    const server = await connect()
    const { id } = await find(server, args.username, true)
    const user = await server.call('POST /api/users/{id}/restore', { params: { id } })
    out.show(user, () => `${user.username} can log in again.`)
  },
})

const reset = command({
  name: 'reset-password',
  description: 'Make a link that lets somebody choose a new password',
  args: { username: person },
  examples: ['nekode users reset-password bob'],
  notes: ['Standard output holds the link alone; it works once, for a day. JSON: {"id", "code", "url", "expiresAt"}.'],
  run: async ({ args, out, connect }) => {
    const server = await connect()
    const { id } = await find(server, args.username)
    const made = await server.call('POST /api/users/{id}/reset', { params: { id } })
    out.show(made, () => made.url)
  },
})

const resetSecondFactor = command({
  name: 'reset-second-factor',
  description: 'Switch off the second factor of somebody who has lost it',
  args: { username: person, yes: { type: 'boolean', description: 'Do not ask' } },
  examples: ['nekode users reset-second-factor bob'],
  run: async ({ args, host, out, connect }) => {
    const server = await connect()
    const { id, username } = await find(server, args.username)
    await confirm(host, args.yes, `The password alone will let ${username} in.`)
    const done = await server.call('DELETE /api/users/{id}/second-factor', { params: { id } })
    out.show(done, () => `${username} has no second factor any more.`)
  },
})

const logOut = command({
  name: 'logout',
  description: 'End all sessions of somebody; API tokens go on',
  args: { username: person },
  examples: ['nekode users logout bob'],
  notes: ['JSON: {"ended"}.'],
  run: async ({ args, out, connect }) => {
    const server = await connect()
    const { id } = await find(server, args.username)
    const done = await server.call('DELETE /api/users/{id}/sessions', { params: { id } })
    out.show(done, () => `Ended ${done.ended} sessions.`)
  },
})

export const users = group({
  name: 'users',
  description: 'People on the server',
  examples: ['nekode users', 'nekode users invite --note Grace', 'nekode users role bob admin'],
  default: 'list',
  subCommands: {
    list,
    add,
    invite,
    invites,
    uninvite,
    role,
    remove,
    restore,
    'reset-password': reset,
    'reset-second-factor': resetSecondFactor,
    logout: logOut,
  },
})
