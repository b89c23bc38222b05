import { type Approval, ApprovalState } from '@shared/contract'
import { NekodeError } from '@shared/errors'
import type { Connection } from './account'
import { command, group } from './command'
import { loadNames } from './names'
import type { Output } from './output'
import { fit } from './table'
import { indent, json, neutralise, oneLine } from './text'
import { oneOf, whole } from './values'

const list = command({
  name: 'list',
  description: 'Permission requests of agents',
  args: {
    state: { type: 'string', default: 'pending', description: 'pending, allowed, denied, withdrawn or all' },
    run: { type: 'string', valueHint: 'ID', description: 'Only of this run' },
    limit: { type: 'string', default: '50', description: 'How many, newest first' },
  },
  examples: ['nekode approvals', 'nekode approvals list --state all --json'],
  notes: ['JSON: a page {"items", "nextCursor"?} of approvals.'],
  run: async ({ args, out, connect }) => {
    const state = oneOf('--state', args.state, [...ApprovalState.options, 'all'])
    const limit = whole('limit', args.limit, 1, 200)
    const connection = await connect()
    const [page, names] = await Promise.all([
      connection.call('GET /api/approvals', {
        query: { limit, ...(state === 'all' ? {} : { state }), ...(args.run === undefined ? {} : { runId: args.run }) },
      }),
      loadNames(connection),
    ])
    const none = state === 'pending' ? 'Nothing waits for a permission.' : 'No permission requests.'
    out.list(
      page,
      [
        { title: 'id', text: (a) => a.id },
        { title: 'agent', text: (a) => names.agent(a.agentId), style: () => 'cyan' },
        { title: 'where', text: (a) => a.target },
        { title: 'state', text: (a) => a.state, style: (a) => (a.state === 'pending' ? 'yellow' : undefined) },
        { title: 'asked', text: (a) => out.ago(a.createdAt) },
        { title: 'wants to', text: wish },
      ],
      none,
    )
  },
})

/** How much of the input a line shows. */
const WISH_COLUMNS = 300

/** What an agent wants to do, in a line. The input shows what a title may leave out. */
export const wish = (a: Pick<Approval, 'kind' | 'title' | 'name' | 'input'>): string => {
  const input = a.input === undefined || a.input === null ? '' : oneLine(JSON.stringify(a.input))
  return `${a.kind}: ${oneLine(a.title || a.name)} ${fit(input, WISH_COLUMNS)}`.trimEnd()
}

/** The lines under a request that tell how to answer it. */
export const answers = (a: Approval): string =>
  ['show', 'allow', 'deny'].map((verb) => `  nekode approvals ${verb} ${a.id}`).join('\n')

const id = { type: 'positional', required: true, description: 'The request: apr_…' } as const

const show = command({
  name: 'show',
  description: 'One permission request with all of its input',
  args: { id },
  examples: ['nekode approvals show apr_0198c2f4a1b27c3e9d5f60718293a4b5'],
  notes: ['JSON: the approval.'],
  run: async ({ args, out, connect }) => {
    const connection = await connect()
    const [a, names] = await Promise.all([find(connection, args.id), loadNames(connection)])
    out.record(a, [
      ['id', a.id],
      ['agent', names.agent(a.agentId)],
      ['where', a.threadId === null ? a.target : `${a.target} ${a.threadId}`],
      ['run', a.runId],
      ['wants to', `${a.kind}: ${a.title || a.name}`],
      ['state', a.decidedBy === null ? a.state : `${a.state} by @${a.decidedBy.name}`],
      ['asked', out.ago(a.createdAt)],
    ])
    if (out.json || a.input === undefined || a.input === null) return
    out.line(indent(typeof a.input === 'string' ? neutralise(a.input) : json(a.input, 2)))
  },
})

/** A request by its id: the API has lists only. */
async function find({ call }: Connection, id: string): Promise<Approval> {
  let cursor: string | undefined
  do {
    const page = await call('GET /api/approvals', {
      query: { limit: 200, ...(cursor === undefined ? {} : { cursor }) },
    })
    const found = page.items.find((a) => a.id === id)
    if (found) return found
    cursor = page.nextCursor
  } while (cursor !== undefined)
  throw new NekodeError('not_found', `There is no permission request “${id}”.`, {
    next: 'See which there are: nekode approvals',
  })
}

const allow = command({
  name: 'allow',
  description: 'Allow what an agent asks for',
  args: {
    id,
    remember: {
      type: 'boolean',
      description: 'Also allow the same kind of request for the rest of the agent’s session',
    },
    message: { type: 'string', description: 'A word to the agent' },
  },
  examples: ['nekode approvals allow apr_0198c2f4a1b27c3e9d5f60718293a4b5'],
  run: (context) => decide(context, true),
})

const deny = command({
  name: 'deny',
  description: 'Deny what an agent asks for',
  args: { id, message: { type: 'string', description: 'Why, or what to do instead: the agent reads it' } },
  examples: ['nekode approvals deny apr_0198c2f4a1b27c3e9d5f60718293a4b5 --message "use the staging database"'],
  run: (context) => decide(context, false),
})

interface Decision {
  args: { id: string; remember?: boolean | undefined; message?: string | undefined }
  out: Output
  connect: () => Promise<Connection>
}

async function decide({ args, out, connect }: Decision, allow: boolean): Promise<void> {
  const { call } = await connect()
  const approval = await call('POST /api/approvals/{id}/decision', {
    params: { id: args.id },
    body: {
      allow,
      ...(args.remember ? { remember: true } : {}),
      ...(args.message === undefined ? {} : { message: args.message }),
    },
  })
  out.show(approval, () => `${allow ? 'Allowed' : 'Denied'}: ${wish(approval)}`)
}

export const approvals = group({
  name: 'approvals',
  description: 'See and answer what agents ask permission for',
  examples: ['nekode approvals', 'nekode approvals allow apr_0198c2f4a1b27c3e9d5f60718293a4b5 --remember'],
  default: 'list',
  subCommands: { list, show, allow, deny },
})
