import type { PlanEntry as AcpPlanEntry, ToolCallContent, ToolCallUpdate } from '@agentclientprotocol/sdk'
import { z } from 'zod'
import { fileDiff } from '../diff'
import type { FileDiff, PlanEntry, TokenUsage, ToolKind } from '../events'

const KINDS: readonly ToolKind[] = ['read', 'edit', 'delete', 'move', 'search', 'execute', 'think', 'fetch']

/**
 * The kind as we name it. MCP tools have none in ACP; they are known by the names of the servers they were given. A kind that the
 * agent names counts first: the name may be a title such as "cat nekode.txt", and a command must not pass for a tool of ours.
 */
export function toolKind(kind: string | null | undefined, name: string, servers: readonly string[]): ToolKind {
  const named = KINDS.find((known) => known === kind)
  if (named) return named
  return servers.some((server) => name.includes(server)) ? 'mcp' : 'other'
}

/** The output of a tool call update: its text, else whatever the agent put there. */
export function outputText({ content, rawOutput }: Pick<ToolCallUpdate, 'content' | 'rawOutput'>): string {
  const text = (content ?? []).map(textOf).filter(Boolean).join('\n')
  if (text || rawOutput === undefined || rawOutput === null) return text
  return typeof rawOutput === 'string' ? rawOutput : JSON.stringify(rawOutput)
}

const textOf = (part: ToolCallContent) =>
  part.type === 'content' && part.content.type === 'text' ? part.content.text : ''

export const diffsOf = (content: ToolCallContent[] | null | undefined): FileDiff[] =>
  (content ?? []).flatMap((part) =>
    part.type === 'diff' ? [fileDiff(part.path, part.oldText ?? null, part.newText)] : [],
  )

export const planOf = (entries: AcpPlanEntry[]): PlanEntry[] =>
  entries.map(({ content, status }) => ({
    text: content,
    status: status === 'completed' || status === 'in_progress' ? status : 'pending',
  }))

const Count = z
  .number()
  .nullish()
  .transform((count) => count ?? 0)
const Usage = z.looseObject({
  inputTokens: Count,
  input_tokens: Count,
  outputTokens: Count,
  output_tokens: Count,
  cachedReadTokens: Count,
  cachedWriteTokens: Count,
  thoughtTokens: Count,
})

/** Usage is outside the stable schema: each agent puts it somewhere else in the answer to a prompt. */
const Answer = z.looseObject({
  usage: Usage.nullish(),
  _meta: z
    .looseObject({ usage: Usage.nullish(), quota: z.looseObject({ token_count: Usage.nullish() }).nullish() })
    .nullish(),
})

export function usageOf(answer: unknown): TokenUsage | undefined {
  const { usage, _meta: meta } = Answer.safeParse(answer).data ?? {}
  const found = usage ?? meta?.usage ?? meta?.quota?.token_count
  if (!found) return undefined
  return {
    input: found.inputTokens || found.input_tokens,
    cacheRead: found.cachedReadTokens,
    cacheWrite: found.cachedWriteTokens,
    output: found.outputTokens || found.output_tokens,
    reasoning: found.thoughtTokens,
  }
}

/** What was added since an earlier total. */
export const subtract = (total: TokenUsage, before: TokenUsage): TokenUsage => ({
  input: Math.max(0, total.input - before.input),
  cacheRead: Math.max(0, total.cacheRead - before.cacheRead),
  cacheWrite: Math.max(0, total.cacheWrite - before.cacheWrite),
  output: Math.max(0, total.output - before.output),
  reasoning: Math.max(0, total.reasoning - before.reasoning),
})

export const NO_USAGE: TokenUsage = { input: 0, cacheRead: 0, cacheWrite: 0, output: 0, reasoning: 0 }
