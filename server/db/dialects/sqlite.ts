import * as s from 'drizzle-orm/sqlite-core'
import { bytes, decode, encode } from './values'

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
