import { DeliveryMode } from '@shared/contract'
import { Exit } from './exit'
import { command, group } from './command'
import { oneLine } from './text'
import { oneOf } from './values'

const channel = { type: 'positional', required: true, description: 'The room: its name, with or without “#”' } as const
const name = { type: 'positional', required: true, description: 'The agent: @name, name or id' } as const
const bare = (name: string): string => name.replace(/^[#@]/, '')

const list = command({
  name: 'list',
  description: 'Channels and direct conversations that you may see',
  args: {},
  examples: ['nekode rooms', 'nekode rooms list --json'],
  notes: ['JSON: a page {"items"} of channels.'],
  run: async ({ out, connect }) => {
    const { call } = await connect()
    out.list(
      await call('GET /api/rooms'),
      [
        { title: 'room', text: (c) => c.target, style: () => 'bold' },
        { title: 'visibility', text: (c) => c.visibility },
        { title: 'members', text: (c) => String(c.memberCount) },
        { title: 'about', text: (c) => oneLine(c.topic) },
      ],
      'There are no rooms that you may see.',
    )
  },
})

const members = command({
  name: 'members',
  description: 'Who is in a room, and when agents are called there',
  args: { channel },
  instead: { room: 'channel' },
  examples: ['nekode rooms members general', 'nekode rooms members --room general --json'],
  notes: ['JSON: a page {"items"} of members.'],
  run: async ({ args, out, connect }) => {
    const { call } = await connect()
    out.list(
      await call('GET /api/rooms/{room}/members', { params: { room: bare(args.channel) } }),
      [
        { title: 'name', text: (m) => `@${m.name}`, style: (m) => (m.kind === 'agent' ? 'cyan' : 'bold') },
        { title: 'kind', text: (m) => (m.kind === 'agent' ? 'agent' : 'person') },
        { title: 'role', text: (m) => m.role },
        { title: 'called', text: (m) => (m.kind === 'agent' ? m.deliveryMode : '') },
      ],
      'Nobody is in it.',
    )
  },
})

const invite = command({
  name: 'invite',
  description: 'Bring an agent into a room, or change when it is called there',
  args: {
    channel,
    name,
    mode: { type: 'string', description: `When it is called: ${DeliveryMode.options.join(', ')}` },
  },
  instead: { room: 'channel', agent: 'name' },
  examples: ['nekode rooms invite general @coder', 'nekode rooms invite --room general --agent codex --mode all'],
  notes: ['JSON: the member.'],
  run: async ({ args, out, connect }) => {
    const mode = args.mode === undefined ? undefined : oneOf('--mode', args.mode, DeliveryMode.options)
    const { call } = await connect()
    const member = await call('POST /api/rooms/{room}/agents', {
      params: { room: bare(args.channel) },
      body: { agent_key: bare(args.name), ...(mode === undefined ? {} : { mode }) },
    })
    out.show(member, () => `@${member.name} is in #${bare(args.channel)}.`)
  },
})

const restart = command({
  name: 'restart-agent',
  description: 'Start what an agent is at in a room once more, or its process when it is at nothing',
  args: { channel, name },
  instead: { room: 'channel', agent: 'name' },
  examples: [
    'nekode rooms restart-agent general @coder',
    'nekode rooms restart-agent --room general --agent codex --json',
  ],
  notes: ['JSON: {"run", "operationId"}, one of which is null.'],
  run: async ({ args, out, connect }) => {
    const { call } = await connect()
    const done = await call('POST /api/rooms/{room}/agents/{agent}/restart', {
      params: { room: bare(args.channel), agent: bare(args.name) },
    })
    out.show(done, () =>
      done.run ? `It starts once more: ${done.run.id}.` : `Its process is restarted (${done.operationId}).`,
    )
    return Exit.ok
  },
})

export const rooms = group({
  name: 'rooms',
  description: 'Rooms and the agents in them: another name for channels, as programs know it',
  examples: ['nekode rooms', 'nekode rooms members general'],
  default: 'list',
  subCommands: { list, members, invite, 'restart-agent': restart },
})
