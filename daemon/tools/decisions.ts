import {
  type Decision,
  DecisionStatus,
  DecisionVote,
  MAX_DECISION_BODY,
  MAX_DECISION_TITLE,
} from '@shared/contract/decisions'
import { z } from 'zod'
import { type McpTool, mcpTool } from '../mcp/server'
import type { ToolDeps } from './deps'

const Channel = z.string().trim().min(1).max(200).describe('A channel such as "#general" that you are in.')

/** What a channel agrees on, and an agent's part in that. */
export const decisionTools = (deps: ToolDeps) => ({
  list_decisions: listDecisions(deps),
  propose_decision: proposeDecision(deps),
  vote_decision: voteDecision(deps),
})

const listDecisions = ({ calls }: ToolDeps): McpTool =>
  mcpTool({
    name: 'list_decisions',
    description:
      'List what a channel has decided and what is proposed there. Only what is ratified is in force; keep to it.',
    input: z.strictObject({
      target: Channel,
      status: DecisionStatus.optional().describe('Default: what is in force or proposed.'),
    }),
    readOnly: true,
    async call({ target, status }, agentId) {
      const { items } = await calls.api(agentId, (call) =>
        call('GET /api/channels/{target}/decisions', {
          params: { target },
          query: { limit: 50, status: status ?? 'ratified,proposed' },
        }),
      )
      return items.map(shown).join('\n\n') || `There are no such decisions in ${target}.`
    },
  })

const proposeDecision = ({ calls }: ToolDeps): McpTool =>
  mcpTool({
    name: 'propose_decision',
    description:
      'Propose something for a channel to agree on. Its members vote; it is in force when enough approve and nobody is against. It appears as a message, so do not post it again.',
    input: z.strictObject({
      target: Channel,
      title: z.string().trim().min(1).max(MAX_DECISION_TITLE),
      body: z.string().trim().min(1).max(MAX_DECISION_BODY).describe('Markdown: what is decided, and why.'),
      supersedes: z.string().max(80).optional().describe('Id of the decision in force that it is to replace.'),
    }),
    async call({ target, title, body, supersedes }, agentId) {
      const key = crypto.randomUUID()
      const decision = await calls.api(agentId, (call) =>
        call('POST /api/channels/{target}/decisions', {
          params: { target },
          body: { title, body, ...(supersedes ? { supersedesDecisionId: supersedes } : {}) },
          idempotencyKey: key,
        }),
      )
      return `Proposed as ${decision.id}; it takes ${decision.quorum} to approve.`
    },
  })

const voteDecision = ({ calls }: ToolDeps): McpTool =>
  mcpTool({
    name: 'vote_decision',
    description: 'Vote on a proposed decision, or change your vote while it is open. You have one vote.',
    input: z.strictObject({
      id: z.string().trim().min(1).max(80).describe('The decision: dec_…'),
      vote: DecisionVote,
      reason: z.string().trim().max(2000).optional(),
    }),
    async call({ id, vote, reason }, agentId) {
      const { decision } = await calls.api(agentId, (call) =>
        call('POST /api/decisions/{id}/vote', {
          params: { id },
          body: { decision: vote, ...(reason ? { reason } : {}) },
        }),
      )
      return `Counted. ${tally(decision)}`
    },
  })

const tally = (d: Decision): string =>
  `${d.approveCount} for, ${d.rejectCount} against, ${d.abstainCount} without an opinion; it takes ${d.quorum}. It is ${d.status}.`

const shown = (d: Decision): string =>
  `${d.id} [${d.status}] ${d.title} (by @${d.proposer.name}; ${tally(d)})\n${d.body}`
