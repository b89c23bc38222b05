import { createMemo, createRoot, createSignal } from 'solid-js'
import type { Task } from '@shared/contract'
import { call } from '../api/client'
import { onEvent, onRestart } from '../store/feed'
import { state } from '../store/state'

/** Counted up to this. */
const MOST = 200

const [ids, setIds] = createSignal<ReadonlySet<string>>(new Set())

const isMine = (task: Task): boolean =>
  task.assigneeId === state.me?.id && task.state !== 'done' && task.state !== 'canceled'

function note(task: Task): void {
  if (ids().has(task.id) === isMine(task)) return
  const next = new Set(ids())
  if (isMine(task)) next.add(task.id)
  else next.delete(task.id)
  setIds(next)
}

/** What waits for the reader, asked once and kept by events. */
async function ask(): Promise<void> {
  const me = state.me?.id
  if (!me) return void setIds(new Set<string>())
  try {
    const { items } = await call('GET /api/tasks', { query: { assigneeId: me, open: 'true', limit: MOST } })
    setIds(new Set(items.map((task) => task.id)))
  } catch {
    // It is a number beside a word: without it everything else still works, and the next start asks again.
  }
}

onEvent((event) => event.kind === 'task' && note(event.payload))
onRestart(() => void ask())
void ask()

/** Open tasks that are assigned to the reader. */
export const mineCount = createRoot(() => createMemo(() => ids().size))
