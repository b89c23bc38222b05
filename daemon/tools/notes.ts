import { type MemoryRecord, MemoryScope, NewMemory, SHARED_SCOPES } from '@shared/contract/memory'
import { z } from 'zod'
import { type McpTool, mcpTool } from '../mcp/server'
import type { ToolDeps } from './deps'

/** How much of a note a list or a search shows. */
const EXCERPT = 2000

const Place = z
  .string()
  .trim()
  .max(200)
  .optional()
  .describe('A channel such as "#general" for notes about it; leave it out for your own.')

/** An agent's notes on the server: unlike MEMORY.md they are seen by people, and those about a channel by all who are in it. */
export const noteTools = (deps: ToolDeps) => ({
  list_memory: listMemory(deps),
  search_memory: searchMemory(deps),
  set_memory: setMemory(deps),
})

const listMemory = ({ calls }: ToolDeps): McpTool =>
  mcpTool({
    name: 'list_memory',
    description:
      'List the notes that Nekode keeps for you, with path, version and size, latest change first. Their text is in MEMORY.nekode.md, or by search_memory.',
    input: z.strictObject({ target: Place, before: z.string().max(100).optional() }),
    readOnly: true,
    async call({ target, before }, agentId) {
      const { items, nextCursor } = await calls.api(agentId, (call) =>
        call('GET /api/agents/{id}/memory', {
          params: { id: agentId },
          query: { limit: 100, ...(target ? { target } : {}), ...(before ? { cursor: before } : {}) },
        }),
      )
      if (items.length === 0) return 'There are no notes.'
      const more = nextCursor ? `\n\nMore: call again with before="${nextCursor}".` : ''
      return items.map(about).join('\n') + more
    },
  })

const searchMemory = ({ calls }: ToolDeps): McpTool =>
  mcpTool({
    name: 'search_memory',
    description:
      'Search the notes that Nekode keeps for you, in path, title, tags and text. An exact path finds that note.',
    input: z.strictObject({ query: z.string().trim().min(1).max(200), target: Place }),
    readOnly: true,
    async call({ query, target }, agentId) {
      const { items } = await calls.api(agentId, (call) =>
        call('GET /api/agents/{id}/memory', {
          params: { id: agentId },
          query: { limit: 20, q: query, ...(target ? { target } : {}) },
        }),
      )
      if (items.length === 0) return `No note matches “${query}”.`
      // Whoever names a note by its path wants all of it.
      const exact = items.filter((note) => note.path === query)
      if (exact.length) return exact.map((note) => `${about(note)}\n\n${note.content}`).join('\n\n---\n\n')
      return items.map((note) => `${about(note)}\n\n${excerpt(note)}`).join('\n\n---\n\n')
    },
  })

const setMemory = ({ calls }: ToolDeps): McpTool =>
  mcpTool({
    name: 'set_memory',
    description:
      'Write a note that Nekode keeps for you: a new one with version 0, or a new text for one with the version that you have read. People who look after you see it; with a target everybody in that channel does.',
    input: z.strictObject({
      path: NewMemory.shape.path.describe('Such as "notes/release.md".'),
      text: NewMemory.shape.content,
      version: NewMemory.shape.expectedVersion.describe('0 for a new note, else the version that you have read.'),
      title: NewMemory.shape.title,
      tags: NewMemory.shape.tags,
      target: Place,
    }),
    async call({ path, text, version, title, tags, target }, agentId) {
      const key = crypto.randomUUID()
      const scope = target ? MemoryScope.enum.channel : MemoryScope.enum.global
      const note = await calls.api(agentId, (call) =>
        call('PUT /api/agents/{id}/memory', {
          params: { id: agentId },
          body: {
            path,
            content: text,
            expectedVersion: version,
            scope,
            ...(target ? { target } : {}),
            ...(title === undefined ? {} : { title }),
            ...(tags === undefined ? {} : { tags }),
          },
          idempotencyKey: key,
        }),
      )
      return `Written: ${about(note)}`
    },
  })

const about = (n: MemoryRecord): string =>
  [
    `${n.path} (version ${n.version}`,
    SHARED_SCOPES.has(n.scope) ? ` about ${n.target}` : '',
    n.scope === 'global' || n.scope === 'channel' ? '' : ` scope ${n.scope}`,
    ` ${n.sizeBytes} bytes`,
  ]
    .filter(Boolean)
    .join(',') + `)${n.title ? ` ${n.title}` : ''}`

const excerpt = ({ content, path }: MemoryRecord): string =>
  content.length <= EXCERPT
    ? content
    : `${content.slice(0, EXCERPT).toWellFormed()}\n… (search for "${path}" to read all of it)`
