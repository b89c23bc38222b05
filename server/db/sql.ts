import { NekodeError, errorText } from '@shared/errors'
import { SQL } from 'bun'
import { eq } from 'drizzle-orm'
import { drizzle as drizzlePostgres } from 'drizzle-orm/bun-sql'
import { drizzle as drizzleProxy } from 'drizzle-orm/mysql-proxy'
import {
  type Database,
  type LogEvent,
  type NewEvent,
  type OpenOptions,
  type Query,
  RunAgain,
  type Tx,
  toLog,
} from './database'
import { mysql, postgres } from './dialect'
import { type Tables, tables } from './tables'

/** The row that orders the log: whoever appends holds its lock until commit, so sequences become visible in order. */
const HEAD = 'event_head'

interface Engine {
  dialect: 'postgres' | 'mysql'
  t: Tables
  pool: SQL
  query(connection: SQL): Query
}

export async function openPostgres(dsn: string, options: OpenOptions): Promise<Database> {
  const pool = new SQL(dsn, { max: options.poolSize ?? 8, bigint: false })
  // drizzle's own types for this driver want a whole client; a reserved connection has what it uses.
  const query = (c: SQL): Query => drizzlePostgres(c, { casing: 'snake_case' }) as unknown as Query
  return connect({ dialect: 'postgres', t: tables(postgres), pool, query })
}

export async function openMysql(dsn: string, options: OpenOptions): Promise<Database> {
  const pool = new SQL(dsn.replace(/^mariadb:/, 'mysql:'), { adapter: 'mysql', max: options.poolSize ?? 8 })
  // Drizzle has no driver for Bun's MySQL client; its proxy wants rows as arrays and counts in the first row.
  const query = (c: SQL): Query =>
    drizzleProxy(
      async (text, params, method) => {
        if (method === 'all') return { rows: await c.unsafe(text, params).values() }
        const result: { affectedRows?: number; count?: number; lastInsertRowid?: number | bigint } = await c.unsafe(
          text,
          params,
        )
        const counts = {
          affectedRows: result.affectedRows ?? result.count ?? 0,
          insertId: Number(result.lastInsertRowid ?? 0),
        }
        return { rows: [counts] }
      },
      { casing: 'snake_case' },
    ) as unknown as Query
  return connect({ dialect: 'mysql', t: tables(mysql), pool, query })
}

async function connect({ dialect, t, pool, query }: Engine): Promise<Database> {
  try {
    await pool.connect()
  } catch (cause) {
    throw new NekodeError('unavailable', `The ${dialect} database does not answer: ${errorText(cause)}`, {
      code: 'storage_unreachable',
      next: 'Check NEKODE_DB_DSN, and that the database runs and accepts this user.',
      cause,
    })
  }
  const listeners: ((events: LogEvent[]) => Promise<void> | void)[] = []

  const append = async (q: Query, events: NewEvent[]): Promise<LogEvent[]> => {
    if (!events.length) return []
    // Lock first, so that nobody else can append until this transaction is over.
    const locked = q.select({ value: t.settings.value }).from(t.settings).where(eq(t.settings.name, HEAD))
    const rows: { value: string }[] = await forUpdate(locked)
    const last = Number(rows[0]?.value ?? 0)
    const log = toLog(events, last + 1, Date.now())
    await q.insert(t.events).values(log)
    const value = String(last + log.length)
    if (rows.length) await q.update(t.settings).set({ value }).where(eq(t.settings.name, HEAD))
    else await q.insert(t.settings).values({ name: HEAD, value })
    return log
  }

  const once = async <T>(fn: (tx: Tx) => Promise<T>): Promise<{ value: T; log: LogEvent[] }> =>
    pool.begin(async (connection) => {
      const q = query(connection)
      const events: NewEvent[] = []
      const value = await fn({
        q,
        insert: async (table, ...rows) => {
          if (rows.length) await q.insert(table).values(rows)
        },
        emit: (event) => void events.push(event),
      })
      return { value, log: await append(q, events) }
    })

  return {
    dialect,
    t,
    q: query(pool),
    tx: async (fn) => {
      for (let attempt = 1; ; attempt++) {
        try {
          const { value, log } = await once(fn)
          if (log.length) for (const listener of listeners) await listener(log)
          return value
        } catch (error) {
          if (attempt >= 5 || !isConflict(error)) throw error
          await Bun.sleep(Math.random() * 20 * attempt)
        }
      }
    },
    raw: async (text, params = []) => [...(await pool.unsafe(text, params))],
    onCommit: (listener) => void listeners.push(listener),
    head: async () => {
      const rows = await query(pool)
        .select({ value: t.settings.value })
        .from(t.settings)
        .where(eq(t.settings.name, HEAD))
      return Number(rows[0]?.value ?? 0)
    },
    close: () => pool.close(),
  }
}

/** `FOR UPDATE`, which drizzle's SQLite types do not know and its PostgreSQL and MySQL builders do. */
const forUpdate = <T>(select: PromiseLike<T>): PromiseLike<T> =>
  'for' in select && typeof select.for === 'function' ? select.for('update') : select

/** Serialisation failures and deadlocks: the database ended one of two transactions, and running it again is right. */
function isConflict(error: unknown): boolean {
  if (error instanceof RunAgain) return true
  for (let e: unknown = error; typeof e === 'object' && e !== null; e = Reflect.get(e, 'cause')) {
    const code = String(Reflect.get(e, 'errno') ?? Reflect.get(e, 'code') ?? '')
    if (['40001', '40P01', '1213', '1205', 'ER_LOCK_DEADLOCK'].includes(code)) return true
  }
  return false
}
