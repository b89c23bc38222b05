import { NekodeError } from '@shared/errors'
import { newId } from '@shared/ids'
import type { AgentPrincipal } from '../access/principal'
import type { Core } from '../core'
import type { LogEvent } from '../db/database'
import { ANSWER_BYTES, changesOf } from './changes'
import { readCursor, writeCursor } from './cursor'
import { ResourceStore, type SubscriptionRow } from './store'
import { type ResourceName, parseUri } from './uri'

/** How long a subscription lasts without being asked for; the log keeps its events for longer. */
export const SUBSCRIPTION_MS = 24 * 3600_000
/** Of one agent at a time. */
export const MAX_SUBSCRIPTIONS = 50
const KEPT_MS = 24 * 3600_000

/** A change of a watched resource. */
export interface Update {
  subscription: SubscriptionRow
  event: LogEvent
  /** Counts the updates of its subscription, from 1. */
  sequence: number
}

/** What else is asked, where subscriptions are made. */
export interface Lookups {
  /** A task that the agent may see. */
  task(p: AgentPrincipal, ref: string): Promise<{ id: string; target: string }>
}

/**
 * What agents watch. A subscription is a place in the log of events: its changes are read from there, by what the agent may see when it
 * asks, so there is nothing to get out of step.
 */
export class ResourceService {
  readonly #store: ResourceStore

  constructor(
    private readonly core: Core,
    private readonly lookups: Lookups,
  ) {
    this.#store = new ResourceStore(core.db)
  }

  /**
   * Watches a resource from now on; one that is watched already goes on, for longer.
   * @throws NekodeError `resource_unknown`, `not_found` for what the agent cannot see, `subscriptions_full`
   */
  async subscribe(
    p: AgentPrincipal,
    input: { uri: string; runtimeId: string; endpointId: string },
  ): Promise<SubscriptionRow> {
    const subject = await this.#subject(p, parseUri(input.uri))
    const fromSequence = this.core.hub.head
    return this.core.db.tx(async (tx) => {
      const now = Date.now()
      const expiresAt = now + SUBSCRIPTION_MS
      const known = await this.#store.at(tx, p.id, input.uri)
      if (known && isActive(known, now)) {
        await this.#store.update(tx, known.id, { expiresAt })
        return { ...known, expiresAt }
      }
      if ((await this.#store.countActive(tx, p.id, now)) >= MAX_SUBSCRIPTIONS)
        throw new NekodeError('precondition', `An agent watches at most ${MAX_SUBSCRIPTIONS} resources at a time.`, {
          code: 'subscriptions_full',
          next: 'Cancel one that is not needed any more.',
        })
      if (known) await this.#store.delete(tx, known.id)
      const row: SubscriptionRow = {
        id: newId('sub'),
        agentId: p.id,
        ...input,
        ...subject,
        fromSequence,
        canceled: false,
        createdAt: now,
        expiresAt,
      }
      await this.#store.insert(tx, row)
      return row
    })
  }

  /** Stops watching; once more is no error. */
  async cancel(p: AgentPrincipal, id: string): Promise<SubscriptionRow> {
    return this.core.db.tx(async (tx) => {
      const row = await this.#store.get(id, tx.q)
      if (!row || row.agentId !== p.id) throw unknown()
      if (row.canceled) return row
      const set = { canceled: true, expiresAt: Math.min(row.expiresAt, Date.now()) }
      await this.#store.update(tx, id, set)
      return { ...row, ...set }
    })
  }

  /** Whose subscription it is; undefined for none. */
  async ownerOf(id: string): Promise<string | undefined> {
    return (await this.#store.get(id))?.agentId
  }

  /** The changes of one subscription, or of all of an agent's, after a cursor; the answer's cursor is always where to go on. */
  async updates(
    p: AgentPrincipal,
    query: { id?: string | undefined; uri?: string | undefined; cursor?: string | undefined; limit: number },
  ): Promise<{ updates: Update[]; cursor: string }> {
    const watched = await this.#watched(p, query.id, query.uri)
    const places = readCursor(query.cursor)
    const found: Update[] = []
    const reached = new Map<string, number>()
    for (const s of watched) {
      const place = places.get(s.id) ?? { at: s.fromSequence, count: 0 }
      const changes = await changesOf(this.core, p, s, Math.max(place.at, s.fromSequence), query.limit)
      reached.set(s.id, changes.at)
      found.push(...changes.events.map((event, i) => ({ subscription: s, event, sequence: place.count + i + 1 })))
    }
    await this.#prolong(watched)
    const page = first(
      found.toSorted((a, b) => a.event.sequence - b.event.sequence),
      query.limit,
    )
    const left = new Set(
      found
        .slice()
        .filter((u) => !page.includes(u))
        .map((u) => u.subscription.id),
    )
    for (const s of watched) {
      const last = page.findLast((u) => u.subscription.id === s.id)
      const before = places.get(s.id) ?? { at: s.fromSequence, count: 0 }
      const at = left.has(s.id) ? (last?.event.sequence ?? before.at) : (reached.get(s.id) ?? before.at)
      places.set(s.id, { at, count: last?.sequence ?? before.count })
    }
    return {
      updates: page,
      cursor: writeCursor(
        places,
        watched.map((s) => s.id),
      ),
    }
  }

  /** Removes those that ended a while ago. */
  async sweep(now = Date.now()): Promise<void> {
    await this.core.db.tx((tx) => this.#store.sweep(tx, now - KEPT_MS))
  }

  async #watched(p: AgentPrincipal, id: string | undefined, uri: string | undefined): Promise<SubscriptionRow[]> {
    const now = Date.now()
    if (id === undefined) return (await this.#store.active(p.id, now)).filter((s) => uri === undefined || s.uri === uri)
    const row = await this.#store.get(id)
    if (!row || row.agentId !== p.id || (uri !== undefined && row.uri !== uri)) throw unknown()
    if (!isActive(row, now))
      throw new NekodeError('gone', 'This subscription has ended.', {
        code: 'subscription_over',
        next: 'Subscribe again, and read the resource once for what has changed meanwhile.',
      })
    return [row]
  }

  /** Asking keeps a subscription; a write for each time would be too much. */
  async #prolong(rows: readonly SubscriptionRow[]): Promise<void> {
    const now = Date.now()
    const old = rows.filter((row) => row.expiresAt - now < SUBSCRIPTION_MS / 2)
    if (!old.length) return
    await this.core.db.tx(async (tx) => {
      for (const { id } of old) await this.#store.update(tx, id, { expiresAt: now + SUBSCRIPTION_MS })
    })
  }

  async #subject(
    p: AgentPrincipal,
    { kind, name, threadId }: ResourceName,
  ): Promise<Pick<SubscriptionRow, 'kind' | 'channelId' | 'subjectId'>> {
    if (kind === 'memory') {
      if (name !== p.id)
        throw new NekodeError('forbidden', 'An agent watches its own memory only.', {
          next: `Use nekode://memory/${p.id}.`,
        })
      return { kind, channelId: '', subjectId: p.id }
    }
    const task = kind === 'task' ? await this.lookups.task(p, name) : undefined
    const channel = this.core.access.channel(p, 'read', task?.target ?? name)
    return { kind, channelId: channel.id, subjectId: task?.id ?? threadId ?? channel.id }
  }
}

const isActive = (row: SubscriptionRow, now: number): boolean => !row.canceled && row.expiresAt > now

/** As many as fit into one answer. */
function first(updates: readonly Update[], limit: number): Update[] {
  let bytes = 0
  const end = updates.findIndex((u, i) => i >= limit || ((bytes += u.event.payload.length) > ANSWER_BYTES && i > 0))
  return end < 0 ? [...updates] : updates.slice(0, end)
}

const unknown = (): NekodeError =>
  new NekodeError('not_found', 'There is no such subscription.', { next: 'Subscribe to the resource again.' })
