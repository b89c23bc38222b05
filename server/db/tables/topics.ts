import type { Actor } from '@shared/contract'
import type { Dialect } from '../dialect'

/** Threads that have a name. */
export function topicsTables(d: Dialect) {
  const topics = d.table(
    'topics',
    {
      threadId: d.id().primaryKey(),
      channelId: d.id().notNull(),
      number: d.int().notNull(),
      title: d.str(200).notNull(),
      creatorId: d.id().notNull(),
      createdBy: d.json<Actor>().notNull(),
      createdAt: d.ms().notNull(),
      updatedAt: d.ms().notNull(),
      closedAt: d.ms(),
    },
    (t) => [d.unique('topics_number').on(t.channelId, t.number)],
  )
  return { topics }
}
