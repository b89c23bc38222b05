import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { ApiError } from '@shared/contract/client'
import { type Caller, type TestServer, startTestServer } from '../testing'

let server: TestServer
let owner: Caller

beforeAll(async () => {
  server = await startTestServer()
  owner = await server.as('owner')
})
afterAll(() => server.stop())

const refusal = async (work: Promise<unknown>): Promise<string> => {
  const error = await work.then(
    () => undefined,
    (e: unknown) => e,
  )
  return error instanceof ApiError ? `${error.status} ${error.code}` : 'not refused'
}
type Body = Parameters<typeof provision>[0]
const provision = (body: {
  name: string
  server_url?: string
  agent?: { agent_key: string; runtime?: string; display_name?: string }
  room?: string
}) => owner.call('POST /api/computers/provision', { body })

describe('provisioning', () => {
  const everything: Body = {
    name: 'Local Demo',
    server_url: 'http://127.0.0.1:4127/',
    agent: { agent_key: 'codex', runtime: 'codex', display_name: 'Codex Agent' },
    room: 'lab',
  }

  test('makes a computer, an agent on it and a room for it, and a code that works once', async () => {
    const made = await provision(everything)
    expect(made.created).toEqual(['computer', 'room', 'agent'])
    expect(made.computer).toMatchObject({ displayName: 'Local Demo', status: 'offline', lastSeenAt: null })
    expect(made.agent).toMatchObject({
      name: 'codex',
      displayName: 'Codex Agent',
      runtimeKind: 'codex',
      computerId: made.computer.id,
      channels: [{ target: '#lab', deliveryMode: 'mentions' }],
    })
    expect(made.room).toMatchObject({ target: '#lab', memberCount: 2 })
    expect(made.enrollment).toMatchObject({ computerId: made.computer.id, status: 'pending' })
    expect(made.commands?.shell).toContain("'http://127.0.0.1:4127/api/daemon/enrollments/")
    // No token of a computer, which would live on in a terminal's history.
    expect(JSON.stringify(made)).not.toContain('ndt_')

    const code = /code=([\w-]+)/.exec(made.commands!.shell)![1]!
    const redeem = { params: { id: made.enrollment!.id }, body: { code } }
    const redeemed = await server.guest.call('POST /api/daemon/enrollments/{id}/redeem', redeem)
    expect(redeemed).toMatchObject({ computerId: made.computer.id, displayName: 'Local Demo' })
    const again = server.guest.call('POST /api/daemon/enrollments/{id}/redeem', redeem)
    expect(await refusal(again)).toBe('410 code_used')
  })

  test('once more makes nothing a second time', async () => {
    const [a, b] = await Promise.all([provision(everything), provision(everything)])
    expect([a.created, b.created]).toEqual([[], []])
    expect([a.computer.id, a.agent?.id, a.room?.id]).toEqual([b.computer.id, b.agent?.id, b.room?.id])
    expect((await owner.call('GET /api/computers')).items.filter((c) => c.displayName === 'Local Demo')).toHaveLength(1)
  })

  test('gives no code for a computer that has connected before', async () => {
    await server.computer({ displayName: 'Old', lastSeenAt: Date.now() })
    const { computer, enrollment, commands, created } = await provision({ name: 'Old' })
    expect([computer.displayName, enrollment, commands, created]).toEqual(['Old', null, null, []])
  })

  test('at the same time from two sides makes one computer', async () => {
    const made = await Promise.all([provision({ name: 'Twin' }), provision({ name: 'Twin' })])
    expect(new Set(made.map((m) => m.computer.id)).size).toBe(1)
    expect(made.flatMap((m) => m.created)).toEqual(['computer'])
  })

  test.each<[string, string, Body]>([
    ['an agent without a runtime', '400 agent_incomplete', { name: 'Fresh', agent: { agent_key: 'newbie' } }],
    ['no name', '400 invalid_request', { name: ' ' }],
    ['an address that is no web address', '400 invalid_request', { name: 'Fresh', server_url: 'ftp://x' }],
    ['the name of a person', '409 name_taken', { name: 'Fresh', agent: { agent_key: 'owner', runtime: 'codex' } }],
    ['a room of no name', '400 invalid_request', { name: 'Fresh', room: 'no spaces' }],
    [
      'an agent of another computer, for a new one',
      '409 agent_elsewhere',
      { name: 'Fresh', agent: { agent_key: 'codex' } },
    ],
    ['an agent of another computer', '409 agent_elsewhere', { name: 'Old', agent: { agent_key: 'codex' } }],
  ])('with %s is refused with %s', async (_, expected, body) => {
    expect(await refusal(provision(body))).toBe(expected)
    expect((await owner.call('GET /api/computers')).items.map((c) => c.displayName)).not.toContain('Fresh')
  })

  test('says when a name means several computers', async () => {
    for (let i = 0; i < 2; i++) await server.computer({ displayName: 'Twice' })
    expect(await refusal(provision({ name: 'Twice' }))).toBe('409 name_ambiguous')
  })
})

describe('onboarding an agent', () => {
  const onboard = (body: { agent_key: string; runtime?: string; computer_id?: string; display_name?: string }) =>
    owner.call('POST /api/agents/onboard', { body })

  test('makes it, and the second time changes it', async () => {
    const { id } = (await provision({ name: 'Box' })).computer
    const first = await onboard({ agent_key: 'gem', runtime: 'gemini', computer_id: id })
    expect(first).toMatchObject({ created: true, agent: { name: 'gem', displayName: 'gem', computerId: id } })
    const second = await onboard({ agent_key: 'gem', display_name: 'Gemma' })
    expect(second).toMatchObject({
      created: false,
      agent: { id: first.agent.id, displayName: 'Gemma', runtimeKind: 'gemini', computerId: id },
    })
  })

  test('needs to know where and what, and takes no name of a person', async () => {
    const { id } = (await provision({ name: 'Box' })).computer
    expect(await refusal(onboard({ agent_key: 'x1', runtime: 'codex' }))).toBe('400 agent_incomplete')
    expect(await refusal(onboard({ agent_key: 'x1', computer_id: id }))).toBe('400 agent_incomplete')
    expect(await refusal(onboard({ agent_key: 'x1', computer_id: id, runtime: 'none' }))).toBe('400 runtime_unknown')
    expect(await refusal(onboard({ agent_key: 'owner', computer_id: id, runtime: 'codex' }))).toBe('409 name_taken')
  })

  test('and it is found and changed by its name', async () => {
    const params = { id: 'gem' }
    const changed = await owner.call('PATCH /api/agents/{id}', { params, body: { description: 'Thinks' } })
    expect(changed).toMatchObject({ name: 'gem', description: 'Thinks' })
    expect((await owner.call('GET /api/agents/{id}', { params })).id).toBe(changed.id)
    // A person has that name.
    expect(await refusal(owner.call('GET /api/agents/{id}', { params: { id: 'owner' } }))).toBe('404 not_found')
  })

  test('and assigning it moves it to another computer', async () => {
    const { id } = (await provision({ name: 'Second box' })).computer
    const assign = (agent: string, computer_id: string) =>
      owner.call('POST /api/agents/{agent}/assignment', { params: { agent }, body: { computer_id } })
    expect(await assign('gem', id)).toMatchObject({ name: 'gem', computerId: id })
    expect(await refusal(assign('nobody', id))).toBe('404 agent_unknown')
    expect(await refusal(assign('gem', 'cmp_none'))).toBe('404 computer_unknown')
  })
})
