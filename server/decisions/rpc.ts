import { type DecisionVoteRecord, api } from '@shared/contract'
import type { Principal } from '../access/principal'
import type { Core } from '../core'
import { authorOf, readerAt, readerWith } from '../rpc/acting'
import { callerOf } from '../rpc/caller'
import type { Handlers } from '../rpc/handlers'
import { PAGE } from '../rpc/limits'
import { onceFor } from '../rpc/once'
import { readPage } from '../rpc/page'
import { parseTarget } from '../rpc/target'
import type { DecisionService } from './service'
import { statusesOf, voteOf, wireDecision, wireVote } from './wire'

type Method =
  | 'listChannelDecisions'
  | 'proposeChannelDecision'
  | 'voteChannelDecision'
  | 'ratifyChannelDecision'
  | 'retireChannelDecision'
  | 'listDecisionVotes'

/** Votes that one answer holds; the wire's list has no pages. */
const MOST_VOTES = 2000

export function decisionRpc(core: Core, decisions: DecisionService): Handlers<Method> {
  return {
    async listChannelDecisions(req, context) {
      const caller = callerOf(context)
      const { target } = parseTarget(req.target)
      const reader = readerAt(core, caller, target)
      const status = statusesOf(req.statusFilter)
      const page = await readPage(core.serverId, req, { target: req.target }, (cursor, limit) =>
        decisions.list(reader, { target, status, limit, cursor }),
      )
      return { decisions: page.items.map(wireDecision), ...page.next }
    },

    async proposeChannelDecision(req, context) {
      const caller = callerOf(context)
      const author = authorOf(core, caller, req.context?.actor)
      const { target } = parseTarget(req.target)
      const { title, body, supersedesDecisionId, idempotencyKey } = req
      const input = api['POST /api/channels/{target}/decisions'].body.parse({
        title,
        body,
        ...(supersedesDecisionId ? { supersedesDecisionId } : {}),
      })
      const keyed = { idempotencyKey, requestId: '' }
      const once = onceFor(core.idempotency, caller, 'ProposeChannelDecision', keyed, { target, ...input })
      return { decision: wireDecision(await decisions.propose(author, target, input, once)) }
    },

    async voteChannelDecision(req, context) {
      const author = authorOf(core, callerOf(context), req.context?.actor)
      const input = api['POST /api/decisions/{id}/vote'].body.parse({
        decision: voteOf(req.decision),
        reason: req.reason,
      })
      const { decision, vote } = await decisions.vote(author, req.decisionId, input)
      return { decision: wireDecision(decision), vote: wireVote(vote) }
    },

    async ratifyChannelDecision(req, context) {
      const author = authorOf(core, callerOf(context), req.context?.actor)
      return { decision: wireDecision(await decisions.ratify(author, req.decisionId, { force: req.force })) }
    },

    async retireChannelDecision(req, context) {
      const author = authorOf(core, callerOf(context), req.context?.actor)
      const input = api['POST /api/decisions/{id}/retire'].body.parse({ reason: req.reason })
      return { decision: wireDecision(await decisions.retire(author, req.decisionId, input)) }
    },

    async listDecisionVotes({ decisionId }, context) {
      const votes = await readerWith(core, callerOf(context), (reader) => allVotes(decisions, reader, decisionId))
      return { votes: votes.map(wireVote) }
    },
  }
}

async function allVotes(decisions: DecisionService, p: Principal, id: string): Promise<DecisionVoteRecord[]> {
  const votes: DecisionVoteRecord[] = []
  let cursor: string | undefined
  do {
    const page = await decisions.votes(p, id, { limit: PAGE.most, cursor })
    votes.push(...page.items)
    cursor = page.nextCursor
  } while (cursor !== undefined && votes.length < MOST_VOTES)
  return votes
}
