import { type SQL, and, count, eq, gte, inArray, lt, sql, sum } from 'drizzle-orm'
import type { UsageFigures, UsageKey } from '@shared/contract'
import type { Database, Tx } from '../db/database'
import type { Row } from '../db/tables'
import type { Stretch } from './days'

export type UsageRow = Row<'runUsage'>

export interface UsageFilter {
  from: number
  to: number
  agentId?: string | undefined
  /** All when it is left out. */
  channelIds?: string[] | undefined
}

/** Parts of one kind that are summed for one answer; there are fewer agents, channels and models than that. */
const MAX_GROUPS = 2000
const DAY = 86_400_000

export class UsageStore {
  constructor(private readonly db: Database) {}

  insert(tx: Tx, row: UsageRow): Promise<void> {
    return tx.insert(this.db.t.runUsage, row)
  }

  /** Who wrote a message. */
  async sender(tx: Tx, messageId: string): Promise<{ kind: string; id: string } | undefined> {
    const { messages } = this.db.t
    const [row] = await tx.q
      .select({ kind: messages.senderKind, id: messages.senderId })
      .from(messages)
      .where(eq(messages.id, messageId))
    return row
  }

  /** Sums by the days of a zone, as moments in that zone. */
  async byDay(f: UsageFilter, line: readonly Stretch[]): Promise<Map<number, UsageFigures>> {
    const t = this.db.t.runUsage
    const local = sql`(${t.at} + ${offsetOf(t.at, line)})`
    const day = sql<number>`${local} - (${local} % ${sql.raw(String(DAY))})`
    const rows = await this.db.q
      .select({ key: day.as('day'), ...this.#sums() })
      .from(t)
      .where(this.#where(f))
      .groupBy(sql`day`)
    return new Map(rows.map(({ key, ...sums }) => [Number(key), figures(sums)]))
  }

  async by(key: UsageKey, f: UsageFilter): Promise<{ key: string; figures: UsageFigures }[]> {
    const t = this.db.t.runUsage
    const column = { agent: t.agentId, model: t.model, channel: t.channelId, person: t.askedBy }[key]
    const rows = await this.db.q
      .select({ key: column, ...this.#sums() })
      .from(t)
      .where(this.#where(f))
      .groupBy(column)
      .limit(MAX_GROUPS)
    return rows.map(({ key, ...sums }) => ({ key, figures: figures(sums) }))
  }

  #sums() {
    const t = this.db.t.runUsage
    return {
      runs: count(),
      failed: sum(t.failed),
      input: sum(t.input),
      cacheRead: sum(t.cacheRead),
      cacheWrite: sum(t.cacheWrite),
      output: sum(t.output),
      reasoning: sum(t.reasoning),
      costUsd: sum(t.costUsd),
      durationMs: sum(t.durationMs),
    }
  }

  #where(f: UsageFilter): SQL | undefined {
    const t = this.db.t.runUsage
    return and(
      gte(t.at, f.from),
      lt(t.at, f.to),
      f.agentId === undefined ? undefined : eq(t.agentId, f.agentId),
      f.channelIds ? inArray(t.channelId, f.channelIds) : undefined,
    )
  }
}

/** How far ahead of UTC, as the database works it out. The numbers are ours, and as text each place of the query has the same ones. */
function offsetOf(at: UsageAt, line: readonly Stretch[]): SQL {
  const last = sql.raw(String(line.at(-1)?.offset ?? 0))
  if (line.length < 2) return last
  const cases = line
    .slice(0, -1)
    .map(({ until, offset }) => sql`when ${at} < ${sql.raw(String(until))} then ${sql.raw(String(offset))}`)
  return sql`case ${sql.join(cases, sql` `)} else ${last} end`
}
type UsageAt = Database['t']['runUsage']['at']

type Sums = Record<keyof UsageFigures, string | number | null>

/** Sums come as text from some databases, and as nothing for no rows. */
const figures = (sums: Sums): UsageFigures => ({
  runs: Number(sums.runs),
  failed: Number(sums.failed ?? 0),
  input: Number(sums.input ?? 0),
  cacheRead: Number(sums.cacheRead ?? 0),
  cacheWrite: Number(sums.cacheWrite ?? 0),
  output: Number(sums.output ?? 0),
  reasoning: Number(sums.reasoning ?? 0),
  costUsd: Number(sums.costUsd ?? 0),
  durationMs: Number(sums.durationMs ?? 0),
})
