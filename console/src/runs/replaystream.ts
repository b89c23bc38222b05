import { createParser } from 'eventsource-parser'
import type { ArchivedEvent } from '@shared/contract'
import { authHeaders } from '../api/client'

const phases = new Set(['start', 'tool_call', 'tool_result', 'error', 'output', 'end'])

/** More than anybody reads; the rest stays on the server. */
const mostEvents = 20_000

/**
 * Reads an archived run from its first event to its last. `onEvents` gets them in order, as they come in.
 *
 * @throws Error when the stream cannot be had or breaks
 */
export async function replayOf(
  runId: string,
  onEvents: (events: ArchivedEvent[]) => void,
  signal: AbortSignal,
): Promise<void> {
  const response = await fetch(`/api/agent-runs/${encodeURIComponent(runId)}/replay`, {
    headers: { accept: 'text/event-stream', ...authHeaders() },
    signal,
  })
  if (!response.ok || !response.body) throw new Error(`the replay was answered with ${response.status}`)
  const found: ArchivedEvent[] = []
  let total = 0
  const parser = createParser({
    onEvent: (message) => {
      if (message.event && phases.has(message.event)) found.push(JSON.parse(message.data))
    },
  })
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader()
  for (;;) {
    const { done, value } = await reader.read()
    if (done) return
    parser.feed(value)
    total += found.length
    if (found.length > 0) onEvents(found.splice(0))
    if (total < mostEvents) continue
    await reader.cancel()
    return
  }
}
