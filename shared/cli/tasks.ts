import { type Task, TaskPriority, TaskState } from '@shared/contract'
import type { Connection } from './account'
import { command, group } from './command'
import type { Host } from './host'
import { givenText } from './input'
import { findMember, findTarget } from './names'
import { usage } from './exit'
import type { Output } from './output'
import { indent, neutralise, oneLine } from './text'
import { listOf, oneOf, whole } from './values'

const task = { type: 'positional', required: true, description: 'The task: its number, or tsk_…' } as const
const PRIORITIES = TaskPriority.options.join(', ')
const STATES = TaskState.options.join(', ')

/** Names of whoever tasks are assigned to. */
async function people({ call }: Connection): Promise<(id: string | null) => string> {
  const [agents, users] = await Promise.all([call('GET /api/agents'), call('GET /api/users')])
  const names = new Map([
    ...agents.items.map((a) => [a.id, a.name] as const),
    ...users.items.map((u) => [u.id, u.username] as const),
  ])
  return (id) => (id === null ? '' : `@${names.get(id) ?? id}`)
}

const COLORS = {
  todo: undefined,
  in_progress: 'cyan',
  in_review: 'yellow',
  blocked: 'red',
  done: 'green',
  canceled: 'dim',
} as const

const list = command({
  name: 'list',
  description: 'Tasks that you may see, most recently changed first',
  args: {
    target: { type: 'string', valueHint: 'CHANNEL', description: 'Only of this channel’s board' },
    state: { type: 'string', description: `One or several, with commas: ${STATES}; all` },
    assignee: { type: 'string', valueHint: '@NAME', description: 'Only of this person or agent' },
    label: { type: 'string', description: 'Only with this label' },
    limit: { type: 'string', default: '50', description: 'How many' },
  },
  examples: [
    'nekode tasks',
    'nekode tasks list --target backend --state blocked,in_review',
    'nekode tasks list --assignee @coder --json',
  ],
  notes: ['Without --state: what is neither done nor canceled. JSON: a page {"items", "nextCursor"?} of tasks.'],
  run: async ({ args, out, connect }) => {
    const limit = whole('limit', args.limit, 1, 200)
    const states = args.state === undefined || args.state === 'all' ? [] : listOf(args.state)
    for (const state of states) oneOf('--state', state, TaskState.options)
    const connection = await connect()
    const [page, name] = await Promise.all([
      connection.call('GET /api/tasks', {
        query: {
          limit,
          ...(states.length ? { state: states.join(',') } : {}),
          ...(args.state === undefined ? { open: 'true' as const } : {}),
          ...(args.target === undefined ? {} : { target: await findTarget(connection, args.target) }),
          ...(args.assignee === undefined
            ? {}
            : { assigneeId: (await findMember(connection, args.assignee)).memberId }),
          ...(args.label === undefined ? {} : { label: args.label }),
        },
      }),
      people(connection),
    ])
    out.list(
      page,
      [
        { title: 'task', text: (t) => `#${t.number}`, style: () => 'bold' },
        { title: 'state', text: (t) => t.state, style: (t) => COLORS[t.state] },
        { title: 'priority', text: (t) => (t.priority === 'none' ? '' : t.priority) },
        { title: 'who', text: (t) => name(t.assigneeId) },
        { title: 'where', text: (t) => t.target },
        { title: 'changed', text: (t) => out.ago(t.updatedAt) },
        { title: 'what', text: (t) => oneLine(t.summary) },
      ],
      'No tasks.',
    )
  },
})

const board = command({
  name: 'board',
  description: 'A channel’s board: its tasks by column',
  args: {
    target: { type: 'positional', required: false, description: 'The channel; without one, all that you may see' },
    limit: { type: 'string', default: '10', description: 'Tasks a column' },
  },
  examples: ['nekode tasks board backend', 'nekode tasks board --json'],
  notes: ['JSON: {"columns"}, each with "column", "total", "items" and "nextCursor"?.'],
  run: async ({ args, out, connect }) => {
    const limit = whole('limit', args.limit, 1, 200)
    const connection = await connect()
    const where = args.target ? { target: await findTarget(connection, args.target) } : {}
    const [page, name] = await Promise.all([
      connection.call('GET /api/tasks/board', { query: { limit, ...where } }),
      people(connection),
    ])
    const shown = page.columns.filter((c) => c.total > 0)
    if (!shown.length) out.note('No tasks.')
    out.show(page, () =>
      shown
        .map((c) => {
          const lines = c.items.map((t) => `  #${t.number} ${oneLine(t.summary)} ${name(t.assigneeId)}`.trimEnd())
          const more = c.total > c.items.length ? [`  … ${c.total - c.items.length} more`] : []
          return [out.paint('bold', `${oneLine(c.column)} (${c.total})`), ...lines, ...more].join('\n')
        })
        .join('\n\n'),
    )
  },
})

const show = command({
  name: 'show',
  description: 'One task with its description and what was said about it',
  args: { task },
  examples: ['nekode tasks show 12', 'nekode tasks show 12 --json | jq -r .description'],
  notes: ['JSON: the task. What was said: “nekode messages CHANNEL --thread ID” with its "threadId".'],
  run: async ({ args, out, connect }) => {
    const connection = await connect()
    const params = { id: args.task }
    const [t, name] = await Promise.all([connection.call('GET /api/tasks/{id}', { params }), people(connection)])
    out.record(t, [
      ['task', `#${t.number} ${oneLine(t.summary)}`],
      ['state', t.state === 'blocked' && t.blockedReason ? `blocked: ${oneLine(t.blockedReason)}` : t.state],
      ['where', t.target],
      ['who', name(t.assigneeId) || 'nobody'],
      ...t.claims.map((c): [string, string] => [
        'claimed',
        `by @${c.holder.name} ${out.ago(c.claimedAt)}, attempt ${c.attempt}`,
      ]),
      ['priority', t.priority],
      ...(t.labels.length ? [['labels', t.labels.join(', ')] as [string, string]] : []),
      ...(t.dueAt === null ? [] : [['due', new Date(t.dueAt).toISOString()] as [string, string]]),
      ...(t.reviewerIds.length ? [['reviewers', t.reviewerIds.map(name).join(' ')] as [string, string]] : []),
      ['version', `${t.version}, changed ${out.ago(t.updatedAt)}`],
      ['id', t.id],
    ])
    if (out.json) return
    if (t.description.trim()) out.line(`\n${indent(neutralise(t.description))}`)
    const { items } = await connection.call('GET /api/tasks/{id}/comments', { params, query: { limit: 50 } })
    for (const m of items.filter((m) => m.system === null))
      out.line(`\n@${m.sender.name} ${out.ago(m.createdAt)}\n${indent(neutralise(m.content))}`)
  },
})

const fields = {
  description: { type: 'string', description: 'Markdown; “-” reads standard input' },
  assignee: { type: 'string', valueHint: '@NAME', description: 'Who does it; an agent starts at once. none: nobody' },
  priority: { type: 'string', description: PRIORITIES },
  labels: { type: 'string', description: 'With commas; they replace those that there are' },
  due: { type: 'string', valueHint: 'TIME', description: 'Such as 2030-01-31 or 2030-01-31T12:00Z; none: no time' },
  reviewers: { type: 'string', valueHint: '@NAME,…', description: 'Who has to approve it' },
} as const
type Fields = { [K in keyof typeof fields]?: string | undefined }

async function bodyOf(connection: Connection, args: Fields, host: Host) {
  const someone = async (text: string): Promise<string> => (await findMember(connection, text)).memberId
  return {
    ...(args.description === undefined
      ? {}
      : { description: await givenText(host, 'description', { text: args.description }) }),
    ...(args.assignee === undefined
      ? {}
      : { assigneeId: args.assignee === 'none' ? null : await someone(args.assignee) }),
    ...(args.priority === undefined ? {} : { priority: oneOf('--priority', args.priority, TaskPriority.options) }),
    ...(args.labels === undefined ? {} : { labels: listOf(args.labels) }),
    ...(args.due === undefined ? {} : { dueAt: timeOf(args.due) }),
    ...(args.reviewers === undefined ? {} : { reviewerIds: await Promise.all(listOf(args.reviewers).map(someone)) }),
  }
}

function timeOf(text: string): number | null {
  if (text === 'none') return null
  const time = /^\d{4}-\d{2}-\d{2}/.test(text) ? Date.parse(text) : Number.NaN
  if (Number.isNaN(time)) throw usage(`--due is a time such as 2030-01-31 or 2030-01-31T12:00Z, not “${text}”.`)
  return time
}

const told = (t: Task, out: Output, verb: string): void =>
  out.show(t, () => `${verb} #${t.number} ${oneLine(t.summary)} (${t.state}, ${t.target})`)

const create = command({
  name: 'create',
  description: 'Put a task on a channel’s board',
  args: {
    target: { type: 'positional', required: true, description: 'The channel' },
    summary: { type: 'positional', required: true, description: 'What is to be done, in a line' },
    ...fields,
    parent: { type: 'string', valueHint: 'TASK', description: 'Make it a part of this task' },
  },
  examples: [
    'nekode tasks create backend "fix the login page"',
    'nekode tasks create backend "fix the login page" --assignee @coder --priority high --labels bug,login',
    'git log -5 | nekode tasks create backend "write the release notes" --description -',
  ],
  notes: ['JSON: the task.'],
  run: async ({ args, host, out, connect }) => {
    const connection = await connect()
    const target = await findTarget(connection, args.target)
    const body = await bodyOf(connection, args, host)
    const parent = args.parent === undefined ? {} : { parentId: args.parent }
    const made = await connection.call('POST /api/tasks', {
      body: { target, summary: args.summary, ...body, ...parent },
    })
    told(made, out, 'Created')
  },
})

const update = command({
  name: 'update',
  description: 'Change a task',
  args: {
    task,
    summary: { type: 'string', description: 'What is to be done, in a line' },
    state: { type: 'string', description: STATES },
    reason: { type: 'string', description: 'Why it is blocked' },
    ...fields,
    version: { type: 'string', description: 'Only if it still has this version' },
  },
  examples: ['nekode tasks update 12 --state in_review', 'nekode tasks update 12 --assignee @coder --priority urgent'],
  notes: ['JSON: the task. A state that cannot follow the present one is refused, and the error says which can.'],
  run: async ({ args, host, out, connect }) => {
    const connection = await connect()
    const body = {
      ...(await bodyOf(connection, args, host)),
      ...(args.summary === undefined ? {} : { summary: args.summary }),
      ...(args.state === undefined ? {} : { state: oneOf('--state', args.state, TaskState.options) }),
      ...(args.reason === undefined ? {} : { blockedReason: args.reason }),
      ...(args.version === undefined ? {} : { version: whole('version', args.version, 1, 1_000_000_000) }),
    }
    told(await connection.call('PATCH /api/tasks/{id}', { params: { id: args.task }, body }), out, 'Changed')
  },
})

const claim = command({
  name: 'claim',
  description: 'Take a task in hand, or give it back',
  args: { task, release: { type: 'boolean', description: 'Give your claim back: the task is open again' } },
  examples: ['nekode tasks claim 12', 'nekode tasks claim 12 --release'],
  notes: ['JSON: {"task", "claim"}, with --release the task.'],
  run: async ({ args, out, connect }) => {
    const { call, self } = await connect()
    const params = { id: args.task }
    if (!args.release) {
      const taken = await call('POST /api/tasks/{id}/claim', { params, body: {} })
      return out.show(taken, () => `You have #${taken.task.number} ${oneLine(taken.task.summary)}`)
    }
    const [me, found] = await Promise.all([self ?? call('GET /api/auth/me'), call('GET /api/tasks/{id}', { params })])
    const own = found.claims.find((c) => c.holder.id === me.id)
    if (!own) throw usage(`You have no claim of #${found.number}.`, 'See who has it: nekode tasks show')
    told(await call('POST /api/tasks/{id}/claim/release', { params, body: { leaseId: own.leaseId } }), out, 'Released')
  },
})

const comment = command({
  name: 'comment',
  description: 'Say something about a task, in its thread',
  args: { task, text: { type: 'positional', required: true, description: 'Markdown; “-” reads standard input' } },
  examples: ['nekode tasks comment 12 "@coder please add a test"', 'git diff | nekode tasks comment 12 -'],
  notes: ['JSON: the message.'],
  run: async ({ args, host, out, connect }) => {
    const content = await givenText(host, 'the text', { text: args.text })
    const { call } = await connect()
    const message = await call('POST /api/tasks/{id}/comments', { params: { id: args.task }, body: { content } })
    out.show(message, () => `Said in ${message.target}.`)
  },
})

export const tasks = group({
  name: 'tasks',
  description: 'What is to be done, by whom, and how far it is',
  examples: [
    'nekode tasks',
    'nekode tasks board backend',
    'nekode tasks create backend "fix the login page" --assignee @coder',
  ],
  default: 'list',
  subCommands: { list, board, show, create, update, claim, comment },
})
