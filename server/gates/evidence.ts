import type { CoordinationPayload, NewEvidence } from '@shared/contract'

type Evidence = Extract<CoordinationPayload, { kind: 'acceptance_evidence' }>

/** Evidence out of a coordination record. Its checks have no names there but their ids and what they say. */
export const fromRecord = (e: Evidence): NewEvidence => ({
  summary: e.summary,
  ...(e.runId ? { runId: e.runId } : {}),
  checks: e.verificationResults.map((r) => ({
    name: r.verificationId || r.summary.slice(0, 100) || r.kind,
    kind: r.kind,
    status: r.status,
    command: r.command,
    summary: r.summary,
    excerpt: r.outputExcerpt,
  })),
  commitIds: e.commitIds,
})
