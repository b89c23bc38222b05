import { createSignal } from 'solid-js'
import { createStore, reconcile } from 'solid-js/store'
import type { Note, PersonState } from '@shared/contract'
import { call } from '../api/client'
import { onEvent, onLive, onNote, onRestart } from '../store/feed'
import { state } from '../store/state'

type Typing = Extract<Note, { kind: 'typing' }>

/** Who has the console open, by id; who is not in it is offline. */
const [people, setPeople] = createStore<Record<string, PersonState | undefined>>({})
const [writing, setWriting] = createSignal<readonly Typing[]>([])

export const personState = (userId: string): PersonState => people[userId] ?? 'offline'

/** Others who are writing in a conversation just now, by id. */
export const whoWrites = (target: string, threadId: string | null): string[] =>
  writing()
    .filter((note) => note.target === target && note.threadId === threadId)
    .map(({ userId }) => userId)

const same = (a: Typing, b: Typing) => a.userId === b.userId && a.target === b.target && a.threadId === b.threadId

/** Most that are shown at once; a channel with more of them needs no list of names. */
const most = 50

onNote((note) => {
  if (note.kind === 'presence') return setPeople(note.userId, note.state)
  if (note.userId === state.me?.id) return
  setWriting((list) => [...list.filter((each) => !same(each, note)).slice(-most), note])
  // The server's clock may be another: what counts is how long it holds from now on.
  setTimeout(() => setWriting((list) => list.filter((each) => each !== note)), holdsMs)
})
/** As long as the server says it does. */
const holdsMs = 6000

onEvent((event) => {
  if (event.kind !== 'message' || event.operation !== 'created') return
  const { sender, target, threadId } = event.payload
  setWriting((list) =>
    list.filter((each) => each.userId !== sender.id || each.target !== target || each.threadId !== threadId),
  )
})
onRestart(() => {
  setPeople(reconcile({}))
  setWriting([])
})
onLive(() => {
  call('GET /api/presence').then(
    ({ items }) => setPeople(reconcile(Object.fromEntries(items.map(({ userId, state }) => [userId, state])))),
    // The dots stay as they were; the next connection asks again.
    () => undefined,
  )
  sign()
})

/** Signs of use are sent at most so often, and what is typed is said so often; in milliseconds. */
const signEveryMs = 60_000
const typingEveryMs = 3000
let signedAt = -Infinity

function sign(): void {
  if (state.phase !== 'ready' || document.visibilityState !== 'visible') return
  if (performance.now() - signedAt < signEveryMs) return
  signedAt = performance.now()
  // Nobody misses one of them.
  call('POST /api/presence', { body: {} }).catch(() => undefined)
}
for (const type of ['pointerdown', 'keydown', 'visibilitychange'])
  document.addEventListener(type, sign, { capture: true, passive: true })

let said = { key: '', at: -Infinity }

/** Tells the others that the reader is writing; not more often than needed. */
export function tellTyping(target: string, threadId: string | null): void {
  const key = `${target} ${threadId ?? ''}`
  if (state.connection !== 'live' || (said.key === key && performance.now() - said.at < typingEveryMs)) return
  said = { key, at: performance.now() }
  const body = threadId ? { threadId } : {}
  // Nobody misses one of them.
  call('POST /api/channels/{target}/typing', { params: { target }, body }).catch(() => undefined)
}
