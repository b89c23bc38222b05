import type { BoardQuery, NewTask, Task, TaskBoard, TaskChange, TaskPatch, TaskQuery } from '@shared/contract'
import type { Actor } from '@shared/contract'
import { TASK_COLUMNS } from '@shared/contract'
import { NekodeError } from '@shared/errors'
import { actorOf } from '../access/principal'
import type { Core } from '../core'
import type { Tx } from '../db/database'
import type { Channel } from '../directory/directory'
import { type Once, always } from '../idempotency/service'
import type { SearchRequest } from '../search/service'
import type { TaskBook, TaskSet, Worker } from './book'
import type { TaskClaims } from './claims'
import type { TaskDesk } from './desk'
import { type Draft, newTask } from './draft'
import { dependenciesOpen, stale } from './errors'
import { assignable, mayChange, mayMove } from './rules'
import type { Position, TaskFilter } from './store'
import { type TaskRow, changeView, isAgent } from './view'

const PAGE = 50
/** Columns of a board at most: people may name their own. */
const MAX_COLUMNS = 50

/** What a caller expects a task to be before it is changed. */
export interface Expected {
  version?: number | undefined
  /** Whole seconds, as the wire has them. */
  updatedSeconds?: number | undefined
}

/** Tasks as people and agents make, read and change them. */
export class TaskService {
  constructor(
    private readonly core: Core,
    private readonly book: TaskBook,
    private readonly desk: TaskDesk,
    private readonly claims: TaskClaims,
  ) {}

  async create(p: Worker, input: Omit<NewTask, 'requestId'>, once: Once = always): Promise<Task> {
    const channel = this.core.access.channel(p, 'write', input.target)
    return this.core.db.tx((tx) => once(tx, () => this.#create(tx, p, channel, input)))
  }

  async #create(tx: Tx, p: Worker, channel: Channel, input: Omit<NewTask, 'requestId'>): Promise<Task> {
    const parent = input.parentId === undefined ? undefined : await this.#parent(tx, p, channel, input.parentId)
    const actor = actorOf(p)
    const row = this.draft(p, channel, input, await this.book.nextNumber(tx), parent)
    if (input.state !== undefined && input.state !== row.state) {
      if (p.kind === 'agent' && input.state !== 'blocked')
        throw new NekodeError('forbidden', 'An agent’s new task is to be done, or blocked.', { code: 'not_holder' })
      Object.assign(row, { state: input.state, columnName: input.state })
    }
    if (row.state === 'blocked') row.blockedReason = input.blockedReason ?? ''
    await this.book.create(tx, row, actor)
    if (parent) await this.#grown(tx, parent)
    const startable = row.state === 'todo' || row.state === 'in_progress'
    return this.book.view(startable ? await this.desk.deliver(tx, row, actor) : row, tx.q)
  }

  /** A new row out of what somebody wrote, checked. It is not stored yet. */
  draft(p: Worker, channel: Channel, input: Draft, number: number, parent?: TaskRow): TaskRow {
    for (const id of [input.assigneeId ?? null, ...(input.reviewerIds ?? [])])
      if (id !== null) assignable(this.core, channel, id)
    if (input.assignedTarget) this.core.access.channel(p, 'write', input.assignedTarget)
    return newTask({ channel, actor: actorOf(p), number, parent }, input)
  }

  async #parent(tx: Tx, p: Worker, channel: Channel, ref: string): Promise<TaskRow> {
    const { row } = await this.book.find(p, 'write', ref, tx.q)
    if (row.channelId === channel.id) return row
    throw new NekodeError('conflict', 'A part is on the same board as the whole.', {
      code: 'other_channel',
      next: `Make it in ${row.target}.`,
    })
  }

  /** The graph that a task belongs to has changed. */
  async #grown(tx: Tx, { rootId }: TaskRow): Promise<void> {
    const root = await this.book.current(tx, rootId)
    await this.book.attach(tx, root, { graphVersion: root.graphVersion + 1 })
  }

  async get(p: Worker, ref: string): Promise<Task> {
    return this.book.view((await this.book.find(p, 'read', ref)).row)
  }

  /**
   * Changes a task.
   * @throws NekodeError `stale`, `illegal_transition`, `dependencies_open`, `not_holder`, `not_a_member`
   */
  async update(p: Worker, ref: string, patch: TaskPatch, expected: Expected = {}, once: Once = always): Promise<Task> {
    await this.book.find(p, 'write', ref)
    return this.core.db.tx((tx) => once(tx, () => this.#update(tx, p, ref, patch, expected)))
  }

  async #update(tx: Tx, p: Worker, ref: string, patch: TaskPatch, expected: Expected): Promise<Task> {
    const { row: found, channel } = await this.book.find(p, 'write', ref, tx.q)
    const { row, held } = await this.claims.fresh(tx, found)
    const { version = patch.version, updatedSeconds } = expected
    const changed = updatedSeconds !== undefined && updatedSeconds !== Math.floor(row.updatedAt / 1000)
    if (changed || (version !== undefined && version !== row.version)) throw stale(await this.book.view(row, tx.q))
    mayChange(p, row, held)
    if (patch.state !== undefined) mayMove(p, row, patch.state, held)
    this.#checkPeople(p, channel, row, patch)
    if (patch.state === 'in_progress' && row.state !== 'in_progress') {
      const open = await this.book.edges.open(row.id, tx.q)
      if (open.length) throw dependenciesOpen(row, open)
    }
    return this.book.view(await this.apply(tx, row, setOf(row, patch), actorOf(p)), tx.q)
  }

  #checkPeople(p: Worker, channel: Channel, row: TaskRow, patch: TaskPatch): void {
    if (patch.assigneeId && patch.assigneeId !== row.assigneeId) assignable(this.core, channel, patch.assigneeId)
    for (const id of patch.reviewerIds ?? []) if (!row.reviewerIds.includes(id)) assignable(this.core, channel, id)
    if (patch.assignedTarget && patch.assignedTarget !== row.assignedTarget)
      this.core.access.channel(p, 'write', patch.assignedTarget)
  }

  /** Changes a task and does what follows: claims that end, agents that lose or get it, tasks that waited for it. */
  async apply(tx: Tx, before: TaskRow, set: TaskSet, actor: Actor): Promise<TaskRow> {
    const handed = set.assigneeId !== undefined && set.assigneeId !== before.assigneeId
    // First, so that the event of the change tells who has it now.
    await this.claims.settle(tx, { ...before, ...set }, before, actor)
    let row = await this.book.change(tx, before, set, actor)
    if (handed || row.state === 'canceled') await this.desk.takeBack(tx, before, actor)
    else if (row.state === 'done') await this.desk.takeBack(tx, before, actor, 'queued')
    if (handed && row.deliveryId !== null) row = await this.book.attach(tx, row, { deliveryId: null })
    const opened = row.state === 'todo' && before.state !== 'todo' && actor.kind === 'human'
    if (opened) row = await this.book.attach(tx, row, { failures: 0 })
    const startable = row.state === 'todo' || (handed && row.state === 'in_progress')
    if (isAgent(row.assigneeId) && startable && (handed || (opened && !(await this.desk.busy(tx, row)))))
      row = await this.desk.deliver(tx, row, actor)
    if (row.state === 'done' && before.state !== 'done') await this.desk.unblock(tx, row, actor)
    return row
  }

  async list(p: Worker, query: TaskQuery): Promise<{ items: Task[]; nextCursor?: string }> {
    return this.listFor([p], query)
  }

  /** What any of several may see: of a computer, its agents. */
  async listFor(readers: Worker[], query: TaskQuery): Promise<{ items: Task[]; nextCursor?: string }> {
    const limit = query.limit ?? PAGE
    const [p] = readers
    const parent =
      query.parentId === undefined || !p ? undefined : (await this.book.find(p, 'read', query.parentId)).row
    const filter: TaskFilter = {
      ...(await this.#filter(readers, query)),
      ...(query.open && !query.state ? { states: ['todo', 'in_progress', 'in_review', 'blocked'] } : {}),
      column: query.column,
      parentId: parent?.id,
    }
    const rows = await this.book.list(filter, positionOf(query.cursor), limit + 1)
    const items = rows.slice(0, limit)
    const last = items.at(-1)
    const more = rows.length > limit && last ? { nextCursor: `${last.updatedAt}:${last.id}` } : {}
    return { items: await this.book.views(items), ...more }
  }

  /** What a list and a board are narrowed by alike. */
  async #filter(readers: Worker[], query: BoardQuery): Promise<TaskFilter> {
    return {
      channelIds: this.#channels(readers, query.target),
      states: query.state,
      assigneeIds: query.assigneeId,
      createdById: query.createdById,
      label: query.label,
      priorities: query.priority,
      dueBefore: query.dueBefore,
      ids: query.q === undefined ? undefined : await this.#found(readers, query.q, query.target),
    }
  }

  async #found(readers: Worker[], q: string, target: string | undefined): Promise<string[]> {
    const pages = await Promise.all(readers.map((p) => this.book.search.find(p, wanted(q, target))))
    return [...new Set(pages.flatMap(({ docs }) => docs.map((doc) => doc.refId)))]
  }

  #channels(readers: Worker[], target: string | undefined): string[] {
    const { access } = this.core
    return [
      ...new Set(
        readers.flatMap((p) =>
          target === undefined ? access.visibleChannels(p) : [access.channel(p, 'read', target).id],
        ),
      ),
    ]
  }

  /** The board: each column with its number of tasks and the newest of them. */
  async board(p: Worker, query: BoardQuery): Promise<TaskBoard> {
    return this.boardFor([p], query)
  }

  async boardFor(readers: Worker[], query: BoardQuery): Promise<TaskBoard> {
    const limit = query.limit ?? PAGE
    if (query.cursor !== undefined && query.column === undefined)
      throw new NekodeError('invalid', 'A cursor goes on with one column.', {
        code: 'invalid_request',
        next: 'Name the column that it is from.',
      })
    const filter = await this.#filter(readers, query)
    const counts = await this.book.counts(filter)
    const own = [...counts.keys()].filter((c) => !TASK_COLUMNS.some((s) => s === c)).toSorted()
    const names = query.column === undefined ? [...TASK_COLUMNS, ...own].slice(0, MAX_COLUMNS) : [query.column]
    const pages: TaskRow[][] = []
    for (const column of names)
      pages.push(counts.has(column) ? await this.book.column({ ...filter, column }, query.cursor, limit + 1) : [])
    const shown = pages.map((rows) => rows.slice(0, limit))
    const views = new Map((await this.book.views(shown.flat())).map((task) => [task.id, task]))
    const columns = names.map((column, i) => {
      const rows = shown[i] ?? []
      const last = rows.at(-1)
      const more = (pages[i]?.length ?? 0) > limit && last ? { nextCursor: last.id } : {}
      return { column, total: counts.get(column) ?? 0, items: rows.flatMap((r) => views.get(r.id) ?? []), ...more }
    })
    return { columns }
  }

  async timeline(
    p: Worker,
    ref: string,
    query: { limit?: number | undefined; cursor?: string | undefined },
  ): Promise<{ items: TaskChange[]; nextCursor?: string }> {
    const { row } = await this.book.find(p, 'read', ref)
    const limit = query.limit ?? PAGE
    const rows = await this.book.changes(row.id, query.cursor, limit + 1)
    const items = rows.slice(0, limit)
    const last = items.at(-1)
    return { items: items.map(changeView), ...(rows.length > limit && last ? { nextCursor: last.id } : {}) }
  }
}

/** Tasks that a search finds for a filter. */
const FOUND = 300
const wanted = (q: string, target: string | undefined): SearchRequest => ({
  q,
  target,
  kinds: ['task'],
  limit: FOUND,
})

function setOf(row: TaskRow, { column, ...patch }: TaskPatch): TaskSet {
  const given = Object.entries(patch).filter(([name, value]) => value !== undefined && name !== 'version')
  const set: TaskSet = Object.fromEntries(given)
  if (column === undefined) return set
  return column ? { ...set, columnName: column, ownColumn: true } : { ...set, columnName: row.state, ownColumn: false }
}

function positionOf(cursor: string | undefined): Position | undefined {
  if (cursor === undefined) return undefined
  const [, at, id] = /^(\d{1,15}):(tsk_\w{1,64})$/.exec(cursor) ?? []
  if (at !== undefined && id !== undefined) return { updatedAt: Number(at), id }
  throw new NekodeError('invalid', 'This cursor is none of ours.', {
    code: 'invalid_request',
    next: 'Send back the nextCursor of the page before, or none for the first page.',
  })
}
