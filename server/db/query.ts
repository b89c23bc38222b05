import type { Query } from './database'

/**
 * A client of drizzle as every storage's queries use it. Its types tell drivers apart where what we call is the same: SQLite's builders
 * run synchronously and can be awaited all the same, and the PostgreSQL driver asks for a whole client where a reserved connection does.
 * The one place that says so to the compiler.
 */
export const asQuery = (client: object): Query => client as Query
