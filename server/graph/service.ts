import {
  type GraphPatch,
  type NewGraph,
  TASK_LIMITS,
  type TaskEdge,
  type TaskEdgeKind,
  type TaskGraph,
} from '@shared/contract'
import { NekodeError } from '@shared/errors'
import { newId } from '@shared/ids'
import { actorOf } from '../access/principal'
import type { Core } from '../core'
import type { Query, Tx } from '../db/database'
import type { Channel } from '../directory/directory'
import { type Once, always } from '../idempotency/service'
import type { Worker } from '../tasks/book'
import type { Tasks } from '../tasks/create'
import type { EdgeRow } from '../tasks/edges'
import { assignable, mayChange } from '../tasks/rules'
import type { TaskRow } from '../tasks/view'
import { checkAcyclic } from './cycles'

/** An edge as a caller writes it, by ids. */
interface Wanted {
  from: string
  to: string
  kind: TaskEdgeKind
}

/** Tasks that are parts of others, and tasks that wait for others. */
export class GraphService {
  constructor(
    private readonly core: Core,
    private readonly deps: Tasks,
  ) {}

  /** Makes a task with its parts and dependencies: all of it, or nothing. */
  async create(p: Worker, input: Omit<NewGraph, 'requestId'>, once: Once = always): Promise<TaskGraph> {
    const channel = this.core.access.channel(p, 'write', input.target)
    return this.core.db.tx((tx) => once(tx, () => this.#create(tx, p, channel, input)))
  }

  async #create(tx: Tx, p: Worker, channel: Channel, input: Omit<NewGraph, 'requestId'>): Promise<TaskGraph> {
    const { book, desk } = this.deps
    const actor = actorOf(p)
    const { ref: rootRef = '', ...about } = input.root
    const subtasks = input.subtasks ?? []
    const ids = new Map([rootRef, ...subtasks.map((s) => s.ref)].map((ref) => [ref, newId('tsk')]))
    if (ids.size !== subtasks.length + 1) throw invalid('Two tasks of this graph have the same ref.')
    const { parents, dependencies } = this.#sorted(input, ids, rootRef)
    let number = await book.nextNumber(tx)
    const root = { ...this.deps.tasks.draft(p, channel, about, number++), ...atTop(ids.get(rootRef)) }
    const rows = new Map([[root.id, root]])
    for (const { ref, parent: _parent, ...draft } of subtasks) {
      const id = ids.get(ref)
      if (id === undefined) continue
      const row = this.deps.tasks.draft(p, channel, draft, number++, root)
      rows.set(id, { ...row, id, parentId: parents.get(id) ?? root.id })
    }
    checkTree(rows, root.id)
    const edges: EdgeRow[] = []
    for (const wanted of dependencies) edges.push(await this.#edge(tx, p, channel, wanted, (id) => rows.get(id)))
    const name = (id: string): string => rows.get(id)?.summary ?? id
    for (const edge of edges) checkWhole(edge, (id) => rows.get(id)?.parentId ?? null)
    await checkAcyclic(tx, book.edges, edges.filter(isDependency), [], name)
    await book.edges.add(tx, ...unique(edges))
    for (const row of rows.values()) await book.create(tx, row, actor)
    for (const row of rows.values()) await desk.deliver(tx, row, actor)
    return this.#graph(root.id, tx.q)
  }

  /** Which task is a part of which, and the rest of the edges, by id. */
  #sorted(
    input: Pick<NewGraph, 'subtasks' | 'edges'>,
    ids: Map<string, string>,
    rootRef: string,
  ): { parents: Map<string, string>; dependencies: Wanted[] } {
    const idOf = (ref: string): string => ids.get(ref) ?? ref
    const parents = new Map<string, string>()
    const own = new Set(ids.values())
    const put = (child: string, parent: string): void => {
      if (!own.has(parent) || !own.has(child) || child === ids.get(rootRef))
        throw invalid('A part and its whole are both of this graph, and its root is part of nothing.')
      if (parents.has(child) && parents.get(child) !== parent) throw invalid('A task is part of one other at most.')
      parents.set(child, parent)
    }
    for (const { ref, parent } of input.subtasks ?? []) if (parent !== undefined) put(idOf(ref), idOf(parent))
    const dependencies: Wanted[] = []
    for (const { from, to, kind } of input.edges ?? [])
      if (kind === 'parent_child') put(idOf(to), idOf(from))
      else dependencies.push({ from: idOf(from), to: idOf(to), kind })
    return { parents, dependencies }
  }

  /** An edge as it is stored, when both of its ends are on this board. `fresh` knows tasks that are only being made. */
  async #edge(
    tx: Tx,
    p: Worker,
    channel: Channel,
    { from, to, kind }: Wanted,
    fresh: (id: string) => TaskRow | undefined = () => undefined,
  ): Promise<EdgeRow> {
    const ends: TaskRow[] = []
    for (const id of [from, to]) {
      const known = fresh(id)
      const row = known ?? (await this.deps.book.find(p, 'write', id, tx.q)).row
      if (row.channelId !== channel.id)
        throw new NekodeError('conflict', 'Tasks of different boards do not depend on each other.', {
          code: 'other_channel',
          next: `Make one for it in ${channel.target}.`,
        })
      ends.push(row)
    }
    const [a, b] = ends
    if (!a || !b || a.id === b.id)
      throw new NekodeError('conflict', 'A task cannot wait for itself.', { code: 'cycle', next: 'Name another one.' })
    if (kind === 'blocks') return { fromId: b.id, toId: a.id, kind: 'depends_on' }
    return { fromId: a.id, toId: b.id, kind: kind === 'duplicate_of' ? kind : 'depends_on' }
  }

  async get(p: Worker, ref: string, since?: number): Promise<TaskGraph> {
    const { row } = await this.deps.book.find(p, 'read', ref)
    const root = await this.deps.book.peek(row.rootId)
    if (root && since !== undefined && since > 0 && since === root.graphVersion)
      return { rootId: root.id, version: since, nodes: [], edges: [] }
    return this.#graph(row.rootId, this.core.db.q)
  }

  async #graph(rootId: string, q: Query): Promise<TaskGraph> {
    const { book } = this.deps
    const rows = await book.ofRoot(rootId, TASK_LIMITS.graph, q)
    const ids = rows.map((r) => r.id)
    const parts = rows.flatMap((r): TaskEdge[] =>
      r.parentId === null ? [] : [{ from: r.parentId, to: r.id, kind: 'parent_child' }],
    )
    const stored = (await book.edges.touching(ids, q)).map((e): TaskEdge => ({
      from: e.fromId,
      to: e.toId,
      kind: e.kind,
    }))
    const version = rows.find((r) => r.id === rootId)?.graphVersion ?? 1
    return { rootId, version, nodes: await book.views(rows, q), edges: [...parts, ...stored] }
  }

  /** Changes a task's place in its graph, all or nothing. */
  async update(p: Worker, ref: string, patch: GraphPatch, once: Once = always): Promise<TaskGraph> {
    await this.deps.book.find(p, 'write', ref)
    return this.core.db.tx((tx) => once(tx, () => this.#update(tx, p, ref, patch)))
  }

  async #update(tx: Tx, p: Worker, ref: string, patch: GraphPatch): Promise<TaskGraph> {
    const { book, claims, tasks } = this.deps
    const { row: found, channel } = await book.find(p, 'write', ref, tx.q)
    const { row, held } = await claims.fresh(tx, found)
    const root = await book.current(tx, row.rootId)
    if (patch.version !== undefined && patch.version !== root.graphVersion)
      throw new NekodeError('conflict', `The graph was changed in the meantime (version ${root.graphVersion}).`, {
        code: 'stale',
        next: 'Look at what it is now, and send the change again with that version.',
        data: { version: root.graphVersion },
      })
    mayChange(p, row, held)
    const actor = actorOf(p)
    const changed: { field: string; from: unknown; to: unknown }[] = []
    let next = await this.#edges(tx, p, { row, channel }, patch, changed)
    if (patch.parentId !== undefined) next = await this.#move(tx, p, { row: next, channel }, patch.parentId)
    if (changed.length) next = await book.touch(tx, next, actor, 'graph', changed)
    if (patch.assigneeId !== undefined && patch.assigneeId !== next.assigneeId) {
      if (patch.assigneeId !== null) assignable(this.core, channel, patch.assigneeId)
      next = await tasks.apply(tx, next, { assigneeId: patch.assigneeId }, actor)
    } else if (next.state === 'todo' && next.deliveryId === null) next = await this.deps.desk.deliver(tx, next, actor)
    if (next.version !== row.version) await this.grown(tx, next.rootId)
    return this.#graph(next.rootId, tx.q)
  }

  async #edges(
    tx: Tx,
    p: Worker,
    { row, channel }: { row: TaskRow; channel: Channel },
    patch: GraphPatch,
    changed: { field: string; from: unknown; to: unknown }[],
  ): Promise<TaskRow> {
    const { book } = this.deps
    const read = async (list: GraphPatch['add']): Promise<EdgeRow[]> => {
      const found: EdgeRow[] = []
      for (const wanted of list ?? []) {
        if (wanted.kind === 'parent_child') throw invalid('What a task is part of is said with its new parent.')
        const edge = await this.#edge(tx, p, channel, wanted)
        if (edge.fromId !== row.id && edge.toId !== row.id) throw invalid('An edge is to start or end at this task.')
        found.push(edge)
      }
      return unique(found)
    }
    const known = new Set((await book.edges.touching([row.id], tx.q)).map(keyOf))
    const removed = (await read(patch.remove)).filter((e) => known.has(keyOf(e)))
    const gone = new Set(removed.map(keyOf))
    const added = (await read(patch.add)).filter((e) => !known.has(keyOf(e)) || gone.has(keyOf(e)))
    for (const edge of added) await this.#notAbove(tx, edge)
    const all = await book.named([...new Set(added.flatMap((e) => [e.fromId, e.toId]))], tx.q)
    const names = new Map(all.map((r) => [r.id, `#${r.number}`]))
    await checkAcyclic(
      tx,
      book.edges,
      added.filter(isDependency),
      removed.filter(isDependency),
      (id) => names.get(id) ?? id,
    )
    for (const edge of removed) {
      await book.edges.remove(tx, edge)
      const freed = edge.fromId === row.id ? undefined : await book.current(tx, edge.fromId)
      if (freed?.state === 'todo' && freed.deliveryId === null) await this.deps.desk.deliver(tx, freed, actorOf(p))
    }
    await book.edges.add(tx, ...added)
    for (const e of removed) changed.push({ field: e.kind, from: { from: e.fromId, to: e.toId }, to: null })
    for (const e of added) changed.push({ field: e.kind, from: null, to: { from: e.fromId, to: e.toId } })
    return row
  }

  /** A part that waits for its whole would wait for ever. */
  async #notAbove(tx: Tx, edge: EdgeRow): Promise<void> {
    if (!isDependency(edge)) return
    let at = await this.deps.book.current(tx, edge.fromId)
    for (let depth = 0; at.parentId !== null && depth < TASK_LIMITS.graph; depth++) {
      if (at.parentId === edge.toId) throw ofWhole()
      at = await this.deps.book.current(tx, at.parentId)
    }
  }

  /** Makes a task, with everything below it, a part of another one, or of none. */
  async #move(
    tx: Tx,
    p: Worker,
    { row, channel }: { row: TaskRow; channel: Channel },
    parentRef: string | null,
  ): Promise<TaskRow> {
    const { book } = this.deps
    const parent = parentRef === null ? undefined : (await book.find(p, 'write', parentRef, tx.q)).row
    if ((parent?.id ?? null) === row.parentId) return row
    if (parent && parent.channelId !== channel.id)
      throw new NekodeError('conflict', 'A part is on the same board as the whole.', { code: 'other_channel' })
    const graph = await book.ofRoot(row.rootId, TASK_LIMITS.graph + 1, tx.q)
    const below = subtree(graph, row.id)
    if (parent && below.has(parent.id))
      throw new NekodeError('conflict', 'A task cannot be part of one of its own parts.', { code: 'cycle' })
    const rootId = parent?.rootId ?? row.id
    if (parent) await this.room(tx, parent.rootId, parent.rootId === row.rootId ? 0 : below.size)
    const above = parent ? ancestors(await book.ofRoot(parent.rootId, TASK_LIMITS.graph, tx.q), parent.id) : []
    const waits = await book.edges.from([...below], tx.q)
    if (waits.some((e) => isDependency(e) && above.includes(e.toId))) throw ofWhole()
    for (const other of graph) if (below.has(other.id)) await book.attach(tx, other, { rootId })
    if (rootId !== row.rootId) await this.grown(tx, row.rootId)
    return book.change(tx, { ...row, rootId }, { parentId: parent?.id ?? null }, actorOf(p), 'graph')
  }

  /** @throws NekodeError `graph_too_large` when so many more tasks would be too many */
  async room(tx: Tx, rootId: string, more: number): Promise<void> {
    const rows = await this.deps.book.ofRoot(rootId, TASK_LIMITS.graph, tx.q)
    if (rows.length + more <= TASK_LIMITS.graph) return
    throw new NekodeError('conflict', `A graph has at most ${TASK_LIMITS.graph} tasks.`, {
      code: 'graph_too_large',
      next: 'Start another one.',
    })
  }

  /** Counts a change of a graph. Returns its version. */
  async grown(tx: Tx, rootId: string): Promise<number> {
    const root = await this.deps.book.current(tx, rootId)
    return (await this.deps.book.attach(tx, root, { graphVersion: root.graphVersion + 1 })).graphVersion
  }

  /** The versions of the graphs that tasks are in, by root. */
  async versions(rootIds: string[]): Promise<Map<string, number>> {
    const rows = await this.deps.book.named([...new Set(rootIds)])
    return new Map(rows.map((r) => [r.id, r.graphVersion]))
  }
}

const keyOf = (e: EdgeRow): string => `${e.fromId} ${e.toId} ${e.kind}`
const unique = (edges: EdgeRow[]): EdgeRow[] => [...new Map(edges.map((e) => [keyOf(e), e])).values()]
const isDependency = (e: EdgeRow): boolean => e.kind === 'depends_on'
const invalid = (message: string): NekodeError => new NekodeError('invalid', message, { code: 'invalid_request' })
const ofWhole = (): NekodeError =>
  new NekodeError('conflict', 'A part cannot wait for the whole that it belongs to.', { code: 'cycle' })

const atTop = (id = newId('tsk')) => ({ id, rootId: id })

/** Every task hangs on the root, however deep. */
function checkTree(rows: Map<string, TaskRow>, rootId: string): void {
  for (const start of rows.values()) {
    let at: TaskRow | undefined = start
    for (let depth = 0; at && at.id !== rootId; depth++) {
      if (depth > rows.size)
        throw new NekodeError('conflict', 'Tasks cannot be parts of each other.', { code: 'cycle' })
      at = at.parentId === null ? undefined : rows.get(at.parentId)
    }
  }
}

function checkWhole(edge: EdgeRow, parentOf: (id: string) => string | null): void {
  if (!isDependency(edge)) return
  for (let at = parentOf(edge.fromId); at !== null; at = parentOf(at)) if (at === edge.toId) throw ofWhole()
}

function subtree(rows: TaskRow[], id: string): Set<string> {
  const found = new Set([id])
  for (let before = 0; before < found.size;) {
    before = found.size
    for (const r of rows) if (r.parentId !== null && found.has(r.parentId)) found.add(r.id)
  }
  return found
}

function ancestors(rows: TaskRow[], id: string): string[] {
  const parents = new Map(rows.map((r) => [r.id, r.parentId]))
  const found: string[] = []
  for (let at: string | null | undefined = id; at; at = parents.get(at)) {
    if (found.includes(at)) break
    found.push(at)
  }
  return found
}
