import type { Actor } from '@shared/contract'
import type { Dialect } from '../dialect'

/** What every feature stands on. */
export function systemTables(d: Dialect) {
  const settings = d.table('settings', { name: d.str(100).primaryKey(), value: d.text().notNull() })

  /** The log. `sequence` follows the order of commits; see `server/events`. */
  const events = d.table(
    'events',
    {
      sequence: d.int().primaryKey(),
      id: d.id().notNull(),
      kind: d.str(32).notNull(),
      operation: d.str(16).notNull(),
      aggregateId: d.id().notNull(),
      /** Who may see it: `all`, `admin`, `channel:<id>`, `user:<id>` or `computer:<id>`. */
      audience: d.str(80).notNull(),
      target: d.str(200),
      actor: d.json<Actor>().notNull(),
      payload: d.text().notNull(),
      createdAt: d.ms().notNull(),
    },
    (t) => [
      d.index('events_audience').on(t.audience, t.sequence),
      d.index('events_kind').on(t.kind, t.operation, t.createdAt),
      // What is deleted is taken out of the log as well.
      d.index('events_aggregate').on(t.aggregateId),
    ],
  )

  const idempotency = d.table(
    'idempotency',
    {
      principal: d.str(80).notNull(),
      method: d.str(80).notNull(),
      key: d.str(128).notNull(),
      requestHash: d.str(64).notNull(),
      response: d.text().notNull(),
      createdAt: d.ms().notNull(),
    },
    (t) => [d.primaryKey({ columns: [t.principal, t.method, t.key] }), d.index('idempotency_created').on(t.createdAt)],
  )

  const audit = d.table(
    'audit',
    {
      id: d.id().primaryKey(),
      actor: d.json<Actor>().notNull(),
      actorId: d.id().notNull(),
      action: d.str(64).notNull(),
      subject: d.str(200).notNull(),
      detail: d.json<Record<string, unknown>>().notNull(),
      address: d.str(64).notNull(),
      createdAt: d.ms().notNull(),
    },
    (t) => [
      d.index('audit_created').on(t.createdAt),
      d.index('audit_actor').on(t.actorId, t.id),
      d.index('audit_action').on(t.action, t.id),
      d.index('audit_subject').on(t.subject, t.id),
    ],
  )

  return { settings, events, idempotency, audit }
}
