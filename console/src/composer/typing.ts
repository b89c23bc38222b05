import { call } from '../api/client'
import { state } from '../store/state'

/** Others are told again before what they were told is over; in milliseconds. */
const againMs = 3000
let toldAt = 0
let toldKey = ''

/** Tells who looks at the conversation that a message is being written there. What is written stays here. */
export function tellTyping(target: string, threadId: string | null): void {
  const key = `${target}/${threadId}`
  const now = Date.now()
  if (state.connection !== 'live' || (key === toldKey && now - toldAt < againMs)) return
  toldAt = now
  toldKey = key
  // For a moment only: one that is not heard is not missed.
  void call('POST /api/channels/{target}/typing', { params: { target }, body: threadId ? { threadId } : {} }).catch(
    () => undefined,
  )
}
