import { fileDiff } from '../diff'
import type { FileDiff, ToolStatus } from '../events'
import type { ToolStart } from '../turns'
import type { Item } from './messages'

type Tool = Exclude<Item, { type: 'agentMessage' }>

/** How an item that stands for a tool call is announced. */
export function startOf(item: Tool): ToolStart {
  const toolId = item.id
  switch (item.type) {
    case 'commandExecution': {
      const { cwd } = item
      const command = plainCommand(item.command)
      return { toolId, name: 'shell', kind: 'execute', title: command, input: { command, cwd } }
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

/** Codex gives a new or deleted file as its text and a changed one as the hunks of a diff. */
export const diffOf = (item: Item): FileDiff[] => (item.type === 'fileChange' ? item.changes.map(changeDiff) : [])

function changeDiff({ path, diff, kind }: Extract<Item, { type: 'fileChange' }>['changes'][number]): FileDiff {
  if (kind?.type === 'add') return fileDiff(path, null, diff)
  if (kind?.type === 'delete') return fileDiff(path, diff, null)
  return { path, diff: diff.startsWith('@@') ? `--- ${path}\n+++ ${path}\n${diff}` : diff }
}

/**
 * The command without the shell that Codex wraps it in. The list of parsed commands that it sends too is for display: it can
 * leave out a part, and whoever allows a command has to see all of it.
 */
export function plainCommand(command: string): string {
  const [, single, double] = /^\S*\/(?:ba|z|da)?sh -l?c (?:'([^']*)'|"((?:[^"\\]|\\.)*)")$/s.exec(command) ?? []
  return single ?? double?.replace(/\\(["\\$`])/g, '$1') ?? command
}

const texts = (content: { text?: string | undefined }[] | null | undefined) =>
  (content ?? []).map(({ text }) => text ?? '').join('\n')
