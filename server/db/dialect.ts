import type { sqlite } from './dialects/sqlite'

/**
 * Column builders for the three databases. Those of SQLite are the type master: PostgreSQL's and MySQL's make tables of the same
 * TypeScript shape, so queries are written once. `id` and `str` are bounded because MySQL can only index bounded text.
 * Each is loaded where its database is: drizzle's cores are big.
 */
export type Dialect = typeof sqlite

export const asDialect = (d: Record<keyof Dialect, unknown>): Dialect => d as Dialect
