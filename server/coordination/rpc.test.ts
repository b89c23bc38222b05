import { afterAll, beforeAll, expect, test } from 'bun:test'
import {
  CoordinationKind,
  NegotiationKind,
  NegotiationStatus,
  ProgressUpdateStatus,
  RoleHandoffResponseValue,
  RoleHandoffRole,
  RoleHandoffStatus,
  VerificationKind,
  VerificationStatus,
  WorkPlanItemStatus,
  WorkPlanStatus,
} from '@shared/gen/nekode/daemon/v1/coordination_pb'
import { CollaborationEventKind } from '@shared/gen/nekode/daemon/v1/events_pb'
import { type Rpc, refusal, rpcClient } from '../../test/fixtures/rpc'
import { type Caller, type TestServer, startTestServer } from '../testing'

let server: TestServer
let owner: Caller
let one: Caller
let two: Caller
let people: Rpc
let first: Rpc
let second: Rpc
let computer: Rpc
let outside: Rpc

beforeAll(async () => {
  server = await startTestServer()
  owner = await server.as('owner')
  const box = await server.computer()
  one = await server.agent({ computerId: box.id, name: 'one' })
  two = await server.agent({ computerId: box.id, name: 'two' })
  await owner.call('POST /api/channels', { body: { name: 'den', visibility: 'private' } })
  for (const { id: memberId } of [one, two])
    await owner.call('POST /api/channels/{target}/members', {
      params: { target: '#den' },
      body: { kind: 'agent', memberId },
    })
  people = rpcClient(server.url, owner.token)
  first = rpcClient(server.url, one.token)
  second = rpcClient(server.url, two.token)
  computer = rpcClient(server.url, box.token)
  outside = rpcClient(server.url, (await server.agent({ name: 'stranger' })).token)
})
afterAll(() => server.stop())

const target = '#den'
const plan = {
  case: 'workPlan' as const,
  value: {
    summary: 'two steps',
    status: WorkPlanStatus.ACTIVE,
    items: [
      { itemId: 'a', summary: 'A', status: WorkPlanItemStatus.COMPLETED },
      { itemId: 'b', summary: 'B', dependsOnItemIds: ['a'], filePaths: ['x.ts'], acceptanceCriteria: ['green'] },
    ],
  },
}

test('a record of every kind is published, once for its key, and comes back as it was said', async () => {
  const request = { record: { target, kind: CoordinationKind.WORK_PLAN, payload: plan }, idempotencyKey: 'c1' }
  const { record, accepted } = await first.publishCoordinationRecord(request)
  expect(accepted).toBe(true)
  expect((await first.publishCoordinationRecord(request)).record).toEqual(record!)
  expect(record).toMatchObject({
    target,
    actorAgentId: one.id,
    actorUserId: '',
    payload: { value: { ownerAgentId: one.id, items: [{ itemId: 'a' }, { itemId: 'b', dependsOnItemIds: ['a'] }] } },
  })
  await people.publishCoordinationRecord({
    record: {
      target,
      payload: {
        case: 'progressUpdate',
        value: { status: ProgressUpdateStatus.VERIFYING, summary: 'half', detail: 'd' },
      },
    },
  })
  const check = { kind: VerificationKind.TEST, status: VerificationStatus.PASSED, summary: 'ok', completedTimeUnix: 9n }
  await computer.publishCoordinationRecord({
    record: {
      target,
      actorAgentId: two.id,
      payload: { case: 'acceptanceEvidence', value: { summary: 'done', verificationResults: [check] } },
    },
  })
  const { records } = await computer.listCoordinationRecords({ target })
  expect(records.map((r) => [r.kind, r.actorAgentId, r.actorUserId])).toEqual([
    [CoordinationKind.ACCEPTANCE_EVIDENCE, two.id, ''],
    [CoordinationKind.PROGRESS_UPDATE, '', owner.id],
    [CoordinationKind.WORK_PLAN, one.id, ''],
  ])
  expect(records[0]?.payload.value).toMatchObject({ verificationResults: [check], submittedByAgentId: two.id })
  expect(records[1]?.payload.value).toMatchObject({ status: ProgressUpdateStatus.VERIFYING, detail: 'd' })
})

test('a list is filtered and paged', async () => {
  const page = await people.listCoordinationRecords({ target, limit: 2 })
  const rest = await people.listCoordinationRecords({ target, limit: 2, cursor: page.nextCursor! })
  expect([...page.records, ...rest.records].map((r) => r.kind)).toEqual([3, 2, 1])
  expect((await people.listCoordinationRecords({ target, kind: CoordinationKind.WORK_PLAN })).records).toHaveLength(1)
  for (const rpc of [people, computer])
    expect((await rpc.listCoordinationRecords({ actorAgentId: two.id })).records).toHaveLength(1)
  expect((await people.listCoordinationRecords({ target, kind: CoordinationKind.RELEASE_GATE })).records).toEqual([])
})

test('only the addressed agent responds to a hand-off; what does not count says why', async () => {
  const { record } = await first.publishCoordinationRecord({
    record: {
      target,
      kind: CoordinationKind.ROLE_HANDOFF,
      payload: {
        case: 'roleHandoff',
        value: { toAgentId: two.id, role: RoleHandoffRole.REVIEWER, contextSummary: 'c' },
      },
    },
  })
  if (record?.payload.case !== 'roleHandoff') throw new Error('no hand-off')
  const { handoffId, fromAgentId, status } = record.payload.value
  expect([fromAgentId, status]).toEqual([one.id, RoleHandoffStatus.PROPOSED])
  const response = RoleHandoffResponseValue.ACCEPTED
  expect(await first.respondRoleHandoff({ handoffId, response })).toMatchObject({
    accepted: false,
    rejectionReason: 'not_addressed_to_you',
    record: { payload: { value: { status: RoleHandoffStatus.PROPOSED } } },
  })
  expect(await computer.respondRoleHandoff({ handoffId, response, respondingAgentId: two.id })).toMatchObject({
    accepted: true,
    record: { payload: { value: { status: RoleHandoffStatus.ACCEPTED } } },
  })
  expect(await second.respondRoleHandoff({ handoffId, response })).toMatchObject({
    accepted: false,
    rejectionReason: 'illegal_transition',
  })
})

test('a negotiation goes back and forth and is accepted by a record with its id', async () => {
  const { record } = await first.publishCoordinationRecord({
    record: {
      target,
      payload: {
        case: 'deadlineNegotiation',
        value: { proposedDeadlineUnix: 2_000_000_000n, reason: 'tests', maxRounds: 3 },
      },
    },
  })
  if (record?.payload.case !== 'deadlineNegotiation') throw new Error('no negotiation')
  const { negotiationId, expiresTimeUnix } = record.payload.value
  expect(Number(expiresTimeUnix)).toBeGreaterThan(Date.now() / 1000)
  const counterProposal = { proposedDeadlineUnix: 1_900_000_000n, reason: 'sooner' }
  const counter = { negotiationId, negotiationKind: NegotiationKind.DEADLINE, counterProposal, idempotencyKey: 'n1' }
  const made = await second.counterProposeNegotiation(counter)
  expect(await second.counterProposeNegotiation(counter)).toEqual(made)
  expect(made.record?.payload.value).toMatchObject({
    counterProposals: [{ proposedByAgentId: two.id, proposedDeadlineUnix: 1_900_000_000n }],
  })
  expect(await refusal(first.counterProposeNegotiation({ ...counter, negotiationKind: NegotiationKind.SCOPE }))).toBe(
    'invalid_argument invalid_request',
  )
  const accept = {
    record: {
      target,
      payload: { case: 'deadlineNegotiation' as const, value: { negotiationId, status: NegotiationStatus.ACCEPTED } },
    },
  }
  expect(await refusal(second.publishCoordinationRecord(accept))).toBe('permission_denied not_addressed_to_you')
  expect((await first.publishCoordinationRecord(accept)).record?.payload.value).toMatchObject({
    status: NegotiationStatus.ACCEPTED,
  })
})

test('who is outside and what makes no sense is refused and leaves no trace', async () => {
  const before = await server.events()
  const record = { target, payload: plan }
  for (const [call, said] of [
    [() => outside.publishCoordinationRecord({ record }), 'not_found'],
    [() => outside.listCoordinationRecords({ target }), 'not_found'],
    [() => computer.publishCoordinationRecord({ record }), 'permission_denied foreign_agent'],
    [
      () => first.publishCoordinationRecord({ record: { ...record, actorAgentId: two.id } }),
      'permission_denied foreign_sender',
    ],
    [() => first.publishCoordinationRecord({}), 'invalid_argument invalid_request'],
    [() => first.publishCoordinationRecord({ record: { target } }), 'invalid_argument invalid_request'],
    [
      () => first.publishCoordinationRecord({ record: { ...record, kind: CoordinationKind.ROLE_HANDOFF } }),
      'invalid_argument invalid_request',
    ],
    [
      () => first.publishCoordinationRecord({ record: { target, payload: { case: 'releaseGate', value: {} } } }),
      'invalid_argument invalid_request',
    ],
    [() => first.respondRoleHandoff({ handoffId: 'hand_0', response: RoleHandoffResponseValue.ACCEPTED }), 'not_found'],
    [() => first.respondRoleHandoff({ handoffId: 'hand_0' }), 'invalid_argument invalid_request'],
    [() => outside.counterProposeNegotiation({ negotiationId: 'nego_0', counterProposal: {} }), 'not_found'],
  ] as const)
    expect(await refusal(call())).toBe(said)
  expect((await outside.listCoordinationRecords({})).records).toEqual([])
  expect(await server.events()).toBe(before)
})

test('readers of the log get what is agreed on where they are', async () => {
  const kinds = [CollaborationEventKind.COORDINATION]
  const { events } = await people.listEventsSince({ kinds, limit: 200 })
  expect(events.length).toBeGreaterThan(5)
  expect(events.every((e) => e.payload.case === 'coordinationRecord' && e.coordinationRecordId !== '')).toBe(true)
  expect((await outside.listEventsSince({ kinds, limit: 200 })).events).toEqual([])
})

test('over HTTP records are published, read, countered, decided and answered', async () => {
  const publish = (caller: Caller, record: object) =>
    caller.call('POST /api/channels/{target}/coordination', { params: { target }, body: { record: record as never } })
  const scope = await publish(owner, { kind: 'scope_negotiation', includedScope: ['a'] })
  const params = { id: scope.subjectId }
  await two.call('POST /api/coordination/{id}/counter', { params, body: { includedScope: ['a', 'b'] } })
  const done = await owner.call('POST /api/coordination/{id}/decision', { params, body: { accept: true } })
  expect(done.payload).toMatchObject({ status: 'accepted' })
  const hand = await publish(owner, { kind: 'role_handoff', toAgentId: one.id, role: 'owner' })
  const answered = await one.call('POST /api/coordination/{id}/response', {
    params: { id: hand.subjectId },
    body: { response: 'declined', note: 'busy' },
  })
  expect(answered.payload).toMatchObject({ status: 'declined', note: 'busy' })
  const page = await owner.call('GET /api/channels/{target}/coordination', {
    params: { target },
    query: { subjectId: scope.subjectId, current: 'true' },
  })
  expect(page.items).toEqual([done])
  expect(await owner.call('GET /api/coordination/{id}', { params: { id: done.id } })).toEqual(done)
  const refused = await two.fetch(`/api/coordination/${hand.subjectId}/response`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ response: 'accepted' }),
  })
  expect(refused.status).toBe(409)
})
