import { type Channel, type ChannelMember, DeliveryMode, Language, MemberRole, Visibility } from '@shared/contract'
import { command, group } from './command'
import { usage } from './exit'
import { confirm } from './input'
import { findMember, findTarget } from './names'
import { oneOf, span } from './values'

const channel = { type: 'positional', required: true, description: 'The channel, with or without “#”' } as const
const member = { type: 'positional', required: true, description: 'A person or an agent: @name' } as const

const list = command({
  name: 'list',
  description: 'Channels and direct conversations that you may see',
  args: {},
  examples: ['nekode channels', 'nekode channels --json | jq -r ".items[].target"'],
  notes: ['JSON: {"items"} of channels; "target" is what the other commands take.'],
  run: async ({ out, connect }) => {
    const { call } = await connect()
    out.list(
      await call('GET /api/channels'),
      [
        { title: 'target', text: (c) => c.target, style: (c) => (c.joined ? 'bold' : 'dim') },
        { title: 'with', text: (c) => (c.kind === 'dm' ? c.peers.map((p) => `@${p.name}`).join(' ') : c.visibility) },
        { title: 'members', text: (c) => String(c.memberCount) },
        { title: 'unread', text: unread, style: (c) => (c.mentionCount > 0 ? 'yellow' : undefined) },
        { title: 'last message', text: (c) => out.ago(c.lastMessageAt) },
        { title: 'topic', text: (c) => c.topic },
      ],
      'There are no channels.',
    )
  },
})

const unread = (c: Channel): string =>
  c.mentionCount > 0 ? `${c.unreadCount} (${c.mentionCount} to you)` : String(c.unreadCount)

const show = command({
  name: 'show',
  description: 'One channel',
  args: { channel },
  examples: ['nekode channels show general'],
  notes: ['JSON: the channel.'],
  run: async ({ args, out, connect }) => {
    const connection = await connect()
    const target = await findTarget(connection, args.channel)
    const c = await connection.call('GET /api/channels/{target}', { params: { target } })
    out.record(c, [
      ['target', c.target],
      ['topic', c.topic],
      ['visibility', c.kind === 'dm' ? 'direct conversation' : c.visibility],
      ['members', String(c.memberCount)],
      ['your role', c.role ?? (c.joined ? 'member' : 'not a member')],
      ['unread', unread(c)],
      ['last message', out.ago(c.lastMessageAt)],
      ['id', c.id],
    ])
  },
})

const create = command({
  name: 'create',
  description: 'Create a channel',
  args: {
    channel,
    topic: { type: 'string', description: 'What it is about' },
    private: { type: 'boolean', description: 'Only members see it' },
  },
  examples: ['nekode channels create backend --topic "API and storage"', 'nekode channels create secret --private'],
  notes: ['JSON: the channel.'],
  run: async ({ args, out, connect }) => {
    const { call } = await connect()
    const made = await call('POST /api/channels', {
      body: {
        name: args.channel,
        visibility: args.private ? 'private' : 'public',
        ...(args.topic === undefined ? {} : { topic: args.topic }),
      },
    })
    out.show(made, () => `Created ${made.target}.`)
  },
})

const join = command({
  name: 'join',
  description: 'Join a public channel',
  args: { channel },
  examples: ['nekode channels join backend'],
  notes: ['JSON: the channel.'],
  run: async ({ args, out, connect }) => {
    const connection = await connect()
    const target = await findTarget(connection, args.channel)
    const joined = await connection.call('POST /api/channels/{target}/join', { params: { target } })
    out.show(joined, () => `You are in ${joined.target}.`)
  },
})

const leave = command({
  name: 'leave',
  description: 'Leave a channel',
  args: { channel },
  examples: ['nekode channels leave backend'],
  run: async ({ args, out, connect }) => {
    const connection = await connect()
    const target = await findTarget(connection, args.channel)
    const { id } = await connection.call('GET /api/auth/me')
    const left = await connection.call('DELETE /api/channels/{target}/members/{kind}/{memberId}', {
      params: { target, kind: 'human', memberId: id },
    })
    out.show(left, () => `You left ${target}.`)
  },
})

const members = command({
  name: 'members',
  description: 'Who is in a channel',
  args: { channel },
  examples: ['nekode channels members general'],
  notes: ['JSON: {"items"} of members.'],
  run: async ({ args, out, connect }) => {
    const connection = await connect()
    const target = await findTarget(connection, args.channel)
    out.list(
      await connection.call('GET /api/channels/{target}/members', { params: { target } }),
      [
        { title: 'name', text: (m) => `@${m.name}`, style: (m) => (m.kind === 'agent' ? 'cyan' : 'bold') },
        { title: 'kind', text: (m) => (m.kind === 'human' ? 'person' : m.kind) },
        { title: 'role', text: (m) => m.role },
        { title: 'reacts to', text: (m) => (m.kind === 'agent' ? modeOf(m) : '') },
        { title: 'since', text: (m) => out.ago(m.joinedAt) },
        { title: 'display name', text: (m) => m.displayName },
      ],
      'Nobody is in it.',
    )
  },
})

/** With how often, where that matters. */
const modeOf = (m: ChannelMember): string =>
  m.digestMinutes === null ? m.deliveryMode : `${m.deliveryMode}, every ${m.digestMinutes} min`

const modes = `Which messages an agent gets: ${DeliveryMode.options.join(', ')}`
const digest = 'Of the mode periodic: how often, as 30m or 4h'
const roles = 'admin, member or viewer'

const invite = command({
  name: 'invite',
  description: 'Add a person or an agent to a channel',
  args: {
    channel,
    member,
    mode: { type: 'string', description: modes },
    every: { type: 'string', valueHint: 'TIME', description: digest },
    role: { type: 'string', description: roles },
  },
  examples: ['nekode channels invite backend @coder', 'nekode channels invite backend @coder --mode all'],
  notes: ['JSON: the member.'],
  run: async ({ args, out, connect }) => {
    const body = membership(args)
    const connection = await connect()
    const target = await findTarget(connection, args.channel)
    const { kind, memberId, name } = await findMember(connection, args.member)
    const added = await connection.call('POST /api/channels/{target}/members', {
      params: { target },
      body: { kind, memberId, ...body },
    })
    out.show(added, () => `@${name} is in ${target}.`)
  },
})

const set = command({
  name: 'set',
  description: 'Change a member’s role, or which messages an agent gets',
  args: {
    channel,
    member,
    mode: { type: 'string', description: modes },
    every: { type: 'string', valueHint: 'TIME', description: digest },
    role: { type: 'string', description: roles },
  },
  examples: [
    'nekode channels set backend @coder --mode all',
    'nekode channels set backend @coder --mode periodic --every 30m',
    'nekode channels set backend @bob --role admin',
  ],
  notes: ['JSON: the member.'],
  run: async ({ args, out, connect }) => {
    const body = membership(args)
    const connection = await connect()
    const target = await findTarget(connection, args.channel)
    const { kind, memberId, name } = await findMember(connection, args.member)
    const changed = await connection.call('PATCH /api/channels/{target}/members/{kind}/{memberId}', {
      params: { target, kind, memberId },
      body,
    })
    out.show(changed, () => `@${name} in ${target}: ${changed.role}${kind === 'agent' ? `, ${modeOf(changed)}` : ''}.`)
  },
})

const membership = (args: { mode?: string | undefined; role?: string | undefined; every?: string | undefined }) => ({
  ...(args.every === undefined ? {} : { digestMinutes: Math.round(span('every', args.every) / 60_000) }),
  ...(args.mode === undefined ? {} : { deliveryMode: oneOf('--mode', args.mode, DeliveryMode.options) }),
  ...(args.role === undefined ? {} : { role: oneOf('--role', args.role, MemberRole.options) }),
})

const edit = command({
  name: 'edit',
  description: 'Change a channel’s name, topic, visibility or language; its address stays',
  args: {
    channel,
    name: { type: 'string', description: 'What it is called' },
    topic: { type: 'string', description: 'What it is about' },
    visibility: { type: 'string', description: Visibility.options.join(' or ') },
    language: { type: 'string', description: 'Of what the server writes there, and tells agents there: en or zh' },
  },
  examples: [
    'nekode channels edit backend --topic "API and storage"',
    'nekode channels edit backend --language zh --visibility private',
  ],
  notes: ['JSON: the channel.'],
  run: async ({ args, out, connect }) => {
    const body = {
      ...(args.name === undefined ? {} : { name: args.name }),
      ...(args.topic === undefined ? {} : { topic: args.topic }),
      ...(args.visibility === undefined
        ? {}
        : { visibility: oneOf('--visibility', args.visibility, Visibility.options) }),
      ...(args.language === undefined ? {} : { language: oneOf('--language', args.language, Language.options) }),
    }
    if (Object.keys(body).length === 0) throw usage('There is nothing to change.', 'See what can be: --help')
    const connection = await connect()
    const target = await findTarget(connection, args.channel)
    const changed = await connection.call('PATCH /api/channels/{target}', { params: { target }, body })
    out.show(changed, () => `${changed.target} is “${changed.name}”, ${changed.visibility}, in ${changed.language}.`)
  },
})

const remove = command({
  name: 'remove',
  description: 'Take a person or an agent out of a channel',
  args: { channel, member },
  examples: ['nekode channels remove backend @coder'],
  run: async ({ args, out, connect }) => {
    const connection = await connect()
    const target = await findTarget(connection, args.channel)
    const { kind, memberId, name } = await findMember(connection, args.member)
    const removed = await connection.call('DELETE /api/channels/{target}/members/{kind}/{memberId}', {
      params: { target, kind, memberId },
    })
    out.show(removed, () => `@${name} is no longer in ${target}.`)
  },
})

const archive = command({
  name: 'archive',
  description: 'Archive a channel: it leaves the lists and takes no more messages',
  args: { channel, yes: { type: 'boolean', description: 'Do not ask' } },
  examples: ['nekode channels archive backend --yes'],
  run: async ({ args, host, out, connect }) => {
    const connection = await connect()
    const target = await findTarget(connection, args.channel)
    await confirm(host, args.yes, `Archive ${target}?`)
    const done = await connection.call('DELETE /api/channels/{target}', { params: { target } })
    out.show(done, () => `Archived ${target}.`)
  },
})

export const channels = group({
  name: 'channels',
  description: 'Channels, direct conversations and who is in them',
  examples: ['nekode channels', 'nekode channels create backend', 'nekode channels members general'],
  default: 'list',
  subCommands: { list, show, create, edit, join, leave, members, invite, set, remove, archive },
})
