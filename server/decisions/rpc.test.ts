import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { DecisionStatus, DecisionVote } from '@shared/gen/nekode/daemon/v1/decisions_pb'
import { ActorKind } from '@shared/gen/nekode/daemon/v1/common_pb'
import { type Rpc, refusal, rpcClient } from '../../test/fixtures/rpc'
import { type Caller, type TestServer, startTestServer } from '../testing'

let server: TestServer
let owner: Caller
let member: Caller
let bot: Caller
let people: Rpc
let agent: Rpc
let computer: Rpc
let outside: Rpc

beforeAll(async () => {
  server = await startTestServer()
  owner = await server.as('owner')
  member = await server.as('member')
  const box = await server.computer()
  bot = await server.agent({ computerId: box.id, name: 'bot' })
  await owner.call('POST /api/channels', { body: { name: 'den', visibility: 'private' } })
  for (const [kind, { id: memberId }] of [
    ['agent', bot],
    ['human', member],
  ] as const)
    await owner.call('POST /api/channels/{target}/members', { params: { target: '#den' }, body: { kind, memberId } })
  people = rpcClient(server.url, owner.token)
  agent = rpcClient(server.url, bot.token)
  computer = rpcClient(server.url, box.token)
  outside = rpcClient(server.url, (await server.agent({ name: 'stranger' })).token)
})
afterAll(() => server.stop())

const propose = async (title: string, more: object = {}) =>
  (await people.proposeChannelDecision({ target: '#den', title, body: 'b', ...more })).decision!

describe('over the wire', () => {
  test('a decision is proposed once for its key, voted on by an agent and by its computer for it, and listed', async () => {
    const request = { target: '#den', title: 'Bun', body: 'Use Bun.', idempotencyKey: 'd1' }
    const { decision } = await people.proposeChannelDecision(request)
    expect((await people.proposeChannelDecision(request)).decision?.decisionId).toBe(decision!.decisionId)
    expect(await refusal(people.proposeChannelDecision({ ...request, body: 'other' }))).toBe(
      'already_exists idempotency_conflict',
    )
    expect(decision).toMatchObject({
      status: DecisionStatus.PROPOSED,
      proposerId: owner.id,
      proposerKind: ActorKind.HUMAN,
      title: 'Bun',
    })
    const { decisionId } = decision!
    const vote = { decisionId, decision: DecisionVote.REJECT, reason: 'why' }
    expect((await agent.voteChannelDecision(vote)).vote).toMatchObject({ voterId: bot.id, voterKind: ActorKind.AGENT })
    await computer.voteChannelDecision({
      decisionId,
      decision: DecisionVote.APPROVE,
      context: { actor: { agentId: bot.id } },
    })
    expect((await people.voteChannelDecision({ ...vote, decision: DecisionVote.APPROVE })).decision).toMatchObject({
      status: DecisionStatus.RATIFIED,
      approveCount: 2,
      rejectCount: 0,
    })
    for (const rpc of [people, agent, computer]) {
      expect((await rpc.listDecisionVotes({ decisionId })).votes.map((v) => v.decision)).toEqual([
        DecisionVote.APPROVE,
        DecisionVote.APPROVE,
      ])
      const { decisions } = await rpc.listChannelDecisions({
        target: '#den',
        statusFilter: [DecisionStatus.RATIFIED],
      })
      expect(decisions.map((d) => d.decisionId)).toContain(decisionId)
    }
    expect(await refusal(agent.voteChannelDecision(vote))).toBe('failed_precondition illegal_transition')
  })

  test('ratifying needs votes or force, and retires what is superseded; retiring a proposal withdraws it', async () => {
    const { decisionId: first } = await propose('one')
    expect(await refusal(agent.ratifyChannelDecision({ decisionId: first }))).toBe('failed_precondition quorum_not_met')
    expect(await refusal(agent.ratifyChannelDecision({ decisionId: first, force: true }))).toBe(
      'permission_denied forbidden',
    )
    await people.ratifyChannelDecision({ decisionId: first, force: true })
    const { decisionId: second } = await propose('two', { supersedesDecisionId: first })
    await people.ratifyChannelDecision({ decisionId: second, force: true })
    const { decisions } = await people.listChannelDecisions({ target: '#den', statusFilter: [DecisionStatus.RETIRED] })
    expect(decisions.find((d) => d.decisionId === first)).toMatchObject({
      retiredBy: '',
      status: DecisionStatus.RETIRED,
    })
    const { decisionId: third } = await propose('three')
    const { decision } = await people.retireChannelDecision({ decisionId: third, reason: 'no' })
    expect(decision).toMatchObject({ status: DecisionStatus.RETIRED, retireReason: 'no', retiredBy: owner.id })
  })

  test('a list is read page by page', async () => {
    const seen: string[] = []
    let cursor: Awaited<ReturnType<Rpc['listChannelDecisions']>>['nextCursor']
    do {
      const page = await people.listChannelDecisions({ target: '#den', limit: 2, ...(cursor ? { cursor } : {}) })
      seen.push(...page.decisions.map((d) => d.title))
      cursor = page.nextCursor
    } while (cursor)
    expect(seen).toEqual(['three', 'two', 'one', 'Bun'])
  })

  test('who is outside, who is nobody there and what makes no sense is refused and leaves no trace', async () => {
    const { decisionId } = await propose('secret')
    const before = await server.events()
    const vote = { decisionId, decision: DecisionVote.APPROVE }
    for (const [call, said] of [
      [() => outside.listChannelDecisions({ target: '#den' }), 'not_found'],
      [() => outside.listDecisionVotes({ decisionId }), 'not_found'],
      [() => outside.voteChannelDecision(vote), 'not_found'],
      [() => outside.ratifyChannelDecision({ decisionId, force: true }), 'not_found'],
      [() => outside.retireChannelDecision({ decisionId }), 'not_found'],
      [() => outside.proposeChannelDecision({ target: '#den', title: 't', body: 'b' }), 'not_found'],
      [() => computer.voteChannelDecision(vote), 'permission_denied foreign_agent'],
      [
        () => agent.voteChannelDecision({ ...vote, context: { actor: { userId: owner.id } } }),
        'permission_denied foreign_sender',
      ],
      [() => people.voteChannelDecision({ decisionId }), 'invalid_argument invalid_request'],
      [
        () => people.listChannelDecisions({ target: '#den', statusFilter: [Number('77')] }),
        'invalid_argument invalid_request',
      ],
      [
        () => people.proposeChannelDecision({ target: '#den', title: ' ', body: 'b' }),
        'invalid_argument invalid_request',
      ],
      [
        () => people.proposeChannelDecision({ target: '#den', title: 'x'.repeat(201), body: 'b' }),
        'invalid_argument invalid_request',
      ],
    ] as const)
      expect(await refusal(call())).toBe(said)
    expect(await server.events()).toBe(before)
  })
})

describe('over HTTP', () => {
  test('everything that can be done with a decision has its route, with statuses that say what happened', async () => {
    const made = await member.call('POST /api/channels/{target}/decisions', {
      params: { target: '#den' },
      body: { title: 'http', body: 'b', quorum: 2 },
    })
    const id = { params: { id: made.id } }
    const { decision, vote } = await owner.call('POST /api/decisions/{id}/vote', {
      ...id,
      body: { decision: 'approve' },
    })
    expect([decision.approveCount, vote.decision]).toEqual([1, 'approve'])
    const post = async (path: string, body: object, caller = member) => {
      const response = await caller.fetch(`/api/decisions/${made.id}/${path}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      })
      return `${response.status} ${((await response.json()) as { code?: string; status?: string }).code ?? 'ok'}`
    }
    expect(await post('ratify', {})).toBe('412 quorum_not_met')
    expect(await post('ratify', { force: true })).toBe('403 forbidden')
    expect(await post('vote', { decision: 'perhaps' })).toBe('400 invalid_request')
    expect(await post('vote', { decision: 'approve', expectedVersion: 1 })).toBe('409 version_conflict')
    expect(await post('ratify', { force: true }, owner)).toBe('200 ok')
    expect(await post('withdraw', {})).toBe('409 illegal_transition')
    const next = await member.call('POST /api/decisions/{id}/supersede', { ...id, body: { title: 'next', body: 'b' } })
    expect(next).toMatchObject({ supersedesDecisionId: made.id, status: 'proposed' })
    await owner.call('POST /api/decisions/{id}/reject', { params: { id: next.id }, body: { reason: 'no' } })
    expect((await owner.call('GET /api/decisions/{id}/chain', id)).items.map((d) => d.status)).toEqual([
      'ratified',
      'rejected',
    ])
    expect((await owner.call('GET /api/decisions/{id}/votes', id)).items).toHaveLength(1)
    expect(await post('retire', { reason: 'over' }, owner)).toBe('200 ok')
    expect(await post('retire', {}, owner)).toBe('409 illegal_transition')
    const page = await owner.call('GET /api/channels/{target}/decisions', {
      params: { target: '#den' },
      query: { status: 'retired,rejected' },
    })
    expect(page.items.slice(0, 2).map((d) => d.id)).toEqual([next.id, made.id])
    const bad = await owner.fetch('/api/channels/%23den/decisions?status=open')
    expect(bad.status).toBe(400)
  })

  test('a message is promoted, and a repeated request with the same key makes one decision', async () => {
    const { message } = await owner.call('POST /api/messages', { body: { target: '#den', content: 'Let us do it' } })
    const promote = () =>
      owner.fetch(`/api/messages/${message.id}/decision`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'idempotency-key': 'p1' },
        body: '{}',
      })
    const [a, b] = [await promote(), await promote()]
    expect([a.status, b.status]).toEqual([201, 201])
    expect(await a.json()).toEqual(await b.json())
  })
})
