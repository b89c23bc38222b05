import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import type { Agent } from '@shared/contract'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { installClis } from '../agents/clis'
import { uniqueSleep } from '../agents/contract'
import { type Block, type ModelEndpoint, script, startModelEndpoint } from '../fixtures/model-endpoint'
import { type ModelRequest, reply } from '../fixtures/model/script'
import { Place, eventually } from './harness'
import {
  CLAUDE,
  CODEX,
  type Cli,
  KEY,
  type Stage,
  codexWithProvider,
  enrolledStage,
  localStage,
  makeAgent,
} from './stage'
import { type Seen, details } from './talk'
import { below, running, workingIn } from './tree'

installClis()

const ASK = { default: 'ask', rules: { read: 'allow', search: 'allow', think: 'allow' } } as const
const MINUTE = 60_000

/** What the scripted model says to agents that are to go on for ever. */
const PING = 'PINGPONG'
const NAME = /You are @([a-z-]+) \(/

function decide(request: ModelRequest): Block[] {
  const last = request.items.findLast(({ role }) => role === 'user')?.text ?? ''
  if (!last.includes(PING) || request.tools.length === 0) return reply(request)
  const told = [request.system, ...request.items.map(({ text }) => text)].join('\n')
  const [, me = ''] = NAME.exec(told) ?? []
  return [{ say: `@${me === 'ping' ? 'pong' : 'ping'} ${PING}` }]
}

/** What the model was sent, from its `from`th request on. */
const sent = (model: ModelEndpoint, from = 0): string[] =>
  model.seen
    .slice(from)
    .flatMap(({ request }) => (request ? [request.system, ...request.items.map((i) => i.text)] : []))

const isRunning = (seen: Seen, kind: string): boolean =>
  seen.steps.some(({ status, detail }) => status === 'running' && detail.type === 'tool' && detail.kind === kind)

/** One runtime on one stage: an agent that asks first, and one that may do everything. */
interface Cast {
  cli: Cli
  stage: Stage
  model: ModelEndpoint
  /** Asks before it acts. */
  careful: Agent
  free: Agent
}

async function cast(stage: Stage, cli: Cli, model: ModelEndpoint): Promise<Cast> {
  const options = { cli, modelUrl: model.url }
  return {
    cli,
    stage,
    model,
    careful: await makeAgent(stage, { ...options, name: `${cli.kind}-careful`, approvals: ASK }),
    free: await makeAgent(stage, { ...options, name: `${cli.kind}-free` }),
  }
}

const workspaceOf = ({ home }: Stage, { name }: Agent): string => join(home, 'agents', name, 'workspace')

/** From a mention to its answer, with everything that shows in between. */
async function wholeLoop({ stage, cli, careful: { id, name }, careful, model }: Cast): Promise<void> {
  const { talk } = stage
  const following = await talk.follow()
  const question = script(
    [
      { say: 'I will look at it first.', chunks: 6, delayMs: 80 },
      cli.shell('echo from-agent > made.txt; cat made.txt'),
    ],
    [cli.tool('send_message', { target: '#general', text: `a note by ${name}` })],
    [{ say: `All **done**; the key is ${KEY}.` }],
  )
  const asked = await talk.ask(`@${name} go ${question}`)
  const waiting = await talk.until(asked, 'it waits for a person', ({ run }) => run.state === 'waiting_approval')
  expect(await talk.delivery(asked)).toMatchObject({ state: 'claimed', runId: waiting.run.id, waiting: null })
  expect(existsSync(join(workspaceOf(stage, careful), 'made.txt'))).toBe(false)
  const approval = await talk.decide(asked, { allow: true })
  expect(approval).toMatchObject({ kind: 'execute', agentId: id, title: expect.stringContaining('made.txt') })

  const over = await talk.over(asked)
  const { run, delivery, said } = over
  expect(delivery).toMatchObject({ state: 'answered', failure: null, answerMessageId: said[0]?.id })
  expect(run).toMatchObject({ state: 'completed', attempt: 1, failure: null, resultMessageId: said[0]?.id })
  // A secret of the agent is not posted, whoever asks for it.
  expect(said.map(({ content }) => content)).toEqual(['All **done**; the key is [redacted].'])
  expect(said[0]).toMatchObject({ threadId: asked.message.id, runId: run.id, sender: { kind: 'agent', id } })
  expect(over.approvals.map(({ state }) => state)).toEqual(['allowed'])
  expect(readFileSync(join(workspaceOf(stage, careful), 'made.txt'), 'utf8')).toBe('from-agent\n')

  const tools = details(over, 'tool')
  expect(tools.map(({ kind, outcome }) => [kind, outcome])).toEqual([
    ['execute', 'completed'],
    ['mcp', 'completed'],
  ])
  expect(tools[0]?.output).toContain('from-agent')
  expect(details(over, 'text').map(({ text }) => text)).toEqual(['I will look at it first.', said[0]!.content])
  const pieces = following.steps.filter(
    ({ runId, status, detail }) => runId === run.id && status === 'running' && detail.type === 'text',
  )
  await following.stop()
  expect(pieces.length).toBeGreaterThan(2)
  expect(pieces.map(({ detail }) => (detail.type === 'text' ? detail.text : '')).join('')).toStartWith('I will look at')

  const { items } = await talk.call('GET /api/messages', { query: { target: '#general', limit: 200 } })
  const notes = items.filter(({ content }) => content === `a note by ${name}`)
  expect(notes).toMatchObject([{ threadId: null, runId: run.id, sender: { kind: 'agent', id } }])
  // Three calls of the model, each of which says that it took this much.
  expect(run.usage).toMatchObject({ output: 60, cacheRead: 120 })
  expect(run.usage!.input).toBeGreaterThan(90)
  const told = sent(model).join('\n')
  expect(told).toContain(`You are @${name} (`)
  expect(told).toContain(`reply_target_hint=#general:${asked.message.id}`)
}

/** A second message of the same conversation comes in the middle of a turn. */
async function takesInASecond({ stage, cli, free, model }: Cast): Promise<void> {
  const { talk } = stage
  const gate = join(stage.home, `gate-${free.name}`)
  const asked = await talk.ask(
    `@${free.name} go ${script([cli.shell(`while [ ! -e ${gate} ]; do sleep 0.1; done`)], [{ say: 'one answer' }])}`,
  )
  await talk.until(asked, 'the command runs', (seen) => isRunning(seen, 'execute'))
  const second = await talk.ask('and mind the SECOND-MESSAGE too', { threadId: asked.message.id })
  await talk.until(second, 'the second is taken in', ({ run }) => run.state === 'running')
  await Bun.write(gate, '')
  const first = await talk.over(asked)
  const joined = await talk.over(second)
  expect(first.run).toMatchObject({ state: 'completed', joinedRunId: null })
  expect(joined.run).toMatchObject({ state: 'completed', joinedRunId: first.run.id })
  expect(joined.delivery).toMatchObject({ state: 'answered', answerMessageId: first.delivery.answerMessageId })
  expect((await talk.said(asked.message)).map(({ content }) => content)).toEqual(['one answer'])
  expect(sent(model).some((text) => text.includes('SECOND-MESSAGE'))).toBe(true)
}

async function isInterrupted({ stage, free: { name } }: Cast): Promise<void> {
  const { talk } = stage
  const text = 'a long text that streams slowly'
  const asked = await talk.ask(`@${name} go ${script([{ say: text, chunks: 25, delayMs: 200 }])}`)
  const { run } = await talk.until(asked, 'text streams', (seen) => details(seen, 'text').length > 0)
  await talk.call('POST /api/runs/{id}/actions', { params: { id: run.id }, body: { action: 'interrupt' } })
  const over = await talk.over(asked)
  expect(over.run).toMatchObject({ state: 'canceled', failure: { reason: 'killed' } })
  expect(over.delivery).toMatchObject({ state: 'failed', failure: { reason: 'killed' } })
  // What had come so far is worth reading; it is there, once.
  expect(over.said.map(({ runId }) => runId)).toEqual([run.id])
  expect(text).toStartWith(over.said[0]!.content.trim())
  expect(over.said[0]!.content.length).toBeLessThan(text.length)
  const next = await talk.over(await talk.ask(`@${name} then ${script([{ say: 'still here' }])}`))
  expect(next.said.map(({ content }) => content)).toEqual(['still here'])
}

/** A person says no: nothing is done, and the agent is told why. */
async function isDenied({ stage, cli, careful, model }: Cast): Promise<void> {
  const { talk } = stage
  const asked = await talk.ask(
    `@${careful.name} go ${script([cli.shell('touch never.txt')], [{ say: 'Then I will not.' }])}`,
  )
  const from = model.seen.length
  await talk.decide(asked, { allow: false, message: 'not on a Friday' })
  const over = await talk.over(asked)
  expect(over.run.state).toBeOneOf(['completed', 'canceled'])
  expect(over.approvals.map(({ state }) => state)).toEqual(['denied'])
  expect(details(over, 'tool').map(({ outcome }) => outcome)).not.toContain('completed')
  expect(existsSync(join(workspaceOf(stage, careful), 'never.txt'))).toBe(false)
  // Codex's protocol has no place for the reason.
  if (cli.kind === 'claude') expect(sent(model, from).join('\n')).toContain('not on a Friday')
  const next = await talk.over(await talk.ask(`@${careful.name} then ${script([{ say: 'all right' }])}`))
  expect(next.said.map(({ content }) => content)).toEqual(['all right'])
}

async function isKilled({ stage, cli, free }: Cast): Promise<void> {
  const { talk } = stage
  const sleep = uniqueSleep()
  const asked = await talk.ask(`@${free.name} go ${script([cli.shell(`echo s; ${sleep}; echo e`)], [{ say: 'x' }])}`)
  await eventually(async () => running(sleep) === 1, { what: 'the command runs' })
  const mine = () => below(stage.pid()).filter(({ cwd }) => cwd === workspaceOf(stage, free))
  expect(mine().length).toBeGreaterThan(1)
  const { runId } = await talk.delivery(asked)
  await talk.call('POST /api/runs/{id}/actions', { params: { id: runId! }, body: { action: 'kill' } })
  const over = await talk.over(asked)
  expect(over.run).toMatchObject({ state: 'canceled', failure: { reason: 'killed' } })
  expect(over.said).toEqual([])
  await eventually(async () => running(sleep) === 0 && mine().length === 0, { what: 'no process is left' })
  const next = await talk.over(await talk.ask(`@${free.name} then ${script([{ say: 'back again' }])}`))
  expect(next.said.map(({ content }) => content)).toEqual(['back again'])
}

/** The daemon ends in the middle of a command; the next one goes on in the CLI's own session. */
async function survivesDaemon({ stage, cli, free, model }: Cast, signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
  const { talk } = stage
  const memory = `REMEMBER-${signal}`
  const noted = await talk.over(await talk.ask(`@${free.name} ${memory} ${script([{ say: 'noted' }])}`))
  expect(noted.run.state).toBe('completed')
  const sleep = uniqueSleep()
  const command = `if [ -e ${signal} ]; then echo went-on; else touch ${signal}; ${sleep}; fi`
  const asked = await talk.ask(`@${free.name} go ${script([cli.shell(command)], [{ say: `over ${signal}` }])}`)
  await eventually(async () => running(sleep) === 1, { what: 'the command runs' })
  const from = model.seen.length
  await stage.restartDaemon(signal)
  const over = await talk.over(asked)
  expect(over.run).toMatchObject({ state: 'completed', attempt: 2 })
  expect(over.said.map(({ content }) => content)).toEqual([`over ${signal}`])
  expect(details(over, 'tool').at(-1)?.output).toContain('went-on')
  expect(running(sleep)).toBe(0)
  // The session was not begun anew: the model is told what was said before.
  expect(sent(model, from).some((text) => text.includes(memory))).toBe(true)
  expect(details(over, 'notice')).toEqual([])
}

/** The server is gone while a turn goes on and ends. @returns how it ended */
async function survivesServer({ stage, cli, free, model }: Cast) {
  const { server, talk } = stage
  const gate = join(stage.home, `restart-${free.name}`)
  const question = script(
    [{ say: 'Before it. ' }, cli.shell(`while [ ! -e ${gate} ]; do sleep 0.1; done; echo through`)],
    [{ say: 'After the restart.' }],
  )
  const asked = await talk.ask(`@${free.name} go ${question}`)
  await talk.until(asked, 'the command runs', (seen) => isRunning(seen, 'execute'))
  const from = model.seen.length
  await server.killHard()
  await Bun.write(gate, '')
  return {
    asked,
    modelWasAsked: () =>
      eventually(async () => sent(model, from).some((text) => text.includes('through')), { what: 'the turn goes on' }),
  }
}

const FAILURES = [
  [401, 'authentication_error', 'invalid x-api-key', 'runtime_login_required'],
  [500, 'api_error', 'Internal server error', 'model_unavailable'],
] as const

async function namesFailures({ stage, free: { name } }: Cast): Promise<void> {
  const { talk } = stage
  for (const [fail, type, message, reason] of FAILURES) {
    const failing = Array.from({ length: 30 }, () => [{ fail, type, message }])
    const over = await talk.over(await talk.ask(`@${name} go ${script(...failing)}`))
    expect(over.run).toMatchObject({ state: 'failed', attempt: 1, failure: { reason } })
    expect(over.delivery).toMatchObject({ state: 'failed', failure: over.run.failure! })
    expect(over.run.failure!.message).toMatch(/\w+ \w+/)
    expect(over.said).toEqual([])
  }
  const next = await talk.over(await talk.ask(`@${name} then ${script([{ say: 'recovered' }])}`))
  expect(next.said.map(({ content }) => content)).toEqual(['recovered'])
}

const Token = z.object({ token: z.string() })
const tokenIn = (path: string): string => Token.parse(JSON.parse(readFileSync(path, 'utf8'))).token
const agentToken = ({ home }: Stage, { id }: Agent): string => tokenIn(join(home, 'daemon/credentials', `${id}.json`))

/** Looks at every process of the agent while it is in the middle of a command. */
async function hasNoCredential({ stage, cli, free }: Cast): Promise<void> {
  const { talk, admin } = stage
  const sleep = uniqueSleep()
  const question = script([cli.tool('list_channels', {})], [cli.shell(`env > seen.env; ${sleep}`)], [{ say: 'x' }])
  const asked = await talk.ask(`@${free.name} go ${question}`)
  await eventually(async () => running(sleep) === 1, { what: 'the command runs' })
  const found = below(stage.pid())
  const { runId } = await talk.delivery(asked)
  await talk.call('POST /api/runs/{id}/actions', { params: { id: runId! }, body: { action: 'kill' } })

  const secrets = [tokenIn(join(stage.home, 'daemon.json')), agentToken(stage, free), admin.token]
  expect(secrets.map((secret) => secret.slice(0, 4))).toEqual(['ndt_', 'nat_', 'nus_'])
  const shells = found.filter(({ argv }) => argv.includes(sleep))
  expect(shells.length).toBeGreaterThan(0)
  expect(found.length).toBeGreaterThan(shells.length)
  for (const { argv, env } of found) {
    for (const secret of secrets) expect(`${argv} ${env}`).not.toContain(secret)
    expect(`${argv} ${env}`).not.toMatch(/\bn(dt|at|us|up)_[A-Za-z0-9_-]{20,}/)
    // What opens the daemon's own tools to the agent, and the key of its model, are not for other users' eyes …
    expect(argv).not.toMatch(/nkm_|sk-test/)
    expect(env).not.toMatch(/NEKODE_(HOME|DAEMON_CONFIG|DAEMON_TOKEN)=/)
  }
  // … and its commands have the agent's own key at this daemon, by which the command line speaks for it, and no other.
  const seen = readFileSync(join(workspaceOf(stage, free), 'seen.env'), 'utf8')
  const keys = [...shells.map(({ env }) => env), seen].flatMap((env) => env.match(/nkm_[A-Za-z0-9_-]+/g) ?? [])
  expect(new Set(keys).size).toBe(1)
  expect(seen).toContain(`NEKODE_LOCAL_TOKEN=${keys[0]}\n`)
}

const SECRET = 'the code is PELICAN-42'

/** What is said in a channel that the agent is not in stays there, for its tools and for its token. */
async function readsNoOtherChannel({ stage, cli, free, model }: Cast): Promise<void> {
  const { talk, server } = stage
  const target = `#board-${cli.kind}`
  await talk.call('POST /api/channels', { body: { name: target, visibility: 'private' } })
  const { message } = await talk.call('POST /api/messages', { body: { target, content: SECRET } })
  const from = model.seen.length
  const question = script(
    [cli.tool('read_messages', { target })],
    [cli.tool('send_message', { target, text: 'let me in' })],
    [cli.tool('search_messages', { query: 'PELICAN' })],
    [{ say: 'I tried.' }],
  )
  const over = await talk.over(await talk.ask(`@${free.name} go ${question}`))
  expect(over.said.map(({ content }) => content)).toEqual(['I tried.'])
  const outcomes = details(over, 'tool').map(({ outcome }) => outcome)
  expect(outcomes).toEqual(['failed', 'failed', 'completed'])
  expect(sent(model, from).filter((text) => text.includes('PELICAN-42'))).toEqual([])

  const headers = { authorization: `Bearer ${agentToken(stage, free)}`, 'content-type': 'application/json' }
  const post = (body: object) => ({ method: 'POST', body: JSON.stringify(body) })
  const at = encodeURIComponent(target)
  const requests: [string, RequestInit, number[]][] = [
    [`/api/messages?target=${at}`, {}, [403, 404]],
    [`/api/messages/${message.id}`, {}, [403, 404]],
    [`/api/channels/${at}`, {}, [403, 404]],
    [`/api/channels/${at}/members`, {}, [403, 404]],
    [`/api/server-events?target=${at}`, {}, [403, 404]],
    ['/api/messages', post({ target, content: 'x' }), [403, 404]],
    ['/api/messages/search?q=PELICAN', {}, [200]],
    ['/api/channels', {}, [200]],
    ['/api/computers', {}, [403]],
    ['/api/approvals', {}, [403]],
    ['/api/agents', post({ name: 'x', computerId: stage.computerId, runtimeKind: 'demo' }), [403]],
    [`/api/agents/${free.id}/env`, { method: 'PUT', body: JSON.stringify({ env: [] }) }, [403]],
    [`/api/daemon/agents/${free.id}/token`, { method: 'POST' }, [403]],
    ['/api/messages?target=%23general', {}, [200]],
  ]
  for (const [path, init, expected] of requests) {
    const response = await fetch(server.url + path, { ...init, headers })
    const text = response.headers.get('content-type')?.includes('event-stream') ? 'a stream' : await response.text()
    expect([path, expected, text]).toEqual([path, expect.arrayContaining([response.status]), text])
    expect(text).not.toContain('PELICAN-42')
    if (response.ok && !path.includes('general')) expect(text).not.toContain(target)
  }
  const { items } = await talk.call('GET /api/messages', { query: { target } })
  expect(items.map(({ id }) => id)).toEqual([message.id])
}

async function answersDirectly({ stage, careful: { id }, model }: Cast): Promise<void> {
  const { talk } = stage
  const body = { content: `just between us ${script([{ say: 'yes' }])}` }
  const { message, deliveries } = await talk.call('POST /api/agents/{id}/messages', { params: { id }, body })
  expect(message.target).toStartWith('dm:')
  expect(message.threadId).toBeNull()
  expect(deliveries).toMatchObject([{ agentId: id, cause: 'direct' }])
  const over = await talk.over({ message, delivery: deliveries[0]! })
  expect(over.said).toMatchObject([{ content: 'yes', threadId: null, target: message.target }])
  expect(sent(model).join('\n')).toContain(`reply_target_hint=${message.target}`)
}

const FULL: [string, (cast: Cast) => Promise<void>][] = [
  ['answers a mention: streams, asks before it acts, uses a chat tool, and posts its answer once', wholeLoop],
  ['does not run what a person denies', isDenied],
  ['takes in a second message in the middle of a turn, and answers both with one message', takesInASecond],
  ['is interrupted while it streams, keeps what came so far, and goes on', isInterrupted],
  ['is killed in the middle of a command without leaving a process', isKilled],
  ['names why a turn failed whose model calls are refused', namesFailures],
  [
    'has its own key at the daemon in its environment, and no credential of Nekode there or on a command line',
    hasNoCredential,
  ],
  ['reaches no channel that it is not in, by its tools or with its own token', readsNoOtherChannel],
  ['answers in a direct conversation', answersDirectly],
  ['goes on in its own session when the daemon is stopped and started', (one) => survivesDaemon(one, 'SIGTERM')],
  ['goes on in its own session when the daemon is killed and started', (one) => survivesDaemon(one, 'SIGKILL')],
]

/** Tests of one stage, on which everything happens; what its programs printed comes with a failure. */
function onStage(
  name: string,
  set: (place: Place) => Promise<Stage>,
  tests: (scene: (name: string, work: (stage: Stage, model: ModelEndpoint) => Promise<void>) => void) => void,
): void {
  describe(name, () => {
    let place: Place
    let model: ModelEndpoint
    let stage: Stage
    beforeAll(async () => {
      place = new Place()
      model = startModelEndpoint({ decide })
      stage = await set(place)
    }, MINUTE)
    afterAll(async () => {
      await place[Symbol.asyncDispose]()
      await model.stop()
    }, MINUTE)
    tests((sceneName, work) => {
      test(
        sceneName,
        async () => {
          const from = place.programs.map(({ output }) => output.length)
          try {
            await work(stage, model)
          } catch (error) {
            place.programs.forEach(({ name: who, output }, i) =>
              console.error(`── ${who}\n${output.slice(from[i]).slice(-8000)}`),
            )
            throw error
          }
        },
        2 * MINUTE,
      )
    })
  })
}

for (const cli of [CODEX, CLAUDE])
  onStage(`${cli.kind} on an enrolled computer`, enrolledStage, (scene) => {
    let made: Promise<Cast> | undefined
    for (const [name, work] of FULL) scene(name, async (stage, model) => work(await (made ??= cast(stage, cli, model))))
    scene('finishes its turn while the server is gone; nothing of it is lost', async () => {
      const one = await made!
      const { asked, modelWasAsked } = await survivesServer(one)
      await modelWasAsked()
      await one.stage.server.start()
      const over = await one.stage.talk.over(asked)
      expect(over.run).toMatchObject({ state: 'completed', attempt: 1 })
      expect(over.said.map(({ content }) => content)).toEqual(['After the restart.'])
      expect(details(over, 'text').map(({ text }) => text.trim())).toEqual(['Before it.', 'After the restart.'])
      expect(details(over, 'tool')).toMatchObject([
        { outcome: 'completed', output: expect.stringContaining('through') },
      ])
    })
    if (cli.kind === 'codex')
      scene('begins a new session when its provider has changed, and says so', async (stage, model) => {
        const { talk, home } = stage
        const { name, id } = (await made!).free
        const mine = codexWithProvider(join(home, 'other'), model.url)
        const value = join(home, 'other/.codex')
        const env = [...mine.env(model.url), { name: 'CODEX_HOME', value, secret: false }]
        await talk.call('PUT /api/agents/{id}/env', { params: { id }, body: { env } })
        const over = await talk.over(await talk.ask(`@${name} go ${script([{ say: 'by the other one' }])}`))
        expect(over.said.map(({ content }) => content)).toEqual(['by the other one'])
        expect(details(over, 'notice')).toMatchObject([{ level: 'warning', text: expect.stringContaining('new one') }])
      })
    scene('leaves no process when the daemon is stopped', async (stage) => {
      const agents = join(stage.home, 'agents')
      expect(workingIn(agents).length).toBeGreaterThan(0)
      process.kill(stage.pid(), 'SIGTERM')
      await eventually(async () => workingIn(agents).length === 0, { what: 'no process is left' })
    })
  })

onStage('codex and claude on one computer', enrolledStage, (scene) => {
  scene('answer each other until the guard stops them, and go on once when a person says so', async (stage, model) => {
    const { talk } = stage
    const agents = [
      await makeAgent(stage, { name: 'ping', cli: CODEX, modelUrl: model.url }),
      await makeAgent(stage, { name: 'pong', cli: CLAUDE, modelUrl: model.url }),
    ]
    const asked = await talk.ask(`@ping ${PING}`)
    const refused = async () => {
      const { items } = await talk.call('GET /api/deliveries', { query: { target: '#general', state: 'failed' } })
      return items.filter(({ failure }) => failure?.reason === 'guard_hops')
    }
    const [stopped] = await eventually(async () => (await refused()).length === 1 && refused(), {
      what: 'the guard trips',
      seconds: 60,
    })
    const names = async () => (await talk.said(asked.message)).map(({ sender }) => sender.name)
    // The person's question and six hops: seven answers.
    expect(await names()).toEqual(['ping', 'pong', 'ping', 'pong', 'ping', 'pong', 'ping'])
    const thread = { target: '#general', threadId: asked.message.id }
    const { items } = await talk.call('GET /api/messages', { query: thread })
    expect(items.filter(({ system }) => system?.type === 'guard.tripped')).toMatchObject([
      {
        content: expect.stringContaining('@pong'),
        system: { data: { deliveryId: stopped!.id, reason: 'guard_hops' } },
      },
    ])
    await talk.call('POST /api/deliveries/{id}/retry', { params: { id: stopped!.id } })
    await eventually(async () => (await refused()).some(({ id }) => id !== stopped!.id), { what: 'it trips again' })
    expect((await names()).length).toBe(8)
    const { items: runs } = await talk.call('GET /api/runs', { query: { limit: 200 } })
    expect(runs.filter(({ agentId }) => agents.some(({ id }) => id === agentId)).length).toBe(8)
  })
})

onStage('codex on the computer of the server', localStage, (scene) => {
  let made: Promise<Cast> | undefined
  const whole = (stage: Stage, model: ModelEndpoint): Promise<Cast> =>
    (made ??= cast(stage, codexWithProvider(join(stage.home, '../..'), model.url), model))
  scene('uses the provider of its user’s configuration, and goes through the whole loop', async (stage, model) => {
    await wholeLoop(await whole(stage, model))
    expect(model.seen.some(({ headers }) => headers.authorization === `Bearer ${KEY}`)).toBe(true)
  })
  for (const signal of ['SIGTERM', 'SIGKILL'] as const)
    scene(`goes on in its own session when the daemon gets ${signal}`, async (stage, model) =>
      survivesDaemon(await whole(stage, model), signal),
    )
  scene('answers once when the server and its daemon are killed in the middle of the turn', async (stage, model) => {
    const { asked } = await survivesServer(await whole(stage, model))
    await stage.server.start()
    const over = await stage.talk.over(asked)
    expect(over.run).toMatchObject({ state: 'completed' })
    expect(over.said.map(({ content }) => content)).toEqual(['After the restart.'])
  })
})
