import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { ApiError } from '@shared/contract/client'
import { type Caller, type TestServer, startTestServer } from '../testing'

let server: TestServer
let owner: Caller
let member: Caller
let box: Caller
let bot: Caller
let stranger: Caller

beforeAll(async () => {
  server = await startTestServer()
  owner = await server.as('owner')
  member = await server.as('member')
  box = await server.computer()
  bot = await server.agent({ computerId: box.id, name: 'codex' })
  stranger = await server.computer()
  await owner.call('POST /api/rooms', { body: { name: 'den', visibility: 'private' } })
  await owner.call('POST /api/rooms/{room}/agents', { params: { room: 'den' }, body: { agent_key: 'codex' } })
})
afterAll(() => server.stop())

const refusal = async (work: Promise<unknown>): Promise<string> => {
  const error = await work.then(
    () => undefined,
    (e: unknown) => e,
  )
  return error instanceof ApiError ? `${error.status} ${error.code}` : 'not refused'
}
const ask = async (content = '@codex hello', target = '#general') =>
  (await owner.call('POST /api/messages', { body: { target, content } })).deliveries[0]!
const claim = (p: Caller, id: string, leaseId?: string) =>
  p.call('POST /api/deliveries/{id}/claim', { params: { id }, body: leaseId === undefined ? {} : { leaseId } })

describe('a computer that answers deliveries', () => {
  test('finds those to its own agents, claims one and answers it, once', async () => {
    const { id } = await ask('@codex how are you?')
    const pending = { query: { agent: 'codex', status: 'pending' } } as const
    const ids = async (p: Caller) => (await p.call('GET /api/deliveries', pending)).items.map((d) => d.id)
    expect(await ids(box)).toEqual([id])
    expect(await ids(stranger)).toEqual([])

    const { delivery, run, lease, prompt } = await claim(box, id)
    expect([delivery.state, run.state, run.deliveryId]).toEqual(['claimed', 'running', id])
    expect(lease.expiresAt).toBeGreaterThan(Date.now())
    expect(prompt).toContain('@codex')
    expect(await ids(box)).toEqual([])
    expect(await refusal(claim(box, id))).toBe('409 already_claimed')
    expect((await claim(box, id, lease.id)).lease.id).toBe(lease.id)

    const ack = (leaseId: string) =>
      box.call('POST /api/deliveries/{id}/ack', { params: { id }, body: { leaseId, content: 'Fine.' } })
    expect(await refusal(ack('lease_other'))).toBe('409 lease_lost')
    const done = await ack(lease.id)
    expect([done.delivery.state, done.run.state]).toEqual(['answered', 'completed'])
    const answer = { params: { id: done.delivery.answerMessageId! } }
    expect((await owner.call('GET /api/messages/{id}', answer)).message).toMatchObject({
      content: 'Fine.',
      sender: { kind: 'agent', name: 'codex' },
    })
    expect((await ack(lease.id)).delivery).toEqual(done.delivery)
    expect(await refusal(claim(box, id, lease.id))).toBe('409 run_over')
  })

  test('may give it up for a reason, which people read, and which is no reason that nobody knows', async () => {
    const { id } = await ask()
    const { lease } = await claim(box, id)
    const params = { id }
    const body = { leaseId: lease.id, reason: 'quota_exhausted' as const, error: 'Nothing left today.' }
    const raw = await box.fetch(`/api/deliveries/${id}/fail`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ ...body, reason: 'bored' }),
    })
    expect(raw.status).toBe(400)
    const { delivery, run } = await box.call('POST /api/deliveries/{id}/fail', { params, body })
    expect([delivery.state, run.state]).toEqual(['failed', 'failed'])
    expect(delivery.failure).toMatchObject({ reason: 'quota_exhausted', message: 'Nothing left today.' })
    await owner.call('POST /api/deliveries/{id}/retry', { params })
    expect((await claim(box, id)).run.state).toBe('running')
  })

  test('is there from when it connects, for as long as it gives signs of life', async () => {
    const runtimes = ['codex', 'codex', 'own-thing']
    const body = { hostname: 'worker', runtimes }
    const { computer, leaseId } = await stranger.call('POST /api/computers/connect', { body })
    expect(computer).toMatchObject({ id: stranger.id, status: 'online', hostname: 'worker' })
    expect(computer.runtimes.map((r) => [r.kind, r.displayName])).toEqual([
      ['codex', 'Codex CLI'],
      ['own-thing', 'own-thing'],
    ])
    const beat = (id: string) =>
      stranger.call('POST /api/computers/{id}/heartbeat', { params: { id }, body: { leaseId } })
    const next = await beat(stranger.id)
    expect(next).toMatchObject({ leaseId, heartbeatAfterSeconds: expect.any(Number) })
    expect(next.expiresAt).toBeGreaterThan(Date.now())
    expect(await refusal(beat(box.id))).toBe('403 foreign_computer')
  })

  test('learns nothing of another computer’s deliveries', async () => {
    const { id } = await ask()
    const before = await server.events()
    const body = { leaseId: 'lease_1', error: 'no' }
    expect(await refusal(claim(stranger, id))).toBe('404 not_found')
    expect(
      await refusal(stranger.call('POST /api/deliveries/{id}/ack', { params: { id }, body: { leaseId: 'lease_1' } })),
    ).toBe('404 not_found')
    expect(await refusal(stranger.call('POST /api/deliveries/{id}/fail', { params: { id }, body }))).toBe(
      '404 not_found',
    )
    const list = { query: { agentId: bot.id, target: '#general' } }
    expect((await stranger.call('GET /api/deliveries', list)).items).toEqual([])
    expect(await server.events()).toBe(before)
  })

  test('leaves alone what waits for an agent that is turned off', async () => {
    const turn = (enabled: boolean) =>
      owner.call('PATCH /api/agents/{id}', { params: { id: 'codex' }, body: { enabled } })
    const { id } = await ask()
    await turn(false)
    expect(await refusal(claim(box, id))).toBe('409 agent_disabled')
    await turn(true)
    expect((await claim(box, id)).run.state).toBe('running')
  })

  test('has to claim before it answers', async () => {
    const { id } = await ask()
    const early = box.call('POST /api/deliveries/{id}/ack', { params: { id }, body: { leaseId: 'lease_1' } })
    expect(await refusal(early)).toBe('409 lease_lost')
  })
})

test('deliveries are listed by the name of their agent, to those who read their channel', async () => {
  const { id } = await ask('@codex psst', '#den')
  const list = async (p: Caller, agent = 'codex') =>
    (await p.call('GET /api/deliveries', { query: { agent, target: '#den' } })).items.map((d) => d.id)
  expect(await list(owner)).toEqual([id])
  expect(await list(box)).toEqual([id])
  expect(await refusal(list(member))).toBe('404 not_found')
  expect(await refusal(list(owner, 'nobody'))).toBe('404 agent_unknown')
})

test('a run is killed and restarted under the paths of its own', async () => {
  const { runId } = await ask('@codex work', '#den')
  const params = { id: runId! }
  expect(await refusal(member.call('POST /api/runs/{id}/kill', { params }))).toBe('404 not_found')
  expect((await owner.call('POST /api/runs/{id}/kill', { params })).state).toBe('canceled')
  expect(await refusal(owner.call('POST /api/runs/{id}/kill', { params }))).toBe('409 illegal_transition')
  const again = await owner.call('POST /api/runs/{id}/restart', { params })
  expect([again.state, again.inputMessageId === null]).toEqual(['queued', false])
  expect(again.id).not.toBe(params.id)
})
