import { type Debate, DebateState, MAX_TURNS } from '@shared/contract'
import { command, group } from './command'
import { findAgent, findTarget } from './names'
import type { Output } from './output'
import { oneLine } from './text'
import { oneOf, whole } from './values'

const id = { type: 'positional', required: true, description: 'The debate: deb_…' } as const
const EXAMPLE = 'deb_0198c2f4a1b27c3e9d5f60718293a4b5'

const between = (d: Debate): string => d.agents.map((agent) => `@${agent.name}`).join(' ')

function record(out: Output, d: Debate): void {
  out.record(d, [
    ['topic', oneLine(d.topic)],
    ['state', d.reason ? `${d.state}: ${d.reason}` : d.state],
    ['turn', `${d.turn} of ${d.turns}`],
    ['between', between(d)],
    ['where', `${d.target}:${d.threadId}`],
    ['started by', `@${d.createdBy.name}`],
    ['id', d.id],
  ])
}

const list = command({
  name: 'list',
  description: 'Debates that you may see',
  args: {
    channel: { type: 'string', description: 'Only of this channel' },
    state: { type: 'string', description: `Only in this state: ${DebateState.options.join(', ')}` },
    limit: { type: 'string', default: '50', description: 'How many, newest first' },
    cursor: { type: 'string', description: 'Go on after an earlier page: its nextCursor' },
  },
  examples: ['nekode debates', 'nekode debates list --channel general --state running'],
  notes: ['JSON: a page {"items", "nextCursor"?} of debates.'],
  run: async ({ args, out, connect }) => {
    const connection = await connect()
    const target = args.channel === undefined ? undefined : await findTarget(connection, args.channel)
    const page = await connection.call('GET /api/debates', {
      query: {
        limit: whole('limit', args.limit, 1, 200),
        ...(target === undefined ? {} : { target }),
        ...(args.state === undefined ? {} : { state: oneOf('--state', args.state, DebateState.options) }),
        ...(args.cursor === undefined ? {} : { cursor: args.cursor }),
      },
    })
    out.list(
      page,
      [
        { title: 'id', text: (d) => d.id },
        { title: 'state', text: (d) => d.state },
        { title: 'turn', text: (d) => `${d.turn}/${d.turns}` },
        { title: 'where', text: (d) => d.target },
        { title: 'between', text: between },
        { title: 'topic', text: (d) => oneLine(d.topic), style: () => 'bold' },
      ],
      'There are no debates.',
    )
  },
})

const start = command({
  name: 'start',
  description: 'Let two agents of a channel take turns on a topic',
  args: {
    channel: { type: 'positional', required: true, description: 'The channel, with or without “#”' },
    first: { type: 'positional', required: true, description: 'The agent that begins' },
    second: { type: 'positional', required: true, description: 'The agent that answers' },
    topic: { type: 'positional', required: true, description: 'What it is about' },
    turns: { type: 'string', default: '6', description: `Turns of both together, 2 to ${MAX_TURNS}` },
  },
  examples: [
    'nekode debates start general @codex @reviewer "Do we need a queue?" --turns 4',
    'nekode debates start --chat general --a codex --b reviewer "Do we need a queue?"',
  ],
  instead: { chat: 'channel', room: 'channel', a: 'first', b: 'second' },
  notes: ['JSON: the debate. Follow it with nekode messages, in the thread that it names.'],
  run: async ({ args, out, connect }) => {
    const connection = await connect()
    const [a, b] = [await findAgent(connection, args.first), await findAgent(connection, args.second)]
    const debate = await connection.call('POST /api/debates', {
      body: {
        target: await findTarget(connection, args.channel),
        topic: args.topic,
        agentIds: [a.id, b.id],
        turns: whole('turns', args.turns, 2, MAX_TURNS),
      },
      idempotencyKey: crypto.randomUUID(),
    })
    record(out, debate)
  },
})

const show = command({
  name: 'show',
  description: 'How far a debate is',
  args: { id },
  examples: [`nekode debates show ${EXAMPLE}`],
  notes: ['JSON: the debate.'],
  run: async ({ args, out, connect }) => {
    const { call } = await connect()
    record(out, await call('GET /api/debates/{id}', { params: { id: args.id } }))
  },
})

const change = (name: 'pause' | 'resume' | 'stop', description: string) =>
  command({
    name,
    description,
    args: { id },
    examples: [`nekode debates ${name} ${EXAMPLE}`],
    notes: ['JSON: the debate.'],
    run: async ({ args, out, connect }) => {
      const { call } = await connect()
      record(out, await call(`POST /api/debates/{id}/${name}`, { params: { id: args.id }, body: {} }))
    },
  })

export const debates = group({
  name: 'debates',
  description: 'Two agents that take turns on a topic',
  examples: ['nekode debates', 'nekode debates start general @codex @reviewer "Do we need a queue?"'],
  default: 'list',
  subCommands: {
    list,
    start,
    show,
    pause: change('pause', 'Give no further turn for now; the one under way is finished'),
    resume: change('resume', 'Go on with a debate that is paused'),
    stop: change('stop', 'End a debate; the turn under way is finished'),
  },
})
