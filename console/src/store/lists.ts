import type { MessagePage } from '@shared/contract'
import { call } from '../api/client'
import { PAGE_SIZE } from '../api/early'
import { insertId, put, putDelivery, putRun } from './apply'
import { isOver } from './runs'
import { change, listKey, state, type MessageList, type State } from './state'

/** Lists kept in memory besides the one on screen. */
const keep = 12
const used: string[] = []

function takeIn(key: string, page: MessagePage, threadId: string | null, update: (list: MessageList) => void): void {
  change((draft) => {
    const list = (draft.lists[key] ??= { ids: [], status: 'loading', older: null, newer: false })
    for (const message of page.items) {
      put(draft.messages, message.id, message)
      // The first message of a thread is shown above its list.
      if (message.id !== threadId) insertId(list.ids, message.id)
    }
    for (const delivery of page.deliveries) putDelivery(draft, delivery)
    for (const run of page.runs) putRun(draft, run)
    update(list)
    list.status = 'ready'
  })
}

const query = (target: string, threadId: string | null) => ({
  target,
  limit: PAGE_SIZE,
  ...(threadId ? { threadId } : {}),
})

/** Opens a list at its end, or around one message. Does nothing when that part is here already. */
export async function openList(target: string, threadId: string | null, around?: string | undefined): Promise<void> {
  const key = listKey(target, threadId)
  remember(key)
  const known = state.lists[key]
  if (known && known.status !== 'failed' && (!around || known.ids.includes(around))) return
  change((draft) => void (draft.lists[key] = { ids: [], status: 'loading', older: null, newer: false }))
  try {
    const page = await call('GET /api/messages', {
      query: { ...query(target, threadId), ...(around ? { around } : {}) },
    })
    takeIn(key, page, threadId, (list) => {
      list.older = page.nextCursor ?? null
      list.newer = around !== undefined
    })
  } catch (error) {
    change((draft) => {
      const list = draft.lists[key]
      if (list) list.status = 'failed'
    })
    throw error
  }
}

/** Forgets the lists that have not been looked at for longest. */
function remember(key: string): void {
  const at = used.indexOf(key)
  if (at >= 0) used.splice(at, 1)
  used.push(key)
  const old = used.splice(0, Math.max(0, used.length - keep))
  if (old.length > 0) change((draft) => old.forEach((key) => forget(draft, key)))
}

/** Drops a list with its messages and what became of them; whoever comes back gets them from the server. */
export function forget(state: State, key: string): void {
  for (const id of state.lists[key]?.ids ?? []) {
    for (const deliveryId of state.byMessage[id] ?? []) {
      const runId = state.deliveries[deliveryId]?.runId
      if (runId && isOver(state.runs[runId])) delete state.runs[runId]
      delete state.deliveries[deliveryId]
    }
    delete state.byMessage[id]
    delete state.messages[id]
  }
  delete state.lists[key]
}

const busy = new Set<string>()
async function once(name: string, work: () => Promise<void>): Promise<void> {
  if (busy.has(name)) return
  busy.add(name)
  try {
    await work()
  } finally {
    busy.delete(name)
  }
}

export const isLoadingOlder = (target: string, threadId: string | null): boolean =>
  busy.has(`older ${listKey(target, threadId)}`)

/** Loads the page before the first loaded message. */
export function loadOlder(target: string, threadId: string | null): Promise<void> {
  const key = listKey(target, threadId)
  return once(`older ${key}`, async () => {
    const cursor = state.lists[key]?.older
    if (!cursor) return
    const page = await call('GET /api/messages', { query: { ...query(target, threadId), cursor } })
    takeIn(key, page, threadId, (list) => void (list.older = page.nextCursor ?? null))
  })
}

/** Loads the page after the last loaded message, until the list has caught up with the present. */
export function loadNewer(target: string, threadId: string | null): Promise<void> {
  const key = listKey(target, threadId)
  return once(`newer ${key}`, async () => {
    const list = state.lists[key]
    const after = list?.ids.at(-1)
    if (!list?.newer || !after) return
    const page = await call('GET /api/messages', { query: { ...query(target, threadId), after } })
    takeIn(key, page, threadId, (list) => void (list.newer = page.items.length >= PAGE_SIZE))
  })
}

/** Leaves the past: the list is opened again at its end. */
export async function jumpToPresent(target: string, threadId: string | null): Promise<void> {
  change((draft) => void delete draft.lists[listKey(target, threadId)])
  await openList(target, threadId)
}

/** Fetches one message, its deliveries and runs, unless it is here. Throws `ApiError`. */
export async function fetchMessage(id: string): Promise<void> {
  if (state.messages[id]) return
  const { message, deliveries, runs } = await call('GET /api/messages/{id}', { params: { id } })
  change((draft) => {
    put(draft.messages, id, message)
    for (const delivery of deliveries) putDelivery(draft, delivery)
    for (const run of runs) putRun(draft, run)
  })
}
