import { type Actor, type EventOperation, type Task, type TaskChange, TASK_TRANSITIONS } from '@shared/contract'
import { NekodeError } from '@shared/errors'
import { newId } from '@shared/ids'
import type { AgentPrincipal, UserPrincipal } from '../access/principal'
import type { Core } from '../core'
import type { Query, Tx } from '../db/database'
import type { Channel } from '../directory/directory'
import { cutVisibly } from '../rpc/text'
import type { SearchService } from '../search/service'
import { ClaimStore } from './claimstore'
import { TaskEdges } from './edges'
import { illegal, taskUnknown } from './errors'
import { TaskNotices } from './notices'
import { TaskSource, taskDoc } from './searching'
import { type Position, type TaskFilter, TaskStore } from './store'
import { type TaskRow, type TaskState, isClosed, taskView } from './view'

/** Somebody who works on tasks. */
export type Worker = UserPrincipal | AgentPrincipal

/** What a change of a task is told by. The rest of a row follows from it, or is nobody's business. */
const TOLD = [
  'summary',
  'description',
  'state',
  'columnName',
  'priority',
  'labels',
  'dueAt',
  'assigneeId',
  'reviewerIds',
  'blockedReason',
  'parentId',
  'claimPolicy',
  'claimConflict',
  'requiredCapabilities',
  'assignedTarget',
  'releasedAt',
] as const
/** What the search index has of a task. */
const FOUND_BY = new Set(['summary', 'description', 'labels', 'state'])
/** How much of a long text the timeline keeps. */
const KEPT = 1000

type Fields = TaskChange['fields']
export type TaskSet = Partial<TaskRow>

/**
 * The rows of tasks: found for those who may see them, changed with their version, timeline and event in one transaction. Who may
 * change what is decided before.
 */
export class TaskBook {
  readonly #store: TaskStore
  readonly edges: TaskEdges
  readonly #claims: ClaimStore
  readonly notices: TaskNotices

  constructor(
    readonly core: Core,
    readonly search: SearchService,
  ) {
    this.#store = new TaskStore(core.db)
    search.addSource(new TaskSource(this.#store))
    this.edges = new TaskEdges(core.db)
    this.#claims = new ClaimStore(core.db)
    this.notices = new TaskNotices(core)
  }

  /** A task by id or number, and its channel. Throws `not_found` when the caller may not see it. */
  async find(
    p: Worker,
    action: 'read' | 'write',
    ref: string,
    q: Query = this.core.db.q,
  ): Promise<{ row: TaskRow; channel: Channel }> {
    const row = await this.peek(ref, q)
    const channel = row && this.core.directory.channel(row.channelId)
    if (!row || !channel || !this.core.access.can(p, 'read', channel)) throw taskUnknown()
    return { row, channel: this.core.access.channelById(p, action, channel.id) }
  }

  /** A task by id or number, whoever asks. */
  async peek(ref: string, q: Query = this.core.db.q): Promise<TaskRow | undefined> {
    if (ref.startsWith('tsk_')) return this.#store.get(ref, q)
    return /^#?\d{1,12}$/.test(ref) ? this.#store.byNumber(Number(ref.replace('#', '')), q) : undefined
  }

  async current(tx: Tx, id: string): Promise<TaskRow> {
    const row = await this.#store.get(id, tx.q)
    if (!row) throw taskUnknown()
    return row
  }

  named = (ids: string[], q?: Query): Promise<TaskRow[]> => this.#store.named(ids, q)
  ofRoot = (rootId: string, limit: number, q?: Query): Promise<TaskRow[]> => this.#store.ofRoot(rootId, limit, q)
  children = (parentId: string, q?: Query): Promise<TaskRow[]> => this.#store.children(parentId, q)
  byDelivery = (tx: Tx, deliveryId: string): Promise<TaskRow | undefined> => this.#store.byDelivery(tx, deliveryId)
  ofDeliveries = (ids: string[]): Promise<Map<string, string>> => this.#store.ofDeliveries(ids)
  byThread = (tx: Tx, threadId: string): Promise<TaskRow | undefined> => this.#store.byThread(tx, threadId)
  list = (f: TaskFilter, after: Position | undefined, limit: number): Promise<TaskRow[]> =>
    this.#store.list(f, after, limit)
  counts = (f: TaskFilter): Promise<Map<string, number>> => this.#store.counts(f)
  column = (
    f: TaskFilter & { column: string },
    before: string | undefined,
    limit: number,
  ): ReturnType<TaskStore['column']> => this.#store.column(f, before, limit)
  changes = (id: string, after: string | undefined, limit: number): ReturnType<TaskStore['changes']> =>
    this.#store.changes(id, after, limit)

  nextNumber = async (tx: Tx): Promise<number> => (await this.#store.lastNumber(tx)) + 1

  /** Puts a new task in, with the edges that it has already. */
  async create(tx: Tx, row: TaskRow, actor: Actor): Promise<void> {
    await this.#store.insert(tx, row)
    await this.search.add(tx, taskDoc(row))
    await this.note(tx, row, 'created', actor, [])
    await this.emit(tx, row, 'created', actor)
    await this.notices.changed(tx, undefined, row, actor)
  }

  /**
   * Changes a task. What stays as it was is no change: nothing is written then.
   * @throws NekodeError `illegal_transition`
   */
  async change(
    tx: Tx,
    row: TaskRow,
    wanted: TaskSet,
    actor: Actor,
    action: TaskChange['action'] = 'updated',
  ): Promise<TaskRow> {
    const set = wanted.state === undefined || wanted.state === row.state ? wanted : moved(row, wanted, wanted.state)
    const fields = differences(row, set)
    if (!fields.length) {
      if (Object.keys(set).length) await this.#store.update(tx, row.id, set)
      return { ...row, ...set }
    }
    const next: TaskRow = { ...row, ...set, version: row.version + 1, updatedAt: Math.max(Date.now(), row.updatedAt) }
    await this.#store.update(tx, row.id, { ...set, version: next.version, updatedAt: next.updatedAt })
    if (next.state === 'in_progress' && row.state !== 'in_progress') await this.#store.forgetApprovals(tx, row.id)
    if (fields.some(({ field }) => FOUND_BY.has(field))) await this.search.put(tx, taskDoc(next))
    await this.note(tx, next, action, actor, fields)
    await this.emit(tx, next, next.state === row.state ? 'updated' : 'state_changed', actor)
    await this.notices.changed(tx, row, next, actor)
    return next
  }

  /** Changes what is no change to its readers, such as where it is discussed. */
  async attach(
    tx: Tx,
    row: TaskRow,
    set: Partial<Pick<TaskRow, 'threadId' | 'deliveryId' | 'attempts' | 'failures' | 'rootId' | 'graphVersion'>>,
  ): Promise<TaskRow> {
    await this.#store.update(tx, row.id, set)
    return { ...row, ...set }
  }

  /** Counts a change that is not in the task's own row: its edges, its reviews. */
  async touch(
    tx: Tx,
    row: TaskRow,
    actor: Actor,
    action: TaskChange['action'],
    fields: Fields,
    set: TaskSet = {},
  ): Promise<TaskRow> {
    const next = { ...row, ...set, version: row.version + 1, updatedAt: Math.max(Date.now(), row.updatedAt) }
    await this.#store.update(tx, row.id, { ...set, version: next.version, updatedAt: next.updatedAt })
    await this.note(tx, next, action, actor, fields)
    await this.emit(tx, next, 'updated', actor)
    await this.notices.changed(tx, row, next, actor)
    if (action === 'reviewed') await this.notices.reviewed(tx, next, actor.id)
    return next
  }

  async note(tx: Tx, row: TaskRow, action: TaskChange['action'], actor: Actor, fields: Fields): Promise<void> {
    await this.#store.addChange(tx, {
      id: newId('tch'),
      taskId: row.id,
      version: row.version,
      action,
      actor,
      fields,
      createdAt: Date.now(),
    })
  }

  async emit(tx: Tx, row: TaskRow, operation: EventOperation, actor: Actor): Promise<void> {
    tx.emit({
      kind: 'task',
      operation,
      aggregateId: row.id,
      audience: `channel:${row.channelId}`,
      target: row.target,
      actor,
      payload: await this.view(row, tx.q),
    })
  }

  async view(row: TaskRow, q: Query = this.core.db.q): Promise<Task> {
    const [view] = await this.views([row], q)
    if (!view) throw new NekodeError('internal', 'A task has no view.')
    return view
  }

  /** Tasks as everybody sees them, in the order given. */
  async views(rows: TaskRow[], q: Query = this.core.db.q): Promise<Task[]> {
    const ids = rows.map((r) => r.id)
    const dependsOn = Map.groupBy(
      (await this.edges.from(ids, q)).filter((e) => e.kind === 'depends_on'),
      (e) => e.fromId,
    )
    const claims = Map.groupBy(await this.#claims.of(ids, 'held', q), (c) => c.taskId)
    return rows.map((row) =>
      taskView(row, {
        dependsOn: (dependsOn.get(row.id) ?? []).map((e) => e.toId).toSorted(),
        claims: claims.get(row.id) ?? [],
      }),
    )
  }
}

/** What follows when a task goes to another state. */
function moved(row: TaskRow, set: TaskSet, to: TaskState): TaskSet {
  if (!TASK_TRANSITIONS[row.state].includes(to)) throw illegal(row, to)
  return {
    ...set,
    columnName: (set.ownColumn ?? row.ownColumn) ? (set.columnName ?? row.columnName) : to,
    blockedReason: set.blockedReason ?? (to === 'blocked' ? row.blockedReason : ''),
    closedAt: isClosed(to) ? Date.now() : null,
  }
}

const told = (field: string, value: unknown): unknown =>
  field === 'description' && typeof value === 'string' ? cutVisibly(value, KEPT) : (value ?? null)

function differences(row: TaskRow, set: TaskSet): Fields {
  return TOLD.flatMap((field) => {
    if (!(field in set) || Bun.deepEquals(row[field] ?? null, set[field] ?? null)) return []
    const name = field === 'columnName' ? 'column' : field
    return { field: name, from: told(field, row[field]), to: told(field, set[field]) }
  })
}
