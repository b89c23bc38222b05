import { createStore } from 'solid-js/store'
import type { Thread } from '@shared/contract'
import { call } from '../api/client'
import { onEvent, onRestart } from '../store/feed'
import { state } from '../store/state'

/** Whether the reader follows a thread, by the id of its first message; absent until it was asked. */
const [follows, setFollows] = createStore<Record<string, boolean | undefined>>({})

onEvent((event) => {
  if (event.kind === 'follow') setFollows(event.payload.threadId, event.payload.followed)
  if (event.kind !== 'message' || event.operation !== 'created') return
  const { threadId, sender } = event.payload
  // Whoever replies follows, unless they said otherwise before: the server knows.
  if (threadId && sender.id === state.me?.id && follows[threadId] === false) void askAgain(threadId)
})
onRestart(() => {
  for (const id of Object.keys(follows)) setFollows(id, undefined)
})

export const isFollowed = (threadId: string): boolean | undefined => follows[threadId]

const askAgain = (threadId: string): Promise<void> =>
  call('GET /api/threads/{id}', { params: { id: threadId } }).then(
    ({ followed }) => setFollows(threadId, followed),
    // It shows with the next look at the thread.
    () => undefined,
  )

/** A thread as the reader sees it; whether it is followed is known from then on. Throws `ApiError`. */
export async function loadThread(threadId: string): Promise<Thread> {
  const thread = await call('GET /api/threads/{id}', { params: { id: threadId } })
  // An event that came meanwhile is the later one.
  if (follows[threadId] === undefined) setFollows(threadId, thread.followed)
  return thread
}

/** Finds out whether the reader follows a thread, unless that is known. */
export async function loadFollow(threadId: string): Promise<void> {
  if (follows[threadId] !== undefined) return
  try {
    await loadThread(threadId)
  } catch {
    // Then the menu does not offer it; the next one asks again.
  }
}

/** Follows a thread or stops following it, at once; back as it was when the server refuses. */
export async function setFollow(threadId: string, on: boolean): Promise<void> {
  const before = follows[threadId]
  setFollows(threadId, on)
  try {
    await call(on ? 'PUT /api/threads/{id}/follow' : 'DELETE /api/threads/{id}/follow', { params: { id: threadId } })
  } catch (error) {
    setFollows(threadId, before)
    throw error
  }
}
