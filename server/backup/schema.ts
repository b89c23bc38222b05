import { toSnakeCase } from 'drizzle-orm/casing'
import { type SQLiteColumn, type SQLiteTable, getTableConfig } from 'drizzle-orm/sqlite-core'
import { sqlite } from '../db/dialects/sqlite'
import { type Tables, tables } from '../db/tables'
import type { ColumnKind } from './format'

export interface BackedUpTable {
  key: keyof Tables
  /** In SQL. */
  name: string
  columns: { key: string; name: string; kind: ColumnKind }[]
  /** Keys of the columns of the primary key, in its order. */
  primary: string[]
}

/** Made anew from the rest: the server does it at its next start. */
const DERIVED: ReadonlySet<string> = new Set<keyof Tables>(['searchDocs'])

const nameOf = (column: SQLiteColumn): string => (column.keyAsName ? toSnakeCase(column.name) : column.name)

/** What JSON and SQLite's own types do not tell apart is told apart by what SQLite's columns, the master of the three, are made of. */
function kindOf(column: SQLiteColumn): ColumnKind {
  if (column.dataType === 'boolean') return 'bool'
  if (column.dataType === 'number') return 'number'
  if (column.dataType === 'custom') return column.getSQLType() === 'blob' ? 'bytes' : 'json'
  return 'text'
}

/** Every table that a backup holds. */
export function backedUpTables(): BackedUpTable[] {
  const all: [string, SQLiteTable][] = Object.entries(tables(sqlite))
  return all.flatMap(([key, table]) => {
    if (DERIVED.has(key)) return []
    const config = getTableConfig(table)
    const keys = new Map(Object.entries(table).map(([k, column]): [unknown, string] => [column, k]))
    const columns = config.columns.map((column) => ({
      key: keys.get(column) ?? column.name,
      name: nameOf(column),
      kind: kindOf(column),
      primary: column.primary,
    }))
    const composite = config.primaryKeys[0]?.columns.map((column) => keys.get(column) ?? column.name)
    return [
      {
        // `tables` is what the keys of `Tables` are of.
        key: key as keyof Tables,
        name: config.name,
        columns: columns.map(({ primary: _primary, ...column }) => column),
        primary: composite ?? columns.filter((column) => column.primary).map((column) => column.key),
      },
    ]
  })
}
