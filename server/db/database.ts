import type { Actor, EventKind, EventOperation } from '@shared/contract'
import { newId } from '@shared/ids'
import type { BaseSQLiteDatabase, SQLiteTable } from 'drizzle-orm/sqlite-core'
import type { Tables } from './tables'

/**
 * One type for three databases: drizzle's asynchronous SQLite builder. `.returning()` is off limits, MySQL has none;
 * ids are made by us, so nothing needs it.
 */
export type Query = Pick<
  BaseSQLiteDatabase<'async', { affected: number }>,
  'select' | 'selectDistinct' | 'insert' | 'update' | 'delete' | 'with'
>

/** Where a message goes besides: back to the endpoint that it answers, along the routes of its channel, both, or nowhere. */
export type OutboundPolicy = 'none' | 'source' | 'routes' | 'all'

/** An event as a service hands it over. `payload` is the whole entity as the HTTP API shows it. */
export interface NewEvent {
  kind: EventKind
  operation: EventOperation
  aggregateId: string
  /** `all`, `admin`, `channel:<id>`, `user:<id>`, `computer:<id>` or `agent:<id>`. */
  audience: string
  target?: string | null
  actor: Actor
  payload: unknown
  /** Not in the log: it is for whoever hears of the event before its commit. Default `all`. */
  outbound?: OutboundPolicy | undefined
}

/** An event as the log has it. `payload` stays JSON text until somebody needs more. */
export interface LogEvent {
  sequence: number
  id: string
  kind: string
  operation: string
  aggregateId: string
  audience: string
  target: string | null
  actor: Actor
  payload: string
  createdAt: number
}

/** A transaction: rows and events commit together or not at all. Await nothing but the database inside one. */
export interface Tx {
  readonly q: Query
  /** Inserts whole rows; much faster than building an insert each time. */
  insert<T extends SQLiteTable>(table: T, ...rows: T['$inferSelect'][]): Promise<void>
  emit(event: NewEvent): void
}

export type BeforeCommit = (tx: Tx, events: readonly NewEvent[]) => Promise<void>

/** SQL as it is; for reading, and for changing the schema inside `exclusive`. */
export type Raw = (sql: string, params?: RawValue[]) => Promise<Record<string, unknown>[]>
export type RawValue = string | number | boolean | null | Uint8Array

export interface Database {
  readonly dialect: 'sqlite' | 'postgres' | 'mysql'
  readonly t: Tables
  /** Reads outside a transaction. */
  readonly q: Query
  /**
   * Runs `fn` in a transaction and resolves when it is durable. One transaction runs at a time, also among the servers that share a
   * database, so what it reads stays true until it commits; those that wait at the same time share one commit. A conflict with
   * somebody else's transaction runs `fn` again: it must not touch anything but the transaction.
   */
  tx<T>(fn: (tx: Tx) => Promise<T>): Promise<T>
  /** Reads outside a transaction. */
  raw: Raw
  /** Runs `fn` while nobody else is in here, in a transaction where the database can undo a change of the schema (not MySQL). */
  exclusive<T>(fn: (raw: Raw) => Promise<T>): Promise<T>
  /**
   * Called at the end of each transaction with its events, to add what has to commit together with them. What it throws undoes the
   * transaction. It must not touch anything but the transaction.
   */
  beforeCommit(hook: BeforeCommit): void
  /** Called with the events of each commit, in log order, before the transaction's promise resolves. */
  onCommit(listener: (events: LogEvent[]) => Promise<void> | void): void
  /** The last sequence in the log. */
  head(): Promise<number>
  close(): Promise<void>
}

/** `full`: an acknowledged write survives power loss. `normal`: it survives a crash of the process, not of the machine. */
export type Durability = 'full' | 'normal'

export interface OpenOptions {
  durability?: Durability
  /** Connections of a PostgreSQL or MySQL pool, the writer's included. Default 8. */
  poolSize?: number
  /** Hears of commits whose listeners failed. Default: standard error. */
  report?: (error: unknown) => void
}

/** Numbers the events of one transaction, from `first`. */
export const toLog = (events: NewEvent[], first: number, now: number): LogEvent[] =>
  events.map((e, i) => ({
    sequence: first + i,
    id: newId('evt'),
    kind: e.kind,
    operation: e.operation,
    aggregateId: e.aggregateId,
    audience: e.audience,
    target: e.target ?? null,
    actor: e.actor,
    payload: JSON.stringify(e.payload),
    createdAt: now,
  }))

/** How many rows a write changed, whatever the driver calls it. */
export function affected(result: unknown): number {
  if (typeof result !== 'object' || result === null) return 0
  for (const key of ['affectedRows', 'changes', 'count', 'affected']) {
    const n: unknown = Reflect.get(result, key)
    if (typeof n === 'number') return n
  }
  // PostgreSQL's result is an empty array with a count, MySQL's an array with the counts in its first row.
  return Array.isArray(result) && result.length > 0 ? affected(result[0]) : 0
}
