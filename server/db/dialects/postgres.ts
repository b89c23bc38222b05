import * as p from 'drizzle-orm/pg-core'
import { asDialect } from '../dialect'
import { bytes, decode, encode } from './values'

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
