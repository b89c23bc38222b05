import {
  MAX_USAGE_DAYS,
  MAX_USAGE_PARTS,
  type UsageFigures,
  type UsageKey,
  type UsagePart,
  type UsageReport,
} from '@shared/contract'
import { NekodeError } from '@shared/errors'
import { type Principal, administers } from '../access/principal'
import type { Core } from '../core'
import type { Tx } from '../db/database'
import type { RunRow } from '../runs/view'
import { daysBetween, dayName, stretches } from './days'
import { type UsageFilter, UsageStore } from './store'

const DAY = 86_400_000
const USUAL_DAYS = 30

export interface UsageQuery {
  from?: number | undefined
  to?: number | undefined
  timezone?: string | undefined
  by?: UsageKey | undefined
  agentId?: string | undefined
  target?: string | undefined
}

/** What agents take: noted when a run ends, in rows that are quickly summed and that outlive the run's details. */
export class UsageService {
  readonly #store: UsageStore

  constructor(private readonly core: Core) {
    this.#store = new UsageStore(core.db)
  }

  /** Notes what a run took that is over; one that never began took nothing. */
  async note(tx: Tx, run: RunRow): Promise<void> {
    if (run.startedAt === null) return
    const agent = this.core.directory.agent(run.agentId)
    const sender = run.inputMessageId === null ? undefined : await this.#store.sender(tx, run.inputMessageId)
    const asked = sender?.kind === 'human' || sender?.kind === 'agent' ? sender.id : ''
    await this.#store.insert(tx, {
      runId: run.id,
      at: run.startedAt,
      agentId: run.agentId,
      channelId: run.channelId,
      model: agent ? [agent.runtimeKind, agent.model].filter(Boolean).join('/') : '',
      askedBy: asked,
      input: run.usage?.input ?? 0,
      cacheRead: run.usage?.cacheRead ?? 0,
      cacheWrite: run.usage?.cacheWrite ?? 0,
      output: run.usage?.output ?? 0,
      reasoning: run.usage?.reasoning ?? 0,
      costUsd: run.costUsd ?? 0,
      durationMs: Math.max(0, (run.completedAt ?? run.startedAt) - run.startedAt),
      failed: run.state === 'failed' ? 1 : 0,
    })
  }

  /** Usage of what the caller may see. Throws `invalid_request` for a time or a zone that cannot be. */
  async report(p: Principal, query: UsageQuery): Promise<UsageReport> {
    const { to = Date.now(), timezone = 'UTC', by = 'agent' } = query
    const from = query.from ?? Math.max(0, to - USUAL_DAYS * DAY)
    if (from > to || to - from > MAX_USAGE_DAYS * DAY)
      throw new NekodeError(
        'invalid',
        `Usage is told of at most ${MAX_USAGE_DAYS} days, from the earlier to the later.`,
        {
          code: 'invalid_request',
          next: 'Move from and to closer together.',
        },
      )
    const line = stretches(timezone, from, to)
    const filter: UsageFilter = { from, to, agentId: query.agentId, channelIds: this.#channels(p, query.target) }
    const nothing = filter.channelIds?.length === 0
    const days = nothing ? new Map<number, UsageFigures>() : await this.#store.byDay(filter, line)
    const byName = new Map([...days].map(([local, figures]) => [dayName(local), figures]))
    const groups = nothing ? [] : await this.#store.by(by, filter)
    const parts = this.#parts(p, by, groups)
    const rest = parts.slice(MAX_USAGE_PARTS)
    return {
      from,
      to,
      timezone,
      total: totalOf([...days.values()]),
      days: daysBetween(from, to, line).map((day) => ({ day, ...(byName.get(day) ?? totalOf([])) })),
      items: parts.slice(0, MAX_USAGE_PARTS),
      rest: rest.length ? totalOf(rest) : null,
    }
  }

  /** Channels whose runs count; undefined for all, which admins may sum up without reading what is said there. */
  #channels(p: Principal, target: string | undefined): string[] | undefined {
    const { access } = this.core
    if (target !== undefined) return [access.channel(p, 'read', target).id]
    return administers(p) ? undefined : access.visibleChannels(p)
  }

  /** Parts with the names that the caller may know, the costliest first; those without a name are one. */
  #parts(p: Principal, by: UsageKey, groups: { key: string; figures: UsageFigures }[]): UsagePart[] {
    const named = new Map<string, { name: string; of: UsageFigures[] }>()
    for (const { key: found, figures } of groups) {
      const { key, name } = this.#name(p, by, found)
      const known = named.get(key)
      if (known) known.of.push(figures)
      else named.set(key, { name, of: [figures] })
    }
    return [...named]
      .map(([key, { name, of }]) => ({ key, name, ...totalOf(of) }))
      .toSorted((a, b) => b.costUsd - a.costUsd || tokens(b) - tokens(a) || b.runs - a.runs || (a.key < b.key ? -1 : 1))
  }

  #name(p: Principal, by: UsageKey, key: string): { key: string; name: string } {
    const { access, directory } = this.core
    if (by === 'model') return { key, name: key }
    if (by === 'agent') return { key, name: directory.agent(key)?.displayName ?? '' }
    if (by === 'person') return { key, name: (directory.user(key) ?? directory.agent(key))?.displayName ?? '' }
    const channel = directory.channel(key)
    return channel && access.can(p, 'read', channel)
      ? { key: channel.target, name: channel.target }
      : { key: '', name: '' }
  }
}

const tokens = (f: UsageFigures): number => f.input + f.cacheRead + f.cacheWrite + f.output

const totalOf = (all: readonly UsageFigures[]): UsageFigures => {
  const total = (of: keyof UsageFigures): number => all.reduce((sum, figures) => sum + figures[of], 0)
  return {
    runs: total('runs'),
    failed: total('failed'),
    input: total('input'),
    cacheRead: total('cacheRead'),
    cacheWrite: total('cacheWrite'),
    output: total('output'),
    reasoning: total('reasoning'),
    costUsd: total('costUsd'),
    durationMs: total('durationMs'),
  }
}
