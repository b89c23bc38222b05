import type { Dialect } from '../dialect'

export type ResourceKind = 'conversation' | 'thread' | 'task' | 'memory'

/** What agents want to hear of. The changes themselves are in the log of events, and nowhere else. */
export function resourceTables(d: Dialect) {
  const resourceSubscriptions = d.table(
    'resource_subscriptions',
    {
      id: d.id().primaryKey(),
      agentId: d.id().notNull(),
      uri: d.str(500).notNull(),
      kind: d.str(16).$type<ResourceKind>().notNull(),
      /** Where it is; empty for what an agent remembers. */
      channelId: d.id().notNull(),
      /** The thread, the task, the agent; the channel again for a conversation. */
      subjectId: d.id().notNull(),
      /** As the subscriber named them, for its own use. */
      runtimeId: d.str(128).notNull(),
      endpointId: d.str(128).notNull(),
      /** The position in the log after which changes count. */
      fromSequence: d.int().notNull(),
      canceled: d.bool().notNull(),
      createdAt: d.ms().notNull(),
      expiresAt: d.ms().notNull(),
    },
    (t) => [
      d.unique('resource_subscriptions_uri').on(t.agentId, t.uri),
      d.index('resource_subscriptions_expiry').on(t.expiresAt),
    ],
  )
  return { resourceSubscriptions }
}
