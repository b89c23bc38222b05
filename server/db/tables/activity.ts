import type { Dialect } from '../dialect'

/** What agents said of their work. */
export function activityTables(d: Dialect) {
  const activities = d.table(
    'activities',
    {
      id: d.id().primaryKey(),
      channelId: d.id(),
      target: d.str(200).notNull(),
      agentId: d.id().notNull(),
      kind: d.str(64).notNull(),
      summary: d.text().notNull(),
      detail: d.text().notNull(),
      runId: d.id(),
      stepId: d.id(),
      createdAt: d.ms().notNull(),
    },
    (t) => [d.index('activities_channel').on(t.channelId, t.id), d.index('activities_agent').on(t.agentId, t.id)],
  )

  /** Run archives that daemons stream in with ReportAgentRun. */
  const archives = d.table(
    'archives',
    {
      runId: d.str(128).primaryKey(),
      agentId: d.id().notNull(),
      computerId: d.id().notNull(),
      /** Of the run, so that a page needs no look at all runs of all channels; empty when it is none of this server. */
      channelId: d.id().notNull(),
      startedAt: d.ms().notNull(),
      endedAt: d.ms(),
      exitCode: d.int().notNull(),
      summary: d.text().notNull(),
      error: d.text().notNull(),
      eventCount: d.int().notNull(),
      /** Bytes of all its events. */
      size: d.int().notNull(),
      /** When something was last added, by this server's clock. */
      updatedAt: d.ms().notNull(),
    },
    (t) => [
      d.index('archives_agent').on(t.agentId, t.startedAt),
      d.index('archives_computer').on(t.computerId, t.startedAt),
      d.index('archives_channel').on(t.channelId, t.startedAt, t.runId),
      d.index('archives_started').on(t.startedAt, t.runId),
      d.index('archives_updated').on(t.updatedAt),
    ],
  )

  const archiveEvents = d.table(
    'archive_events',
    {
      runId: d.str(128).notNull(),
      position: d.int().notNull(),
      phase: d.str(16).notNull(),
      atNs: d.str(24).notNull(),
      summary: d.text().notNull(),
      payload: d.text().notNull(),
      exitCode: d.int().notNull(),
      error: d.text().notNull(),
      /** Bytes of the texts above. */
      size: d.int().notNull(),
    },
    (t) => [d.primaryKey({ columns: [t.runId, t.position] })],
  )

  return { activities, archives, archiveEvents }
}
