import { type MemoryRecord, MemoryScope } from '@shared/contract'
import { NekodeError } from '@shared/errors'
import type { Connection } from './account'
import { command, group } from './command'
import { usage } from './exit'
import { confirm, givenText } from './input'
import { findAgent, findTarget } from './names'
import type { Output } from './output'
import { indent, neutralise, oneLine } from './text'
import { listOf, oneOf, whole } from './values'

const agent = {
  type: 'positional',
  required: false,
  description: 'The agent: @name, name or id; an agent leaves itself out',
} as const
const path = { type: 'positional', required: false, description: 'Where the note stands: notes/release.md' } as const
const target = { type: 'string', description: 'About this channel; everybody in it can read the note' } as const
const scope = { type: 'string', description: `${MemoryScope.options.join(', ')}` } as const
const limit = { type: 'string', default: '50', description: 'How many, latest change first' } as const
const cursor = { type: 'string', description: 'Go on after an earlier page: its nextCursor' } as const

/** Whose notes are meant, and the word after that: an agent that leaves itself out has one word less. */
async function whose(
  connection: Connection,
  [first, second]: [string | undefined, string | undefined],
  what: string,
): Promise<{ agentId: string; word: string }> {
  if (second !== undefined && first !== undefined)
    return { agentId: (await findAgent(connection, first)).id, word: second }
  const { self } = connection
  if (first === undefined || !self)
    throw usage(`${first === undefined ? 'AGENT' : what} is missing.`, 'Look at the help: --help.')
  return { agentId: self.id, word: first }
}

interface Filter {
  agentId: string
  target?: string | undefined
  scope?: string | undefined
  limit: string
  cursor?: string | undefined
}

async function read(connection: Connection, args: Filter, more: { q?: string; path?: string } = {}) {
  const where = args.target === undefined ? undefined : await findTarget(connection, args.target)
  return connection.call('GET /api/agents/{id}/memory', {
    params: { id: args.agentId },
    query: {
      limit: whole('limit', args.limit, 1, 200),
      ...(where === undefined ? {} : { target: where }),
      ...(args.scope === undefined ? {} : { scope: oneOf('--scope', args.scope, MemoryScope.options) }),
      ...(args.cursor === undefined ? {} : { cursor: args.cursor }),
      ...more,
    },
  })
}

const table = (out: Output, page: { items: MemoryRecord[]; nextCursor?: string | undefined }, none: string): void =>
  out.list(
    page,
    [
      { title: 'path', text: (m) => m.path, style: () => 'bold' },
      { title: 'about', text: (m) => (m.scope === 'global' ? '' : `${m.scope} ${m.target ?? ''}`.trim()) },
      { title: 'version', text: (m) => String(m.version) },
      { title: 'bytes', text: (m) => String(m.sizeBytes) },
      { title: 'changed', text: (m) => out.ago(m.updatedAt) },
      { title: 'title', text: (m) => oneLine(m.title) },
    ],
    none,
  )

const list = command({
  name: 'list',
  description: 'An agent’s notes that you may see',
  args: { agent, target, scope, limit, cursor },
  examples: ['nekode memory list @coder', 'nekode memory list @coder --target backend --json'],
  notes: ['JSON: a page {"items", "nextCursor"?} of notes.'],
  run: async ({ args, out, connect }) => {
    const connection = await connect()
    const agentId = args.agent === undefined ? connection.self?.id : (await findAgent(connection, args.agent)).id
    if (agentId === undefined) throw usage('AGENT is missing.', 'Look at the help: --help.')
    table(out, await read(connection, { ...args, agentId }), 'There are no notes.')
  },
})

const search = command({
  name: 'search',
  description: 'Search an agent’s notes, in path, title, tags and text',
  args: {
    agent,
    query: { type: 'positional', required: false, description: 'Words to look for' },
    target,
    scope,
    limit,
    cursor,
  },
  examples: ['nekode memory search @coder deploy', 'nekode memory search @coder "out of memory" --json'],
  notes: ['JSON: a page {"items", "nextCursor"?} of notes.'],
  run: async ({ args, out, connect }) => {
    const connection = await connect()
    const { agentId, word: q } = await whose(connection, [args.agent, args.query], 'QUERY')
    table(out, await read(connection, { ...args, agentId }, { q }), 'Nothing found.')
  },
})

const show = command({
  name: 'show',
  description: 'One note with its text',
  args: { agent, path, target },
  examples: ['nekode memory show @coder notes/release.md'],
  notes: ['JSON: the note. When there is one of that path for several channels, name the one with --target.'],
  run: async ({ args, out, connect }) => {
    const m = await find(await connect(), args)
    out.record(m, [
      ['path', m.path],
      ['title', m.title],
      ['about', m.target ?? m.scope],
      ['version', String(m.version)],
      ['tags', m.tags.join(', ')],
      ['changed', out.ago(m.updatedAt)],
      ['id', m.id],
    ])
    if (!out.json) out.line(m.localOnly ? '  (only on the agent’s computer)' : indent(neutralise(m.content.trimEnd())))
  },
})

/** The one note at a path: without a target the agent's own, before those about channels. */
async function find(
  connection: Connection,
  args: { agent?: string | undefined; path?: string | undefined; target?: string | undefined },
) {
  const { agentId, word: path } = await whose(connection, [args.agent, args.path], 'PATH')
  const { items } = await read(connection, { target: args.target, agentId, limit: '200' }, { path })
  const found = items.find((m) => args.target !== undefined || m.target === null) ?? items[0]
  if (found) return found
  throw new NekodeError('not_found', `There is no note “${path}”.`, {
    next: `See which there are: nekode memory list ${agentId}`,
  })
}

const set = command({
  name: 'set',
  description: 'Write a note: a new one, or a new text for the one at that path',
  args: {
    agent,
    path,
    text: { type: 'positional', required: false, description: 'The text; “-” reads standard input' },
    file: { type: 'string', valueHint: 'PATH', description: 'The text, from a file' },
    title: { type: 'string', description: 'A line that says what it is about' },
    tags: { type: 'string', description: 'Words for finding it, with commas between them' },
    target,
    scope,
    'if-version': {
      type: 'string',
      valueHint: 'N',
      description: 'Only when it is at this version; 0: only a new note',
    },
  },
  examples: [
    'nekode memory set @coder notes/release.md "Tag first, then build."',
    'nekode memory set @coder style.md --file style.md --target backend --if-version 3',
  ],
  notes: ['JSON: the note. When somebody else has written meanwhile, nothing happens and the exit code is 1.'],
  run: async ({ args, host, out, connect }) => {
    const connection = await connect()
    // Two words without a text for them: an agent that leaves itself out.
    const own = connection.self && args.text === undefined && (args.path === undefined || args.file === undefined)
    const [first, second, text] = own ? [undefined, args.agent, args.path] : [args.agent, args.path, args.text]
    const content = await givenText(host, 'text', { text, file: args.file })
    const { agentId, word: path } = await whose(connection, own ? [second, undefined] : [first, second], 'PATH')
    const only = args['if-version']
    const given = only === undefined ? undefined : whole('if-version', only, 0, Number.MAX_SAFE_INTEGER)
    const usual = args.target === undefined ? 'global' : 'channel'
    const about = args.scope === undefined ? usual : oneOf('--scope', args.scope, MemoryScope.options)
    const where = args.target === undefined ? undefined : await findTarget(connection, args.target)
    const known = given ?? (await versionOf(connection, { target: args.target, agentId, path, scope: about }))
    const made = await connection.call('PUT /api/agents/{id}/memory', {
      params: { id: agentId },
      body: {
        path,
        content,
        scope: about,
        expectedVersion: known,
        ...(where === undefined ? {} : { target: where }),
        ...(args.title === undefined ? {} : { title: args.title }),
        ...(args.tags === undefined ? {} : { tags: listOf(args.tags) }),
      },
      idempotencyKey: crypto.randomUUID(),
    })
    out.show(made, () => `Written: ${made.path}, version ${made.version}.`)
  },
})

async function versionOf(connection: Connection, args: Omit<Filter, 'limit'> & { path: string }): Promise<number> {
  const { items } = await read(connection, { ...args, limit: '1' }, { path: args.path })
  return items[0]?.version ?? 0
}

const remove = command({
  name: 'remove',
  description: 'Remove a note',
  args: { agent, path, target, yes: { type: 'boolean', description: 'Do not ask' } },
  examples: ['nekode memory remove @coder notes/old.md --yes'],
  run: async ({ args, host, out, connect }) => {
    const connection = await connect()
    const note = await find(connection, args)
    await confirm(host, args.yes, `Remove ${note.path}?`)
    const done = await connection.call('DELETE /api/memory/{id}', {
      params: { id: note.id },
      query: { version: note.version },
    })
    out.show(done, () => `Removed ${note.path}.`)
  },
})

export const memory = group({
  name: 'memory',
  description: 'What agents remember on the server',
  examples: ['nekode memory list @coder', 'nekode memory search @coder deploy'],
  subCommands: { list, search, show, set, remove },
})
