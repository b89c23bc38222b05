import { type MemoryRecord, MemoryScope } from '@shared/contract'
import { NekodeError } from '@shared/errors'
import type { Connection } from './account'
import { command, group } from './command'
import { confirm, givenText } from './input'
import { findAgent, findTarget } from './names'
import type { Output } from './output'
import { indent, neutralise, oneLine } from './text'
import { listOf, oneOf, whole } from './values'

const agent = { type: 'positional', required: true, description: 'The agent: @name, name or id' } as const
const path = { type: 'positional', required: true, description: 'Where the note stands: notes/release.md' } as const
const target = { type: 'string', description: 'About this channel; everybody in it can read the note' } as const
const scope = { type: 'string', description: `${MemoryScope.options.join(', ')}` } as const
const limit = { type: 'string', default: '50', description: 'How many, latest change first' } as const
const cursor = { type: 'string', description: 'Go on after an earlier page: its nextCursor' } as const

interface Filter {
  agent: string
  target?: string | undefined
  scope?: string | undefined
  limit: string
  cursor?: string | undefined
}

async function read(connection: Connection, args: Filter, more: { q?: string; path?: string } = {}) {
  const { id } = await findAgent(connection, args.agent)
  const where = args.target === undefined ? undefined : await findTarget(connection, args.target)
  return connection.call('GET /api/agents/{id}/memory', {
    params: { id },
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
  run: async ({ args, out, connect }) => table(out, await read(await connect(), args), 'There are no notes.'),
})

const search = command({
  name: 'search',
  description: 'Search an agent’s notes, in path, title, tags and text',
  args: {
    agent,
    query: { type: 'positional', required: true, description: 'Words to look for' },
    target,
    scope,
    limit,
    cursor,
  },
  examples: ['nekode memory search @coder deploy', 'nekode memory search @coder "out of memory" --json'],
  notes: ['JSON: a page {"items", "nextCursor"?} of notes.'],
  run: async ({ args, out, connect }) =>
    table(out, await read(await connect(), args, { q: args.query }), 'Nothing found.'),
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
async function find(connection: Connection, args: { agent: string; path: string; target?: string | undefined }) {
  const { items } = await read(connection, { ...args, limit: '200' }, { path: args.path })
  const found = items.find((m) => args.target !== undefined || m.target === null) ?? items[0]
  if (found) return found
  throw new NekodeError('not_found', `There is no note “${args.path}”.`, {
    next: `See which there are: nekode memory list ${args.agent}`,
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
    const content = await givenText(host, 'text', args)
    const only = args['if-version']
    const given = only === undefined ? undefined : whole('if-version', only, 0, Number.MAX_SAFE_INTEGER)
    const usual = args.target === undefined ? 'global' : 'channel'
    const about = args.scope === undefined ? usual : oneOf('--scope', args.scope, MemoryScope.options)
    const connection = await connect()
    const { id } = await findAgent(connection, args.agent)
    const where = args.target === undefined ? undefined : await findTarget(connection, args.target)
    const known = given === undefined ? await versionOf(connection, { ...args, scope: about }) : given
    const made = await connection.call('PUT /api/agents/{id}/memory', {
      params: { id },
      body: {
        path: args.path,
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
