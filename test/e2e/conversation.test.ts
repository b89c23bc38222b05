import { afterAll, beforeAll, expect, test } from 'bun:test'
import type { FailureReason } from '@shared/contract'
import { join } from 'node:path'
import { uniqueSleep } from '../agents/contract'
import { script } from '../fixtures/model/script'
import { Place, eventually, makeScriptedAgent } from './harness'
import { type Stage, enrolledStage } from './stage'
import { type Asked, type Outcome, details } from './talk'
import { running, workingIn } from './tree'

/** An agent that cannot do its work, and how that has to end. */
interface Case {
  what: string
  kind: string
  command: string[]
  question?: string
  reason: FailureReason
  /** What its failure says. */
  says: RegExp
  attempts?: number
  workspace?: string
}

const sh = (script: string): string[] => ['sh', '-c', script]
const ORPHAN = uniqueSleep()
const HANG = uniqueSleep()
const SCRIPTED = [process.execPath, join(import.meta.dir, '../fixtures/acp-agent.ts')]

const CASES: Case[] = [
  {
    what: 'a command that is not there',
    kind: 'custom',
    command: ['no-such-program'],
    reason: 'runtime_missing',
    says: /no-such-program/,
  },
  {
    what: 'a runtime that is not installed',
    kind: 'goose',
    command: [],
    reason: 'runtime_missing',
    says: /goose is not installed/,
  },
  {
    what: 'a workspace that is not there',
    kind: 'custom',
    command: ['cat'],
    workspace: '/nowhere/at/all',
    reason: 'workspace_unavailable',
    says: /\/nowhere\/at\/all does not exist/,
  },
  {
    what: 'a command that ends with an error',
    kind: 'custom',
    command: sh('echo half of it; echo it broke >&2; exit 3'),
    reason: 'crashed',
    says: /it broke.*3 times/s,
    attempts: 3,
  },
  {
    what: 'a command that is silent for too long',
    kind: 'custom',
    command: sh(`${HANG}; true`),
    reason: 'timeout',
    says: /no sign of life for 4s/,
  },
  {
    what: 'a command that writes without end',
    kind: 'custom',
    command: ['yes', 'and another line that says nothing'],
    reason: 'output_limit',
    says: /wrote more than/,
  },
  {
    what: 'an ACP agent that ends at its start',
    kind: 'acp',
    command: sh('echo no licence >&2; exit 1'),
    reason: 'crashed',
    says: /no licence/,
    attempts: 3,
  },
  {
    what: 'an ACP agent that says nothing at its start',
    kind: 'acp',
    command: sh(`${HANG}; true`),
    reason: 'timeout',
    says: /did not answer|no answer|within 60/i,
  },
  {
    what: 'an ACP agent that is another program',
    kind: 'acp',
    command: ['yes', 'what is this'],
    reason: 'invalid_output',
    says: /does not speak its protocol/,
  },
  {
    what: 'an ACP agent that repeats what it is told',
    kind: 'acp',
    command: ['cat'],
    reason: 'invalid_output',
    says: /does not speak the Agent Client Protocol/,
  },
  {
    what: 'an ACP agent that writes binary data and waits',
    kind: 'acp',
    command: sh(`head -c 20000 /dev/urandom; ${HANG}; true`),
    reason: 'timeout',
    says: /./,
  },
  {
    what: 'an ACP agent that is gone in the middle of a tool',
    kind: 'acp',
    command: SCRIPTED,
    question: script(
      [{ say: 'I begin.' }, { tool: 'shell', input: { command: `${ORPHAN} & kill -9 $PPID; wait` } }],
      [{ say: 'never' }],
    ),
    reason: 'crashed',
    says: /SIGKILL.*3 times/s,
    attempts: 3,
  },
]

const place = new Place()
const asked = new Map<Case, Asked>()
let stage: Stage

const nameOf = (one: Case): string => `bad-${CASES.indexOf(one)}`

beforeAll(async () => {
  stage = await enrolledStage(place, { NEKODE_HANG_TIMEOUT: '4s', NEKODE_MAX_CONCURRENT_STARTS: '8' })
  const { admin, talk, computerId } = stage
  // All at once: the slowest decides how long that takes.
  for (const one of CASES) {
    const { kind: runtimeKind, command, workspace } = one
    const approvals = { default: 'allow' as const, rules: {} }
    await admin.call('POST /api/agents', {
      body: { name: nameOf(one), computerId, runtimeKind, command, approvals, ...(workspace ? { workspace } : {}) },
    })
    asked.set(one, await talk.ask(`@${nameOf(one)} ${one.question ?? 'hello'}`))
  }
}, 60_000)
afterAll(() => place[Symbol.asyncDispose](), 30_000)

/** What the thread shows of a failure: people need nothing else to know what happened. */
async function shownInThread({ message }: Asked): Promise<unknown> {
  const query = { target: message.target, threadId: message.id }
  const { deliveries } = await stage.talk.call('GET /api/messages/{id}', { params: { id: message.id } })
  const page = await stage.talk.call('GET /api/messages', { query })
  expect(page.items.filter(({ sender }) => sender.kind === 'agent')).toEqual([])
  return deliveries.map(({ state, failure }) => [state, failure?.reason])
}

for (const one of CASES)
  test(`${one.what} is a failure by the name of ${one.reason}, and leaves no process`, async () => {
    const question = asked.get(one)!
    const over: Outcome = await stage.talk.over(question, 120).catch((error: unknown) => {
      console.error(place.told().slice(-10_000))
      throw error
    })
    expect(over.run).toMatchObject({ state: 'failed', attempt: one.attempts ?? 1, failure: { reason: one.reason } })
    expect(over.run.failure?.message).toMatch(one.says)
    expect(await shownInThread(question)).toEqual([['failed', one.reason]])
    const folder = join(stage.home, 'agents', nameOf(one))
    await eventually(async () => workingIn(folder).length === 0, { what: 'no process is left' })
  }, 150_000)

test('what the failing agents had started is gone, and the daemon goes on as if nothing had been', async () => {
  expect([running(ORPHAN), running(HANG)]).toEqual([0, 0])
  const { talk, server, computerId } = stage
  await makeScriptedAgent(server, { name: 'well', computerId })
  const over = await talk.over(await talk.ask(`@well go ${script([{ say: 'all right' }])}`))
  expect(over.said.map(({ content }) => content)).toEqual(['all right'])
}, 60_000)

test('a command gets the turn on its input, and its output is the answer as it streams', async () => {
  const { talk, admin, computerId } = stage
  const command = sh('read -r line; echo "first"; sleep 0.3; echo "heard: $line"')
  await admin.call('POST /api/agents', { body: { name: 'echo', computerId, runtimeKind: 'custom', command } })
  const { id } = (await admin.call('GET /api/agents')).items.find(({ name }) => name === 'echo')!
  const { message, deliveries } = await talk.call('POST /api/agents/{id}/messages', {
    params: { id },
    body: { content: 'hello there' },
  })
  const over = await talk.over({ message, delivery: deliveries[0]! })
  expect(over.said.map(({ content }) => content)).toEqual([expect.stringMatching(/^first\nheard: /)])
  expect(details(over, 'text').map(({ text }) => text.trim())).toEqual([over.said[0]!.content])
}, 60_000)
