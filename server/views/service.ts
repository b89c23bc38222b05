import {
  MAX_SHARED_VIEWS,
  MAX_VIEWS,
  type EventOperation,
  type NewTaskView,
  type TaskView,
  type TaskViewPatch,
} from '@shared/contract'
import { NekodeError } from '@shared/errors'
import { newId } from '@shared/ids'
import { type UserPrincipal, actorOf } from '../access/principal'
import type { Core } from '../core'
import type { Tx } from '../db/database'
import { type ViewRow, ViewStore } from './store'

/** Views of tasks that people keep by a name. One of a channel is seen by nobody who does not see the channel. */
export class ViewService {
  readonly #store: ViewStore

  constructor(private readonly core: Core) {
    this.#store = new ViewStore(core.db)
  }

  /** By name. */
  async list(p: UserPrincipal): Promise<{ items: TaskView[] }> {
    const rows = (await this.#store.seenBy(p.id)).filter((row) => this.#sees(p, row))
    return { items: rows.map((row) => this.#view(row)).toSorted((a, b) => (a.name < b.name ? -1 : 1)) }
  }

  async create(p: UserPrincipal, input: NewTaskView): Promise<TaskView> {
    const now = Date.now()
    const row: ViewRow = {
      id: newId('view'),
      ownerId: p.id,
      createdBy: actorOf(p),
      name: input.name,
      shared: input.shared,
      channelId: this.#channelId(p, input.target),
      query: input.query,
      createdAt: now,
      updatedAt: now,
    }
    await this.core.db.tx(async (tx) => {
      if ((await this.#store.count(tx, { ownerId: p.id })) >= MAX_VIEWS) throw tooMany(MAX_VIEWS)
      if (row.shared) await this.#roomForShared(tx)
      await this.#store.insert(tx, row)
      this.#emit(tx, p, row, 'created')
    })
    return this.#view(row)
  }

  /** Throws `not_found` for a view of somebody else: also a shared one is changed by whoever made it only. */
  async update(p: UserPrincipal, id: string, { target, ...patch }: TaskViewPatch): Promise<TaskView> {
    const channel = target === undefined ? {} : { channelId: this.#channelId(p, target) }
    return this.core.db.tx(async (tx) => {
      const before = await this.#store.get(id, tx.q)
      if (before?.ownerId !== p.id) throw unknown()
      if (patch.shared && !before.shared) await this.#roomForShared(tx)
      const given = Object.fromEntries(Object.entries(patch).filter(([, value]) => value !== undefined))
      const set: Partial<ViewRow> = { ...given, ...channel, updatedAt: Math.max(Date.now(), before.updatedAt) }
      const row: ViewRow = { ...before, ...set }
      await this.#store.update(tx, id, set)
      // Whoever does not see it any more is told that it is gone, before its owner is told what it is now.
      if (audienceOf(before) !== audienceOf(row)) this.#emit(tx, p, before, 'deleted')
      this.#emit(tx, p, row, 'updated')
      return this.#view(row)
    })
  }

  async remove(p: UserPrincipal, id: string): Promise<void> {
    await this.core.db.tx(async (tx) => {
      const row = await this.#store.get(id, tx.q)
      const isAdmin = p.role === 'admin' || p.role === 'owner'
      const mayRemove = row && (row.ownerId === p.id || (row.shared && isAdmin && this.#sees(p, row)))
      if (!mayRemove) throw unknown()
      await this.#store.delete(tx, id)
      this.#emit(tx, p, row, 'deleted')
    })
  }

  async #roomForShared(tx: Tx): Promise<void> {
    if ((await this.#store.count(tx, { shared: true })) >= MAX_SHARED_VIEWS) throw tooMany(MAX_SHARED_VIEWS)
  }

  #channelId(p: UserPrincipal, target: string | null): string {
    return target === null ? '' : this.core.access.channel(p, 'read', target).id
  }

  #sees(p: UserPrincipal, row: ViewRow): boolean {
    if (row.channelId === '') return true
    const channel = this.core.directory.channel(row.channelId)
    return channel !== undefined && this.core.access.can(p, 'read', channel)
  }

  #view(row: ViewRow): TaskView {
    const { id, name, shared, query, createdBy, createdAt, updatedAt } = row
    const target = this.core.directory.channel(row.channelId)?.target ?? null
    return { id, name, shared, target, query, createdBy, createdAt, updatedAt }
  }

  #emit(tx: Tx, p: UserPrincipal, row: ViewRow, operation: EventOperation): void {
    tx.emit({
      kind: 'task_view',
      operation,
      aggregateId: row.id,
      audience: audienceOf(row),
      actor: actorOf(p),
      payload: this.#view(row),
    })
  }
}

const audienceOf = (row: ViewRow): string =>
  !row.shared ? `user:${row.ownerId}` : row.channelId === '' ? 'all' : `channel:${row.channelId}`

const unknown = (): NekodeError =>
  new NekodeError('not_found', 'There is no such view, or it is not yours to change.', { code: 'view_unknown' })

const tooMany = (most: number): NekodeError =>
  new NekodeError('precondition', `There are ${most} views already.`, {
    code: 'too_many_views',
    next: 'Remove one that nobody needs.',
  })
