import { afterEach, beforeEach, expect, test } from 'bun:test'
import { type World, createWorld } from '../../test/world'

let world: World
let admin: { token: string; principal: Awaited<ReturnType<World['user']>>['principal'] }
let tokens: Record<string, string | undefined>

beforeEach(async () => {
  world = await createWorld()
  admin = await world.user('admin')
  tokens = {
    guest: undefined,
    admin: admin.token,
    member: (await world.user('member')).token,
    writer: (await world.user('admin', ['read', 'write'])).token,
    computer: (await world.enrolled(admin.principal, 'Other')).token,
  }
})
afterEach(() => world.close())

const create = (body: unknown = {}) => world.call('POST /api/daemon/enrollments', admin.token, body)
const codeOf = (answer: { body: { commands: { shell: string } } }): string =>
  /code=([\w-]+)/.exec(answer.body.commands.shell)![1]!
const enroll = async (body?: unknown) => {
  const answer = await create(body)
  return {
    id: answer.body.enrollment.id as string,
    computerId: answer.body.enrollment.computerId,
    code: codeOf(answer),
  }
}
const redeem = (id: string, code: string, more: object = {}) =>
  world.call(`POST /api/daemon/enrollments/${id}/redeem`, undefined, { code, ...more })

test('an admin gets commands that hold a one-use code and never a token', async () => {
  const answer = await create({ displayName: 'Mill' })
  expect(answer.status).toBe(201)
  expect(answer.events).toEqual(['enrollment created admin'])
  const { enrollment, commands } = answer.body
  expect(enrollment).toMatchObject({ status: 'pending', displayName: 'Mill', connectedAt: null })
  expect(enrollment.expiresAt - world.clock.ms).toBe(3_600_000)
  const code = codeOf(answer)
  expect(code).toMatch(/^ndi_[\w-]{32}$/)
  const address = (file: string) =>
    `http://nekode.test:18790/api/daemon/enrollments/${enrollment.id}/${file}?code=${code}`
  expect(commands).toEqual({
    shell: `sudo bash -c "$(curl -fsSL '${address('install.sh')}')"`,
    powershell: `powershell -NoProfile -ExecutionPolicy Bypass -Command "irm '${address('install.ps1')}' | iex"`,
  })
  // The code itself is nowhere on the server.
  expect(JSON.stringify(await world.state())).not.toContain(code)
  expect(await world.computers.list()).toHaveLength(1)
})

// who, route (ID is an enrollment that waits), body, status, code or a part of the answer
test.each<[string, string, unknown, number, string]>([
  ['guest', 'POST /api/daemon/enrollments', {}, 401, 'login_required'],
  ['member', 'POST /api/daemon/enrollments', {}, 403, 'admin_only'],
  ['writer', 'POST /api/daemon/enrollments', {}, 403, 'scope_missing'],
  ['computer', 'POST /api/daemon/enrollments', {}, 403, 'wrong_principal'],
  ['admin', 'POST /api/daemon/enrollments', { ttlSeconds: 59 }, 400, 'invalid_request'],
  ['admin', 'POST /api/daemon/enrollments', { ttlSeconds: 86_401 }, 400, 'invalid_request'],
  ['admin', 'POST /api/daemon/enrollments', { token: 'ndt_mine' }, 400, 'invalid_request'],
  ['admin', 'POST /api/daemon/enrollments', { computerId: 'cmp_none' }, 404, 'computer_unknown'],
  ['member', 'GET /api/daemon/enrollments', undefined, 403, 'admin_only'],
  ['admin', 'GET /api/daemon/enrollments', undefined, 200, '"status":"pending"'],
  ['member', 'GET /api/daemon/enrollments/ID', undefined, 403, 'admin_only'],
  ['admin', 'GET /api/daemon/enrollments/ID', undefined, 200, '"status":"pending"'],
  ['admin', 'GET /api/daemon/enrollments/den_none', undefined, 404, 'not_found'],
  ['guest', 'POST /api/daemon/enrollments/ID/revoke', undefined, 401, 'login_required'],
  ['member', 'POST /api/daemon/enrollments/ID/revoke', undefined, 403, 'admin_only'],
  ['admin', 'POST /api/daemon/enrollments/den_none/revoke', undefined, 404, 'not_found'],
  ['guest', 'POST /api/daemon/enrollments/ID/redeem', {}, 400, 'invalid_request'],
  ['guest', 'POST /api/daemon/enrollments/ID/redeem', { code: 'ndi_wrong' }, 404, 'code_invalid'],
  ['guest', 'POST /api/daemon/enrollments/den_none/redeem', { code: 'ndi_wrong' }, 404, 'code_invalid'],
  ['guest', 'POST /api/daemon/enrollments/ID/redeem', { code: 'x'.repeat(101) }, 400, 'invalid_request'],
  ['guest', 'POST /api/daemon/enrollments/ID/redeem', { code: 'x', computerId: 'cmp_1' }, 400, 'invalid_request'],
  ['guest', 'GET /api/daemon/enrollments/ID/install.sh', undefined, 400, 'invalid_request'],
  ['guest', 'GET /api/daemon/scripts/install.sh', undefined, 400, 'invalid_request'],
  ['guest', 'POST /api/daemon/agents/agent_1/token', undefined, 401, 'login_required'],
  ['admin', 'POST /api/daemon/agents/agent_1/token', undefined, 403, 'wrong_principal'],
  ['computer', 'POST /api/daemon/agents/agent_1/token', undefined, 404, 'agent_unknown'],
])('%s: %s %j → %i %s', async (who, route, body, status, part) => {
  const { id } = await enroll()
  const before = await world.state()
  const answer = await world.call(route.replace('ID', id), tokens[who], body)
  expect(answer.text).toContain(part)
  expect(answer.status).toBe(status)
  expect(answer.events).toEqual([])
  expect(await world.state()).toEqual(before)
})

test('redeeming gives the token once, makes the computer known, and the first registration connects it', async () => {
  const { id, computerId, code } = await enroll({ displayName: 'Mill' })
  const answer = await redeem(id, code, { hostname: 'mill.local', os: 'linux', arch: 'amd64' })
  expect(answer.status).toBe(200)
  expect(answer.body).toEqual({
    serverUrl: 'http://nekode.test:18790',
    token: expect.stringMatching(/^ndt_[\w-]{43}$/),
    computerId,
    displayName: 'Mill',
  })
  expect(answer.events).toEqual(['computer created all', 'enrollment state_changed admin'])
  expect(answer.headers.get('cache-control')).toBe('no-store')
  expect(await world.enrollments.get(id)).toMatchObject({ status: 'redeemed', connectedAt: null })
  expect(await world.computers.get(computerId)).toMatchObject({ status: 'offline', hostname: 'mill.local' })

  const daemon = await world.computer(answer.body.token)
  const facts = { daemonId: 'd', displayName: '', hostname: 'mill', os: 'linux', arch: 'amd64', version: '1' }
  world.clock.ms += 5
  world.take()
  await world.computers.register(daemon, facts, { version: '', runtimes: [] })
  await world.computers.register(daemon, facts, { version: '', runtimes: [] })
  expect(await world.enrollments.get(id)).toMatchObject({ status: 'connected', connectedAt: world.clock.ms })
  expect(world.take().filter((e) => e.kind === 'enrollment')).toHaveLength(1)
})

test('a computer without a given name is called by its hostname', async () => {
  const { id, code } = await enroll()
  expect((await redeem(id, code, { hostname: 'mill.local' })).body.displayName).toBe('mill.local')
  expect(await world.enrollments.get(id)).toMatchObject({ displayName: 'mill.local' })
})

const ends = {
  used: async ({ id, code }: { id: string; code: string }) => void (await redeem(id, code)),
  expired: async () => void (world.clock.ms += 3_600_000),
  revoked: async ({ id }: { id: string }) =>
    void (await world.call(`POST /api/daemon/enrollments/${id}/revoke`, admin.token)),
}
test.each([
  ['used', 'code_used', 'has been used already'],
  ['expired', 'code_expired', 'has expired'],
  ['revoked', 'code_revoked', 'was revoked'],
] as const)(
  'a code that was %s is refused by redeem and by both scripts, and nothing changes',
  async (how, code, words) => {
    const enrollment = await enroll()
    await ends[how](enrollment)
    const before = await world.state()
    const answer = await redeem(enrollment.id, enrollment.code)
    expect(answer.status).toBe(410)
    expect(answer.body).toMatchObject({ code, next: expect.stringContaining('Add computer') })
    for (const file of ['install.sh', 'install.ps1']) {
      const page = await world.call(
        `GET /api/daemon/enrollments/${enrollment.id}/${file}?code=${enrollment.code}`,
        undefined,
      )
      expect(page.status).toBe(410)
      expect(page.headers.get('content-type')).toBe('text/plain; charset=utf-8')
      expect(page.text).toContain(words)
      expect(page.text).toContain('Computers → Add computer in the console')
      expect(page.text).not.toStartWith('#!')
    }
    expect(await world.state()).toEqual(before)
  },
)

test('a wrong code is not told what became of the enrollment', async () => {
  const enrollment = await enroll()
  await redeem(enrollment.id, enrollment.code)
  const answers = await Promise.all([
    redeem(enrollment.id, 'ndi_wrong'),
    redeem('den_none', 'ndi_wrong'),
    world.call(`GET /api/daemon/enrollments/${enrollment.id}/install.sh?code=ndi_wrong`, undefined),
  ])
  expect(answers.map((a) => a.status)).toEqual([404, 404, 404])
  expect(answers[0]!.text).toBe(answers[1]!.text)
  expect(answers[2]!.text).toContain('This install code is not valid.')
})

test('a code of another enrollment is refused', async () => {
  const [one, two] = [await enroll(), await enroll()]
  expect((await redeem(one.id, two.code)).body.code).toBe('code_invalid')
  expect((await redeem(two.id, two.code)).status).toBe(200)
})

test('of twenty that redeem at once one wins, and its token works', async () => {
  const { id, computerId, code } = await enroll()
  const answers = await Promise.all(Array.from({ length: 20 }, () => redeem(id, code)))
  const won = answers.filter((a) => a.status === 200)
  expect(won).toHaveLength(1)
  expect(answers.filter((a) => a.status === 410 && a.body.code === 'code_used')).toHaveLength(19)
  expect((await world.computer(won[0]!.body.token)).id).toBe(computerId)
  expect(await world.core.credentials.list('computer', computerId)).toHaveLength(1)
})

test('enrolling a known computer again keeps its identity and name, and its old token dies with its streams', async () => {
  const first = await enroll({ displayName: 'Mill' })
  const old = await world.computer((await redeem(first.id, first.code)).body.token)
  const second = await enroll({ computerId: old.id, displayName: 'Another name' })
  expect(second.computerId).toBe(old.id)
  expect(old.revoked.aborted).toBe(false)
  const answer = await redeem(second.id, second.code, { hostname: 'new-hostname' })
  expect(answer.body).toMatchObject({ computerId: old.id, displayName: 'Mill' })
  expect(answer.events).toEqual([
    'computer updated all',
    'enrollment state_changed admin',
    'enrollment state_changed admin',
  ])
  expect(old.revoked.aborted).toBe(true)
  expect(await world.enrollments.get(first.id)).toMatchObject({ status: 'revoked' })
  expect((await world.computer(answer.body.token)).id).toBe(old.id)

  // Revoking what is over already does not touch the token that is in use.
  await world.call(`POST /api/daemon/enrollments/${first.id}/revoke`, admin.token)
  expect((await world.computer(answer.body.token)).id).toBe(old.id)
})

test('revoking an enrollment that was redeemed revokes the computer’s token; doing it again changes nothing', async () => {
  const { id, code } = await enroll()
  const daemon = await world.computer((await redeem(id, code)).body.token)
  const revoke = () => world.call(`POST /api/daemon/enrollments/${id}/revoke`, admin.token)
  const answer = await revoke()
  expect(answer.body.status).toBe('revoked')
  expect(answer.events).toEqual(['enrollment state_changed admin'])
  expect(daemon.revoked.aborted).toBe(true)
  const before = await world.state()
  const again = await revoke()
  expect([again.status, again.body.status, again.events]).toEqual([200, 'revoked', []])
  expect(await world.state()).toEqual(before)
})

test('revoking and redeeming at the same time never leaves a revoked enrollment with a working token', async () => {
  for (let i = 0; i < 10; i++) {
    const { id, computerId, code } = await enroll()
    await Promise.all([redeem(id, code), world.call(`POST /api/daemon/enrollments/${id}/revoke`, admin.token)])
    expect(await world.enrollments.get(id)).toMatchObject({ status: 'revoked' })
    expect(await world.core.credentials.list('computer', computerId)).toEqual([])
  }
})

test('fetching the script does not use the code up', async () => {
  const { id, code } = await enroll({ displayName: 'Mill' })
  const before = await world.state()
  for (const file of ['install.sh', 'install.ps1', 'install.sh']) {
    const page = await world.call(`GET /api/daemon/enrollments/${id}/${file}?code=${code}`, undefined)
    expect(page.status).toBe(200)
    expect(page.headers.get('cache-control')).toBe('no-store')
    expect(page.headers.get('x-content-type-options')).toBe('nosniff')
    expect(page.text).toContain(code)
    expect(page.text).not.toContain('ndt_')
  }
  expect(await world.state()).toEqual(before)
  expect((await redeem(id, code)).status).toBe(200)
})

test('management scripts are there for everybody, without a code', async () => {
  for (const name of ['upgrade.sh', 'reinstall.sh', 'uninstall.sh', 'upgrade.ps1', 'reinstall.ps1', 'uninstall.ps1']) {
    const page = await world.call(`GET /api/daemon/scripts/${name}`, undefined)
    expect(page.status).toBe(200)
    expect(page.headers.get('content-type')).toContain(name.endsWith('.sh') ? 'text/x-shellscript' : 'text/plain')
    expect(page.text).toContain('http://nekode.test:18790')
    expect(page.text).not.toContain('ndi_')
  }
})

test('where the daemon is to be had is told to everybody, with the version in the address', async () => {
  const { status, body } = await world.call('GET /api/daemon/release', undefined)
  expect(status).toBe(200)
  expect(body.version).not.toBe('')
  expect(body.baseUrl).toEndWith(`/v${body.version}`)
})

test('a computer gets tokens for its own agents only, and a fresh one ends the one before', async () => {
  const { id, code } = await enroll()
  const { token, computerId } = (await redeem(id, code)).body
  const { agents } = world.db.t
  const agent: typeof agents.$inferSelect = {
    id: 'agent_1',
    name: 'helper',
    displayName: 'Helper',
    description: '',
    computerId,
    runtimeKind: 'demo',
    model: '',
    workspace: '',
    instructions: '',
    approvals: { default: 'ask', rules: {} },
    limits: { turnsPerHour: null, costPerDayUsd: null },
    confinement: null,
    command: [],
    env: [],
    enabled: true,
    status: { presence: 'offline', activity: '', health: 'ok', detail: '', runId: null, updatedAt: 0 },
    createdBy: admin.principal.id,
    deletedAt: null,
    createdAt: 0,
    updatedAt: 0,
  }
  await world.db.tx((tx) => tx.insert(agents, agent))
  await world.core.directory.load()
  const issue = (as: string | undefined) => world.call('POST /api/daemon/agents/agent_1/token', as)
  expect((await issue(tokens.computer)).body.code).toBe('agent_unknown')
  const first = (await issue(token)).body
  expect(first).toEqual({
    token: expect.stringMatching(/^nat_/),
    expiresAt: world.clock.ms + 30 * 24 * 60 * 60_000,
  })
  const principal = await world.core.credentials.resolve(first.token)
  expect(principal).toMatchObject({ kind: 'agent', id: 'agent_1' })
  const second = (await issue(token)).body
  await expect(world.core.credentials.resolve(first.token)).rejects.toMatchObject({ code: 'token_invalid' })
  expect(await world.core.credentials.resolve(second.token)).toMatchObject({ kind: 'agent' })
})

test('who enrolled, redeemed and revoked is in the audit log, without codes and tokens', async () => {
  const { id, code } = await enroll()
  const { token } = (await redeem(id, code)).body
  await world.call(`POST /api/daemon/enrollments/${id}/revoke`, admin.token)
  const { items } = await world.core.audit.list({})
  expect(items.slice(0, 3).map((entry) => [entry.action, entry.actor.kind, entry.address])).toEqual([
    ['enrollment.revoke', 'human', '192.0.2.1'],
    ['enrollment.redeem', 'daemon', '192.0.2.1'],
    ['enrollment.create', 'human', '192.0.2.1'],
  ])
  const text = JSON.stringify(items)
  expect(text).not.toContain(code)
  expect(text).not.toContain(token)
})
