import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createLogger } from '@shared/log'
import { z } from 'zod'
import { pathsOf } from '../../daemon/config/paths'
import { AgentKeys } from '../../daemon/local/keys'
import { type Mcp, mcpTool, startMcp } from '../../daemon/mcp/server'
import type { AgentEvent, Decision, EventOf, RuntimeDriver, StartOptions } from '../../daemon/runtimes'
import { Door } from '../../daemon/relay/door'
import { type Block, type ModelEndpoint, script, startModelEndpoint } from '../fixtures/model-endpoint'

/** One runtime, ready to be driven against the scripted model. */
export interface Subject {
  driver(): RuntimeDriver
  env: Record<string, string>
  model?: string
  /** How the scripted model calls the shell of this runtime. */
  shell(command: string): Block
  /** How it calls `send_message` of the MCP server "nekode". */
  mcpTool: string
  /** Takes a message in the middle of a turn. */
  steers: boolean
  /** It is a process of its own, which can be killed. */
  isProcess: boolean
  /** Its requests arrive at the scripted model. */
  usesModel: boolean
  /** It can be asked what it was told before, instead of looking at its requests to the model. */
  recall?: string
}

const WAIT_MS = 30_000

/** A driver with everything that it reports. */
export class Probe {
  readonly events: AgentEvent[] = []
  /** Answers to permission requests; without one they stay open. */
  decide: ((request: EventOf<'permission'>) => Decision) | undefined
  readonly #waiting = new Set<() => void>()

  constructor(
    readonly driver: RuntimeDriver,
    readonly options: Omit<StartOptions, 'onEvent'>,
  ) {}

  start(): Promise<void> {
    return this.driver.start({ ...this.options, onEvent: (event) => this.#take(event) })
  }

  #take(event: AgentEvent): void {
    this.events.push(event)
    if (process.env.TRACE) console.log(JSON.stringify(event).slice(0, 400))
    if (event.type === 'permission' && this.decide) this.driver.answer(event.requestId, this.decide(event))
    for (const wake of this.#waiting) wake()
  }

  /** The first event of this type from index `from` on, waited for. */
  async until<T extends AgentEvent['type']>(
    type: T,
    from = 0,
    fits: (event: EventOf<T>) => boolean = () => true,
  ): Promise<EventOf<T>> {
    const end = Date.now() + WAIT_MS
    for (;;) {
      const found = this.of(type, from).find(fits)
      if (found) return found
      const left = end - Date.now()
      if (left <= 0) throw new Error(`no ${type}; came: ${this.events.slice(from).map((event) => event.type)}`)
      const { promise, resolve } = Promise.withResolvers<void>()
      this.#waiting.add(resolve)
      await Promise.race([promise, Bun.sleep(left)])
      this.#waiting.delete(resolve)
    }
  }

  of<T extends AgentEvent['type']>(type: T, from = 0): EventOf<T>[] {
    return this.events.slice(from).filter((event): event is EventOf<T> => event.type === type)
  }

  /** Sends the text and waits for the end of its turn. */
  async turn(text: string): Promise<{ end: EventOf<'turn.end'>; from: number }> {
    const from = this.events.length
    await this.driver.send(text)
    return { end: await this.until('turn.end', from), from }
  }
}

/** How many processes have this very command line. */
export function running(command: string): number {
  const ps = Bun.spawnSync(['ps', '-eo', 'args'], { stdout: 'pipe' })
  return ps.stdout
    .toString()
    .split('\n')
    .filter((line) => line.trim() === command).length
}

/** Waits until `check` holds. */
export async function eventually(what: string, check: () => boolean): Promise<void> {
  for (const end = Date.now() + WAIT_MS; !check(); await Bun.sleep(25))
    if (Date.now() > end) throw new Error(`not in time: ${what}`)
}

/** The promises of the event stream, checked over everything that came. */
export function checkStream(events: AgentEvent[]): void {
  const tools = new Map<string, string>()
  let turn: string | undefined
  for (const [index, event] of events.entries()) {
    if (event.type === 'turn.start') {
      expect(turn).toBeUndefined()
      turn = event.turnId
    }
    if (event.type === 'turn.end') {
      expect(turn).toBe(event.turnId)
      expect([...tools.keys()]).toEqual([])
      expect(event.failure !== undefined).toBe(!['completed', 'interrupted'].includes(event.reason))
      turn = undefined
    }
    if (event.type === 'tool.start') {
      expect(tools.has(event.toolId)).toBe(false)
      tools.set(event.toolId, event.name)
    }
    if (event.type === 'tool.end') expect(tools.delete(event.toolId)).toBe(true)
    if (event.type === 'exit') expect(index).toBe(events.length - 1)
  }
}

let number = 0
/** A duration that no other test's `sleep` has, so that its process can be counted. */
export const uniqueSleep = (): string => `sleep ${4000 + process.pid / 10_000_000 + ++number}`

/** What every runtime does the same way. Each test leaves the driver ready for the next. */
export function contract(name: string, make: (home: string, modelUrl: string) => Subject): void {
  describe(name, () => {
    let home = ''
    let workspace = ''
    const sent: unknown[] = []
    const dones: (() => unknown)[] = []
    let model: ModelEndpoint
    let mcp: Mcp
    let door: Door
    const keys = new AgentKeys()
    let subject: Subject
    let probe: Probe

    const fresh = (extra: Partial<StartOptions> = {}): Probe => {
      const { env } = subject
      const made = new Probe(subject.driver(), {
        cwd: workspace,
        env: door.into(env, 'agent-a'),
        prompt: 'You are agent A. LAUNCH-PROMPT',
        stateDir: join(home, 'state'),
        mcp: [{ name: 'nekode', url: mcp.url, token: keys.keyOf('agent-a') }],
        mark: { id: `mark-${name}`, pidDir: join(home, 'pids') },
        ...(subject.model ? { model: subject.model } : {}),
        ...extra,
      })
      made.decide = () => ({ allow: true })
      dones.push(() => made.driver.stop(500))
      return made
    }
    const reached = (text: string, last = Number.POSITIVE_INFINITY) =>
      model.seen
        .filter(({ request }) => request)
        .slice(-last)
        .some(
          ({ request }) => request?.system.includes(text) || request?.items.some((item) => item.text.includes(text)),
        )

    beforeAll(async () => {
      home = mkdtempSync(join(tmpdir(), `nekode-${name}-`))
      workspace = join(home, 'work')
      mkdirSync(workspace, { recursive: true })
      const program = join(home, 'program')
      writeFileSync(program, 'printf %s "$1 $NEKODE_LOCAL_TOKEN"')
      const paths = pathsOf(join(home, 'daemon'))
      door = new Door({ paths, keys, self: ['/bin/sh', program], log: createLogger() })
      model = startModelEndpoint()
      mcp = startMcp({
        keys,
        tools: [
          mcpTool({
            name: 'send_message',
            description: 'Send a message to a channel.',
            input: z.object({ channel: z.string(), text: z.string() }),
            call: (input, agentId) => `sent as message ${sent.push({ agentId, ...input })}`,
          }),
        ],
      })
      subject = make(home, model.url)
      probe = fresh()
      await probe.start()
    }, 90_000)

    afterAll(async () => {
      for (const done of dones) await done()
      await model.stop()
      await mcp.stop()
      rmSync(home, { recursive: true, force: true })
    }, 60_000)

    test('starts with a session id, streams a turn, runs a command and calls a chat tool', async () => {
      expect(probe.of('ready')[0]?.sessionId).toBe(probe.driver.sessionId!)
      const { end, from } = await probe.turn(
        `go ${script(
          [{ say: 'I will run it.' }, subject.shell('echo from-agent; touch made.txt')],
          [{ tool: subject.mcpTool, input: { channel: '#general', text: 'hi' } }],
          [{ say: 'all done' }],
        )}`,
      )
      expect(end).toMatchObject({ reason: 'completed', text: 'all done' })
      const said = probe.of('message.delta', from).map(({ text }) => text)
      expect(said.join('')).toBe('I will run it.all done')
      expect(said.length).toBeGreaterThan(2)
      expect(probe.of('message', from).map(({ text }) => text)).toEqual(['I will run it.', 'all done'])
      const starts = probe.of('tool.start', from)
      const ends = probe.of('tool.end', from)
      expect(starts.map(({ kind }) => kind)).toEqual(['execute', 'mcp'])
      expect(ends.map(({ status }) => status)).toEqual(['completed', 'completed'])
      expect(ends[0]?.output).toContain('from-agent')
      expect(ends[1]?.output).toContain('sent as message 1')
      expect(sent).toEqual([{ agentId: 'agent-a', channel: '#general', text: 'hi' }])
      expect(existsSync(join(workspace, 'made.txt'))).toBe(true)
      const asked = probe.of('permission', from)
      expect(asked.map(({ kind }) => kind)).toEqual(['execute'])
      expect(asked[0]?.title).toContain('touch made.txt')
      expect(probe.driver.busy).toBe(false)
      if (subject.usesModel) expect(reached('LAUNCH-PROMPT')).toBe(true)
    }, 60_000)

    test('its commands find nekode-daemon, with the key of the agent', async () => {
      await probe.turn(`go ${script([subject.shell('nekode-daemon whoami > spoken.txt')], [{ say: 'said' }])}`)
      expect(readFileSync(join(workspace, 'spoken.txt'), 'utf8')).toBe(`whoami ${keys.keyOf('agent-a')}`)
    }, 60_000)

    test('reports what a turn used', async () => {
      const { from } = await probe.turn(`go ${script([{ say: 'priced' }])}`)
      const used = probe.of('usage', from).map(({ usage }) => usage)
      expect(
        used.reduce((sum, { input, cacheRead, cacheWrite }) => sum + input + cacheRead + cacheWrite, 0),
      ).toBeGreaterThan(90)
      expect(used.reduce((sum, { output }) => sum + output, 0)).toBe(20)
    }, 60_000)

    test('does not run a command that is denied', async () => {
      probe.decide = () => ({ allow: false, message: 'the owner said no' })
      const { end, from } = await probe.turn(
        `go ${script([subject.shell('touch never.txt')], [{ say: 'understood' }])}`,
      )
      probe.decide = () => ({ allow: true })
      expect(probe.of('permission', from).length).toBe(1)
      expect(probe.of('tool.end', from).map(({ status }) => status)).not.toContain('completed')
      expect(existsSync(join(workspace, 'never.txt'))).toBe(false)
      expect(['completed', 'interrupted']).toContain(end.reason)
    }, 60_000)

    test('is interrupted while it streams, and goes on', async () => {
      const from = probe.events.length
      await probe.driver.send(`go ${script([{ say: 'a long text that streams slowly', chunks: 25, delayMs: 200 }])}`)
      await probe.until('message.delta', from)
      await probe.driver.interrupt()
      expect((await probe.until('turn.end', from)).reason).toBe('interrupted')
      const next = await probe.turn(`then ${script([{ say: 'still works' }])}`)
      expect(next.end).toMatchObject({ reason: 'completed', text: 'still works' })
    }, 60_000)

    test('is interrupted while it waits for a permission, which is withdrawn', async () => {
      probe.decide = undefined
      const from = probe.events.length
      await probe.driver.send(`go ${script([subject.shell('touch asked.txt')], [{ say: 'x' }])}`)
      const asked = await probe.until('permission', from)
      await probe.driver.interrupt()
      expect((await probe.until('turn.end', from)).reason).toBe('interrupted')
      expect(probe.of('permission.cancel', from).map(({ requestId }) => requestId)).toEqual([asked.requestId])
      expect(existsSync(join(workspace, 'asked.txt'))).toBe(false)
      probe.decide = () => ({ allow: true })
    }, 60_000)

    test('ends a running command when it is interrupted', async () => {
      const sleep = uniqueSleep()
      const from = probe.events.length
      await probe.driver.send(`go ${script([subject.shell(`echo s; ${sleep}; echo e`)], [{ say: 'x' }])}`)
      await eventually('the command runs', () => running(sleep) === 1)
      await probe.driver.interrupt()
      expect((await probe.until('turn.end', from)).reason).toBe('interrupted')
      await eventually('the command is gone', () => running(sleep) === 0)
    }, 60_000)

    test('takes in a message that is sent during a turn', async () => {
      const from = probe.events.length
      const gate = join(workspace, 'gate')
      await probe.driver.send(
        `go ${script([subject.shell(`while [ ! -e ${gate} ]; do sleep 0.1; done`)], [{ say: 'first part' }])}`,
      )
      await probe.until('tool.start', from)
      const how = await probe.driver.send('SECOND-MESSAGE')
      expect(how).toBe(subject.steers ? 'steered' : 'queued')
      await Bun.write(gate, '')
      await probe.until('turn.end', from)
      if (subject.usesModel) await eventually('the model saw it', () => reached('SECOND-MESSAGE'))
      if (!subject.steers) await probe.until('turn.end', from, ({ text }) => text !== 'first part')
      await eventually('all turns ended', () => !probe.driver.busy)
    }, 60_000)

    test('is stopped in the middle of a command without leaving a process, and resumes with its history', async () => {
      const id = probe.driver.sessionId!
      const sleep = uniqueSleep()
      await probe.turn(`remember pineapple ${script([{ say: 'noted' }])}`)
      await probe.driver.send(`go ${script([subject.shell(`echo s; ${sleep}; echo e`)], [{ say: 'x' }])}`)
      await eventually('the command runs', () => running(sleep) === 1)
      await probe.driver.stop()
      expect(running(sleep)).toBe(0)
      expect(probe.of('exit')).toMatchObject([{ expected: true }])
      checkStream(probe.events)
      await expect(probe.driver.send('x')).rejects.toMatchObject({ failure: { reason: 'killed' } })
      probe = fresh({ resume: id })
      await probe.start()
      expect(probe.driver.sessionId).toBe(id)
      await remembers()
    }, 90_000)

    test('resumes after its process was killed in the middle of a command, which is not left behind', async () => {
      const id = probe.driver.sessionId!
      const sleep = uniqueSleep()
      await probe.driver.send(`go ${script([subject.shell(`echo s; ${sleep}; echo e`)], [{ say: 'x' }])}`)
      await eventually('the command runs', () => running(sleep) === 1)
      const from = probe.events.length
      if (subject.isProcess) {
        killRuntime(home)
        expect(await probe.until('exit', from)).toMatchObject({ expected: false, failure: { reason: 'crashed' } })
        expect(await probe.until('turn.end')).toBeDefined()
        expect(running(sleep)).toBe(0)
        checkStream(probe.events)
      } else await probe.driver.stop(50)
      expect(running(sleep)).toBe(0)
      probe = fresh({ resume: id })
      await probe.start()
      await remembers()
    }, 90_000)

    /** The model is sent what was said long ago. */
    async function remembers(): Promise<void> {
      const { end } = await probe.turn(subject.recall ?? `what was it ${script([{ say: 'pineapple' }])}`)
      expect(end.reason).toBe('completed')
      expect(end.text).toContain('pineapple')
      if (subject.usesModel) expect(reached('remember pineapple', 2)).toBe(true)
    }

    const failures: [number, string, string, string][] = [
      [401, 'authentication_error', 'invalid x-api-key', 'runtime_login_required'],
      [429, 'rate_limit_error', 'This request would exceed the rate limit', 'rate_limited'],
      [500, 'api_error', 'Internal server error', 'model_unavailable'],
    ]
    for (const [status, type, message, reason] of failures)
      test(`names the failure of a turn whose model calls are answered with ${status}`, async () => {
        const failing = Array.from({ length: 30 }, () => [{ fail: status, type, message }])
        const { end, from } = await probe.turn(`go ${script(...failing)}`)
        expect(end).toMatchObject({ reason: 'failed', failure: { reason } })
        expect(probe.of('message', from)).toEqual([])
        const next = await probe.turn(`then ${script([{ say: 'recovered' }])}`)
        expect(next.end).toMatchObject({ reason: 'completed', text: 'recovered' })
      }, 90_000)

    test('refuses a session that does not exist, and leaves nothing behind', async () => {
      const lost = fresh({ resume: '0192a1b2-0000-7000-8000-000000000000', stateDir: join(home, 'other-state') })
      await expect(lost.start()).rejects.toMatchObject({ failure: { reason: 'session_lost' } })
      expect(lost.driver.busy).toBe(false)
    }, 90_000)

    test('leaves no process behind', async () => {
      await probe.driver.stop()
      checkStream(probe.events)
      const carrying = Bun.spawnSync(['sh', '-c', `grep -lsz "NEKODE_DAEMON_MARK=mark-${name}" /proc/[0-9]*/environ`])
      expect(carrying.stdout.toString()).toBe('')
    }, 60_000)
  })
}

const PidFile = z.object({ pid: z.number() })

/** SIGKILLs the runtime's own process, as the system's out-of-memory killer would. */
function killRuntime(home: string): void {
  const dir = join(home, 'pids')
  const files = [...new Bun.Glob('*.json').scanSync(dir)]
  expect(files.length).toBe(1)
  const { pid } = PidFile.parse(JSON.parse(readFileSync(join(dir, files[0]!), 'utf8')))
  process.kill(pid, 'SIGKILL')
}
