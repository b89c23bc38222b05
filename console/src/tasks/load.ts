import { createMemo, createSignal, type Accessor } from 'solid-js'
import { createStore } from 'solid-js/store'
import type { Task } from '@shared/contract'
import { call } from '../api/client'
import { act } from '../app/act'
import { createLoad } from '../app/load'
import { now } from '../i18n/dates'
import { state } from '../store/state'
import { type Look, matches, serverQuery } from './filter'
import { STATES } from './rules'
import { known, tasks } from './store'

/** Tasks of one column that are asked for at once. */
const COLUMN_PAGE = 50
const LIST_PAGE = 100
/** A list loads by itself up to here, so that it can be put in any order; more come when its end is reached. */
const LOADED_AT_ONCE = 500

const me = () => state.me?.id ?? ''
/** Days pass while a page is open; what is due is looked at anew each minute. */
const minute = createMemo(() => Math.floor(now() / 60_000) * 60_000)
/** A look as it is asked for: its layout and order are this page's business. */
const askFor = (look: Look) => {
  const { layout: _, group: __, sort: ___, ...filter } = look
  return filter
}

/** What belongs to a look among all that is known here. */
function createMatching(look: Accessor<Look>) {
  const [found, setFound] = createSignal<ReadonlySet<string>>(new Set())
  const matching = createMemo(() => {
    const around = { me: me(), now: minute(), found: found() }
    return known().filter((task) => matches(task, look(), around))
  })
  const take = (items: Task[], afresh: boolean) => {
    tasks.put(...items)
    setFound((before) => new Set([...(afresh ? [] : before), ...items.map((task) => task.id)]))
  }
  return { matching, take }
}

export interface BoardColumn {
  column: string
  tasks: Task[]
  total: number
  /** There are more than those that are here. */
  more: boolean
}

interface Edge {
  cursor: string | undefined
  /** As many as the server counted, and as were loaded then. */
  total: number
}

/** The columns of a board: asked for once for each look, from then on kept by events. */
export function createBoard(look: Accessor<Look | undefined>) {
  const [edges, setEdges] = createStore<Record<string, Edge>>({})
  const { matching, take } = createMatching(() => look() ?? EMPTY)
  const key = createMemo(() => {
    const now = look()
    return now ? `${tasks.era()} ${JSON.stringify(askFor(now))}` : undefined
  })
  const first = createLoad(key, async () => {
    const query = { ...serverQuery(look() ?? EMPTY, me(), Date.now()), limit: COLUMN_PAGE }
    const { columns } = await call('GET /api/tasks/board', { query })
    take(
      columns.flatMap((column) => column.items),
      true,
    )
    setEdges(Object.fromEntries(Object.keys(edges).map((name) => [name, { cursor: undefined, total: 0 }])))
    for (const { column, nextCursor, total } of columns) setEdges(column, { cursor: nextCursor, total })
    return true
  })
  const columns = createMemo((): BoardColumn[] => {
    const byColumn = Map.groupBy(matching(), (task) => task.column)
    const own = [...new Set([...Object.keys(edges), ...byColumn.keys()])].filter(
      (name) => !STATES.some((state) => state === name),
    )
    return [...STATES, ...own.sort()].flatMap((column) => {
      const list = (byColumn.get(column) ?? []).sort((a, b) => (a.id < b.id ? 1 : -1))
      const more = edges[column]?.cursor !== undefined
      if (!list.length && !more && own.includes(column)) return []
      return [
        { column, tasks: list, total: more ? Math.max(edges[column]?.total ?? 0, list.length) : list.length, more },
      ]
    })
  })
  const loading = new Set<string>()
  const loadMore = async (column: string): Promise<void> => {
    const cursor = edges[column]?.cursor
    if (cursor === undefined || loading.has(column)) return
    loading.add(column)
    await act(async () => {
      const query = { ...serverQuery(look() ?? EMPTY, me(), Date.now()), limit: COLUMN_PAGE, column, cursor }
      const page = (await call('GET /api/tasks/board', { query })).columns[0]
      take(page?.items ?? [], false)
      setEdges(column, { cursor: page?.nextCursor, total: page?.total ?? 0 })
    })
    loading.delete(column)
  }
  return { columns, loadMore, ready: () => first.value() === true, error: first.error, reload: first.reload }
}

/** A list of tasks: the latest changed first, page by page. */
export function createList(look: Accessor<Look | undefined>) {
  const [cursor, setCursor] = createSignal<string>()
  const { matching, take } = createMatching(() => look() ?? EMPTY)
  const key = createMemo(() => {
    const now = look()
    return now ? `${tasks.era()} ${JSON.stringify(askFor(now))}` : undefined
  })
  let turn = 0
  let loading = false
  const page = async (from: string | undefined): Promise<number> => {
    const query = { ...serverQuery(look() ?? EMPTY, me(), Date.now()), limit: LIST_PAGE }
    const answer = await call('GET /api/tasks', { query: { ...query, ...(from ? { cursor: from } : {}) } })
    take(answer.items, from === undefined)
    setCursor(answer.nextCursor)
    return answer.items.length
  }
  const rest = async (mine: number, loaded: number): Promise<void> => {
    let count = loaded
    const goesOn = () => cursor() !== undefined && count < LOADED_AT_ONCE && mine === turn
    while (goesOn()) count += await page(cursor())
  }
  const first = createLoad(key, async () => {
    const mine = ++turn
    const count = await page(undefined)
    void act(() => rest(mine, count))
    return true
  })
  const loadMore = async (): Promise<void> => {
    if (!cursor() || loading) return
    loading = true
    await act(() => page(cursor()))
    loading = false
  }
  return {
    tasks: matching,
    more: () => cursor() !== undefined,
    loadMore,
    ready: () => first.value() === true,
    error: first.error,
    reload: first.reload,
  }
}

const EMPTY: Look = {
  target: undefined,
  states: [],
  assignees: [],
  label: undefined,
  priorities: [],
  due: undefined,
  text: '',
  layout: 'board',
  group: 'state',
  sort: 'updated',
}
