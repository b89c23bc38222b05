import { createEffect, createRoot, on } from 'solid-js'
import type { Draft } from '@shared/contract'
import { ApiError, call } from '../api/client'
import { onEvent, onRestart } from '../store/feed'
import { canWrite } from '../store/session'
import { listKey, state } from '../store/state'
import { confirmDraft, drafts, placeOf, receiveDraft, restoreDrafts, whenChanged } from './drafts'
import { longest } from './longest'

/** After the last letter; and at the latest after the first one that the server does not have. In milliseconds. */
const pause = 900
const latest = 5000

interface Sync {
  timer: ReturnType<typeof setTimeout> | undefined
  /** When the oldest unsent change was made. */
  since: number
  /** What is on its way: its own event may arrive before the answer. */
  sending: string | undefined
}
const syncs = new Map<string, Sync>()
/** When the server last changed each draft, as far as this page knows: what is older is an echo. */
const seen = new Map<string, number>()

const wanted = (key: string): string => {
  const text = drafts[key]?.text ?? ''
  return text.trim() === '' ? '' : text
}
const isDirty = (key: string): boolean => wanted(key) !== (drafts[key]?.base ?? '') && wanted(key).length <= longest

function later(key: string): void {
  const sync = syncs.get(key) ?? { timer: undefined, since: 0, sending: undefined }
  syncs.set(key, sync)
  if (sync.sending !== undefined || !isDirty(key)) return
  if (sync.timer === undefined) sync.since = Date.now()
  clearTimeout(sync.timer)
  // What was sent has to be gone from the other devices at once.
  const wait = wanted(key) === '' ? 0 : Math.min(pause, Math.max(0, sync.since + latest - Date.now()))
  sync.timer = setTimeout(() => void bring(key, sync), wait)
}

async function bring(key: string, sync: Sync): Promise<void> {
  sync.timer = undefined
  if (sync.sending !== undefined || state.phase !== 'ready' || !canWrite() || !isDirty(key)) return
  const { target, threadId } = placeOf(key)
  const content = wanted(key)
  sync.sending = content
  let more = true
  try {
    const body = { target, content, ...(threadId ? { threadId } : {}) }
    const { updatedAt } = await call('PUT /api/drafts', { body })
    seen.set(key, Math.max(seen.get(key) ?? 0, updatedAt))
    confirmDraft(key, content)
  } catch (error) {
    more = false
    // It stays on this browser. A server that is away gets it when it is back; one that refused it, with the next change.
    if (!(error instanceof ApiError)) throw error
  } finally {
    sync.sending = undefined
  }
  if (more) later(key)
}

function receive({ target, threadId, content, updatedAt }: Draft): void {
  const key = listKey(target, threadId)
  if (updatedAt <= (seen.get(key) ?? 0)) return
  seen.set(key, updatedAt)
  if (syncs.get(key)?.sending !== content) receiveDraft(key, content)
}

/** All drafts as the server has them: what it does not have any more was sent or given up elsewhere. */
async function load(): Promise<void> {
  try {
    const { items } = await call('GET /api/drafts')
    const there = new Set(items.map((draft) => listKey(draft.target, draft.threadId)))
    for (const draft of items) receive(draft)
    for (const [key, { base }] of Object.entries(drafts)) {
      if (!there.has(key) && base !== '' && syncs.get(key)?.sending === undefined) receiveDraft(key, '')
    }
  } catch {
    // What is on this browser is there all the same, and the next start asks again.
  }
  bringAll()
}

const bringAll = (): void => Object.keys(drafts).forEach(later)

let reader = ''
whenChanged(later)
onEvent((event) => event.kind === 'draft' && receive(event.payload))
function begin(): void {
  const id = state.me?.id ?? ''
  if (id !== reader) {
    reader = id
    seen.clear()
    syncs.clear()
    restoreDrafts()
  }
  if (id) void load()
}
onRestart(begin)
if (state.phase === 'ready') begin()
createRoot(() =>
  createEffect(
    on(
      () => state.connection,
      (connection) => connection === 'live' && bringAll(),
      { defer: true },
    ),
  ),
)
