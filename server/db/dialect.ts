import * as m from 'drizzle-orm/mysql-core'
import * as p from 'drizzle-orm/pg-core'
import * as s from 'drizzle-orm/sqlite-core'
import { z } from 'zod'

/**
 * Column builders for the three databases. Those of SQLite are the type master: PostgreSQL's and MySQL's make tables of the same
 * TypeScript shape, so queries are written once. `id` and `str` are bounded because MySQL can only index bounded text.
 */
// JSON's null is no value in every database, however the row is written: drizzle skips the encoder for null in some places only.
const encode = (v: unknown): string => (v === null ? v : JSON.stringify(v)) as string
const decode = (v: unknown): unknown => (typeof v === 'string' ? JSON.parse(v) : v)

const bytes = (v: unknown): Uint8Array => {
  if (v instanceof Uint8Array) return new Uint8Array(v)
  // drizzle's JSON-shaped reads hand blobs over as base64 text
  return Uint8Array.fromBase64(z.string().parse(v))
}

export const sqlite = {
  name: 'sqlite' as 'sqlite' | 'postgres' | 'mysql',
  table: s.sqliteTable,
  id: () => s.text(),
  str: (_length = 255) => s.text(),
  text: () => s.text(),
  /** Words for a full-text index, as that database writes them. */
  terms: () => s.text(),
  int: () => s.integer(),
  ms: () => s.integer(),
  real: () => s.real(),
  bool: () => s.integer({ mode: 'boolean' }),
  json: <T>() =>
    s.customType<{ data: T; driverData: string }>({
      dataType: () => 'text',
      toDriver: encode,
      fromDriver: (v) => decode(v) as T,
    })(),
  bytes: () =>
    s.customType<{ data: Uint8Array; driverData: Uint8Array }>({ dataType: () => 'blob', fromDriver: bytes })(),
  index: s.index,
  unique: s.uniqueIndex,
  primaryKey: s.primaryKey,
}
export type Dialect = typeof sqlite

const asDialect = (d: Record<keyof Dialect, unknown>): Dialect => d as Dialect

/** PostgreSQL's text cannot hold U+0000, which programs do print; what cannot be shown anyway becomes the replacement character. */
const postgresText = (dataType: string) =>
  p.customType<{ data: string; driverData: string }>({
    dataType: () => dataType,
    toDriver: (v) => v.replaceAll('\0', '\uFFFD'),
  })()

export const postgres = asDialect({
  name: 'postgres',
  table: p.pgTable,
  // Ids come from callers as well, as cursors: one that no row can have is no fault of the server.
  id: () => postgresText('varchar(64)'),
  str: (length = 255) => postgresText(`varchar(${length})`),
  text: () => postgresText('text'),
  terms: () => p.customType<{ data: string; driverData: string }>({ dataType: () => 'tsvector' })(),
  int: () => p.bigint({ mode: 'number' }),
  ms: () => p.bigint({ mode: 'number' }),
  real: () => p.doublePrecision(),
  bool: () => p.boolean(),
  // Not jsonb: it refuses U+0000 and lone surrogates, and the driver sends a bare string or number as that and not as JSON.
  json: () =>
    p.customType<{ data: unknown; driverData: string }>({
      dataType: () => 'text',
      toDriver: encode,
      fromDriver: decode,
    })(),
  bytes: () =>
    p.customType<{ data: Uint8Array; driverData: Uint8Array }>({ dataType: () => 'bytea', fromDriver: bytes })(),
  index: p.index,
  unique: p.uniqueIndex,
  primaryKey: p.primaryKey,
})

export const mysql = asDialect({
  name: 'mysql',
  table: m.mysqlTable,
  id: () => m.varchar({ length: 64 }),
  str: (length = 255) => m.varchar({ length }),
  text: () => m.longtext(),
  terms: () => m.longtext(),
  int: () => m.bigint({ mode: 'number' }),
  ms: () => m.bigint({ mode: 'number' }),
  real: () => m.double(),
  bool: () => m.boolean(),
  json: () =>
    m.customType<{ data: unknown; driverData: string }>({
      dataType: () => 'longtext',
      toDriver: encode,
      fromDriver: decode,
    })(),
  bytes: () =>
    m.customType<{ data: Uint8Array; driverData: Uint8Array }>({
      dataType: () => 'longblob',
      toDriver: (v) => Buffer.from(v),
      fromDriver: bytes,
    })(),
  index: m.index,
  unique: m.uniqueIndex,
  primaryKey: m.primaryKey,
})
