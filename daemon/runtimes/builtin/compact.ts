import { clip } from '../lines'
import type { Message } from './history'

/** A token is about four characters of English or code. */
const CHARS_PER_TOKEN = 4

/** Compacting starts when this much of the context is used: room for the answer must be left. */
export const FULL = 0.8

export const SUMMARY_PROMPT =
  'Summarise the conversation below for the agent that continues it. Keep what was asked for, what was decided, which files ' +
  'were read or changed and how, what is still open, and names and figures that will be needed. Write plain text.'

/** Characters of one tool output that still leave room for the conversation. */
export const outputLimit = (contextTokens: number): number => Math.floor(contextTokens * CHARS_PER_TOKEN * 0.2)

/** The conversation as text, every message shortened, the oldest left out when even that is too long for the context. */
export function transcript(messages: readonly Message[], contextTokens: number): string {
  const lines = messages.flatMap(linesOf)
  let room = contextTokens * CHARS_PER_TOKEN * 0.5
  const kept: string[] = []
  for (const line of lines.toReversed()) {
    room -= line.length
    if (room < 0) break
    kept.unshift(line)
  }
  return kept.join('\n\n')
}

function linesOf(message: Message): string[] {
  if (message.role === 'user') return [`User: ${clip(message.text, 4000)}`]
  if (message.role === 'tools')
    return message.results.map(({ name, output }) => `Result of ${name}: ${clip(output, 500)}`)
  const calls = message.calls.map(({ name, input }) => `Agent called ${name}: ${clip(JSON.stringify(input), 500)}`)
  return message.text ? [`Agent: ${clip(message.text, 2000)}`, ...calls] : calls
}
