import { NekodeError, errorText } from '@shared/errors'
import { type ReservedSQL, SQL } from 'bun'
import { desc, eq } from 'drizzle-orm'
import { drizzle as drizzlePostgres } from 'drizzle-orm/bun-sql'
import { drizzle as drizzleProxy } from 'drizzle-orm/mysql-proxy'
import type { Database, OpenOptions, Query, Raw } from './database'
import { mysql } from './dialects/mysql'
import { postgres } from './dialects/postgres'
import { explain, isConflict, isDisconnect } from './errors'
import { type Tables, tables } from './tables'
import { type Engine, Writer } from './writer'
import { asQuery } from './query'

/** The row of `settings` that a writer locks before anything else, and that holds the last sequence of the log. */
const HEAD = 'event_head'

/** Connections when nobody says how many. */
const POOL = 8
/** Long enough for a slow migration by another replica; after that somebody has to look. */
const LOCK_SECONDS = 120
/** Any number that other programs in the same database are unlikely to lock. */
const LOCK_KEY = 7_305_100_411

/** What PostgreSQL and MySQL say differently. */
interface Flavour {
  dialect: 'postgres' | 'mysql'
  t: Tables
  pool: SQL
  poolSize: number
  query(connection: SQL): Query
  begin: string
  /** Reads the log's last sequence and locks it until the transaction ends. */
  lockHead: string
  seedHead: string
}

export async function openPostgres(dsn: string, options: OpenOptions): Promise<Database> {
  const poolSize = options.poolSize ?? POOL
  const pool = new SQL(dsn, { max: poolSize, bigint: false })
  return connect(
    {
      dialect: 'postgres',
      t: tables(postgres),
      pool,
      poolSize,
      query: (c) => asQuery(drizzlePostgres(c, { casing: 'snake_case' })),
      begin: 'BEGIN',
      lockHead: `select value from settings where name = '${HEAD}' for update`,
      seedHead: `insert into settings (name, value) values ('${HEAD}', '0') on conflict do nothing`,
    },
    options,
  )
}

export async function openMysql(dsn: string, options: OpenOptions): Promise<Database> {
  const poolSize = options.poolSize ?? POOL
  const pool = new SQL(dsn.replace(/^mariadb:/, 'mysql:'), { adapter: 'mysql', max: poolSize })
  return connect(
    {
      dialect: 'mysql',
      t: tables(mysql),
      pool,
      poolSize,
      query: mysqlQuery,
      begin: 'START TRANSACTION',
      lockHead: `select value from settings where name = '${HEAD}' for update`,
      seedHead: `insert ignore into settings (name, value) values ('${HEAD}', '0')`,
    },
    options,
  )
}

/** Drizzle has no driver for Bun's MySQL client; its proxy wants rows as arrays and counts in the first row. */
export const mysqlQuery = (c: SQL): Query =>
  asQuery(
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
    ),
  )

async function connect(flavour: Flavour, options: OpenOptions): Promise<Database> {
  const { dialect, t, pool, query } = flavour
  try {
    await pool.connect()
  } catch (cause) {
    throw new NekodeError('unavailable', `The ${dialect} database does not answer: ${errorText(cause)}`, {
      code: 'storage_unreachable',
      next: 'Check NEKODE_DB_DSN, and that the database runs and accepts this user.',
      cause,
    })
  }
  const connection = new Connection(flavour)
  const writer = new Writer(connection.engine(), options)
  return {
    dialect,
    t,
    q: query(pool),
    tx: (fn) => writer.tx(fn),
    raw: rawOn(pool),
    exclusive: (fn) => exclusive(flavour, fn),
    beforeCommit: (hook) => writer.beforeCommit(hook),
    onCommit: (listener) => writer.onCommit(listener),
    head: async () => {
      const rows = await query(pool)
        .select({ n: t.events.sequence })
        .from(t.events)
        .orderBy(desc(t.events.sequence))
        .limit(1)
      return rows[0]?.n ?? 0
    },
    close: async () => {
      await writer.close()
      connection.drop()
      await pool.close()
    },
  }
}

const rawOn =
  (c: SQL): Raw =>
  async (text, params = []) => [...(await c.unsafe(text, params))]

/** The writer's own connection: taken from the pool when it is needed, and again after it was lost. */
class Connection {
  #held: { c: ReservedSQL; q: Query } | undefined
  #seeded = false

  constructor(private readonly flavour: Flavour) {}

  drop(): void {
    this.#held?.c.release()
    this.#held = undefined
  }

  async #take(): Promise<{ c: ReservedSQL; q: Query }> {
    if (this.#held) return this.#held
    const c = await this.flavour.pool.reserve()
    this.#held = { c, q: this.flavour.query(c) }
    return this.#held
  }

  get #now(): { c: ReservedSQL; q: Query } {
    if (!this.#held) throw new NekodeError('unavailable', 'The connection to the database was lost.')
    return this.#held
  }

  async #run(text: string): Promise<void> {
    await this.#now.c.unsafe(text)
  }

  /** After a restart of the database the pool still hands out connections that it ended: the first statement tells. */
  async #begin(): Promise<void> {
    for (let attempt = 0; ; attempt++) {
      try {
        await this.#take()
        return await this.#run(this.flavour.begin)
      } catch (error) {
        if (attempt >= this.flavour.poolSize || !isDisconnect(error)) throw error
        this.drop()
      }
    }
  }

  /** Whoever writes locks the head of the log first and keeps it until commit, so there is one writer among all servers. */
  async #lockHead(): Promise<number> {
    const { lockHead, seedHead } = this.flavour
    const read = async (): Promise<string | undefined> =>
      (await this.#now.c.unsafe<{ value: string }[]>(lockHead))[0]?.value
    let value = await read()
    if (value === undefined && !this.#seeded) {
      await this.#run(seedHead)
      value = await read()
    }
    this.#seeded = true
    return Number(value ?? 0)
  }

  engine(): Engine {
    const { t } = this.flavour
    const held = (): Query => this.#now.q
    return {
      begin: async () => {
        await this.#begin()
        return this.#lockHead()
      },
      savepoint: () => this.#run('SAVEPOINT job'),
      release: () => this.#run('RELEASE SAVEPOINT job'),
      undo: () => this.#run('ROLLBACK TO SAVEPOINT job'),
      append: async (log) => {
        await held().insert(t.events).values(log)
        await held()
          .update(t.settings)
          .set({ value: String(log.at(-1)?.sequence ?? 0) })
          .where(eq(t.settings.name, HEAD))
      },
      commit: () => this.#run('COMMIT'),
      abort: async () => {
        try {
          await this.#run('ROLLBACK')
        } catch {
          // The connection is gone and the transaction with it; the next one takes another connection.
          this.drop()
        }
      },
      survives: (error) => !isDisconnect(error) && !isConflict(error),
      isConflict,
      explain,
      work: {
        get q() {
          return held()
        },
        insert: async (table, ...rows) => {
          if (rows.length) await held().insert(table).values(rows)
        },
      },
    }
  }
}

/** Holds a lock of the database itself, which ends with the connection: a server that died does not keep the others out. */
async function exclusive<T>({ dialect, pool }: Flavour, fn: (raw: Raw) => Promise<T>): Promise<T> {
  const c = await pool.reserve()
  const raw = rawOn(c)
  const lockTaken = (cause?: unknown): NekodeError =>
    new NekodeError('unavailable', 'Another server is changing the database and does not finish.', {
      code: 'storage_locked',
      next: 'Look at that server’s log; when it hangs, stop it and start this one again.',
      ...(cause === undefined ? {} : { cause }),
    })
  try {
    if (dialect === 'mysql') {
      const [row] = await raw(`select get_lock(concat('nekode:', database()), ${LOCK_SECONDS}) as taken`)
      if (Number(row?.taken) !== 1) throw lockTaken()
      return await fn(raw)
    }
    await raw('BEGIN')
    await raw(`set local lock_timeout = '${LOCK_SECONDS}s'`)
    try {
      await raw(`select pg_advisory_xact_lock(${LOCK_KEY})`)
    } catch (cause) {
      throw lockTaken(cause)
    }
    const value = await fn(raw)
    await raw('COMMIT')
    return value
  } catch (error) {
    if (dialect === 'postgres') await raw('ROLLBACK').catch(() => [])
    throw explain(error)
  } finally {
    if (dialect === 'mysql') await raw(`select release_lock(concat('nekode:', database()))`).catch(() => [])
    c.release()
  }
}
