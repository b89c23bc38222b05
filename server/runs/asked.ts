import type { MessageHistory } from '../messages/history'
import { cut } from '../rpc/text'
import type { RunRow } from './view'

/** How much of the message a queued run shows; older daemons give it to the agent. */
const LENGTH = 1800

/** The text that a queued run asks about; empty once the run is on its way. */
export async function askedBy(history: MessageHistory, run: RunRow): Promise<string> {
  if (run.state !== 'queued' || run.inputMessageId === null) return ''
  return cut((await history.get(run.inputMessageId))?.content ?? '', LENGTH)
}
