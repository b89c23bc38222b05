import { createEffect, createMemo, createRoot, createSignal, on } from 'solid-js'
import { createStore, produce } from 'solid-js/store'
import type { InboxItem, InboxState, Message, ServerEvent, Task, Tunnel } from '@shared/contract'
import { call } from '../api/client'
import { act } from '../app/act'
import { pendingApprovals, setInboxUnread } from '../app/unread'
import { put } from '../store/apply'
import { onEvent, onRestart } from '../store/feed'
import { canWrite } from '../store/session'
import { state as frame } from '../store/state'
import { arranged, moved, ofApproval, ofTunnel, type Entry, type EntryKind } from './entries'
import { keepTunnelMarks, tunnelMarks } from './marks'

interface Inbox {
  status: 'loading' | 'ready' | 'failed'
  items: Record<string, InboxItem>
  messages: Record<string, Message>
  tasks: Record<string, Task>
  tunnels: Record<string, Tunnel>
  /** What the reader did with permissions and tunnels, by id. */
  marks: Record<string, InboxState>
  /** Where the next page starts; null when everything is here. */
  next: string | null
  /** Unread items that are not here. */
  beyond: number
}

const pageSize = 100
const fresh = (): Inbox => ({
  status: 'loading',
  items: {},
  messages: {},
  tasks: {},
  tunnels: {},
  marks: tunnelMarks(),
  next: null,
  beyond: 0,
})
const [inbox, setInbox] = createStore<Inbox>(fresh())
export { inbox }
const edit = (recipe: (draft: Inbox) => void): void => setInbox(produce(recipe))

/** What was unread when the list was arranged. */
let wasUnread = new Set<string>()
/** Messages that came a moment ago: the item that is about one of them may come after it. */
const recent = new Map<string, Message>()

export const { entries, unread } = createRoot(() => {
  const [arrangement, setArrangement] = createSignal(0)
  const all = createMemo((): Entry[] => [
    ...Object.values(inbox.items),
    ...(canWrite() ? pendingApprovals().map((approval) => ofApproval(approval, inbox.marks[approval.id])) : []),
    ...Object.values(inbox.tunnels).map((tunnel) => ofTunnel(tunnel, inbox.marks[tunnel.id])),
  ])
  const ordered = createMemo(() => {
    arrangement()
    for (const { id, state } of all()) if (state === 'unread') wasUnread.add(id)
    return arranged(all(), wasUnread)
  })
  const count = createMemo(() => inbox.beyond + all().filter(({ state }) => state === 'unread').length)
  createEffect(on(count, (count) => setInboxUnread(inbox.status === 'ready' ? count : undefined)))
  createEffect(
    on(
      () => inbox.status,
      (status) => status === 'ready' && setInboxUnread(count()),
    ),
  )
  return { entries: Object.assign(ordered, { arrange: () => setArrangement((n) => n + 1) }), unread: count }
})

/** Puts the list in order anew: what was read goes below what is unread. */
export function arrange(): void {
  wasUnread = new Set()
  entries.arrange()
}

let turn = 0
/** What is told of items while the inbox is asked for: the answer may be older than that. */
let meanwhile: [item: InboxItem, deleted: boolean][] = []

/** Loads the inbox from its beginning. */
export async function load(): Promise<void> {
  const mine = ++turn
  meanwhile = []
  try {
    const [page, tunnels] = await Promise.all([
      call('GET /api/inbox', { query: { limit: pageSize } }),
      canWrite()
        ? call('GET /api/tunnels', { query: { state: 'pending_approval', limit: 50 } })
        : Promise.resolve({ items: [] }),
    ])
    if (mine !== turn) return
    edit((draft) => {
      Object.assign(draft, fresh(), { status: 'ready' })
      for (const tunnel of tunnels.items) draft.tunnels[tunnel.id] = tunnel
      takePage(draft, page)
    })
    for (const [item, deleted] of meanwhile) takeItem(item, deleted)
  } catch {
    // The page says so, with a button that tries again.
    if (mine === turn) edit((draft) => void (draft.status = 'failed'))
  }
}

type Page = Awaited<ReturnType<typeof askPage>>
const askPage = (cursor: string) => call('GET /api/inbox', { query: { limit: pageSize, cursor } })

function takePage(draft: Inbox, page: Page): void {
  for (const item of page.items) {
    if (item.kind === 'approval') draft.marks[item.id] = item.state
    else draft.items[item.id] = item
  }
  for (const message of page.messages) draft.messages[message.id] = message
  for (const task of page.tasks) draft.tasks[task.id] = task
  draft.next = page.nextCursor ?? null
  // Unread ones come first: once a read one is here, all of them are.
  const here =
    Object.values(draft.items).filter(({ state }) => state === 'unread').length +
    page.approvals.filter(({ id }) => draft.marks[id] === 'unread').length
  draft.beyond = draft.next === null ? 0 : Math.max(0, page.unreadCount - here)
}

let loadingMore = false

/** Loads the next page, if there is one. */
export async function loadMore(): Promise<void> {
  const cursor = inbox.next
  if (!cursor || loadingMore) return
  loadingMore = true
  const mine = turn
  try {
    const page = await askPage(cursor)
    if (mine === turn) edit((draft) => takePage(draft, page))
  } catch {
    // Whoever scrolls on asks again.
  } finally {
    loadingMore = false
  }
}

/** Fetches what an item is about, unless it is here. */
async function fetchSubject({ messageId, threadId, taskId }: InboxItem): Promise<void> {
  for (const id of [messageId, threadId]) {
    if (!id || inbox.messages[id]) continue
    const known = recent.get(id) ?? frame.messages[id]
    try {
      const message = known ?? (await call('GET /api/messages/{id}', { params: { id } })).message
      edit((draft) => void (draft.messages[id] = message))
    } catch {
      // Gone meanwhile, and the item with it.
    }
  }
  if (!taskId || inbox.tasks[taskId]) return
  try {
    const task = await call('GET /api/tasks/{id}', { params: { id: taskId } })
    edit((draft) => void (draft.tasks[taskId] = task))
  } catch {
    // As above.
  }
}

function receive(event: ServerEvent): void {
  if (event.kind === 'inbox') receiveItem(event.payload.item, event.operation === 'deleted')
  else if (event.kind === 'message') receiveMessage(event.payload)
  else if (event.kind === 'task' && inbox.tasks[event.payload.id])
    edit((draft) => put(draft.tasks, event.payload.id, event.payload))
  else if (event.kind === 'tunnel' && canWrite())
    edit((draft) => {
      if (event.payload.state === 'pending_approval') put(draft.tunnels, event.payload.id, event.payload)
      else delete draft.tunnels[event.payload.id]
    })
}

function receiveItem(item: InboxItem | null, deleted: boolean): void {
  // So much changed that the server does not tell it one by one.
  if (!item) return void load()
  meanwhile.push([item, deleted])
  if (meanwhile.length > 500) meanwhile.shift()
  takeItem(item, deleted)
}

function takeItem(item: InboxItem, deleted: boolean): void {
  edit((draft) => {
    if (item.kind === 'approval') draft.marks[item.id] = item.state
    else if (deleted) delete draft.items[item.id]
    else put(draft.items, item.id, item)
  })
  if (!deleted && item.kind !== 'approval' && item.state !== 'done') void fetchSubject(item)
}

function receiveMessage(message: Message): void {
  recent.set(message.id, message)
  for (const id of recent.keys()) {
    if (recent.size <= 200) break
    recent.delete(id)
  }
  const me = frame.me?.id ?? ''
  const touched = Object.values(inbox.items).filter((item) => moved(item, message, me) !== item)
  if (touched.length === 0 && !inbox.messages[message.id]) return
  edit((draft) => {
    draft.messages[message.id] = message
    for (const item of touched) draft.items[item.id] = moved(item, message, me)
  })
}

/** More than this are marked by one request where they are all there is. */
const oneByOne = 20
/** Requests at a time. */
const width = 6

async function tell(list: readonly Entry[], next: InboxState, kind: EntryKind | 'all' | undefined): Promise<void> {
  if (kind !== undefined && kind !== 'tunnel' && next !== 'unread' && list.length > oneByOne) {
    await call('POST /api/inbox/mark-all', { body: { state: next, ...(kind === 'all' ? {} : { kind }) } })
    return
  }
  for (let at = 0; at < list.length; at += width)
    await Promise.all(
      list
        .slice(at, at + width)
        .map(({ id }) => call('POST /api/inbox/{id}', { params: { id }, body: { state: next } })),
    )
}

/**
 * Brings entries into a state, at once here and then on the server; what it refuses goes back. Resolves whether it worked.
 * @param kind when `list` is all there is, or all of this kind
 */
export async function mark(list: readonly Entry[], next: InboxState, kind?: EntryKind | 'all'): Promise<boolean> {
  const before = list.map(({ id, state }) => ({ id, state }))
  const show = (id: string, state: InboxState) =>
    edit((draft) => {
      const item = draft.items[id]
      if (item) Object.assign(item, { state, unreadCount: state === 'unread' ? Math.max(1, item.unreadCount) : 0 })
      else draft.marks[id] = state
    })
  for (const { id } of list) show(id, next)
  keepTunnelMarks(inbox.marks)
  const asked = list.filter(({ kind }) => kind !== 'tunnel')
  const done = await act(() => tell(asked, next, kind))
  if (!done) for (const { id, state } of before) show(id, state)
  return done
}

let started = false

/** Follows the inbox from now on, for the count in the frame. */
export function startInbox(): void {
  if (started) return
  started = true
  onEvent(receive)
  onRestart(() => {
    recent.clear()
    wasUnread = new Set()
    edit((draft) => Object.assign(draft, fresh()))
    setInboxUnread(undefined)
    if (frame.phase === 'ready') void load()
  })
  void load()
}
