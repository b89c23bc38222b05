import type { Dialect } from '../dialect'

/** What can be found by its words. */
export function searchTables(d: Dialect) {
  /**
   * One row a message, task, attachment or event of a run’s archive, in order of time. `terms` is what its words are looked up in: an indexed vector on
   * PostgreSQL, an indexed text on MySQL, and empty on SQLite, where the words are in a full-text table with the same ids.
   */
  const searchDocs = d.table(
    'search_docs',
    {
      id: d.int().primaryKey(),
      kind: d.str(16).$type<'message' | 'task' | 'attachment' | 'archive'>().notNull(),
      refId: d.id().notNull(),
      channelId: d.id().notNull(),
      threadId: d.id().notNull(),
      senderId: d.id().notNull(),
      createdAt: d.ms().notNull(),
      terms: d.terms().notNull(),
    },
    (t) => [d.unique('search_docs_ref').on(t.kind, t.refId), d.index('search_docs_created').on(t.createdAt, t.id)],
  )
  return { searchDocs }
}
