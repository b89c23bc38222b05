import { afterAll, beforeAll, expect, test } from 'bun:test'
import { join } from 'node:path'
import { startStage } from '../../daemon/services/cache/testing'
import { claude, codex, installClis } from '../agents/clis'
import { Probe } from '../agents/contract'
import { type ModelEndpoint, script, startModelEndpoint } from '../fixtures/model-endpoint'
import { type DaemonUnderTest, Place, type ServerUnderTest, eventually, startDaemon, startServer } from './harness'
import { KEY } from './stage'
import { Talk, details } from './talk'

const place = new Place()
let server: ServerUnderTest
let daemon: DaemonUnderTest
let model: ModelEndpoint

beforeAll(async () => {
  model = startModelEndpoint({ decide: () => [{ say: 'Something.' }] })
  server = await startServer(place)
  daemon = await startDaemon(place, server, { env: { NEKODE_LOCAL_PORT: '0' } })
}, 60_000)
afterAll(async () => {
  await place[Symbol.asyncDispose]()
  await model.stop()
}, 30_000)

test('an agent’s program asks twice, its endpoint once, and the second run shows what that saved', async () => {
  const admin = await server.admin()
  const talk = new Talk(server.url, admin)
  const agent = await admin.call('POST /api/agents', {
    body: {
      name: 'caller',
      computerId: daemon.computerId,
      runtimeKind: 'custom',
      command: [process.execPath, join(import.meta.dir, '../fixtures/model-caller.ts')],
    },
  })
  await admin.call('PUT /api/agents/{id}/env', {
    params: { id: agent.id },
    body: {
      env: [
        { name: 'OPENAI_BASE_URL', value: `${model.url}/v1`, secret: false },
        { name: 'OPENAI_API_KEY', value: KEY, secret: true },
        { name: 'NEKODE_MODEL_CACHE', value: 'on', secret: false },
      ],
    },
  })
  const seen = []
  for (const question of ['first', 'second']) {
    const asked = await talk.ask(`@caller ${question}`)
    seen.push(
      await talk.until(asked, 'the run is over', ({ run }) => run.state === 'completed' || run.state === 'failed'),
    )
  }
  expect(seen.map((one) => details(one, 'text').map(({ text }) => text.trim()))).toEqual([
    ['Something. (miss, nkm_)'],
    ['Something. (hit, nkm_)'],
  ])
  expect(details(seen[0]!, 'cache')).toEqual([])
  const usage = { input: 60, cacheRead: 40, cacheWrite: 0, output: 20, reasoning: 5 }
  expect(details(seen[1]!, 'cache')).toEqual([{ type: 'cache', model: 'scripted', usage }])
  expect(seen.map(({ run }) => run.usage)).toEqual([null, null])
  const calls = model.seen.filter(({ request }) => request)
  expect(calls.map(({ headers }) => headers.authorization)).toEqual([`Bearer ${KEY}`])
}, 90_000)

installClis()
test.each([
  ['claude', claude],
  ['codex', codex],
] as const)(
  '%s calls its model by way of the proxy, with its own key, and what it asks again is answered from the cache',
  async (kind, subjectOf) => {
    const stage = await startStage({ mode: 'tools' })
    const model = startModelEndpoint()
    const home = join(place.dir, `home-${kind}`)
    const subject = subjectOf(home, model.url)
    const own = kind === 'codex' ? { ...subject.env, OPENAI_BASE_URL: `${model.url}/v1` } : subject.env
    const env = stage.service.environment('agent_1', kind, own, stage.keys.keyOf('agent_1'))
    const cwd = join(home, 'work')
    await Bun.write(join(cwd, '.keep'), '')
    const turn = async (session: string): Promise<string> => {
      const probe = new Probe(subject.driver(), { cwd, env, prompt: '', stateDir: join(home, session), mcp: [] })
      await probe.start()
      const { end } = await probe.turn(`hello ${script([{ say: 'the answer' }])}`)
      await probe.driver.stop()
      return end.text
    }
    expect(await turn('one')).toBe('the answer')
    await eventually(async () => (await stage.service.stats()).entries > 0, { what: 'the answer is kept' })
    expect(await turn('two')).toBe('the answer')
    const calls = model.seen.filter(({ request }) => request)
    expect(calls.length).toBeGreaterThan(0)
    for (const { headers } of calls) {
      expect(headers['x-api-key'] ?? headers.authorization).toEndWith('test-key')
      expect(JSON.stringify(headers)).not.toContain('nkm_')
    }
    expect(await stage.service.stats()).toMatchObject({ hits: stage.hits.length })
    // What tells the two sessions of a program apart is no part of what it asks.
    expect(stage.hits.length).toBeGreaterThan(0)
    await stage.stop()
    await model.stop()
  },
  120_000,
)
