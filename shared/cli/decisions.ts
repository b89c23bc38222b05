import { type Decision, DecisionStatus, DecisionVote, MAX_QUORUM } from '@shared/contract'
import type { Connection } from './account'
import { command, group } from './command'
import { givenText } from './input'
import { findTarget } from './names'
import type { Output } from './output'
import { indent, neutralise, oneLine } from './text'
import { listOf, oneOf, span, whole } from './values'

const channel = { type: 'positional', required: true, description: 'The channel, with or without “#”' } as const
const id = { type: 'positional', required: true, description: 'The decision: dec_…' } as const
const reason = { type: 'string', description: 'Why; everybody in the channel reads it' } as const
const title = { type: 'positional', required: true, description: 'What is decided, in a line' } as const
const text = {
  type: 'positional',
  required: false,
  description: 'What exactly, and why; “-” reads standard input',
} as const
const terms = {
  file: { type: 'string', valueHint: 'PATH', description: 'What exactly, from a text file' },
  quorum: { type: 'string', valueHint: 'N', description: 'How many have to approve; two unless given' },
  within: { type: 'string', valueHint: 'TIME', description: 'Rejected when nobody has decided by then: 3d, 12h' },
} as const
const EXAMPLE = 'dec_0198c2f4a1b27c3e9d5f60718293a4b5'

const list = command({
  name: 'list',
  description: 'What a channel has decided and what is proposed there',
  args: {
    channel,
    status: {
      type: 'string',
      default: 'proposed,ratified',
      description: `Some of ${DecisionStatus.options.join(', ')}, or all`,
    },
    limit: { type: 'string', default: '50', description: 'How many, newest first' },
    cursor: { type: 'string', description: 'Go on after an earlier page: its nextCursor' },
  },
  examples: ['nekode decisions list backend', 'nekode decisions list backend --status all --json'],
  notes: ['JSON: a page {"items", "nextCursor"?} of decisions.'],
  run: async ({ args, out, connect }) => {
    const limit = whole('limit', args.limit, 1, 200)
    const statuses = listOf(args.status)
    if (args.status !== 'all') for (const status of statuses) oneOf('--status', status, DecisionStatus.options)
    const connection = await connect()
    const target = await findTarget(connection, args.channel)
    const page = await connection.call('GET /api/channels/{target}/decisions', {
      params: { target },
      query: {
        limit,
        ...(args.status === 'all' ? {} : { status: statuses.join(',') }),
        ...(args.cursor === undefined ? {} : { cursor: args.cursor }),
      },
    })
    out.list(
      page,
      [
        { title: 'id', text: (d) => d.id },
        { title: 'status', text: (d) => d.status, style: (d) => (d.status === 'ratified' ? 'green' : 'yellow') },
        { title: 'votes', text: votesOf },
        { title: 'by', text: (d) => `@${d.proposer.name}` },
        { title: 'since', text: (d) => out.ago(d.createdAt) },
        { title: 'title', text: (d) => oneLine(d.title) },
      ],
      'There are no such decisions.',
    )
  },
})

const votesOf = (d: Decision): string => `${d.approveCount}+ ${d.rejectCount}- of ${d.quorum}`

const show = command({
  name: 'show',
  description: 'One decision with its votes and what it superseded',
  args: { id },
  examples: [`nekode decisions show ${EXAMPLE}`],
  notes: ['JSON: {"decision", "votes", "chain"}.'],
  run: async ({ args, out, connect }) => {
    const { call } = await connect()
    const params = { id: args.id }
    const [decision, votes, chain] = await Promise.all([
      call('GET /api/decisions/{id}', { params }),
      call('GET /api/decisions/{id}/votes', { params, query: { limit: 200 } }),
      call('GET /api/decisions/{id}/chain', { params, query: { limit: 200 } }),
    ])
    out.record({ decision, votes: votes.items, chain: chain.items }, [
      ['id', decision.id],
      ['where', decision.target],
      ['title', decision.title],
      ['status', statusOf(decision)],
      ['proposed', `${out.ago(decision.createdAt)} by @${decision.proposer.name}`],
      ['votes', votes.items.map((v) => `@${v.voter.name} ${v.decision}`).join(', ') || 'none'],
      ['quorum', String(decision.quorum)],
      [
        'others',
        chain.items.flatMap((d) => (d.id === decision.id ? [] : `${d.id} (${d.status})`)).join(', ') || 'none',
      ],
    ])
    if (!out.json) out.line(indent(neutralise(decision.body.trimEnd())))
  },
})

const statusOf = (d: Decision): string =>
  [
    d.status,
    d.forced ? 'by force' : '',
    d.closedBy ? `by @${d.closedBy.name}` : '',
    d.closeReason && `: ${d.closeReason}`,
  ]
    .filter(Boolean)
    .join(' ')

interface Terms {
  text?: string | undefined
  file?: string | undefined
  quorum?: string | undefined
  within?: string | undefined
}

const termsOf = (args: Terms) => ({
  ...(args.quorum === undefined ? {} : { quorum: whole('quorum', args.quorum, 1, MAX_QUORUM) }),
  ...(args.within === undefined ? {} : { expiresAt: Date.now() + span('within', args.within) }),
})

const proposed = (out: Output, d: Decision): void =>
  out.show(d, () => `Proposed in ${d.target}: ${d.id}. It takes ${d.quorum} to approve.`)

const propose = command({
  name: 'propose',
  description: 'Propose a decision to a channel that you are in',
  args: { channel, title, text, ...terms },
  examples: [
    'nekode decisions propose backend "Use Bun" "One runtime for everything."',
    'nekode decisions propose backend "Release plan" --file plan.md --quorum 3 --within 3d',
  ],
  notes: ['JSON: the decision.'],
  run: async ({ args, host, out, connect }) => {
    const body = await givenText(host, 'text of the decision', args)
    const more = termsOf(args)
    const connection = await connect()
    const target = await findTarget(connection, args.channel)
    const made = await connection.call('POST /api/channels/{target}/decisions', {
      params: { target },
      body: { title: args.title, body, ...more },
      idempotencyKey: crypto.randomUUID(),
    })
    proposed(out, made)
  },
})

const supersede = command({
  name: 'supersede',
  description: 'Propose what retires a decision when it comes into force',
  args: { id, title, text, ...terms },
  examples: [`nekode decisions supersede ${EXAMPLE} "Use Bun 2" "The next version."`],
  notes: ['JSON: the new decision.'],
  run: async ({ args, host, out, connect }) => {
    const body = await givenText(host, 'text of the decision', args)
    const more = termsOf(args)
    const { call } = await connect()
    const made = await call('POST /api/decisions/{id}/supersede', {
      params: { id: args.id },
      body: { title: args.title, body, ...more },
      idempotencyKey: crypto.randomUUID(),
    })
    proposed(out, made)
  },
})

const promote = command({
  name: 'promote',
  description: 'Propose what a message says',
  args: {
    message: { type: 'positional', required: true, description: 'The message: msg_…' },
    title: { type: 'string', description: 'What is decided, in a line; the message’s first line unless given' },
    quorum: terms.quorum,
    within: terms.within,
  },
  examples: ['nekode decisions promote msg_0198c2f4a1b27c3e9d5f60718293a4b5 --title "Ship on Friday"'],
  notes: ['JSON: the decision.'],
  run: async ({ args, out, connect }) => {
    const more = termsOf(args)
    const { call } = await connect()
    const made = await call('POST /api/messages/{id}/decision', {
      params: { id: args.message },
      body: { ...(args.title === undefined ? {} : { title: args.title }), ...more },
      idempotencyKey: crypto.randomUUID(),
    })
    proposed(out, made)
  },
})

const vote = command({
  name: 'vote',
  description: 'Vote on a proposal, or change your vote while it is open',
  args: {
    id,
    vote: { type: 'positional', required: true, description: DecisionVote.options.join(', ') },
    reason,
  },
  examples: [
    `nekode decisions vote ${EXAMPLE} approve`,
    `nekode decisions vote ${EXAMPLE} reject --reason "too early"`,
  ],
  notes: ['JSON: {"decision", "vote"}. With enough votes the decision is in force or rejected at once.'],
  run: async ({ args, out, connect }) => {
    const decision = oneOf('VOTE', args.vote, DecisionVote.options)
    const { call } = await connect()
    const counted = await call('POST /api/decisions/{id}/vote', {
      params: { id: args.id },
      body: { decision, ...(args.reason === undefined ? {} : { reason: args.reason }) },
    })
    out.show(counted, () => `Counted: ${votesOf(counted.decision)}. It is ${counted.decision.status}.`)
  },
})

const ratify = command({
  name: 'ratify',
  description: 'Bring a proposal into force; what it supersedes retires',
  args: { id, force: { type: 'boolean', description: 'Without the votes that it takes, as an admin of the channel' } },
  examples: [`nekode decisions ratify ${EXAMPLE}`, `nekode decisions ratify ${EXAMPLE} --force`],
  notes: ['JSON: the decision.'],
  run: async ({ args, out, connect }) => {
    const { call } = await connect()
    const done = await call('POST /api/decisions/{id}/ratify', {
      params: { id: args.id },
      body: args.force ? { force: true } : {},
    })
    out.show(done, () => `In force: ${oneLine(done.title)}`)
  },
})

/** A command that ends a decision. */
const ending = (name: 'reject' | 'withdraw' | 'retire', description: string) =>
  command({
    name,
    description,
    args: { id, reason },
    examples: [`nekode decisions ${name} ${EXAMPLE} --reason "no longer true"`],
    notes: ['JSON: the decision.'],
    run: async ({ args, out, connect }) => {
      const done = await end(await connect(), name, args)
      out.show(done, () => `${oneLine(done.title)} is ${done.status}.`)
    },
  })

const end = (
  { call }: Connection,
  name: 'reject' | 'withdraw' | 'retire',
  args: { id: string; reason?: string | undefined },
): Promise<Decision> =>
  call(`POST /api/decisions/{id}/${name}`, {
    params: { id: args.id },
    body: args.reason === undefined ? {} : { reason: args.reason },
  })

export const decisions = group({
  name: 'decisions',
  description: 'What channels decide by vote',
  examples: ['nekode decisions list backend', `nekode decisions vote ${EXAMPLE} approve`],
  subCommands: {
    list,
    show,
    propose,
    promote,
    supersede,
    vote,
    ratify,
    reject: ending('reject', 'Reject a proposal, as an admin of the channel'),
    withdraw: ending('withdraw', 'Withdraw your own proposal'),
    retire: ending('retire', 'End a decision that is in force'),
  },
})
