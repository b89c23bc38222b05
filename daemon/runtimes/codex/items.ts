import type { FileDiff, ToolStatus } from '../events'
import type { ToolStart } from '../turns'
import type { Item } from './messages'

type Tool = Exclude<Item, { type: 'agentMessage' }>

/** How an item that stands for a tool call is announced. */
export function startOf(item: Tool): ToolStart {
  const toolId = item.id
  switch (item.type) {
    case 'commandExecution': {
      const { command, cwd, commandActions } = item
      const title = commandActions[0]?.command ?? command
      return { toolId, name: 'shell', kind: 'execute', title, input: { command: title, cwd } }
    }
    case 'fileChange': {
      const paths = item.changes.map(({ path }) => path)
      return { toolId, name: 'apply_patch', kind: 'edit', title: paths.join(', ') || 'apply patch', input: { paths } }
    }
    case 'mcpToolCall': {
      const { server, tool } = item
      return {
        toolId,
        name: `mcp__${server}__${tool}`,
        kind: 'mcp',
        title: `${server}: ${tool}`,
        input: item.arguments,
      }
    }
    case 'dynamicToolCall':
      return { toolId, name: item.tool, kind: 'other', title: item.tool, input: item.arguments }
    case 'webSearch':
      return { toolId, name: 'web_search', kind: 'fetch', title: item.query ?? 'web search' }
  }
}

export interface ToolResult {
  status: ToolStatus
  output: string
  diff: FileDiff[]
}

const STATUS: Record<string, ToolStatus> = { completed: 'completed', declined: 'denied', failed: 'failed' }

export function endOf(item: Tool): ToolResult {
  const status = item.type === 'webSearch' ? 'completed' : (STATUS[item.status] ?? 'interrupted')
  return { status, output: outputOf(item), diff: diffOf(item) }
}

function outputOf(item: Tool): string {
  switch (item.type) {
    case 'commandExecution':
      return item.aggregatedOutput || (item.exitCode ? `exit ${item.exitCode}` : '')
    case 'mcpToolCall':
      return item.error?.message ?? texts(item.result?.content)
    case 'dynamicToolCall':
      return texts(item.contentItems)
    default:
      return ''
  }
}

/** Codex gives a new file as its text and a changed one as the hunks of a diff. */
export const diffOf = (item: Item): FileDiff[] =>
  item.type === 'fileChange' ? item.changes.map(({ path, diff }) => ({ path, diff })) : []

const texts = (content: { text?: string | undefined }[] | null | undefined) =>
  (content ?? []).map(({ text }) => text ?? '').join('\n')
