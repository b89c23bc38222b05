import { afterAll, beforeAll, expect, test } from 'bun:test'
import type { Agent, RunAction } from '@shared/contract'
import { join } from 'node:path'
import { uniqueSleep } from '../agents/contract'
import { type Block, script } from '../fixtures/model/script'
import {
  type DaemonUnderTest,
  Place,
  type ServerUnderTest,
  eventually,
  makeScriptedAgent,
  startDaemon,
  startServer,
} from './harness'
import { type Asked, type Seen, Talk, details } from './talk'
import { running, workingIn } from './tree'

const place = new Place()
let server: ServerUnderTest
let talk: Talk
let here: DaemonUnderTest
let there: DaemonUnderTest
let number = 0

beforeAll(async () => {
  server = await startServer(place)
  talk = new Talk(server.url, await server.admin())
  here = await startDaemon(place, server, { name: 'here' })
  there = await startDaemon(place, server, { name: 'there' })
}, 60_000)
afterAll(() => place[Symbol.asyncDispose](), 30_000)

/** An agent of its own for each test. */
const makeAgent = (approvals: 'ask' | 'allow' = 'allow'): Promise<Agent> =>
  makeScriptedAgent(server, { name: `a${++number}`, computerId: here.computerId, approvals })

const shell = (command: string): Block => ({ tool: 'shell', input: { command } })
const ask = ({ name }: Agent, replies: Block[][], threadId?: string): Promise<Asked> =>
  talk.ask(`@${name} go ${script(...replies)}`, threadId ? { threadId } : {})
const act = async (asked: Asked, action: RunAction): Promise<void> => {
  const { runId } = await talk.delivery(asked)
  await talk.call('POST /api/runs/{id}/actions', { params: { id: runId! }, body: { action } })
}
const saidTo = async ({ message }: Asked): Promise<string[]> => (await talk.said(message)).map(({ content }) => content)
const isAsking = ({ run }: Seen): boolean => run.state === 'waiting_approval'
const began = (sleep: string): Promise<boolean> =>
  eventually(async () => running(sleep) === 1, { what: 'the command runs' })
const ended = (sleep: string): Promise<boolean> =>
  eventually(async () => running(sleep) === 0, { what: 'the command is ended' })
const scene = (name: string, work: () => Promise<void>): void => {
  test(
    name,
    () =>
      work().catch((error: unknown) => {
        console.error(place.told().slice(-12_000))
        throw error
      }),
    90_000,
  )
}

scene('two agents that are asked in one message answer both, each for itself', async () => {
  const [one, two] = [await makeAgent(), await makeAgent()]
  const { message, deliveries } = await talk.call('POST /api/messages', {
    body: { target: '#general', content: `@${one.name} @${two.name} go ${script([{ say: 'mine' }])}` },
  })
  expect(deliveries.map(({ agentId }) => agentId).toSorted()).toEqual([one.id, two.id].toSorted())
  for (const delivery of deliveries) {
    const over = await talk.over({ message, delivery })
    expect(over.run).toMatchObject({ state: 'completed', joinedRunId: null })
  }
  const said = await talk.said(message)
  expect(said.map(({ sender, content }) => [sender.id, content]).toSorted()).toEqual(
    [one.id, two.id].toSorted().map((id) => [id, 'mine']),
  )
})

scene('a permission request outlives a restart of the server, and its decision is passed on', async () => {
  const asked = await ask(await makeAgent('ask'), [[shell('echo yes')], [{ say: 'allowed' }]])
  await talk.until(asked, 'it asks', isAsking)
  await server.killHard()
  await server.start()
  await talk.decide(asked, { allow: true })
  const over = await talk.over(asked)
  expect(over.run).toMatchObject({ state: 'completed', attempt: 1 })
  expect(over.said.map(({ content }) => content)).toEqual(['allowed'])
})

scene('a permission request ends with its daemon; the next attempt asks anew', async () => {
  const asked = await ask(await makeAgent('ask'), [[shell('echo yes')], [{ say: 'allowed' }]])
  const { approvals } = await talk.until(asked, 'it asks', isAsking)
  await here.killHard()
  // Decided while nobody is there to hear it.
  const decided = { params: { id: approvals[0]!.id }, body: { allow: true } }
  await talk.call('POST /api/approvals/{id}/decision', decided)
  await here.start()
  const again = await talk.until(
    asked,
    'it asks again',
    ({ run, approvals: all }) => run.attempt === 2 && all.length > 1,
  )
  expect(again.approvals.map(({ state }) => state)).toEqual(['allowed', 'pending'])
  await talk.decide(asked, { allow: true })
  expect((await talk.over(asked)).said.map(({ content }) => content)).toEqual(['allowed'])
})

for (const action of ['kill', 'interrupt'] as const)
  scene(`a run that waits for a person withdraws its request on ${action}`, async () => {
    const agent = await makeAgent('ask')
    const asked = await ask(agent, [[shell('touch never')], [{ say: 'x' }]])
    const { approvals } = await talk.until(asked, 'it asks', isAsking)
    await act(asked, action)
    const over = await talk.over(asked)
    expect(over.run).toMatchObject({ state: 'canceled', failure: { reason: 'killed' } })
    expect(over.approvals.map(({ state }) => state)).toEqual(['withdrawn'])
    const late = { params: { id: approvals[0]!.id }, body: { allow: true } }
    await expect(talk.call('POST /api/approvals/{id}/decision', late)).rejects.toMatchObject({ status: 409 })
    const next = await talk.over(await ask(agent, [[{ say: 'next' }]]))
    expect(next.said.map(({ content }) => content)).toEqual(['next'])
  })

scene('a run that is restarted answers once, and what it had started is ended', async () => {
  const sleep = uniqueSleep()
  const command = `if [ -e once ]; then echo again; else touch once; ${sleep}; fi`
  const asked = await ask(await makeAgent(), [[shell(command)], [{ say: 'second try' }]])
  await began(sleep)
  await act(asked, 'restart')
  const over = await talk.over(asked)
  expect(over.run.state).toBe('completed')
  expect(await saidTo(asked)).toEqual(['second try'])
  await ended(sleep)
})

scene('an agent that writes its answer with the chat tool and then says nothing has answered', async () => {
  const agent = await makeAgent()
  const { message, delivery } = await talk.ask(`@${agent.name} first ${script([{ say: 'ready' }])}`)
  await talk.over({ message, delivery })
  const input = { target: `#general:${message.id}`, text: 'by tool' }
  const asked = await ask(agent, [[{ tool: 'nekode::send_message', input }]], message.id)
  const over = await talk.over(asked)
  const written = over.said.at(-1)!
  expect(over.said.map(({ content }) => content)).toEqual(['ready', 'by tool'])
  expect(over.delivery).toMatchObject({ state: 'answered', answerMessageId: written.id })
  expect(written.runId).toBe(over.run.id)
})

scene('a stopped agent ends its process, and starts again with its session when it is asked', async () => {
  const agent = await makeAgent()
  // A direct conversation: what it recalls mentions nobody else.
  const tell = async (content: string): Promise<Asked> => {
    const body = { content }
    const { message, deliveries } = await talk.call('POST /api/agents/{id}/messages', {
      params: { id: agent.id },
      body,
    })
    return { message, delivery: deliveries[0]! }
  }
  const control = (action: 'terminate' | 'restart_reset_session') =>
    talk.call('POST /api/agents/{id}/control', { params: { id: agent.id }, body: { action } })
  await talk.over(await tell(`remember PLUM ${script([{ say: 'noted' }])}`))
  const sleep = uniqueSleep()
  const asked = await tell(`go ${script([shell(`${sleep}; true`)], [{ say: 'x' }])}`)
  await began(sleep)
  await control('terminate')
  expect((await talk.over(asked)).run.state).toBe('canceled')
  await ended(sleep)
  const folder = join(here.home, 'agents', agent.name)
  await eventually(async () => workingIn(folder).length === 0, { what: 'its process is gone' })
  expect((await talk.over(await tell('recall'))).said.at(-1)?.content).toContain('remember PLUM')
  await control('restart_reset_session')
  await eventually(async () => workingIn(folder).length === 0, { what: 'its process is gone again' })
  // It has nothing to recall, and says so by saying nothing.
  expect(await talk.over(await tell('recall'))).toMatchObject({ said: [], delivery: { state: 'declined' } })
})

scene('an agent that moves to another computer in the middle of a turn goes on there, and answers once', async () => {
  const agent = await makeAgent()
  const sleep = uniqueSleep()
  const command = `case "$PWD" in *there*) pwd;; *) ${sleep};; esac`
  const asked = await ask(agent, [[shell(command)], [{ say: 'I have moved' }]])
  await began(sleep)
  await talk.call('PATCH /api/agents/{id}', { params: { id: agent.id }, body: { computerId: there.computerId } })
  const over = await talk.over(asked)
  expect(over.run).toMatchObject({ state: 'completed', computerId: there.computerId })
  expect(over.said.map(({ content }) => content)).toEqual(['I have moved'])
  expect(details(over, 'tool').at(-1)?.output).toContain(there.home)
  await ended(sleep)
  await eventually(async () => workingIn(join(here.home, 'agents', agent.name)).length === 0, {
    what: 'nothing of it is left on the computer that it was on',
  })
})

const GOING: [string, (agent: Agent) => Promise<unknown>, string][] = [
  ['deleted', ({ id }) => talk.call('DELETE /api/agents/{id}', { params: { id } }), 'agent_removed'],
  [
    'taken out of the channel',
    ({ id }) =>
      talk.call('DELETE /api/channels/{target}/members/{kind}/{memberId}', {
        params: { target: '#general', kind: 'agent', memberId: id },
      }),
    'killed',
  ],
]
for (const [what, work, reason] of GOING)
  scene(`an agent that is ${what} in the middle of a turn stops it`, async () => {
    const agent = await makeAgent()
    const sleep = uniqueSleep()
    const asked = await ask(agent, [[shell(`${sleep}; true`)], [{ say: 'x' }]])
    await began(sleep)
    await work(agent)
    const over = await talk.over(asked)
    expect(over.run).toMatchObject({ state: 'canceled', failure: { reason } })
    expect(over.said).toEqual([])
    await ended(sleep)
  })

const LEAVING: [string, (agent: Agent) => Promise<unknown>][] = [
  ['deleted', ({ id }) => talk.call('DELETE /api/agents/{id}', { params: { id } })],
  [
    'given another computer',
    ({ id }) => talk.call('PATCH /api/agents/{id}', { params: { id }, body: { computerId: there.computerId } }),
  ],
]
for (const [what, work] of LEAVING)
  scene(`an idle agent that is ${what} leaves no process on its computer`, async () => {
    const agent = await makeAgent()
    await talk.over(await ask(agent, [[{ say: 'here' }]]))
    const folder = join(here.home, 'agents', agent.name)
    expect(workingIn(folder).length).toBeGreaterThan(0)
    await work(agent)
    await eventually(async () => workingIn(folder).length === 0, { what: 'its process is gone', seconds: 10 })
  })

scene('an agent that is turned off finishes what it is at, and takes nothing new', async () => {
  const agent = await makeAgent()
  const gate = join(here.home, 'off')
  const asked = await ask(agent, [[shell(`while [ ! -e ${gate} ]; do sleep 0.05; done`)], [{ say: 'finished' }]])
  await talk.until(asked, 'it runs', (seen) => details(seen, 'tool').length > 0)
  await talk.call('PATCH /api/agents/{id}', { params: { id: agent.id }, body: { enabled: false } })
  const refused = await ask(agent, [[{ say: 'x' }]])
  expect(refused.delivery).toMatchObject({ state: 'failed', failure: { reason: 'agent_disabled' }, runId: null })
  await Bun.write(gate, '')
  expect((await talk.over(asked)).said.map(({ content }) => content)).toEqual(['finished'])
})

scene('a changed environment is there in the next turn, in the same session', async () => {
  const agent = await makeAgent()
  const put = (value: string) =>
    talk.call('PUT /api/agents/{id}/env', {
      params: { id: agent.id },
      body: { env: [{ name: 'FRUIT', value, secret: false }] },
    })
  const fruit = async (): Promise<string | undefined> => {
    const over = await talk.over(await ask(agent, [[shell('echo "fruit=$FRUIT"')], [{ say: 'done' }]]))
    return details(over, 'tool')[0]?.output?.trim()
  }
  await put('plum')
  expect(await fruit()).toBe('fruit=plum')
  await put('pear')
  expect(await fruit()).toBe('fruit=pear')
})

scene(
  'a person’s second message that joined a turn is given back with it when the daemon dies, and both are answered',
  async () => {
    const agent = await makeAgent()
    const sleep = uniqueSleep()
    const command = `if [ -e once ]; then echo again; else touch once; ${sleep}; fi`
    const asked = await ask(agent, [[shell(command)], [{ say: 'the first' }]])
    await began(sleep)
    const second = await talk.ask(`and this ${script([{ say: 'the second' }])}`, { threadId: asked.message.id })
    await talk.until(second, 'it is taken in', ({ run }) => run.state === 'running')
    await here.killHard()
    await here.start()
    const outcomes = [await talk.over(asked), await talk.over(second)]
    expect(outcomes.map(({ run }) => run.state)).toEqual(['completed', 'completed'])
    expect((await saidTo(asked)).toSorted()).toEqual(['the first', 'the second'])
    await ended(sleep)
  },
)
