import type { MessageInitShape } from '@bufbuild/protobuf'
import { type Actor, type CoordinationPayload, type CoordinationRecord, NewCoordination } from '@shared/contract'
import { NekodeError } from '@shared/errors'
import {
  CoordinationKind,
  type CoordinationRecord as WireRecord,
  type CoordinationRecordSchema,
  type NegotiationCounterProposal,
  NegotiationStatus,
  ProgressUpdateStatus,
  RoleHandoffRole,
  RoleHandoffStatus,
  VerificationKind,
  type VerificationResult,
  VerificationStatus,
  WorkPlanItemStatus,
  WorkPlanStatus,
} from '@shared/gen/nekode/daemon/v1/coordination_pb'
import { millis, seconds } from '../rpc/wire'
import { valueOf, wordOf } from '../rpc/words'

type Init = MessageInitShape<typeof CoordinationRecordSchema>
type Payload = NonNullable<Init['payload']>

/** Text of the wire, where empty means that it was not said. */
const said = (text: string): string | undefined => text || undefined

const results = (all: readonly VerificationResult[]) =>
  all.map((r) => ({
    verificationId: r.verificationId,
    kind: wordOf(VerificationKind, r.kind),
    command: r.command,
    status: wordOf(VerificationStatus, r.status),
    summary: r.summary,
    outputExcerpt: r.outputExcerpt,
    artifactIds: r.artifactIds,
    startedAt: millis(r.startedTimeUnix),
    completedAt: millis(r.completedTimeUnix),
  }))

/** What of a published record is the caller's to say, still to be held to the schema. */
function drafted({ payload }: WireRecord): unknown {
  const { value: v } = payload
  switch (payload.case) {
    case 'workPlan': {
      const { planId, ownerAgentId, status, summary, items } = payload.value
      return {
        kind: 'work_plan',
        planId: said(planId),
        ownerAgentId: said(ownerAgentId),
        status: wordOf(WorkPlanStatus, status),
        summary,
        items: items.map((item) => ({
          itemId: item.itemId,
          summary: item.summary,
          status: wordOf(WorkPlanItemStatus, item.status),
          ownerId: item.ownerAgentId || item.ownerUserId || null,
          taskId: item.taskId,
          dependsOnItemIds: item.dependsOnItemIds,
          filePaths: item.filePaths,
          acceptanceCriteria: item.acceptanceCriteria,
        })),
      }
    }
    case 'progressUpdate': {
      const { runId, status, summary, detail, completedItemIds, blockedItemIds } = payload.value
      const word = wordOf(ProgressUpdateStatus, status)
      return { kind: 'progress_update', runId, status: word, summary, detail, completedItemIds, blockedItemIds }
    }
    case 'acceptanceEvidence': {
      const { runId, summary, verificationResults, commitIds, tagNames, artifactIds } = payload.value
      const checks = results(verificationResults)
      return {
        kind: 'acceptance_evidence',
        runId,
        summary,
        verificationResults: checks,
        commitIds,
        tagNames,
        artifactIds,
      }
    }
    case 'roleHandoff': {
      const { toAgentId, role, contextSummary, requiredArtifactIds, contextTaskIds, filePaths, taskGraphId } =
        payload.value
      return {
        kind: 'role_handoff',
        toAgentId,
        role: wordOf(RoleHandoffRole, role),
        contextSummary,
        requiredArtifactIds,
        contextTaskIds,
        filePaths,
        taskGraphId,
        taskGraphVersion: Number(payload.value.taskGraphVersion),
      }
    }
    case 'deadlineNegotiation': {
      const { requestedDeadlineUnix, proposedDeadlineUnix, reason, expiresTimeUnix, maxRounds } = payload.value
      return {
        kind: 'deadline_negotiation',
        requestedDeadlineAt: millis(requestedDeadlineUnix),
        proposedDeadlineAt: millis(proposedDeadlineUnix) ?? undefined,
        reason,
        expiresAt: millis(expiresTimeUnix) ?? undefined,
        maxRounds: maxRounds || undefined,
      }
    }
    case 'scopeNegotiation': {
      const { includedScope, deferredScope, reason, expiresTimeUnix, maxRounds } = payload.value
      return {
        kind: 'scope_negotiation',
        includedScope,
        deferredScope,
        reason,
        expiresAt: millis(expiresTimeUnix) ?? undefined,
        maxRounds: maxRounds || undefined,
      }
    }
    case 'releaseGate':
      throw new NekodeError('invalid', 'A release gate belongs to its task and is changed there.', {
        code: 'invalid_request',
        next: 'Change the task; GetReleaseGate reads the gate.',
      })
    default:
      throw new NekodeError('invalid', `The record has no payload${v === undefined ? '' : ' that is known here'}.`, {
        code: 'invalid_request',
        next: 'Set one payload that matches the kind.',
      })
  }
}

/** @throws NekodeError or ZodError for what is no record */
export function readRecord(record: WireRecord): NewCoordination {
  const draft = NewCoordination.parse(drafted(record))
  const kind = wordOf(CoordinationKind, record.kind)
  if (kind !== undefined && kind !== draft.kind)
    throw new NekodeError('invalid', `The kind is ${kind}, the payload ${draft.kind}.`, { code: 'invalid_request' })
  return draft
}

/** Of a published record that continues a negotiation: which, and to what end. */
export function readDecision({
  payload,
}: WireRecord): { negotiationId: string; accept: boolean; counterProposalId: string | undefined } | undefined {
  if (payload.case !== 'deadlineNegotiation' && payload.case !== 'scopeNegotiation') return undefined
  const { negotiationId, status, acceptedCounterProposalId } = payload.value
  if (negotiationId === '' || (status !== NegotiationStatus.ACCEPTED && status !== NegotiationStatus.REJECTED))
    return undefined
  const accept = status === NegotiationStatus.ACCEPTED
  return { negotiationId, accept, counterProposalId: accept ? said(acceptedCounterProposalId) : undefined }
}

export const readOffer = (offer: NegotiationCounterProposal): unknown => ({
  reason: offer.reason,
  proposedDeadlineAt: millis(offer.proposedDeadlineUnix),
  includedScope: offer.includedScope,
  deferredScope: offer.deferredScope,
})

const agentOf = (actor: Actor): string => (actor.kind === 'agent' ? actor.id : '')
const userOf = (actor: Actor): string => (actor.kind === 'human' ? actor.id : '')

export function wireRecord(r: CoordinationRecord): Init {
  const { target, threadId, taskId } = r
  const kind = valueOf(CoordinationKind, r.kind)
  return {
    coordinationId: r.id,
    target,
    threadId: threadId ?? '',
    taskId,
    actorAgentId: agentOf(r.actor),
    actorUserId: userOf(r.actor),
    kind,
    createdTimeUnix: seconds(r.createdAt),
    payload: wirePayload(r, r.payload),
  }
}

function wirePayload(r: CoordinationRecord, p: CoordinationPayload): Payload {
  const about = { target: r.target, taskId: r.taskId }
  switch (p.kind) {
    case 'work_plan':
      return {
        case: 'workPlan',
        value: {
          ...about,
          planId: p.planId,
          threadId: r.threadId ?? '',
          ownerAgentId: p.ownerAgentId,
          status: valueOf(WorkPlanStatus, p.status),
          summary: p.summary,
          items: p.items.map(({ ownerId, status, ...item }) => ({
            ...item,
            status: valueOf(WorkPlanItemStatus, status),
            ownerAgentId: ownerId?.startsWith('agent_') ? ownerId : '',
            ownerUserId: ownerId?.startsWith('usr_') ? ownerId : '',
          })),
          createdTimeUnix: seconds(p.createdAt),
          updatedTimeUnix: seconds(p.updatedAt),
        },
      }
    case 'progress_update': {
      const { kind: _, status, ...rest } = p
      const more = { status: valueOf(ProgressUpdateStatus, status), createdTimeUnix: seconds(r.createdAt) }
      return { case: 'progressUpdate', value: { ...about, ...rest, ...more, agentId: agentOf(r.actor) } }
    }
    case 'acceptance_evidence': {
      const { kind: _, verificationResults, ...rest } = p
      return {
        case: 'acceptanceEvidence',
        value: {
          ...about,
          ...rest,
          submittedByAgentId: agentOf(r.actor),
          submittedByUserId: userOf(r.actor),
          submittedTimeUnix: seconds(r.createdAt),
          verificationResults: verificationResults.map(({ kind, status, startedAt, completedAt, ...result }) => ({
            ...result,
            kind: valueOf(VerificationKind, kind),
            status: valueOf(VerificationStatus, status),
            startedTimeUnix: seconds(startedAt),
            completedTimeUnix: seconds(completedAt),
          })),
        },
      }
    }
    case 'role_handoff': {
      const { kind: _, from, note: __, role, status, taskGraphVersion, createdAt, acceptedAt, ...rest } = p
      return {
        case: 'roleHandoff',
        value: {
          ...about,
          ...rest,
          fromAgentId: agentOf(from),
          role: valueOf(RoleHandoffRole, role),
          status: valueOf(RoleHandoffStatus, status),
          taskGraphVersion: BigInt(taskGraphVersion),
          createdTimeUnix: seconds(createdAt),
          acceptedTimeUnix: seconds(acceptedAt),
        },
      }
    }
    case 'deadline_negotiation':
      return {
        case: 'deadlineNegotiation',
        value: {
          ...about,
          ...wireNegotiation(p),
          requestedDeadlineUnix: seconds(p.requestedDeadlineAt),
          proposedDeadlineUnix: seconds(p.proposedDeadlineAt),
        },
      }
    case 'scope_negotiation': {
      const { includedScope, deferredScope } = p
      return { case: 'scopeNegotiation', value: { ...about, ...wireNegotiation(p), includedScope, deferredScope } }
    }
  }
}

const wireNegotiation = (n: Extract<CoordinationPayload, { kind: 'deadline_negotiation' | 'scope_negotiation' }>) => ({
  negotiationId: n.negotiationId,
  proposedByAgentId: agentOf(n.proposedBy),
  proposedByUserId: userOf(n.proposedBy),
  reason: n.reason,
  status: valueOf(NegotiationStatus, n.status),
  decidedTimeUnix: seconds(n.decidedAt),
  acceptedCounterProposalId: n.acceptedCounterProposalId ?? '',
  expiresTimeUnix: seconds(n.expiresAt),
  maxRounds: n.maxRounds,
  counterProposals: n.counterProposals.map((offer) => ({
    counterProposalId: offer.counterProposalId,
    proposedByAgentId: agentOf(offer.proposedBy),
    proposedByUserId: userOf(offer.proposedBy),
    reason: offer.reason,
    proposedDeadlineUnix: seconds(offer.proposedDeadlineAt),
    includedScope: offer.includedScope,
    deferredScope: offer.deferredScope,
    createdTimeUnix: seconds(offer.createdAt),
  })),
})
