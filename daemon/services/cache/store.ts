import type { SQLQueryBindings } from 'bun:sqlite'
import type { TokenUsage } from '../../runtimes/events'
import type { Store } from '../store'
import type { CacheEntry } from './contract'

export const MIGRATIONS: readonly string[] = [
  `
  CREATE TABLE entries (
    id INTEGER PRIMARY KEY,
    key TEXT NOT NULL UNIQUE,
    name TEXT,
    tenant TEXT NOT NULL,
    provider TEXT NOT NULL,
    model TEXT NOT NULL,
    api TEXT NOT NULL,
    content_type TEXT NOT NULL,
    input INTEGER NOT NULL,
    cache_read INTEGER NOT NULL,
    cache_write INTEGER NOT NULL,
    output INTEGER NOT NULL,
    reasoning INTEGER NOT NULL,
    cost REAL,
    hits INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    used_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    bytes INTEGER NOT NULL,
    checksum TEXT NOT NULL,
    body BLOB NOT NULL
  ) STRICT;
  CREATE INDEX entries_used ON entries (used_at, bytes);
  CREATE INDEX entries_expires ON entries (expires_at, bytes);
  CREATE INDEX entries_name ON entries (name) WHERE name IS NOT NULL;
  CREATE INDEX entries_model ON entries (model, used_at);
  CREATE INDEX entries_provider ON entries (provider, used_at);
  CREATE INDEX entries_tenant ON entries (tenant, used_at);
  CREATE TABLE counters (name TEXT PRIMARY KEY, value REAL NOT NULL) STRICT;
  `,
]

/** An answer that was given before, with what it cost then. */
export interface Entry {
  key: string
  name: string | null
  tenant: string
  provider: string
  model: string
  api: string
  contentType: string
  usage: TokenUsage
  /** US dollars; null when the price is not known. */
  cost: number | null
  /** Unix milliseconds. */
  createdAt: number
  expiresAt: number
  body: Uint8Array<ArrayBuffer>
}

interface Row {
  id: number
  key: string
  name: string | null
  tenant: string
  provider: string
  model: string
  api: string
  content_type: string
  input: number
  cache_read: number
  cache_write: number
  output: number
  reasoning: number
  cost: number | null
  hits: number
  created_at: number
  used_at: number
  expires_at: number
  bytes: number
}

/** Which entries; those that fit all that is said. */
export interface Which {
  key?: string | undefined
  model?: string | undefined
  provider?: string | undefined
  tenant?: string | undefined
}

/** What an entry takes besides its body, about: its row and its places in the indexes. */
const ROW_BYTES = 600
/** Rows that one deletion takes out: it holds up the daemon for a few milliseconds at most. */
const BATCH = 200

const FACTS =
  'id, key, name, tenant, provider, model, api, content_type, input, cache_read, cache_write, output, reasoning, cost, hits, ' +
  'created_at, used_at, expires_at, bytes'

/** The entries on disk. */
export class EntryStore {
  readonly #store: Store
  #bytes: number
  #count: number

  constructor(store: Store) {
    this.#store = store
    const [total] = this.#all<{ bytes: number | null; count: number }>(
      'SELECT sum(bytes) AS bytes, count(*) AS count FROM entries INDEXED BY entries_used',
    )
    this.#bytes = total?.bytes ?? 0
    this.#count = total?.count ?? 0
  }

  get bytes(): number {
    return this.#bytes
  }

  get count(): number {
    return this.#count
  }

  find(key: string): Entry | undefined {
    const [row] = this.#all<Row & { checksum: string; body: Uint8Array }>(
      `SELECT ${FACTS}, checksum, body FROM entries WHERE key = ?`,
      key,
    )
    if (!row) return undefined
    // SQLite does not see when the inside of a body was damaged, and a wrong answer is worse than none.
    if (checksum(row.body) === row.checksum) return entryOf(row, new Uint8Array(Bun.zstdDecompressSync(row.body)))
    this.remove({ key })
    return undefined
  }

  /** Keeps an entry in the place of an earlier one of its key. @param packed its body as zstd */
  put(entry: Entry, packed: Uint8Array): void {
    const { usage } = entry
    const bytes = packed.length + ROW_BYTES
    const change = this.#store.tx((): [number, number] => {
      const [before] = this.#all<{ bytes: number }>('DELETE FROM entries WHERE key = ? RETURNING bytes', entry.key)
      this.#run(
        `INSERT INTO entries (key, name, tenant, provider, model, api, content_type, input, cache_read, cache_write, output,
         reasoning, cost, hits, created_at, used_at, expires_at, bytes, checksum, body)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0, ?, ?, ?, ?, ?, ?)`,
        entry.key,
        entry.name,
        entry.tenant,
        entry.provider,
        entry.model,
        entry.api,
        entry.contentType,
        usage.input,
        usage.cacheRead,
        usage.cacheWrite,
        usage.output,
        usage.reasoning,
        entry.cost,
        entry.createdAt,
        entry.createdAt,
        entry.expiresAt,
        bytes,
        checksum(packed),
        packed,
      )
      return [bytes - (before?.bytes ?? 0), before ? 0 : 1]
    })
    this.#bytes += change[0]
    this.#count += change[1]
  }

  /** Adds hits, and what was counted, in one transaction. */
  touch(hits: ReadonlyMap<string, { count: number; at: number }>, counters: Readonly<Record<string, number>>): void {
    this.#store.tx(() => {
      for (const [key, { count, at }] of hits)
        this.#run('UPDATE entries SET hits = hits + ?, used_at = max(used_at, ?) WHERE key = ?', count, at, key)
      for (const [name, value] of Object.entries(counters))
        this.#run(
          'INSERT INTO counters (name, value) VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET value = ?2',
          name,
          value,
        )
    })
  }

  counters(): Map<string, number> {
    const rows = this.#all<{ name: string; value: number }>('SELECT name, value FROM counters')
    return new Map(rows.map(({ name, value }) => [name, value]))
  }

  list(which: Which, limit: number): CacheEntry[] {
    const [where, values] = conditions(which)
    // The index gives the order, so that a list reads as many rows as it shows.
    const rows = this.#all<Row>(`SELECT ${FACTS} FROM entries ${where} ORDER BY used_at DESC LIMIT ?`, ...values, limit)
    return rows.map(listed)
  }

  /** Removes up to 200 that are described. @returns their keys; none when there are no more */
  remove(which: Which): string[] {
    const [where, values] = conditions(which)
    return this.#remove(`SELECT id FROM entries ${where} LIMIT ${BATCH}`, ...values)
  }

  /** Removes up to 200 that are past their time. @returns their keys */
  expire(now: number): string[] {
    return this.#remove(`SELECT id FROM entries WHERE expires_at <= ? ORDER BY expires_at LIMIT ${BATCH}`, now)
  }

  /** Removes those that were used the longest ago, until no more than `maxBytes` are left. @returns their keys */
  evict(maxBytes: number): string[] {
    const keys: string[] = []
    while (this.#bytes > maxBytes && this.#count > 0) {
      let over = this.#bytes - maxBytes
      const oldest = this.#all<{ id: number; bytes: number }>(
        `SELECT id, bytes FROM entries ORDER BY used_at LIMIT ${BATCH}`,
      )
      const until = oldest.findIndex(({ bytes }) => (over -= bytes) <= 0)
      const ids = (until < 0 ? oldest : oldest.slice(0, until + 1)).map(({ id }) => id)
      const gone = this.#remove('SELECT value FROM json_each(?)', JSON.stringify(ids))
      if (gone.length === 0) break
      keys.push(...gone)
    }
    return keys
  }

  /** When the next entry is past its time. */
  nextExpiry(): number | undefined {
    return this.#all<{ at: number | null }>('SELECT min(expires_at) AS at FROM entries')[0]?.at ?? undefined
  }

  close(): void {
    this.#store.close()
  }

  #remove(ids: string, ...values: SQLQueryBindings[]): string[] {
    const gone = this.#all<{ key: string; bytes: number }>(
      `DELETE FROM entries WHERE id IN (${ids}) RETURNING key, bytes`,
      ...values,
    )
    for (const { bytes } of gone) this.#bytes -= bytes
    this.#count -= gone.length
    return gone.map(({ key }) => key)
  }

  #all<T>(sql: string, ...values: SQLQueryBindings[]): T[] {
    return this.#store.prepare<T, SQLQueryBindings[]>(sql).all(...values)
  }

  #run(sql: string, ...values: SQLQueryBindings[]): void {
    this.#store.prepare<unknown, SQLQueryBindings[]>(sql).run(...values)
  }
}

const checksum = (bytes: Uint8Array): string => Bun.hash(bytes).toString(36)

function conditions({ key, model, provider, tenant }: Which): [string, string[]] {
  const given: [string, string | undefined][] = [
    ['(key = ?1 OR name = ?1)', key],
    ['model = ', model],
    ['provider = ', provider],
    ['tenant = ', tenant],
  ]
  const values: string[] = []
  const parts = given.flatMap(([condition, value]) => {
    if (value === undefined) return []
    values.push(value)
    return condition.endsWith('= ') ? [`${condition}?${values.length}`] : [condition]
  })
  return [parts.length === 0 ? '' : `WHERE ${parts.join(' AND ')}`, values]
}

const entryOf = (row: Row, body: Uint8Array<ArrayBuffer>): Entry => ({
  key: row.key,
  name: row.name,
  tenant: row.tenant,
  provider: row.provider,
  model: row.model,
  api: row.api,
  contentType: row.content_type,
  usage: usageOf(row),
  cost: row.cost,
  createdAt: row.created_at,
  expiresAt: row.expires_at,
  body,
})

const usageOf = (row: Row): TokenUsage => ({
  input: row.input,
  cacheRead: row.cache_read,
  cacheWrite: row.cache_write,
  output: row.output,
  reasoning: row.reasoning,
})

const listed = (row: Row): CacheEntry => ({
  key: row.key,
  name: row.name,
  tenant: row.tenant,
  provider: row.provider,
  model: row.model,
  api: row.api,
  bytes: row.bytes,
  tokens_in: row.input + row.cache_read + row.cache_write,
  tokens_out: row.output,
  cost: row.cost,
  hits: row.hits,
  created_at: row.created_at,
  used_at: row.used_at,
  expires_at: row.expires_at,
})
