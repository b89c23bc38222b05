import { ArchivePhase, type ArchivedEvent, type ArchivedRun } from '@shared/contract'
import type { Row } from '../db/tables'

/** The archive of one run, as its daemon saw it. */
export type ArchiveRow = Row<'archives'>
export type ArchiveEventRow = Row<'archiveEvents'>

export const archiveView = (r: ArchiveRow): ArchivedRun => ({
  runId: r.runId,
  agentId: r.agentId,
  computerId: r.computerId,
  startedAt: r.startedAt,
  endedAt: r.endedAt,
  exitCode: r.exitCode,
  summary: r.summary,
  error: r.error,
  eventCount: r.eventCount,
  sizeBytes: r.size,
})

export const archivedEventView = (e: ArchiveEventRow): ArchivedEvent => ({
  runId: e.runId,
  position: e.position,
  phase: ArchivePhase.parse(e.phase),
  at: Number(BigInt(e.atNs) / 1_000_000n),
  atNanos: e.atNs,
  summary: e.summary,
  payload: payloadOf(e.payload),
  exitCode: e.exitCode,
  error: e.error,
})

function payloadOf(text: string): Record<string, unknown> | null {
  if (!text) return null
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? { ...value } : { value }
  } catch {
    // Without what was taken out of it as a credential it may be no JSON any more.
    return { text }
  }
}
