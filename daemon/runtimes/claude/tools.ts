import { z } from 'zod'
import { currentText, fileDiff } from '../diff'
import type { FileDiff, ToolKind } from '../events'

const KINDS: Record<string, ToolKind> = {
  Read: 'read',
  Glob: 'search',
  Grep: 'search',
  LS: 'read',
  Edit: 'edit',
  MultiEdit: 'edit',
  Write: 'edit',
  NotebookEdit: 'edit',
  Bash: 'execute',
  Monitor: 'execute',
  WebFetch: 'fetch',
  WebSearch: 'fetch',
  Task: 'think',
  Agent: 'think',
}

/** Tools that would bypass the chat (peer sockets, turns it schedules itself) or wait for a person at a terminal. */
export const OFF_LIMITS = [
  'AskUserQuestion',
  'EnterPlanMode',
  'ExitPlanMode',
  'SendMessage',
  'ListAgents',
  'CronCreate',
  'CronDelete',
  'CronList',
  'ScheduleWakeup',
  'EnterWorktree',
  'ExitWorktree',
]

export const toolKind = (name: string): ToolKind => KINDS[name] ?? (name.startsWith('mcp__') ? 'mcp' : 'other')

const Named = z.looseObject({
  command: z.string().optional(),
  file_path: z.string().optional(),
  pattern: z.string().optional(),
  url: z.string().optional(),
  query: z.string().optional(),
  description: z.string().optional(),
})

/** What a person is told the tool is about to do. */
export function toolTitle(name: string, input: unknown): string {
  const named = Named.safeParse(input).data
  const subject =
    named?.command ?? named?.file_path ?? named?.pattern ?? named?.url ?? named?.query ?? named?.description
  return subject ?? name.replace(/^mcp__(.+?)__/, '$1: ')
}

const Content = z.array(z.looseObject({ type: z.string().optional(), text: z.string().optional() }))

/** The text of a tool result, which is a string or a list of blocks. */
export function resultText(content: unknown): string {
  if (typeof content === 'string') return content
  const blocks = Content.safeParse(content).data ?? []
  return blocks.map(({ type, text }) => text ?? (type ? `[${type}]` : '')).join('\n')
}

const WriteInput = z.object({ file_path: z.string(), content: z.string() })
const EditInput = z.object({
  file_path: z.string(),
  old_string: z.string(),
  new_string: z.string(),
  replace_all: z.boolean().default(false),
})

/** What an edit that waits for permission would change. */
export function proposedDiff(name: string, input: unknown): FileDiff[] {
  const write = name === 'Write' ? WriteInput.safeParse(input).data : undefined
  if (write) return [fileDiff(write.file_path, currentText(write.file_path), write.content)]
  const edit = name === 'Edit' ? EditInput.safeParse(input).data : undefined
  if (!edit) return []
  const { file_path: path, old_string: old, new_string: text, replace_all: all } = edit
  const before = currentText(path)
  if (!before || !old || !before.includes(old)) return [fileDiff(path, old, text)]
  return [fileDiff(path, before, all ? before.replaceAll(old, () => text) : before.replace(old, () => text))]
}

const Patched = z.looseObject({
  filePath: z.string(),
  content: z.string().optional(),
  originalFile: z.string().nullish(),
  structuredPatch: z.array(
    z.looseObject({
      oldStart: z.number(),
      oldLines: z.number(),
      newStart: z.number(),
      newLines: z.number(),
      lines: z.array(z.string()),
    }),
  ),
})

/** What Write and Edit have changed, out of their structured result. */
export function madeDiff(result: unknown): FileDiff[] {
  const made = Patched.safeParse(result).data
  if (!made) return []
  if (made.structuredPatch.length === 0)
    return made.content === undefined ? [] : [fileDiff(made.filePath, made.originalFile ?? null, made.content)]
  const hunks = made.structuredPatch.map(
    (hunk) => `@@ -${hunk.oldStart},${hunk.oldLines} +${hunk.newStart},${hunk.newLines} @@\n${hunk.lines.join('\n')}\n`,
  )
  return [{ path: made.filePath, diff: `--- ${made.filePath}\n+++ ${made.filePath}\n${hunks.join('')}` }]
}
