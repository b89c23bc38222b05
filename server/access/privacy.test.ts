import { afterAll, beforeAll, describe, expect, test, setDefaultTimeout } from 'bun:test'
import { Artifact, api } from '@shared/contract'
import { AgentHealth, AgentPresence } from '@shared/gen/nekode/daemon/v1/agents_pb'
import { AgentRunPhase } from '@shared/gen/nekode/daemon/v1/archive_pb'
import { RunState, RunStepStatus } from '@shared/gen/nekode/daemon/v1/runs_pb'
import { type Rpc, rpcClient } from '../../test/fixtures/rpc'
import { type Caller, type TestServer, startTestServer } from '../testing'

// Every address is asked about every id: thousands of requests, which take their time on a busy machine.
setDefaultTimeout(60_000)

/** In everything that is said and done where outsiders may not look. It may come out nowhere. */
const SECRET = 'canary'
/** In how the agent is run and in what its computer reports of orders: for admins and for who made it. */
const SETTING = 'linchpin'
/** Said to everybody after all of that, so that a reader of a stream knows how far it has come. */
const LAST = 'that was all'

let server: TestServer
let owner: Caller
let box: Caller
let bot: Caller
/** Ids and targets of what is private. */
const ids: string[] = []
const targets: string[] = []

const json = (value: unknown): string =>
  JSON.stringify(value, (_, v: unknown) => (typeof v === 'bigint' ? String(v) : v)) ?? ''

beforeAll(async () => {
  server = await startTestServer()
  owner = await server.as('owner')
  const friend = await server.as('member', 'friend')
  box = await server.computer({ lastSeenAt: Date.now(), announced: 'online' })
  await server.services.computers.load()
  bot = await server.agent({
    computerId: box.id,
    name: 'bot',
    workspace: `/srv/${SETTING}`,
    instructions: SETTING,
    command: [SETTING],
    env: [{ name: SETTING.toUpperCase(), value: SETTING, secret: false }],
    createdBy: (await server.as('member', 'maker')).id,
  })
  const den = await owner.call('POST /api/channels', {
    body: { name: `${SECRET}-den`, topic: SECRET, visibility: 'private' },
  })
  for (const [kind, { id: memberId }] of [
    ['human', friend],
    ['agent', bot],
  ] as const)
    await owner.call('POST /api/channels/{target}/members', {
      params: { target: den.target },
      body: { kind, memberId },
    })
  const dm = await owner.call('POST /api/dms', { body: { kind: 'human', memberId: friend.id } })
  targets.push(den.target, dm.target)
  ids.push(den.id, dm.id, bot.id, box.id)
  await owner.call('POST /api/messages', { body: { target: dm.target, content: SECRET } })
  await work(den.target)
  await plan(den.target)
  await agree(den.target)
  await manage()
  await owner.call('POST /api/messages', { body: { target: '#general', content: LAST } })
})
afterAll(() => server.stop())

/** What a private channel decides, how its work is coordinated, and what the agent notes about it and for itself. */
async function agree(target: string): Promise<void> {
  const params = { target }
  const decision = await owner.call('POST /api/channels/{target}/decisions', {
    params,
    body: { title: SECRET, body: SECRET, quorum: 2 },
  })
  await bot.call('POST /api/decisions/{id}/vote', {
    params: { id: decision.id },
    body: { decision: 'approve', reason: SECRET },
  })
  const record = await bot.call('POST /api/channels/{target}/coordination', {
    params,
    body: { record: { kind: 'deadline_negotiation', proposedDeadlineAt: 2_000_000_000_000, reason: SECRET } },
  })
  await owner.call('POST /api/coordination/{id}/counter', {
    params: { id: record.subjectId },
    body: { reason: SECRET, proposedDeadlineAt: 1_900_000_000_000 },
  })
  const query = new URLSearchParams({ target, title: SECRET, filename: `${SECRET}.txt` })
  const published = await owner.fetch(`/api/artifacts?${query}`, { method: 'POST', body: SECRET })
  ids.push(Artifact.pick({ id: true }).parse(await published.json()).id)
  const note = (body: object) =>
    bot.call('PUT /api/agents/{id}/memory', {
      params: { id: bot.id },
      body: { path: `${SECRET}.md`, content: SECRET, expectedVersion: 0, ...body },
    })
  const shared = await note({ scope: 'channel', target })
  const own = await note({ path: 'own.md', content: SETTING })
  ids.push(decision.id, record.subjectId, shared.id, own.id)
}

/** A whole run in a private channel: it starts, asks, reports, answers, fails once, and is archived. */
async function work(target: string): Promise<void> {
  const rpc = rpcClient(server.url, box.token)
  for (const state of [RunState.FAILED, RunState.COMPLETED]) {
    const { message, deliveries } = await owner.call('POST /api/messages', {
      body: { target, content: `@bot ${SECRET}` },
    })
    const runId = deliveries[0]!.runId!
    const leaseId = `l_${runId}`
    await rpc.updateRunStatus({ runId, leaseId, state: RunState.RUNNING })
    const step = (stepId: string, detail: object, status = RunStepStatus.RUNNING) =>
      rpc.appendRunStep({
        leaseId,
        step: { stepId: `${stepId}_${runId}`.slice(0, 60), runId, detail: json(detail), status },
      })
    await step('text', { type: 'text', offset: 0, text: SECRET })
    await step('tool', { type: 'tool', name: 'x', kind: 'execute', title: SECRET, input: { SECRET }, output: SECRET })
    await step('ask', {
      type: 'approval',
      requestId: SECRET,
      name: SECRET,
      kind: 'execute',
      title: SECRET,
      input: SECRET,
      canRemember: true,
    })
    const status = {
      agentId: bot.id,
      presence: AgentPresence.BUSY,
      summary: `editing: ${SECRET}`,
      detail: SECRET,
      runId,
    }
    await rpc.updateAgentStatus({ status })
    await rpc.logActivity({ agentId: bot.id, kind: 'note', summary: SECRET, detail: SECRET, runId })
    // Without a word about where: it is at work there.
    await rpc.logActivity({ agentId: bot.id, kind: 'note', summary: SECRET, detail: SECRET })
    await rpcClient(server.url, bot.token).logActivity({ kind: 'note', summary: SECRET, detail: SECRET })
    await rpc.reportAgentRun(
      (async function* () {
        for (const phase of [AgentRunPhase.START, AgentRunPhase.OUTPUT, AgentRunPhase.END])
          yield { runId, agentId: bot.id, phase, summary: SECRET, errorMessage: SECRET }
      })(),
    )
    await rpc.updateRunStatus({ runId, leaseId, state, summary: SECRET, resultMessage: SECRET, error: SECRET })
    ids.push(
      message.id,
      deliveries[0]!.id,
      runId,
      ...(await owner.call('GET /api/approvals', { query: { runId } })).items.map((a) => a.id),
    )
  }
  await rpc.updateAgentStatus({
    status: {
      agentId: bot.id,
      presence: AgentPresence.DEGRADED,
      health: AgentHealth.RUNTIME_ERROR,
      summary: SECRET,
      detail: SECRET,
    },
  })
}

/** What is for admins: the agent changes, is restarted, and its computer says what became of that. A run in public says nothing of it. */
async function manage(): Promise<void> {
  const rpc = rpcClient(server.url, box.token)
  const params = { id: bot.id }
  await owner.call('PATCH /api/agents/{id}', { params, body: { instructions: `${SETTING} again` } })
  const admin = await server.as('admin')
  const { operationId } = await admin.call('POST /api/agents/{id}/control', { params, body: { action: 'restart' } })
  for (const state of ['running', 'failed'])
    await rpc.logActivity({ kind: 'operation', detail: json({ operationId, state, detail: SETTING }) })
  const body = { target: '#general', content: '@bot in public' }
  const runId = (await owner.call('POST /api/messages', { body })).deliveries[0]!.runId!
  await rpc.getLaunchPromptSnapshot({ runId })
  await rpc.updateRunStatus({ runId, leaseId: 'l', state: RunState.RUNNING })
  await rpc.updateRunStatus({ runId, leaseId: 'l', state: RunState.COMPLETED, resultMessage: 'done' })
  ids.push(runId)
}

/** A task with a part, comments, a claim, a proposal, evidence, and an agent that has it. */
async function plan(target: string): Promise<void> {
  const root = { summary: SECRET, description: SECRET, labels: [SECRET], assigneeId: bot.id }
  const subtasks = [{ ref: 'part', summary: SECRET }]
  const { nodes } = await owner.call('POST /api/tasks/graph', { body: { target, root, subtasks } })
  for (const { id } of nodes) {
    const params = { id }
    await owner.call('POST /api/tasks/{id}/comments', { params, body: { content: SECRET } })
    await owner.call('POST /api/tasks/{id}/splits', { params, body: { parts: [{ clientId: '1', summary: SECRET }] } })
    await owner.call('POST /api/tasks/{id}/evidence', { params, body: { summary: SECRET } })
    ids.push(id)
  }
  await owner.call('PATCH /api/tasks/{id}', {
    params: { id: nodes[1]!.id },
    body: { state: 'blocked', blockedReason: SECRET },
  })
}

/** Everything that can be asked over HTTP about what is private. */
function addresses(): string[] {
  const queries = [
    '',
    `?q=${SECRET}`,
    '?cursor=0&limit=200',
    ...targets.flatMap((t) => [`?target=${encodeURIComponent(t)}`, `?q=${SECRET}&target=${encodeURIComponent(t)}`]),
    ...ids.flatMap((id) => [
      `?agentId=${id}`,
      `?runId=${id}`,
      `?messageId=${id}`,
      `?target=%23general&threadId=${id}`,
      `?target=%23general&around=${id}`,
    ]),
  ]
  return Object.keys(api).flatMap((key) => {
    const [method, path = ''] = key.split(' ')
    // A backup has everything, and is for the owner alone: its own test says so.
    if (method !== 'GET' || /server-events|\/ws$|\/daemon\/|metrics|backup/.test(path)) return []
    if (path.includes('{target}')) return targets.map((t) => path.replace('{target}', encodeURIComponent(t)))
    if (path.includes('{id}'))
      return ids.map((id) => path.replace('{id}', id).replace('{stepId}', `text_${id}`.slice(0, 60)))
    return queries.map((query) => path + query)
  })
}

const overHttp = async (caller: Caller): Promise<string[]> => {
  const answers = await Promise.all(
    addresses().map(async (path) => {
      const response = await caller.fetch(path)
      const text = await response.text()
      // What was asked for is said again when it is not there.
      return response.ok ? `${path.replaceAll(SECRET, '')} → ${text}` : ''
    }),
  )
  return answers
}

async function overEvents(caller: Caller): Promise<string[]> {
  const response = await caller.fetch('/api/server-events?cursor=0')
  let text = ''
  const decoder = new TextDecoder()
  if (response.ok && response.body)
    for await (const chunk of response.body) {
      text += decoder.decode(chunk, { stream: true })
      if (text.includes(LAST)) break
    }
  return [text]
}

const overSocket = (caller: Caller): Promise<string[]> =>
  new Promise((resolve) => {
    const frames: string[] = []
    // Headers are Bun's own option, which the types of browsers do not have.
    const options = { headers: { authorization: `Bearer ${caller.token}` } } as unknown as string[]
    const socket = new WebSocket(`${server.url.replace('http', 'ws')}/api/ws?cursor=0`, options)
    socket.addEventListener('message', ({ data }) => {
      frames.push(String(data))
      if (String(data).includes(LAST)) socket.close()
    })
    socket.addEventListener('close', () => resolve(frames))
    socket.addEventListener('error', () => resolve(frames))
  })

/** Every read of the wire contract, about what is private. What is refused says nothing. */
async function overRpc(caller: Caller): Promise<string[]> {
  const rpc = rpcClient(server.url, caller.token)
  const calls: ((rpc: Rpc) => Promise<unknown>)[] = [
    (r) => r.listChannels({ includePrivate: true, limit: 200 }),
    (r) => r.searchMessages({ query: SECRET }),
    (r) => r.listRuns({ limit: 200 }),
    (r) => r.listActivity({ limit: 200 }),
    (r) => r.listCollaborationTasks({ limit: 200 }),
    (r) => r.listTaskBoard({ limit: 200 }),
    (r) => r.listAgentProfiles({}),
    (r) => r.listAgentStatuses({}),
    (r) => r.listAgentRuns({}),
    (r) => r.fetchAssignedRuns({}),
    (r) => r.listEventsSince({ limit: 200 }),
    ...targets.flatMap((target) => [
      (r: Rpc) => r.readMessages({ target }),
      (r: Rpc) => r.searchMessages({ query: SECRET, target }),
      (r: Rpc) => r.listChannelMembers({ target }),
      (r: Rpc) => r.listRuns({ target }),
      (r: Rpc) => r.listCollaborationTasks({ target }),
      (r: Rpc) => r.listTaskBoard({ target }),
      (r: Rpc) => r.listActivity({ target }),
      (r: Rpc) => r.listAgentStatuses({ target }),
      (r: Rpc) => r.listChannelDecisions({ target }),
      (r: Rpc) => r.listCoordinationRecords({ target }),
      (r: Rpc) => r.listAgentMemory({ agentId: bot.id, target }),
    ]),
    ...ids.flatMap((id) => [
      (r: Rpc) => r.getRun({ runId: id }),
      (r: Rpc) => r.getAgentRun({ runId: id, includeEvents: true }),
      (r: Rpc) => r.getLaunchPromptSnapshot({ runId: id }),
      (r: Rpc) => r.getAgentProfile({ agentId: id }),
      (r: Rpc) => r.getTask({ taskId: id }),
      (r: Rpc) => r.listTaskGraph({ rootTaskId: id }),
      (r: Rpc) => r.getReleaseGate({ releaseGateId: id.replace('tsk_', 'rgt_') }),
      (r: Rpc) => r.listActivity({ agentId: id }),
      (r: Rpc) => r.listAgentRuns({ agentId: id }),
      (r: Rpc) => r.listAgentRuns({ computerId: id }),
      (r: Rpc) => r.listDecisionVotes({ decisionId: id }),
      (r: Rpc) => r.listAgentMemory({ agentId: id }),
      (r: Rpc) => r.listCoordinationRecords({ actorAgentId: id }),
      (r: Rpc) => r.readMessages({ target: `#general:${id}` }),
      (r: Rpc) => r.readMessages({ target: '#general', cursor: { aggregateId: id } }),
    ]),
    (r) => follow(r.subscribeActivity({ cursor: { sequence: 1n }, includeAllScopes: true })),
    (r) =>
      follow(r.subscribeServerEvents({ cursor: { sequence: 1n }, includeAllAgents: true, includeAllTargets: true })),
  ]
  return Promise.all(calls.map((call) => call(rpc).then(json, () => '')))
}

/** A stream's frames, up to what was said last, or for a moment where it never comes. */
async function follow(stream: AsyncIterable<unknown>): Promise<unknown[]> {
  const frames: unknown[] = []
  const frame = stream[Symbol.asyncIterator]()
  for (;;) {
    const next = await Promise.race([frame.next(), Bun.sleep(200)])
    if (!next || next.done) break
    frames.push(next.value)
    if (json(next.value).includes(LAST)) break
  }
  void frame.return?.()
  return frames
}

const ways: [name: string, read: (caller: Caller) => Promise<string[]>][] = [
  ['the HTTP API', overHttp],
  ['server-sent events', overEvents],
  ['the WebSocket', overSocket],
  ['the daemon protocol', overRpc],
]
const outsiders: [name: string, make: () => Promise<Caller>][] = [
  ['an admin', () => server.as('admin')],
  ['a member', () => server.as('member')],
  ['a viewer', () => server.as('viewer')],
  ['another agent', () => server.agent({ name: 'stranger' })],
  ['another agent of the same computer', () => server.agent({ name: 'neighbour', computerId: box.id })],
  ['another computer', () => server.computer()],
]

/** Credentials that are not good for what only admins may do. */
const uncredentialed: [name: string, make: () => Promise<Caller>][] = [
  ['a token of an admin that may only read', () => server.apiToken('read')],
  ['a token of an admin that may read and write', () => server.apiToken('read', 'write')],
]
const managers: [name: string, make: () => Promise<Caller>][] = [
  ['an admin', () => server.as('admin')],
  ['a token that may administer', () => server.apiToken('admin')],
]

const made = new Map<string, Promise<Caller>>()
const once = (name: string, make: () => Promise<Caller>): Promise<Caller> => {
  const caller = made.get(name) ?? make()
  made.set(name, caller)
  return caller
}

const around = (text: string, word: string): string =>
  text.slice(Math.max(0, text.indexOf(word) - 300), text.indexOf(word) + 50)

describe.each(ways)('over %s', (_, read) => {
  test('whoever belongs there sees it', async () => {
    expect((await read(owner)).some((text) => text.includes(SECRET))).toBe(true)
  })

  test.each(outsiders)(
    '%s sees nothing of a private channel and its runs, or of a direct conversation',
    async (name, make) => {
      const all = await read(await once(name, make))
      // A computer has a part in no conversation; everybody else reads on to what is for all.
      if (name !== 'another computer') expect(all.some((text) => text.includes(LAST))).toBe(true)
      const seen = all.filter((text) => text.includes(SECRET))
      expect(seen.map((text) => around(text, SECRET))).toEqual([])
    },
  )

  test.each(managers)('%s sees how an agent is run, or what its computer reports of orders', async (name, make) => {
    const all = await read(await once(name, make))
    expect(all.some((text) => text.toLowerCase().includes(SETTING))).toBe(true)
  })

  test.each([...outsiders.slice(1), ...uncredentialed])(
    '%s sees neither how an agent is run nor what its computer reports of orders',
    async (name, make) => {
      const seen = (await read(await once(name, make))).map((text) => text.toLowerCase())
      expect(seen.filter((text) => text.includes(SETTING)).map((text) => around(text, SETTING))).toEqual([])
    },
  )
})
