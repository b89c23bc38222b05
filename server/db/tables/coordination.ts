import type { Actor, CoordinationKind, CoordinationPayload } from '@shared/contract'
import type { Dialect } from '../dialect'

/** With what agents and people agree on work: a record is written once, a new state is a new record about the same thing. */
export function coordinationTables(d: Dialect) {
  const coordination = d.table(
    'coordination',
    {
      id: d.id().primaryKey(),
      channelId: d.id().notNull(),
      /** Empty at the top level. */
      threadId: d.id().notNull(),
      /** Empty when it is about no task. */
      taskId: d.id().notNull(),
      kind: d.str(32).$type<CoordinationKind>().notNull(),
      /** The plan, hand-off, negotiation … that it is about. */
      subjectId: d.id().notNull(),
      /** No newer record is about the same thing. */
      current: d.bool().notNull(),
      actor: d.json<Actor>().notNull(),
      actorId: d.id().notNull(),
      payload: d.json<CoordinationPayload>().notNull(),
      /** Of a negotiation that is open: when it is over at the latest. */
      expiresAt: d.ms(),
      createdAt: d.ms().notNull(),
    },
    (t) => [
      d.index('coordination_channel').on(t.channelId, t.id),
      d.index('coordination_kind').on(t.channelId, t.kind, t.id),
      d.index('coordination_task').on(t.taskId, t.id),
      d.index('coordination_subject').on(t.subjectId, t.id),
      d.index('coordination_expiry').on(t.expiresAt),
    ],
  )
  return { coordination }
}
