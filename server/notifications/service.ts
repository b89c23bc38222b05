import type { NotificationKind, NotificationPreference, NotificationRoute, Resolution } from '@shared/contract'
import { NekodeError } from '@shared/errors'
import { newId } from '@shared/ids'
import { type Principal, type UserPrincipal, actorOf } from '../access/principal'
import type { Core } from '../core'
import type { Tx } from '../db/database'
import type { EndpointBook, RouteRow } from '../endpoints/book'
import { type About, type Scored, resolve } from './resolve'
import { RouteStore } from './store'
import { routeView } from './view'

/** Routes of a channel: each of its events is held against all of them. */
const MAX_ROUTES = 200

export interface RouteInput {
  target?: string | undefined
  endpointId?: string | undefined
  threadId?: string | null | undefined
  eventKind?: NotificationKind | undefined
  preference?: NotificationPreference | undefined
  enabled?: boolean | undefined
}

export interface RouteQuery {
  target?: string | undefined
  threadId?: string | undefined
  endpointId?: string | undefined
  eventKind?: NotificationKind | undefined
  enabled?: boolean | undefined
  limit?: number | undefined
  cursor?: string | undefined
}

/** What of which channel goes where. Everybody in a channel can see it; changing it is for admins who look after the channel. */
export class NotificationService {
  readonly #store: RouteStore

  constructor(
    private readonly core: Core,
    private readonly book: EndpointBook,
    private readonly isOpen: (endpointId: string) => boolean,
  ) {
    this.#store = new RouteStore(core.db)
  }

  /** Oldest first. */
  list(p: Principal, query: RouteQuery): { items: NotificationRoute[]; nextCursor?: string } {
    const { access, directory } = this.core
    const limit = query.limit ?? 100
    const routes =
      query.target === undefined
        ? this.book.routes().filter((r) => {
            const channel = directory.channel(r.channelId)
            return channel !== undefined && access.can(p, 'read', channel)
          })
        : this.book.routesOf(access.channel(p, 'read', query.target).id)
    const found = routes
      .filter(
        (r) =>
          (query.threadId === undefined || r.threadId === query.threadId) &&
          (query.endpointId === undefined || r.endpointId === query.endpointId) &&
          (query.eventKind === undefined || r.eventKind === query.eventKind) &&
          (query.enabled === undefined || r.enabled === query.enabled) &&
          (query.cursor === undefined || r.id > query.cursor),
      )
      .toSorted((a, b) => (a.id < b.id ? -1 : 1))
    const items = found.slice(0, limit)
    const last = items.at(-1)
    return {
      items: items.map((row) => routeView(row, directory)),
      ...(found.length > limit && last ? { nextCursor: last.id } : {}),
    }
  }

  /** Where an event would go, and why not elsewhere. */
  explain(
    p: Principal,
    query: {
      target: string
      threadId?: string | undefined
      eventKind?: About['kinds'][number] | undefined
      limit?: number | undefined
    },
  ): Resolution {
    const { access, directory } = this.core
    const channel = access.channel(p, 'read', query.target)
    const about = { kinds: [query.eventKind ?? 'message'], threadId: query.threadId ?? null }
    const { items, dropped } = resolve(this.book.routesOf(channel.id), about, this.isOpen)
    return {
      items: items.slice(0, query.limit ?? 100).map(({ route, score }) => ({ ...routeView(route, directory), score })),
      dropped: dropped.map(({ route, reason }) => ({ route: routeView(route, directory), reason })),
    }
  }

  /** The routes that something takes. */
  resolve(channelId: string, about: About): Scored[] {
    return resolve(this.book.routesOf(channelId), about, this.isOpen).items
  }

  async create(
    p: UserPrincipal,
    input: RouteInput & { target: string; endpointId: string },
    address: string,
  ): Promise<NotificationRoute> {
    const now = Date.now()
    const row: RouteRow = {
      id: newId('nroute'),
      channelId: this.core.access.channel(p, 'manage', input.target).id,
      threadId: input.threadId ?? '',
      endpointId: input.endpointId,
      eventKind: input.eventKind ?? 'message',
      preference: input.preference ?? 'all',
      enabled: input.enabled ?? true,
      createdBy: p.id,
      createdAt: now,
      updatedAt: now,
    }
    await this.core.db.tx(async (tx) => {
      await this.#check(tx, row)
      if ((await this.#store.count(tx, row.channelId)) >= MAX_ROUTES)
        throw new NekodeError('conflict', `${input.target} has ${MAX_ROUTES} routes, which is the most there can be.`, {
          code: 'too_many_routes',
        })
      await this.#store.insert(tx, row)
      await this.#record(tx, p, row, 'created', address)
    })
    return routeView(row, this.core.directory)
  }

  async update(p: UserPrincipal, id: string, input: RouteInput, address: string): Promise<NotificationRoute> {
    this.#managed(p, id)
    const { target, threadId, ...plain } = input
    const given = Object.fromEntries(Object.entries(plain).filter(([, value]) => value !== undefined))
    const row = await this.core.db.tx(async (tx) => {
      const before = await this.#store.get(tx, id)
      if (!before) throw noRoute()
      const after: RouteRow = {
        ...before,
        ...given,
        ...(threadId === undefined ? {} : { threadId: threadId ?? '' }),
        ...(target === undefined ? {} : { channelId: this.core.access.channel(p, 'manage', target).id }),
        updatedAt: Date.now(),
      }
      await this.#check(tx, after)
      await this.#store.update(tx, after)
      // Readers of the channel that it no longer is about see it go.
      if (after.channelId !== before.channelId) this.#emit(tx, p, before, 'deleted')
      await this.#record(tx, p, after, 'updated', address)
      return after
    })
    return routeView(row, this.core.directory)
  }

  async remove(p: UserPrincipal, id: string, address: string): Promise<void> {
    this.#managed(p, id)
    await this.core.db.tx(async (tx) => {
      const row = await this.#store.get(tx, id)
      if (!row) throw noRoute()
      await this.#store.delete(tx, id)
      await this.#record(tx, p, row, 'deleted', address)
    })
  }

  /** A route of a channel that the caller cannot see is not there for them. */
  #managed(p: UserPrincipal, id: string): void {
    const route = this.book.route(id)
    const channel = route && this.core.directory.channel(route.channelId)
    if (!channel || !this.core.access.can(p, 'read', channel)) throw noRoute()
    this.core.access.channelById(p, 'manage', channel.id)
  }

  async #check(tx: Tx, row: RouteRow): Promise<void> {
    if (row.preference === 'mentions' && row.eventKind !== 'mention' && row.eventKind !== 'all')
      throw new NekodeError('invalid', 'With the preference “mentions” nothing but mentions goes along a route.', {
        code: 'invalid_request',
        next: 'Choose the event kind “mention” or “all”.',
      })
    if (!(await this.#store.hasEndpoint(tx, row.endpointId)))
      throw new NekodeError('not_found', 'There is no such endpoint.', { code: 'endpoint_unknown' })
    if (await this.#store.hasTwin(tx, row))
      throw new NekodeError('conflict', 'There is such a route already.', {
        code: 'route_exists',
        next: 'Change that one.',
      })
  }

  #emit(tx: Tx, p: UserPrincipal, row: RouteRow, operation: 'created' | 'updated' | 'deleted'): void {
    const view = routeView(row, this.core.directory)
    tx.emit({
      kind: 'notification_route',
      operation,
      aggregateId: row.id,
      audience: `channel:${row.channelId}`,
      target: view.target,
      actor: actorOf(p),
      payload: view,
    })
  }

  async #record(
    tx: Tx,
    p: UserPrincipal,
    row: RouteRow,
    operation: 'created' | 'updated' | 'deleted',
    address: string,
  ): Promise<void> {
    this.#emit(tx, p, row, operation)
    const { channelId, endpointId, eventKind, preference, enabled } = row
    await this.core.audit.record(tx, {
      by: p,
      action: `route.${operation.replace(/d$/, '')}`,
      subject: row.id,
      detail: { channelId, endpointId, eventKind, preference, enabled },
      address,
    })
  }
}

const noRoute = (): NekodeError => new NekodeError('not_found', 'There is no such route.')
