import { Database } from 'bun:sqlite'
import { afterAll, beforeAll, expect, test } from 'bun:test'
import type { Agent } from '@shared/contract'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { uniqueSleep } from '../agents/contract'
import { script } from '../fixtures/model/script'
import {
  type Caller,
  type DaemonUnderTest,
  Place,
  type ServerUnderTest,
  eventually,
  makeScriptedAgent,
  startDaemon,
  startServer,
} from './harness'
import { Talk, details } from './talk'
import { running, workingIn } from './tree'

const MENTIONS = 40
const place = new Place()
let server: ServerUnderTest
let admin: Caller
let talk: Talk
let left: DaemonUnderTest
let right: DaemonUnderTest
let agents: { agent: Agent; daemon: DaemonUnderTest }[]

beforeAll(async () => {
  server = await startServer(place)
  admin = await server.admin()
  talk = new Talk(server.url, admin)
  left = await startDaemon(place, server, { name: 'left' })
  right = await startDaemon(place, server, { name: 'right' })
  agents = []
  for (const [name, daemon] of [
    ['ada', left],
    ['bea', right],
    ['cid', left],
    ['dan', right],
  ] as const)
    agents.push({ agent: await makeScriptedAgent(server, { name, computerId: daemon.computerId }), daemon })
}, 60_000)
afterAll(() => place[Symbol.asyncDispose](), 30_000)

/** Runs that a daemon has ever been given, by its own journal. */
function journaled({ home }: DaemonUnderTest): string[] {
  const journal = new Database(join(home, 'daemon/journal.db'), { readonly: true })
  const rows = z.array(z.object({ run_id: z.string() })).parse(journal.query('select run_id from runs').all())
  journal.close()
  return rows.map((row) => row.run_id).toSorted()
}

async function runsOf({ computerId }: DaemonUnderTest): Promise<string[]> {
  const { items } = await talk.call('GET /api/runs', { query: { limit: 200 } })
  return items
    .filter((run) => run.computerId === computerId)
    .map(({ id }) => id)
    .toSorted()
}

const named = (name: string): Agent => agents.find(({ agent }) => agent.name === name)!.agent

test(`of ${MENTIONS} interleaved mentions each is answered once, on the computer of its agent and on no other`, async () => {
  const asked = await Promise.all(
    Array.from({ length: MENTIONS }, async (_, i) => {
      const { agent, daemon } = agents[i % agents.length]!
      const question = script([{ tool: 'shell', input: { command: 'pwd' } }], [{ say: `answer ${i}` }])
      return { i, agent, daemon, question: await talk.ask(`@${agent.name} ${i} ${question}`) }
    }),
  )
  for (const { i, agent, daemon, question } of asked) {
    const over = await talk.over(question)
    expect(over.said.map(({ content, sender }) => [sender.id, content])).toEqual([[agent.id, `answer ${i}`]])
    expect(over.run).toMatchObject({ state: 'completed', attempt: 1, computerId: daemon.computerId })
    const [where] = details(over, 'tool')
    expect(where?.output?.trim()).toBe(join(daemon.home, 'agents', agent.name, 'workspace'))
  }
  for (const daemon of [left, right]) {
    const runs = await runsOf(daemon)
    expect(runs.length).toBe(MENTIONS / 2)
    expect(journaled(daemon)).toEqual(runs)
  }
}, 120_000)

/** Makes the server believe that it has not heard of a computer for two minutes. */
async function forgetfulRestart({ computerId }: DaemonUnderTest): Promise<void> {
  await server.stop()
  const db = new Database(join(server.dataDir, 'nekode.db'))
  db.run('update computers set last_seen_at = last_seen_at - 120000 where id = ?', [computerId])
  db.close()
  await server.start()
}

test('what is asked of a computer that is offline waits for it by that name, and starts by itself when it is back', async () => {
  await right.stop()
  // Nobody knows yet that the computer is gone.
  const early = await talk.ask(`@bea early ${script([{ say: 'early answer' }])}`)
  await forgetfulRestart(right)
  await eventually(async () => (await right.computer()).status === 'offline', { what: 'the computer is offline' })
  const late = await talk.ask(`@dan late ${script([{ say: 'late answer' }])}`)
  expect(late.delivery).toMatchObject({ state: 'pending', waiting: 'computer_offline' })
  await eventually(async () => (await talk.delivery(early)).waiting === 'computer_offline', {
    what: 'the earlier one says so too',
  })

  const other = await talk.over(await talk.ask(`@ada meanwhile ${script([{ say: 'I am here' }])}`))
  expect(other.said.map(({ content }) => content)).toEqual(['I am here'])
  expect(await talk.delivery(late)).toMatchObject({ state: 'pending', waiting: 'computer_offline' })

  await right.start()
  const answers = await Promise.all([early, late].map((one) => talk.over(one)))
  expect(answers.map(({ said }) => said.map(({ content }) => content))).toEqual([['early answer'], ['late answer']])
  expect(answers.map(({ run }) => [run.attempt, run.computerId])).toEqual([
    [1, right.computerId],
    [1, right.computerId],
  ])
  expect(answers.map(({ delivery }) => delivery.waiting)).toEqual([null, null])
}, 120_000)

const Token = z.object({ token: z.string() })
const tokenIn = (...path: string[]): string => Token.parse(JSON.parse(readFileSync(join(...path), 'utf8'))).token

async function statusWith(token: string, path: string, method = 'GET'): Promise<number> {
  const response = await fetch(server.url + path, { method, headers: { authorization: `Bearer ${token}` } })
  return response.status
}

test('a computer that is removed loses its token and its stream; what it was at fails by that name and is ended', async () => {
  const sleep = uniqueSleep()
  const channels = await talk.over(
    await talk.ask(`@bea go ${script([{ tool: 'nekode::list_channels', input: {} }], [{ say: 'listed' }])}`),
  )
  expect(channels.run.state).toBe('completed')
  const tokens = [tokenIn(right.home, 'daemon.json'), tokenIn(right.home, `daemon/credentials/${named('bea').id}.json`)]
  expect(await statusWith(tokens[1]!, '/api/channels')).toBe(200)
  const busy = await talk.ask(
    `@bea go ${script([{ tool: 'shell', input: { command: `echo s; ${sleep}; echo e` } }], [{ say: 'never' }])}`,
  )
  await eventually(async () => running(sleep) === 1, { what: 'the command runs' })
  const waiting = await talk.ask(`@bea then ${script([{ say: 'never' }])}`)

  await admin.call('DELETE /api/computers/{id}', { params: { id: right.computerId } })
  for (const one of [busy, waiting]) {
    const over = await talk.over(one)
    expect(over.run).toMatchObject({ state: 'failed', failure: { reason: 'computer_removed' } })
    expect(over.delivery).toMatchObject({ state: 'failed', failure: { reason: 'computer_removed' } })
    expect(over.said).toEqual([])
  }
  expect(await statusWith(tokens[0]!, `/api/daemon/agents/${named('bea').id}/token`, 'POST')).toBe(401)
  expect(await statusWith(tokens[1]!, '/api/channels')).toBe(401)
  await right.program.line(/the server refuses this computer/)
  await eventually(async () => running(sleep) === 0, { what: 'the command is ended' })
  const { items } = await admin.call('GET /api/computers')
  expect(items.map(({ id }) => id)).toEqual([left.computerId])
  expect(await talk.over(await talk.ask(`@cid go ${script([{ say: 'still here' }])}`))).toMatchObject({
    run: { state: 'completed', computerId: left.computerId },
  })

  // Nobody will ever come back to answer this.
  const { deliveries } = await talk.call('POST /api/messages', { body: { target: '#general', content: '@bea hello?' } })
  expect(deliveries).toMatchObject([{ state: 'failed', failure: { reason: 'computer_removed' } }])
  await admin.call('PATCH /api/agents/{id}', { params: { id: named('bea').id }, body: { computerId: left.computerId } })
  const moved = await talk.over(await talk.ask(`@bea here? ${script([{ say: 'moved' }])}`))
  expect(moved).toMatchObject({ run: { state: 'completed', computerId: left.computerId } })
}, 120_000)

test('daemons that are stopped leave none of their agents’ processes', async () => {
  for (const daemon of [left, right]) expect(await daemon.stop()).toBe(0)
  for (const { home } of [left, right]) expect(workingIn(join(home, 'agents'))).toEqual([])
}, 60_000)
