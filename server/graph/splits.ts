import type { NewSplit, Task, TaskSplit } from '@shared/contract'
import { NekodeError } from '@shared/errors'
import { newId } from '@shared/ids'
import { actorOf } from '../access/principal'
import type { Core } from '../core'
import type { Tx } from '../db/database'
import { type Once, always } from '../idempotency/service'
import type { Worker } from '../tasks/book'
import type { Tasks } from '../tasks/create'
import { stale } from '../tasks/errors'
import { assignable, mayChange } from '../tasks/rules'
import { type TaskRow, isClosed } from '../tasks/view'
import type { GraphService } from './service'
import { type SplitRow, SplitStore } from './store'

/** How long a proposal waits for somebody to apply it, unless it says otherwise. */
const TTL_SECONDS = 86_400

export interface Applied {
  task: Task
  created: Task[]
  graphVersion: number
}

/** Proposals to split a task into parts, and what becomes of them. */
export class SplitService {
  readonly #store: SplitStore

  constructor(
    private readonly core: Core,
    private readonly deps: Tasks,
    private readonly graph: GraphService,
  ) {
    this.#store = new SplitStore(core.db)
  }

  async list(
    p: Worker,
    ref: string,
    query: { limit?: number | undefined; cursor?: string | undefined },
  ): Promise<{ items: TaskSplit[]; nextCursor?: string }> {
    const { row } = await this.deps.book.find(p, 'read', ref)
    const limit = query.limit ?? 50
    const rows = await this.#store.list(row.id, query.cursor, limit + 1)
    const items = rows.slice(0, limit)
    const last = items.at(-1)
    return { items: items.map(splitView), ...(rows.length > limit && last ? { nextCursor: last.id } : {}) }
  }

  /** Nothing changes until somebody applies it. */
  async propose(p: Worker, ref: string, input: Omit<NewSplit, 'requestId'>, once: Once = always): Promise<TaskSplit> {
    await this.deps.book.find(p, 'write', ref)
    return this.core.db.tx((tx) => once(tx, () => this.#propose(tx, p, ref, input)))
  }

  async #propose(tx: Tx, p: Worker, ref: string, input: Omit<NewSplit, 'requestId'>): Promise<TaskSplit> {
    const { row, channel } = await this.deps.book.find(p, 'write', ref, tx.q)
    mayChange(p, row, (await this.deps.claims.fresh(tx, row)).held)
    open(row)
    const ids = new Map(input.parts.map((part) => [part.clientId, newId('tsk')]))
    if (ids.size !== input.parts.length)
      throw new NekodeError('invalid', 'Two parts have the same id.', { code: 'invalid_request' })
    const idOf = (clientId: string): string => {
      const id = ids.get(clientId)
      if (id !== undefined) return id
      throw new NekodeError('invalid', `There is no part ${clientId} in this proposal.`, { code: 'invalid_request' })
    }
    const parts = input.parts.map((part): SplitRow['parts'][number] => ({
      id: idOf(part.clientId),
      clientId: part.clientId,
      summary: part.summary,
      description: part.description ?? '',
      assigneeId: part.assigneeId ?? null,
      dependsOn: [...new Set((part.dependsOn ?? []).map(idOf))],
      requiredCapabilities: part.requiredCapabilities ?? [],
      assignedTarget: part.assignedTarget ?? '',
      dueAt: part.dueAt ?? null,
    }))
    for (const { assigneeId, assignedTarget } of parts) {
      if (assigneeId !== null) assignable(this.core, channel, assigneeId)
      if (assignedTarget) this.core.access.channel(p, 'write', assignedTarget)
    }
    checkOrder(parts)
    const now = Date.now()
    const split: SplitRow = {
      id: newId('spl'),
      parentId: row.id,
      parentVersion: row.version,
      proposedBy: actorOf(p),
      parts,
      state: 'pending',
      decidedBy: null,
      expiresAt: now + (input.ttlSeconds ?? TTL_SECONDS) * 1000,
      createdAt: now,
    }
    await this.#store.insert(tx, split)
    await this.deps.book.note(tx, row, 'split', actorOf(p), [{ field: 'split', from: null, to: split.id }])
    return splitView(split)
  }

  /** Turns the parts of a proposal into tasks, in one go. */
  async apply(
    p: Worker,
    ref: string,
    splitId: string,
    partIds: string[] | undefined,
    once: Once = always,
  ): Promise<Applied> {
    await this.deps.book.find(p, 'write', ref)
    return this.core.db.tx((tx) => once(tx, () => this.#apply(tx, p, ref, splitId, partIds)))
  }

  async #apply(tx: Tx, p: Worker, ref: string, splitId: string, partIds: string[] | undefined): Promise<Applied> {
    const { book, desk, tasks } = this.deps
    const { row, split, channel } = await this.#pending(tx, p, ref, splitId)
    if (split.expiresAt <= Date.now())
      throw new NekodeError('conflict', 'This proposal has expired.', {
        code: 'proposal_expired',
        next: 'Propose the split again.',
      })
    if (split.parentVersion !== row.version) throw stale(await book.view(row, tx.q))
    open(row)
    const parts = chosen(split, partIds)
    await this.graph.room(tx, row.rootId, parts.length)
    const actor = actorOf(p)
    let number = await book.nextNumber(tx)
    const made: TaskRow[] = parts.map((part) => ({
      ...tasks.draft(p, channel, part, number++, row),
      id: part.id,
      splitId: split.id,
      createdBy: split.proposedBy,
      createdById: split.proposedBy.id,
      source: split.proposedBy.kind === 'agent' ? 'agent' : 'human',
    }))
    // Their ids are new, and their order was checked when they were proposed.
    await book.edges.add(
      tx,
      ...parts.flatMap((part) =>
        part.dependsOn.map((toId) => ({ fromId: part.id, toId, kind: 'depends_on' as const })),
      ),
    )
    for (const task of made) await book.create(tx, task, actor)
    await this.#store.update(tx, split.id, { state: 'applied', decidedBy: actor })
    const graphVersion = await this.graph.grown(tx, row.rootId)
    const current = await book.current(tx, row.id)
    const to = made.map((t) => t.number)
    const parent = await book.touch(tx, current, actor, 'split', [{ field: 'parts', from: null, to }])
    const created: TaskRow[] = []
    for (const task of made) created.push(await desk.deliver(tx, task, actor))
    return { task: await book.view(parent, tx.q), created: await book.views(created, tx.q), graphVersion }
  }

  /** Withdraws a proposal. */
  async cancel(p: Worker, ref: string, splitId: string): Promise<TaskSplit> {
    await this.deps.book.find(p, 'write', ref)
    return this.core.db.tx(async (tx) => {
      const { split } = await this.#pending(tx, p, ref, splitId)
      const set = { state: 'canceled' as const, decidedBy: actorOf(p) }
      await this.#store.update(tx, split.id, set)
      return splitView({ ...split, ...set })
    })
  }

  /** What became of a proposal. */
  async stateOf(p: Worker, ref: string, splitId: string): Promise<SplitRow['state'] | undefined> {
    const { row } = await this.deps.book.find(p, 'read', ref)
    const split = await this.#store.get(splitId)
    return split?.parentId === row.id ? split.state : undefined
  }

  /** A proposal that the caller may decide about: a person who writes there, or an agent that has the task or proposed it. */
  async #pending(tx: Tx, p: Worker, ref: string, splitId: string) {
    const { row, channel } = await this.deps.book.find(p, 'write', ref, tx.q)
    const split = await this.#store.get(splitId, tx.q)
    if (!split || split.parentId !== row.id)
      throw new NekodeError('not_found', 'There is no such proposal for this task.', { code: 'proposal_unknown' })
    if (split.proposedBy.id !== p.id) mayChange(p, row, (await this.deps.claims.fresh(tx, row)).held)
    if (split.state !== 'pending')
      throw new NekodeError('conflict', `This proposal was ${split.state} already.`, { code: 'proposal_over' })
    return { row, split, channel }
  }
}

function open(row: TaskRow): void {
  if (!isClosed(row.state)) return
  throw new NekodeError('conflict', `#${row.number} is ${row.state}; there is nothing left to split.`, {
    code: 'task_closed',
    next: 'Open it again first.',
  })
}

function chosen(split: SplitRow, partIds: string[] | undefined): SplitRow['parts'] {
  if (!partIds) return split.parts
  const wanted = new Set(partIds)
  const parts = split.parts.filter((part) => wanted.has(part.id))
  if (parts.length !== wanted.size)
    throw new NekodeError('not_found', 'The proposal has no such part.', { code: 'part_unknown' })
  for (const part of parts)
    for (const id of part.dependsOn)
      if (!wanted.has(id))
        throw new NekodeError('conflict', `“${part.summary}” needs a part that was not chosen.`, {
          code: 'part_needed',
          next: 'Choose that one too.',
          data: { partId: part.id, needs: id },
        })
  return parts
}

/** @throws NekodeError `cycle` */
function checkOrder(parts: SplitRow['parts']): void {
  const done = new Set<string>()
  for (let before = -1; before < done.size;) {
    before = done.size
    for (const part of parts) if (part.dependsOn.every((id) => done.has(id))) done.add(part.id)
  }
  if (done.size === parts.length) return
  const names = parts.filter((part) => !done.has(part.id)).map((part) => part.clientId)
  throw new NekodeError('conflict', `These parts would wait for each other: ${names.join(', ')}.`, { code: 'cycle' })
}

const splitView = (r: SplitRow): TaskSplit => ({
  id: r.id,
  taskId: r.parentId,
  taskVersion: r.parentVersion,
  state: r.state === 'pending' && r.expiresAt <= Date.now() ? 'expired' : r.state,
  parts: r.parts,
  proposedBy: r.proposedBy,
  decidedBy: r.decidedBy,
  expiresAt: r.expiresAt,
  createdAt: r.createdAt,
})
