import type { Actor } from '@shared/gen/nekode/daemon/v1/common_pb'
import { ChannelVisibility } from '@shared/gen/nekode/daemon/v1/channels_pb'
import type { CollaborationMessage } from '@shared/gen/nekode/daemon/v1/messages_pb'
import { MAX_CONTENT } from '@shared/contract/lengths'
import { NekodeError } from '@shared/errors'
import { z } from 'zod'
import { type McpTool, mcpTool } from '../mcp/server'
import { decisionTools } from './decisions'
import type { ToolDeps } from './deps'
import { readMemory, updateMemory } from './memory'
import { fileTools } from './files'
import type { AgentTool } from './names'
import { noteTools } from './notes'
import { openPreview } from './preview'
import { reminderTools } from './reminders'

const Target = z
  .string()
  .trim()
  .min(1)
  .describe('A channel such as "#general", a direct conversation "dm:…", or a thread in one: "#general:msg_…".')
const Limit = z.number().int().min(1).max(100).optional().describe('How many, at most 100.')
const File = z.string().optional().describe('MEMORY.md (the default) or a Markdown file below notes/.')

/** What an agent can do on Nekode besides answering. Everything happens with its own token, so the server decides what it reaches. */
export function agentTools(deps: ToolDeps): McpTool[] {
  const tools: Record<AgentTool, McpTool> = {
    send_message: sendMessage(deps),
    read_messages: readMessages(deps),
    search_messages: searchMessages(deps),
    list_channels: listChannels(deps),
    list_members: listMembers(deps),
    update_status: updateStatus(deps),
    read_memory: readMemoryTool(deps),
    update_memory: updateMemoryTool(deps),
    ...noteTools(deps),
    ...decisionTools(deps),
    ...reminderTools(deps),
    ...fileTools(deps),
    open_preview: openPreview(deps),
  }
  return Object.values(tools)
}

const sendMessage = ({ calls }: ToolDeps) =>
  mcpTool({
    name: 'send_message',
    description:
      'Post a message in a channel, thread or direct conversation. Not for your answer: the last text of your turn is posted by itself.',
    input: z.strictObject({ target: Target, text: z.string().min(1).max(MAX_CONTENT) }),
    async call({ target, text }, agentId) {
      const key = crypto.randomUUID()
      const { message } = await calls.call(agentId, (client, options) =>
        client.sendMessage({ target, content: text, role: 'assistant', requestId: key, idempotencyKey: key }, options),
      )
      return `Sent to ${target}${message ? ` as ${message.messageId}` : ''}.`
    },
  })

const readMessages = ({ calls }: ToolDeps) =>
  mcpTool({
    name: 'read_messages',
    description: 'Read the latest messages of a channel, thread or direct conversation, oldest first.',
    input: z.strictObject({
      target: Target,
      limit: Limit,
      before: z.string().optional().describe('The position that an earlier call gave, to read further back.'),
    }),
    readOnly: true,
    async call({ target, limit, before }, agentId) {
      const { messages, nextCursor } = await calls.call(agentId, (client, options) =>
        client.readMessages({ target, limit: limit ?? 30, ...(before ? { cursor: { cursor: before } } : {}) }, options),
      )
      if (messages.length === 0) return `There are no messages in ${target}${before ? ' before that' : ''}.`
      const more = nextCursor?.cursor ? `\n\nOlder ones: call again with before="${nextCursor.cursor}".` : ''
      return messages.toReversed().map(line).join('\n\n') + more
    },
  })

const searchMessages = ({ calls }: ToolDeps) =>
  mcpTool({
    name: 'search_messages',
    description: 'Search the messages that you may see, for words that occur in them.',
    input: z.strictObject({ query: z.string().trim().min(1).max(200), target: Target.optional(), limit: Limit }),
    readOnly: true,
    async call({ query, target, limit }, agentId) {
      const { messages } = await calls.call(agentId, (client, options) =>
        client.searchMessages({ query, limit: limit ?? 20, ...(target ? { target } : {}) }, options),
      )
      if (messages.length === 0) return `Nothing matches “${query}”.`
      return messages.map((message) => `${placeOf(message)} ${line(message)}`).join('\n\n')
    },
  })

const listChannels = ({ calls }: ToolDeps) =>
  mcpTool({
    name: 'list_channels',
    description: 'List the channels and direct conversations that you may see.',
    input: z.strictObject({}),
    readOnly: true,
    async call(_, agentId) {
      const { channels } = await calls.call(agentId, (client, options) =>
        client.listChannels({ limit: 200, includePrivate: true }, options),
      )
      const lines = channels.map(({ target, displayName, visibility, joined, memberCount }) => {
        const facts = [
          displayName && displayName !== target.slice(1) ? displayName : '',
          visibility === ChannelVisibility.PRIVATE ? 'private' : '',
          joined ? 'joined' : 'not joined',
          `${memberCount} members`,
        ]
        return `${target} (${facts.filter(Boolean).join(', ')})`
      })
      return lines.join('\n') || 'There are no channels that you may see.'
    },
  })

const listMembers = ({ calls }: ToolDeps) =>
  mcpTool({
    name: 'list_members',
    description: 'List the people and agents of a channel, with the names by which you mention them.',
    input: z.strictObject({ target: Target }),
    readOnly: true,
    async call({ target }, agentId) {
      // Over HTTP: the daemon protocol knows no names to mention people by.
      const { items } = await calls.api(agentId, (call) =>
        call('GET /api/channels/{target}/members', { params: { target: target.replace(/:msg_[^:]+$/, '') } }),
      )
      const lines = items.map(({ kind, name, displayName, role }) =>
        [`@${name}`, displayName === name ? '' : displayName, kind === 'human' ? 'person' : 'agent', role].filter(
          Boolean,
        ),
      )
      return lines.map((parts) => parts.join(', ')).join('\n') || `${target} has no members.`
    },
  })

const updateStatus = ({ sayStatus }: ToolDeps) =>
  mcpTool({
    name: 'update_status',
    description: 'Show people in one short line what you are doing now. It appears on your run; it is no message.',
    input: z.strictObject({ text: z.string().trim().min(1).max(200) }),
    call({ text }, agentId) {
      sayStatus(agentId, text)
      return 'Shown.'
    },
  })

const readMemoryTool = (deps: ToolDeps) =>
  mcpTool({
    name: 'read_memory',
    description:
      'Read your memory: MEMORY.md, or a note that it names. The answer has the hash that update_memory needs.',
    input: z.strictObject({ file: File }),
    readOnly: true,
    call({ file }, agentId) {
      const { text, hash, notes } = readMemory(workspace(deps, agentId), file)
      return `hash: ${hash}\nnotes: ${notes.join(', ') || '(none)'}\n\n${text || '(empty)'}`
    },
  })

const updateMemoryTool = (deps: ToolDeps) =>
  mcpTool({
    name: 'update_memory',
    description:
      'Replace MEMORY.md, or a note, by a new text. Give the hash that read_memory told you; when the file has changed since, nothing is written and you get the present text.',
    input: z.strictObject({ text: z.string(), hash: z.string().trim(), file: File }),
    call({ text, hash, file }, agentId) {
      const now = updateMemory(workspace(deps, agentId), { text, hash, ...(file ? { file } : {}) })
      return `Written. hash: ${now}`
    },
  })

function workspace({ workspaceOf }: ToolDeps, agentId: string): string {
  const folder = workspaceOf(agentId)
  if (folder === undefined) throw new NekodeError('precondition', 'You have no workspace now.')
  return folder
}

const placeOf = ({ target, threadId }: CollaborationMessage): string => (threadId ? `${target}:${threadId}` : target)

const line = ({ messageId, sender, content, createdTimeUnix, attachments }: CollaborationMessage): string =>
  [
    `[${new Date(Number(createdTimeUnix) * 1000).toISOString()} ${messageId}] ${nameOf(sender)}: ${content}`,
    ...attachments.map((a) => `[file ${a.attachmentId}: ${a.filename}, ${a.mimeType}, ${a.sizeBytes} bytes]`),
  ].join('\n')

const nameOf = (actor: Actor | undefined): string => actor?.displayName || actor?.agentId || actor?.userId || 'somebody'
