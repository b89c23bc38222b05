import * as m from 'drizzle-orm/mysql-core'
import { asDialect } from '../dialect'
import { bytes, decode, encode } from './values'

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
