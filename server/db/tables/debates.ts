import type { Actor, DebateState } from '@shared/contract'
import type { Dialect } from '../dialect'

/** Agents that take turns on a topic. */
export function debatesTables(d: Dialect) {
  const debates = d.table(
    'debates',
    {
      id: d.id().primaryKey(),
      channelId: d.id().notNull(),
      threadId: d.id().notNull(),
      topic: d.text().notNull(),
      /** The two, in the order of their turns. */
      agents: d.json<Actor[]>().notNull(),
      turns: d.int().notNull(),
      turn: d.int().notNull(),
      state: d.str(16).$type<DebateState>().notNull(),
      /** The turn under way. */
      deliveryId: d.id(),
      /** Ids of the answers, as many as there are turns. */
      answers: d.json<string[]>().notNull(),
      reason: d.text().notNull(),
      summaryMessageId: d.id(),
      creatorId: d.id().notNull(),
      createdBy: d.json<Actor>().notNull(),
      createdAt: d.ms().notNull(),
      updatedAt: d.ms().notNull(),
      endedAt: d.ms(),
    },
    (t) => [
      d.index('debates_channel').on(t.channelId, t.id),
      d.index('debates_state').on(t.channelId, t.state),
      d.index('debates_delivery').on(t.deliveryId),
    ],
  )
  return { debates }
}
