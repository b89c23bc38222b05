import { afterAll, beforeAll, expect, test } from 'bun:test'
import type { Agent, EnvVar } from '@shared/contract'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { uniqueSleep } from '../agents/contract'
import { Place, commandOf, eventually } from './harness'
import { type Stage, enrolledStage } from './stage'
import { running } from './tree'

const VALUE = {
  all: 'hunter-of-the-computer-1',
  ada: 'hunter-of-ada-alone-2',
  key: '-----BEGIN HUNTER KEY-----\nMIIEhunterQIBADANBgkq\n7s+/hunterqZ0123456789\n-----END HUNTER KEY-----',
  late: 'hunter-that-came-late-3',
  next: 'hunter-after-rotation-4',
}
const FORBIDDEN = /hunter-|HUNTER|hunterQ|hunterq/

let stage: Stage
const place = new Place()
const agents = new Map<string, Agent>()

/** Runs the command line of the daemon's owner. */
async function secrets(words: string[], input = '', env: Record<string, string> = {}) {
  const child = Bun.spawn([...commandOf('nekode-daemon'), 'secrets', ...words], {
    env: { PATH: process.env.PATH ?? '', HOME: stage.home, NEKODE_HOME: stage.home, ...env },
    stdin: new TextEncoder().encode(input),
    stdout: 'pipe',
    stderr: 'pipe',
  })
  const [out, err] = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()])
  return { code: await child.exited, out, err }
}
async function set(value: string, ...words: string[]): Promise<void> {
  const { code, err } = await secrets(['set', ...words], value)
  expect([code, err]).toEqual([0, ''])
}

async function make(name: string, script: string, env: EnvVar[]): Promise<void> {
  const agent = await stage.admin.call('POST /api/agents', {
    body: {
      name,
      computerId: stage.computerId,
      runtimeKind: 'custom',
      command: ['sh', '-c', script],
      approvals: { default: 'allow', rules: {} },
      env,
    },
  })
  agents.set(name, agent)
}
const reference = (name: string, to: string): EnvVar => ({ name, value: `secret:${to}`, secret: false })
/** What the agent wrote into its workspace. */
const written = (name: string, file: string) =>
  readFileSync(join(stage.home, 'agents', name, 'workspace', file), 'utf8').trim()
const digest = (text: string) => new Bun.CryptoHasher('sha256').update(text).digest('hex')

beforeAll(async () => {
  stage = await enrolledStage(place, { NEKODE_SECRET_STORE: 'vault' })
  await set(VALUE.all, 'TOKEN')
  await set(VALUE.key, 'DEPLOY_KEY')
}, 60_000)
afterAll(() => place[Symbol.asyncDispose](), 30_000)

const SLEEP = uniqueSleep()
/** It shows by digests that it has the values, says them in every way it can, and stays for a look at the processes. */
const PRINTER = `
  cat > /dev/null
  printf %s "$TOKEN" | sha256sum | cut -c1-64 > token.seen
  printf %s "$KEY" | sha256sum | cut -c1-64 > key.seen
  env
  echo "the token is $TOKEN."
  echo "$KEY"
  echo "{\\"token\\":\\"$TOKEN\\"}"
  printf %s "$TOKEN" | base64
  echo "on standard error: $TOKEN" >&2
  nekode-daemon secrets list > list.seen 2>&1; echo $? >> list.seen
  nekode-daemon secrets get TOKEN --reveal > get.seen 2>&1; echo $? >> get.seen
  ${SLEEP}
`

test('the values of secrets reach the process of an agent, and nobody else: not the server, a log, a journal or a command line', async () => {
  const { talk, home, server, admin } = stage
  await make('ada', PRINTER, [reference('TOKEN', 'TOKEN'), reference('KEY', 'DEPLOY_KEY')])
  await set(VALUE.ada, 'TOKEN', '--agent', agents.get('ada')!.id)
  const following = await talk.follow()
  const asked = await talk.ask('@ada print what you have')
  await eventually(async () => running(SLEEP) === 1, { what: 'the agent has said it all' })
  const commandLines = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, 'utf8')
      } catch {
        // The process ended while we looked.
        return ''
      }
    })
  const seen = await talk.until(asked, 'the text has arrived', ({ steps }) =>
    JSON.stringify(steps).includes('token is'),
  )
  await talk.call('POST /api/runs/{id}/actions', { params: { id: seen.run.id }, body: { action: 'interrupt' } })
  const over = await talk.over(asked)
  await following.stop()

  expect(written('ada', 'token.seen')).toBe(digest(VALUE.ada))
  expect(written('ada', 'key.seen')).toBe(digest(VALUE.key))
  expect(JSON.stringify(over)).toContain('the token is [redacted].')
  expect(JSON.stringify(over)).toContain('TOKEN=[redacted]')
  expect(JSON.stringify(over)).not.toContain(btoa(VALUE.ada))
  const known = await admin.call('GET /api/agents/{id}', { params: { id: agents.get('ada')!.id } })
  for (const told of [over, following.steps, known]) expect(JSON.stringify(told)).not.toMatch(FORBIDDEN)
  expect(commandLines.length).toBeGreaterThan(3)
  expect(commandLines.join('\n')).not.toMatch(FORBIDDEN)
  // An agent cannot ask for them either.
  for (const file of ['list.seen', 'get.seen']) {
    expect(written('ada', file)).not.toMatch(FORBIDDEN)
    expect(written('ada', file)).toContain('not for agents')
  }
  expect(server.program.output).not.toMatch(FORBIDDEN)
  expect(place.told()).not.toMatch(FORBIDDEN)
  // Journal, vault and state of the daemon; messages, steps, events and activity of the server.
  for (const folder of [home, server.dataDir])
    for (const path of filesIn(folder))
      expect([path, FORBIDDEN.test(readFileSync(path, 'latin1'))]).toEqual([path, false])
}, 90_000)

test('a failing program whose last words are a secret is told without it', async () => {
  const { talk } = stage
  await make('eve', 'cat > /dev/null; echo "cannot log in with $TOKEN" >&2; exit 3', [reference('TOKEN', 'TOKEN')])
  const over = await talk.over(await talk.ask('@eve hello'), 90)
  expect(over.run.failure?.message).toContain('cannot log in with [redacted]')
  expect(JSON.stringify(over)).not.toMatch(FORBIDDEN)
  expect(place.told()).not.toMatch(FORBIDDEN)
}, 120_000)

test('a secret that is missing fails the start by a name that people see, and once it is there the agent runs', async () => {
  const { talk } = stage
  await make('bob', 'cat > /dev/null; echo "it has $(printf %s "$LATE" | wc -c) letters"', [reference('LATE', 'LATE')])
  const over = await talk.over(await talk.ask('@bob hello'))
  expect(over.delivery).toMatchObject({ state: 'failed', failure: { reason: 'secret_unavailable' } })
  expect(over.run).toMatchObject({ state: 'failed', attempt: 1, failure: { reason: 'secret_unavailable' } })
  expect(over.run.failure?.message).toContain('“secret:LATE”')
  await set(VALUE.late, 'LATE')
  const again = await talk.over(await talk.ask('@bob again'))
  expect(again.said.map(({ content }) => content)).toEqual([`it has ${VALUE.late.length} letters`])
}, 60_000)

test('after a secret was changed the next turn has the new one, and the old one stays hidden', async () => {
  const { talk } = stage
  await make('cleo', 'cat > /dev/null; touch old; printf %s "$TOKEN" >> old; cat old; printf %s "$TOKEN" | sha256sum', [
    reference('TOKEN', 'TOKEN'),
  ])
  const digestIn = async (text: string) => {
    const over = await talk.over(await talk.ask(`@cleo ${text}`))
    expect(JSON.stringify(over)).not.toMatch(FORBIDDEN)
    return /[0-9a-f]{64}/.exec(over.said[0]?.content ?? '')?.[0]
  }
  expect(await digestIn('one')).toBe(digest(VALUE.all))
  await set(VALUE.next, 'TOKEN')
  expect(await digestIn('two')).toBe(digest(VALUE.next))
  expect(await secrets(['rotate'])).toMatchObject({ code: 0 })
  expect(await digestIn('three')).toBe(digest(VALUE.next))
}, 60_000)

function* filesIn(folder: string): Generator<string> {
  for (const name of readdirSync(folder)) {
    const path = join(folder, name)
    const stat = statSync(path, { throwIfNoEntry: false })
    if (stat?.isDirectory()) yield* filesIn(path)
    else if (stat?.isFile()) yield path
  }
}
