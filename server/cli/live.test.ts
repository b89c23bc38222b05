import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'bun:test'
import type { RunStep, StepDetail } from '@shared/contract'
import { newId } from '@shared/ids'
import type { ComputerPrincipal } from '../access/principal'
import { type TestServer, startTestServer } from '../testing'
import { writeAccount } from '@shared/cli/account'
import { Proxy, TestHost } from './testing'

let server: TestServer
let proxy: Proxy
let host: TestHost
let daemon: Daemon

beforeAll(async () => {
  server = await startTestServer()
  proxy = new Proxy(server.port)
  daemon = await Daemon.start(server)
  await server.agent({ name: 'bot', computerId: daemon.computer.id })
  await server.agent({ name: 'bit', computerId: daemon.computer.id })
})
afterAll(async () => {
  proxy.stop()
  await server.stop()
})
beforeEach(async () => {
  host = new TestHost()
  await writeAccount(host.env, { server: proxy.url, token: (await server.as('owner', 'ann')).token })
})
afterEach(() => host.remove())

/** What a daemon does with the runs of its computer, by the server's own services. */
class Daemon {
  readonly lease = newId('lease')
  #sequence = 0

  private constructor(
    private readonly server: TestServer,
    readonly computer: ComputerPrincipal,
  ) {}

  static async start(server: TestServer): Promise<Daemon> {
    const { token } = await server.computer()
    const computer = await server.core.credentials.resolve(token)
    if (computer.kind !== 'computer') throw new Error('not a computer')
    const about = { daemonId: 'd', displayName: 'box', hostname: 'box', os: 'linux', arch: 'x64', version: '1' }
    await server.services.computers.register(computer, about, { runtimes: [], version: '1' })
    return new Daemon(server, computer)
  }

  /** Waits for a run of this computer that is queued. */
  async queued(): Promise<string> {
    for (;;) {
      const run = (await this.server.services.runs.assigned(this.computer, [], 100)).find((r) => r.state === 'queued')
      if (run) return run.id
      await Bun.sleep(2)
    }
  }

  async report(runId: string, state: 'running' | 'completed' | 'failed', more: object = {}): Promise<void> {
    const update = { runId, state, leaseId: this.lease, summary: '', resultMessage: '', result: {}, error: '', ...more }
    const outcome = await this.server.services.runs.report(this.computer, update)
    if (!outcome.accepted) throw new Error(outcome.reason)
  }

  /** Takes a queued run and starts it. */
  async take(): Promise<string> {
    const runId = await this.queued()
    await this.report(runId, 'running')
    return runId
  }

  async step(
    runId: string,
    detail: StepDetail,
    status: RunStep['status'] = 'completed',
    id = newId('step'),
  ): Promise<string> {
    const step = {
      id,
      runId,
      leaseId: this.lease,
      sequence: ++this.#sequence,
      status,
      detail,
      startedAt: 1,
      completedAt: null,
    }
    const outcome = await this.server.services.steps.append(this.computer, step)
    if (!outcome.accepted) throw new Error(outcome.reason)
    return id
  }
}

const tool = (title: string): StepDetail => ({ type: 'tool', name: 'bash', kind: 'execute', title })
const approval = (title: string): StepDetail => ({
  type: 'approval',
  requestId: 'r1',
  name: 'bash',
  kind: 'execute',
  title,
  input: { command: title },
  canRemember: true,
})
const post = async (content: string, target = '#general') =>
  (await server.as('owner', 'ann')).call('POST /api/messages', { body: { target, content } })

describe('send --wait', () => {
  test('tells what the agent does, and prints its answer alone', async () => {
    const done = host.run('send', 'general', '@bot ping', '--wait')
    const runId = await daemon.take()
    await daemon.step(runId, tool('ls -l\u001b[2J'))
    await daemon.report(runId, 'completed', { resultMessage: 'pong\u001b[31m\nline two' })
    expect(await done).toBe(0)
    expect(host.stdout).toBe('pong␛[31m\nline two\n')
    const progress = host.stderr.split('\n')
    expect(progress).toContain('@bot has the message')
    expect(progress).toContain(`@bot works on it (${runId})`)
    expect(progress).toContain('  execute: ls -l␛[2J')
    expect(progress).toContain(`@bot answered (${runId})`)
  })

  test('waits for all agents, and its exit code tells of one that failed', async () => {
    const done = host.run('send', 'general', '@bot @bit ping', '--wait', '--json')
    const first = await daemon.take()
    await daemon.report(first, 'completed', { resultMessage: 'fine' })
    const second = await daemon.take()
    await host.printed('answered')
    expect(host.stdout).toBe('')
    await daemon.report(second, 'failed', { result: { failure: { reason: 'model_unavailable', message: 'no route' } } })
    expect(await done).toBe(1)
    const { message, deliveries, answers } = host.json()
    expect(message.content).toBe('@bot @bit ping')
    expect(deliveries.map((d: { state: string }) => d.state).sort()).toEqual(['answered', 'failed'])
    expect(answers.map((a: { content: string }) => a.content)).toEqual(['fine'])
    for (const line of host.stderr.trim().split('\n'))
      expect(Object.keys(JSON.parse(line)).sort()).toEqual(['data', 'event'])
  })

  test('says how to answer a permission request', async () => {
    const done = host.run('send', '@bot', 'clean up', '--wait')
    const runId = await daemon.take()
    await daemon.step(runId, approval('rm -rf build'), 'running')
    await host.printed('nekode approvals allow')
    const id = /nekode approvals allow (apr_\S+)/.exec(host.stderr)?.[1] ?? ''
    expect(host.stderr).toContain('@bot asks for permission: execute: rm -rf build {"command":"rm -rf build"}\n')

    const other = new TestHost()
    other.env = host.env
    expect(await other.run('approvals')).toBe(0)
    expect(other.stdout).toContain(`${id}  @bot`)
    expect(other.stdout).toContain('execute: rm -rf build {"command":"rm -rf build"}')
    expect(await other.run('approvals', 'show', id)).toBe(0)
    expect(other.stdout).toContain('\n  {\n    "command": "rm -rf build"\n  }\n')
    expect(await other.run('approvals', 'show', 'apr_0')).toBe(4)
    expect(await other.run('approvals', 'allow', id, '--json')).toBe(0)
    expect(other.json()).toMatchObject({ id, state: 'allowed' })
    expect(await other.run('approvals', 'deny', id)).toBe(1)
    expect(await other.run('approvals')).toBe(0)
    expect(other.stderr).toBe('Nothing waits for a permission.\n')

    await daemon.report(runId, 'completed', { resultMessage: 'done' })
    expect(await done).toBe(0)
  })

  test('that concerns no agent is over at once', async () => {
    expect(await host.run('send', 'general', 'hello', '--wait')).toBe(0)
    expect(host.stderr).toBe('No agent is concerned: there is nothing to wait for.\n')
    expect(await host.run('send', 'general', '@nobody hello', '--wait')).toBe(0)
    expect(host.stderr).toContain('Nobody here is called @nobody.')
  })

  test('says what to do about a failure', async () => {
    const done = host.run('send', 'general', '@bot ping', '--wait')
    const runId = await daemon.take()
    await daemon.report(runId, 'failed', { result: { failure: { reason: 'runtime_missing', message: 'no codex' } } })
    expect(await done).toBe(1)
    expect(host.stderr).toContain('  next: Open the computer’s page and install it, then retry.\n')
    expect(host.stderr).toContain(`  nekode run-action ${runId} retry\n`)
  })

  test('ends when its time is over, and when it is interrupted, and the run goes on', async () => {
    expect(await host.run('send', 'general', '@bot a', '--wait', '--timeout', '2s')).toBe(6)
    expect(host.stderr).toContain('error: No answer within 2s.')
    await daemon.report(await daemon.take(), 'completed', { resultMessage: 'late' })
    const done = host.run('send', 'general', '@bot b', '--wait')
    const runId = await daemon.take()
    await host.printed('works on it')
    host.interrupt.abort()
    expect(await done).toBe(130)
    expect(host.stdout).toBe('')
    await daemon.report(runId, 'completed', { resultMessage: 'later' })
  })

  test('survives a broken connection', async () => {
    const done = host.run('send', 'general', '@bot through', '--wait')
    const runId = await daemon.take()
    await host.printed('works on it')
    proxy.refuse()
    await host.printed('connection lost')
    await daemon.report(runId, 'completed', { resultMessage: 'made it' })
    proxy.accept()
    expect(await done).toBe(0)
    expect(host.stdout).toBe('made it\n')
  })
})

describe('messages --follow', () => {
  const contents = (): string[] => host.lines().map((m) => m.content)

  test('prints the latest messages and each new one of the channel once, over a broken connection too', async () => {
    await (await server.as('owner', 'ann')).call('POST /api/channels', { body: { name: 'follow' } })
    for (const text of ['old 1', 'old 2', 'old 3']) await post(text, '#follow')
    const done = host.run('messages', 'follow', '--follow', '--limit', '2', '--json')
    await host.printed('old 3')
    await post('live 1', '#follow')
    await host.printed('live 1')
    proxy.refuse()
    await host.printed('reconnect')
    await post('missed 1', '#follow')
    await post('elsewhere', '#general')
    await post('missed 2', '#follow')
    proxy.accept()
    await host.printed('missed 2')
    await post('live 2', '#follow')
    await host.printed('live 2')
    host.interrupt.abort()
    expect(await done).toBe(130)
    expect(contents()).toEqual(['old 2', 'old 3', 'live 1', 'missed 1', 'missed 2', 'live 2'])
  })

  test('with --limit 0 begins with what is new, in an empty channel too', async () => {
    await (await server.as('owner', 'ann')).call('POST /api/channels', { body: { name: 'fresh' } })
    for (const expected of [['a'], ['b']]) {
      while (server.core.hub.readers > 0) await Bun.sleep(2)
      const done = host.run('messages', 'fresh', '--follow', '--limit', '0', '--json')
      while (server.core.hub.readers === 0) await Bun.sleep(2)
      // The history is read once the stream is open; what is written meanwhile has to come either way.
      await post(expected[0]!, '#fresh')
      await host.printed(`"${expected[0]}"`)
      host.interrupt.abort()
      expect(await done).toBe(130)
      expect(contents()).toEqual(expected)
      host.interrupt = new AbortController()
    }
  })

  test('of a thread shows nothing else', async () => {
    const { message } = await post('root')
    const done = host.run('messages', 'general', '--thread', message.id, '--follow', '--json')
    await host.printed('"root"')
    await post('beside')
    const ann = await server.as('owner', 'ann')
    await ann.call('POST /api/messages', { body: { target: '#general', threadId: message.id, content: 'reply' } })
    await host.printed('"reply"')
    host.interrupt.abort()
    await done
    expect(contents()).toEqual(['root', 'reply'])
  })

  test('ends when the login does', async () => {
    const { token } = await server.apiToken('read')
    await writeAccount(host.env, { server: proxy.url, token })
    const done = host.run('messages', 'general', '--follow')
    await host.printed('@')
    const owner = await server.as('owner', 'owner')
    for (const { id } of (await owner.call('GET /api/tokens')).items)
      await owner.call('DELETE /api/tokens/{id}', { params: { id } })
    expect(await done).toBe(3)
    expect(host.stderr).toContain('not valid any more')
  })
})

describe('runs', () => {
  test('are followed step by step to their end', async () => {
    await post('@bot work')
    const runId = await daemon.take()
    await daemon.step(runId, { type: 'thought', offset: 0, text: 'hm\nhm' })
    const text = await daemon.step(runId, { type: 'text', offset: 0, text: 'Hel' }, 'running')
    const done = host.run('runs', 'show', runId, '--follow')
    await host.printed('Hel')
    await daemon.step(runId, { type: 'text', offset: 3, text: 'lo\u0007' }, 'running', text)
    await host.printed('lo')
    await daemon.step(runId, { type: 'text', offset: 0, text: 'Hello\u0007!' }, 'completed', text)
    const command = await daemon.step(runId, tool('make'), 'running')
    await daemon.step(
      runId,
      { ...tool('make'), output: 'ok\nfine', outcome: 'completed' } as StepDetail,
      'completed',
      command,
    )
    await daemon.step(runId, approval('make install'), 'running')
    await host.printed('waits for permission: execute: make install')
    await daemon.report(runId, 'completed', { resultMessage: 'x' })
    expect(await done).toBe(0)
    const lines = host.stdout.split('\n')
    expect(lines.slice(0, 4)).toEqual(['@bot running', '  | hm', '  | hm', 'Hello␇!'])
    expect(lines.filter((l) => l.includes('make'))).toContain('✓ execute: make')
    expect(lines).toContain('    fine')
    expect(lines.at(-2)).toBe('completed')

    expect(await host.run('runs', 'show', runId)).toBe(0)
    expect(host.stdout).toContain('Hello␇!')
    expect(host.stdout).toMatch(/^state +completed$/m)
    expect(await host.run('runs', 'show', runId, '--json')).toBe(0)
    expect(host.json()).toMatchObject({ run: { id: runId, state: 'completed' }, steps: expect.any(Array) })
    expect(await host.run('runs', 'show', runId, '--follow', '--json')).toBe(0)
    expect(new Set(host.lines().map((l) => l.type))).toEqual(new Set(['step', 'approval', 'run']))
    expect(await host.run('runs', 'show', 'run_0')).toBe(4)
  })

  test('are listed by agent, channel and state, and acted on', async () => {
    await post('@bit work')
    const runId = await daemon.take()
    expect(
      await host.run('runs', 'list', '--agent', '@bit', '--target', 'general', '--state', 'running', '--json'),
    ).toBe(0)
    expect(host.json().items).toMatchObject([{ id: runId, state: 'running' }])
    expect(await host.run('runs')).toBe(0)
    expect(host.stdout).toMatch(new RegExp(`^${runId} +@bit +#general +running`, 'm'))
    const followed = new TestHost()
    followed.env = host.env
    const done = followed.run('runs', 'show', runId, '--follow')
    await followed.printed('@bit running')
    expect(await host.run('run-action', runId, 'kill', '--json')).toBe(0)
    expect(await done).toBe(1)
    expect(await host.run('run-action', runId, 'kill')).toBe(1)
    expect(await host.run('run-action', 'run_0', 'kill')).toBe(4)
    expect(await host.run('runs', 'list', '--state', 'broken')).toBe(2)
  })
})
