import { eq } from 'drizzle-orm'
import type { Logger } from '@shared/log'
import type { Database, LogEvent } from '../db/database'
import type { Row } from '../db/tables'

export type EndpointRow = Row<'interactionEndpoints'>
export type RouteRow = Row<'notificationRoutes'>

const RETRY_MS = 1000

/**
 * The endpoints and the routes to them, in memory: there are few, and every event of every channel asks for them. A projection of the
 * tables that follows the log.
 */
export class EndpointBook {
  readonly #endpoints = new Map<string, EndpointRow>()
  readonly #routes = new Map<string, RouteRow>()
  readonly #ofChannel = new Map<string, Set<RouteRow>>()
  readonly #behind: Pick<LogEvent, 'kind' | 'aggregateId'>[] = []
  #following: Promise<void> = Promise.resolve()

  constructor(
    private readonly db: Database,
    private readonly log: Logger,
  ) {
    db.onCommit((events) => {
      const mine = events.filter((e) => e.kind === 'endpoint' || e.kind === 'notification_route')
      if (mine.length) return this.#follow(mine)
    })
  }

  async load(): Promise<void> {
    const { q, t } = this.db
    for (const row of await q.select().from(t.interactionEndpoints)) this.#endpoints.set(row.id, row)
    for (const row of await q.select().from(t.notificationRoutes)) this.#putRoute(row.id, row)
  }

  endpoint = (id: string): EndpointRow | undefined => this.#endpoints.get(id)
  endpoints = (): EndpointRow[] => [...this.#endpoints.values()]
  route = (id: string): RouteRow | undefined => this.#routes.get(id)
  routes = (): RouteRow[] => [...this.#routes.values()]
  routesOf = (channelId: string): RouteRow[] => [...(this.#ofChannel.get(channelId) ?? [])]
  get empty(): boolean {
    return this.#endpoints.size === 0
  }

  #follow(events: Pick<LogEvent, 'kind' | 'aggregateId'>[]): Promise<void> {
    this.#behind.push(...events)
    const work = this.#following.then(() => this.#catchUp())
    this.#following = work.catch(() => undefined)
    return work
  }

  /** What cannot be read now is read a moment later: nothing may go where it was told not to because the database was away just then. */
  async #catchUp(): Promise<void> {
    try {
      for (let e = this.#behind[0]; e; e = this.#behind[0]) {
        await this.#take(e)
        this.#behind.shift()
      }
    } catch (error) {
      this.log.warn('changes of endpoints could not be read yet', { error })
      setTimeout(() => void this.#follow([]).catch(() => undefined), RETRY_MS).unref()
      throw error
    }
  }

  async #take({ kind, aggregateId: id }: Pick<LogEvent, 'kind' | 'aggregateId'>): Promise<void> {
    const { q, t } = this.db
    if (kind === 'notification_route') {
      const [route] = await q.select().from(t.notificationRoutes).where(eq(t.notificationRoutes.id, id))
      return this.#putRoute(id, route)
    }
    const [endpoint] = await q.select().from(t.interactionEndpoints).where(eq(t.interactionEndpoints.id, id))
    if (endpoint) this.#endpoints.set(id, endpoint)
    else this.#endpoints.delete(id)
  }

  #putRoute(id: string, route: RouteRow | undefined): void {
    const before = this.#routes.get(id)
    if (before) this.#ofChannel.get(before.channelId)?.delete(before)
    if (!route) return void this.#routes.delete(id)
    this.#routes.set(id, route)
    const all = this.#ofChannel.get(route.channelId) ?? new Set()
    this.#ofChannel.set(route.channelId, all.add(route))
  }
}
