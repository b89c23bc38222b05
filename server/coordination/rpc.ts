import { create } from '@bufbuild/protobuf'
import { CoordinationKind as Kind, HandoffResponse, NewCounterProposal, api } from '@shared/contract'
import { NekodeError } from '@shared/errors'
import { ActorSchema, type RequestContext } from '@shared/gen/nekode/daemon/v1/common_pb'
import {
  CoordinationKind,
  NegotiationKind,
  RoleHandoffResponseValue,
} from '@shared/gen/nekode/daemon/v1/coordination_pb'
import type { Core } from '../core'
import { authorOf, participants, readerAt } from '../rpc/acting'
import { type Caller, callerOf } from '../rpc/caller'
import type { Handlers } from '../rpc/handlers'
import { onceFor } from '../rpc/once'
import { readPage } from '../rpc/page'
import { parseTarget } from '../rpc/target'
import { wordOf } from '../rpc/words'
import type { CoordinationService } from './service'
import { readDecision, readOffer, readRecord, wireRecord } from './wire'

type Method =
  'publishCoordinationRecord' | 'listCoordinationRecords' | 'counterProposeNegotiation' | 'respondRoleHandoff'

/** Refusals of a response that are told in the answer: it did not count. */
const NOT_COUNTED = new Set(['not_addressed_to_you', 'illegal_transition'])

export function coordinationRpc(core: Core, coordination: CoordinationService): Handlers<Method> {
  /** Who acts: the named agent of a computer, or else the caller. */
  const author = (caller: Caller, agentId: string, context: RequestContext | undefined) =>
    authorOf(core, caller, agentId ? create(ActorSchema, { agentId }) : context?.actor)

  return {
    async publishCoordinationRecord(req, context) {
      const caller = callerOf(context)
      const { record } = req
      if (!record) throw missing('record')
      const p = author(caller, record.actorAgentId, req.context)
      const decision = readDecision(record)
      if (decision) {
        const { negotiationId, ...input } = decision
        const once = onceFor(core.idempotency, caller, 'PublishCoordinationRecord', req, { ...decision })
        return { accepted: true, record: wireRecord(await coordination.decide(p, negotiationId, input, once)) }
      }
      const { target, threadId } = parseTarget(record.target)
      const input = api['POST /api/channels/{target}/coordination'].body.parse({
        record: readRecord(record),
        threadId: record.threadId || threadId,
        taskId: record.taskId,
      })
      const once = onceFor(core.idempotency, caller, 'PublishCoordinationRecord', req, { target, ...input })
      return { accepted: true, record: wireRecord(await coordination.publish(p, target, input, once)) }
    },

    async listCoordinationRecords(req, context) {
      const caller = callerOf(context)
      const { target } = parseTarget(req.target)
      const kind = req.kind === CoordinationKind.RELEASE_GATE ? undefined : wordOf(CoordinationKind, req.kind)
      // Release gates are with their tasks.
      if (req.kind === CoordinationKind.RELEASE_GATE) return { records: [] }
      const filter = {
        ...(target ? { target } : {}),
        kind: kind === undefined ? undefined : Kind.parse(kind),
        taskId: req.taskId || undefined,
        actorId: req.actorAgentId || undefined,
      }
      const readers = target ? [readerAt(core, caller, target)] : participants(core, caller)
      const page = await readPage(core.serverId, req, { target: req.target }, (cursor, limit) =>
        coordination.list(readers, { ...filter, limit, cursor }),
      )
      return { records: page.items.map(wireRecord), ...page.next }
    },

    async counterProposeNegotiation(req, context) {
      const caller = callerOf(context)
      const { negotiationId, negotiationKind, counterProposal } = req
      if (!counterProposal) throw missing('counter_proposal')
      const p = author(caller, counterProposal.proposedByAgentId, req.context)
      const { kind } = await coordination.get(p, negotiationId)
      const word = wordOf(NegotiationKind, negotiationKind)
      if (word !== undefined && kind !== `${word}_negotiation`)
        throw new NekodeError('invalid', `This is no negotiation about ${word}.`, { code: 'invalid_request' })
      const offer = NewCounterProposal.parse(readOffer(counterProposal))
      const about = { negotiationId, ...offer }
      const once = onceFor(core.idempotency, caller, 'CounterProposeNegotiation', req, about)
      return { record: wireRecord(await coordination.counter(p, negotiationId, offer, once)) }
    },

    async respondRoleHandoff(req, context) {
      const caller = callerOf(context)
      const { handoffId } = req
      const p = author(caller, req.respondingAgentId, req.context)
      const response = HandoffResponse.safeParse(wordOf(RoleHandoffResponseValue, req.response)).data
      if (!response) throw missing('response')
      const input = api['POST /api/coordination/{id}/response'].body.parse({ response, note: req.responseNote })
      const once = onceFor(core.idempotency, caller, 'RespondRoleHandoff', req, { handoffId, ...input })
      try {
        return { accepted: true, record: wireRecord(await coordination.respond(p, handoffId, input, once)) }
      } catch (error) {
        if (!(error instanceof NekodeError) || !NOT_COUNTED.has(error.code)) throw error
        const record = await coordination.get(p, handoffId)
        return { accepted: false, rejectionReason: error.code, record: wireRecord(record) }
      }
    },
  }
}

const missing = (field: string): NekodeError =>
  new NekodeError('invalid', `The ${field} is missing.`, { code: 'invalid_request' })
