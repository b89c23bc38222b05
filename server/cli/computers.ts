import type { Computer, RuntimeInfo } from '@shared/contract'
import { command, group } from '@shared/cli/command'
import { confirm } from '@shared/cli/input'
import { findComputer } from '@shared/cli/names'
import { type Style, table } from '@shared/cli/table'
import { span } from '@shared/cli/values'

const computer = { type: 'positional', required: true, description: 'Id, name or host name' } as const

const STATUS: Record<Computer['status'], Style> = { online: 'green', stale: 'yellow', offline: 'dim' }

const list = command({
  name: 'list',
  description: 'Computers that agents can live on',
  args: {},
  examples: ['nekode computers'],
  notes: ['JSON: {"items"} of computers with their runtimes.'],
  run: async ({ out, connect }) => {
    const { call } = await connect()
    out.list(
      await call('GET /api/computers'),
      [
        { title: 'name', text: (c) => c.displayName + (c.local ? ' (this server)' : ''), style: () => 'bold' },
        { title: 'status', text: (c) => c.status, style: (c) => STATUS[c.status] },
        { title: 'seen', text: (c) => out.ago(c.lastSeenAt) },
        { title: 'system', text: (c) => `${c.os}/${c.arch}` },
        { title: 'id', text: (c) => c.id },
        {
          title: 'runtimes',
          text: (c) =>
            c.runtimes
              .filter((r) => r.installed)
              .map((r) => r.kind)
              .join(' '),
        },
      ],
      'There are no computers. Add one: nekode computers add',
    )
  },
})

const show = command({
  name: 'show',
  description: 'One computer with the coding agents found on it',
  args: { computer },
  examples: ['nekode computers show build-box'],
  notes: ['JSON: the computer.'],
  run: async ({ args, out, connect }) => {
    const c = await findComputer(await connect(), args.computer)
    out.record(c, [
      ['name', c.displayName],
      ['status', `${c.status}, seen ${out.ago(c.lastSeenAt)}`],
      ['host', c.hostname],
      ['system', `${c.os}/${c.arch}`],
      ['daemon', c.version],
      ['id', c.id],
    ])
    if (out.json || c.runtimes.length === 0) return
    const runtimes = table(
      c.runtimes,
      [
        { title: 'runtime', text: (r) => r.kind, style: (r) => (r.installed ? 'bold' : 'dim') },
        { title: 'version', text: (r) => (r.installed ? r.version : 'not installed') },
        { title: 'logged in', text: login },
        { title: 'next step', text: (r) => r.nextStep || (r.installed ? '' : r.installCommand) },
      ],
      out.paint,
      out.host.columns,
    )
    out.line(`\n${runtimes}`)
  },
})

const login = (r: RuntimeInfo): string =>
  r.installed ? { yes: 'yes', no: 'no', unknown: '?', not_needed: 'not needed' }[r.login] : ''

const add = command({
  name: 'add',
  description: 'Print the command that joins a computer to this server',
  args: {
    name: { type: 'string', description: 'Name for showing (default: its host name)' },
    computer: { type: 'string', description: 'Join a known computer again: it keeps its identity, its old token ends' },
    expires: { type: 'string', default: '1h', description: 'How long the command works, 1m to 24h' },
    windows: { type: 'boolean', description: 'Print the command for PowerShell' },
  },
  examples: ['nekode computers add --name build-box', 'nekode computers add --windows'],
  notes: [
    'The command holds a code that works once and expires. JSON: {"enrollment", "commands": {"shell", "powershell"}}.',
  ],
  run: async ({ args, out, connect }) => {
    const ttlSeconds = Math.round(span('expires', args.expires) / 1000)
    const connection = await connect()
    const again = args.computer === undefined ? undefined : await findComputer(connection, args.computer)
    const made = await connection.call('POST /api/daemon/enrollments', {
      body: {
        ttlSeconds,
        ...(args.name === undefined ? {} : { displayName: args.name }),
        ...(again === undefined ? {} : { computerId: again.id }),
      },
    })
    out.note(`Run this on the computer; it works once, and expires ${out.ago(made.enrollment.expiresAt)}:`)
    out.show(made, () => (args.windows ? made.commands.powershell : made.commands.shell))
    if (/https?:\/\/(localhost|127\.[\d.]+|\[::1\])[:/]/.test(made.commands.shell))
      out.note(
        'warning: the address in it works on the server’s own computer only. For another one start the server with NEKODE_BASE_URL=https://… and make the command again.',
      )
  },
})

const rename = command({
  name: 'rename',
  description: 'Give a computer another name',
  args: { computer, name: { type: 'positional', required: true, description: 'The new name' } },
  examples: ['nekode computers rename build-box "build box 2"'],
  notes: ['JSON: the computer.'],
  run: async ({ args, out, connect }) => {
    const connection = await connect()
    const { id } = await findComputer(connection, args.computer)
    const changed = await connection.call('PATCH /api/computers/{id}', {
      params: { id },
      body: { displayName: args.name },
    })
    out.show(changed, () => `${id} is called “${changed.displayName}”.`)
  },
})

const refresh = command({
  name: 'refresh',
  description: 'Let a computer look for coding agents again',
  args: { computer },
  examples: ['nekode computers refresh build-box'],
  run: async ({ args, out, connect }) => {
    const connection = await connect()
    const { id, displayName } = await findComputer(connection, args.computer)
    const done = await connection.call('POST /api/computers/{id}/refresh', { params: { id } })
    out.show(done, () => `${displayName} looks again; see “nekode computers show ${id}”.`)
  },
})

const install = command({
  name: 'install',
  description: 'Install a coding agent on a computer',
  args: {
    computer,
    runtime: { type: 'positional', required: true, description: 'Its kind, as “nekode computers show” lists it' },
  },
  examples: ['nekode computers install build-box codex'],
  notes: [
    'It runs the command that “nekode computers show” has as next step there, as the daemon’s user; npm installs it for everybody on that computer.',
    'JSON: {"operationId"}. The installation goes on by itself.',
  ],
  run: async ({ args, out, connect }) => {
    const connection = await connect()
    const { id, displayName } = await findComputer(connection, args.computer)
    const started = await connection.call('POST /api/computers/{id}/runtimes/{kind}/install', {
      params: { id, kind: args.runtime },
    })
    out.show(started, () => `${displayName} installs ${args.runtime}; see “nekode computers show ${id}”.`)
  },
})

const remove = command({
  name: 'remove',
  description: 'Remove a computer: its token stops working at once',
  args: { computer, yes: { type: 'boolean', description: 'Do not ask' } },
  examples: ['nekode computers remove build-box --yes'],
  run: async ({ args, host, out, connect }) => {
    const connection = await connect()
    const { id, displayName } = await findComputer(connection, args.computer)
    await confirm(host, args.yes, `Remove ${displayName} (${id})?`)
    const done = await connection.call('DELETE /api/computers/{id}', { params: { id } })
    out.show(done, () => `Removed ${displayName}.`)
  },
})

export const computers = group({
  name: 'computers',
  description: 'Computers that agents live on',
  examples: ['nekode computers', 'nekode computers add --name build-box', 'nekode computers show build-box'],
  default: 'list',
  subCommands: { list, show, add, rename, refresh, install, remove },
})
