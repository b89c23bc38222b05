import type { ToolKind } from '../runtimes/events'

/** What a turn consisted of, in order, as far as its answer is concerned. */
export type Segment = { type: 'text'; text: string } | { type: 'tool'; name: string; kind: ToolKind }

/** Nekode's own bookkeeping tools: an agent that notes something after its answer has not taken the answer back. */
const BOOKKEEPING = /(?:^|[^a-z])(?:update_memory|read_memory|list_memory|search_memory|set_memory|update_status)$/

const isQuiet = ({ name, kind }: Extract<Segment, { type: 'tool' }>): boolean =>
  kind === 'think' || BOOKKEEPING.test(name)

/**
 * The text that is posted as a turn's answer: what the agent said after its last tool call, or, when it said nothing more, what
 * it said before that. Text between tool calls ("Let me look at the tests.") tells what the agent is doing; it stays in the
 * run's steps, where chats with agents show it, and out of the answer. Several blocks are paragraphs of one answer.
 */
export function answerOf(segments: readonly Segment[]): string {
  const groups: string[][] = [[]]
  for (const segment of segments) {
    if (segment.type === 'text') groups.at(-1)?.push(segment.text.trim())
    else if (!isQuiet(segment)) groups.push([])
  }
  return groups.map((texts) => texts.filter(Boolean).join('\n\n')).findLast(Boolean) ?? ''
}
