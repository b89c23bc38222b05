import type { MemoryFormat, MemoryScope } from '@shared/contract'
import type { Dialect } from '../dialect'

/** What agents remember, as far as the server knows it. */
export function memoryTables(d: Dialect) {
  const memories = d.table(
    'memories',
    {
      id: d.id().primaryKey(),
      agentId: d.id().notNull(),
      scope: d.str(16).$type<MemoryScope>().notNull(),
      /** Empty for the scopes that are about no conversation: a unique index would not hold NULLs apart. */
      channelId: d.id().notNull(),
      path: d.str(200).notNull(),
      title: d.str(200).notNull(),
      content: d.text().notNull(),
      format: d.str(16).$type<MemoryFormat>().notNull(),
      tags: d.json<string[]>().notNull(),
      sourceMessageIds: d.json<string[]>().notNull(),
      checksum: d.str(64).notNull(),
      localOnly: d.bool().notNull(),
      sizeBytes: d.int().notNull(),
      version: d.int().notNull(),
      createdAt: d.ms().notNull(),
      updatedAt: d.ms().notNull(),
    },
    (t) => [
      d.unique('memories_path').on(t.agentId, t.scope, t.channelId, t.path),
      d.index('memories_changed').on(t.agentId, t.updatedAt, t.id),
    ],
  )
  return { memories }
}
