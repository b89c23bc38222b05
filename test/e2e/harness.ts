/**
 * A real server and real daemons as child processes, for tests that cross processes:
 *
 *   await inPlace(async (place) => {
 *     const server = await startServer(place)
 *     const admin = await server.admin()
 *     const daemon = await startDaemon(place, server)
 *     const { message } = await admin.call('POST /api/messages', { body: { target: '#general', content: 'hello' } })
 *   })
 */
import { type Call, createApiClient } from '@shared/contract/client'
import type { Agent, Computer } from '@shared/contract'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { freePort } from '../setup/databases'
import { type Place, type Program, commandOf } from './program'

export { inPlace, Place, Program, commandOf } from './program'

export const ADMIN = { username: 'admin', password: 'correct horse battery' }

export interface ServerOptions {
  /** Settings as environment variables, on top of a data folder and an address of its own. */
  env?: Record<string, string>
  flags?: string[]
  /** Leave it without an admin: set it up with `setupCode`. */
  fresh?: boolean
}

/** Somebody with a token. */
export interface Caller {
  token: string
  call: Call
  fetch(path: string, init?: RequestInit): Promise<Response>
}

/** One server with its data, through restarts. */
export class ServerUnderTest {
  #program: Program | undefined
  #admin: Caller | undefined
  readonly dataDir: string

  constructor(
    private readonly place: Place,
    readonly port: number,
    private readonly options: ServerOptions,
  ) {
    this.dataDir = join(place.dir, `server-${port}`)
    mkdirSync(this.dataDir, { recursive: true })
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`
  }

  get program(): Program {
    if (!this.#program) throw new Error('the server was not started')
    return this.#program
  }

  /** Starts it, again too, and waits until it can take work. */
  async start(): Promise<void> {
    const { env = {}, flags = [], fresh = false } = this.options
    const bootstrap = fresh
      ? {}
      : { NEKODE_BOOTSTRAP_ADMIN_USERNAME: ADMIN.username, NEKODE_BOOTSTRAP_ADMIN_PASSWORD: ADMIN.password }
    const argv = [...commandOf('nekode'), 'serve', '--addr', `127.0.0.1:${this.port}`, '--data-dir', this.dataDir]
    this.#program = this.place.start([...argv, ...(flags.length ? flags : ['--no-local-daemon'])], {
      name: 'server',
      env: { ...bootstrap, ...env },
    })
    await this.ready()
  }

  /** Waits until it answers that it is ready. Throws with its output when it ends instead. */
  async ready(seconds = 20): Promise<void> {
    const until = Date.now() + seconds * 1000
    for (;;) {
      const response = await fetch(`${this.url}/ready`).catch(() => undefined)
      if (response?.ok) return
      if (this.program.ended || Date.now() > until)
        throw new Error(`the server did not become ready:\n${this.program.output}`)
      await Bun.sleep(10)
    }
  }

  /** `kill -9`. */
  async killHard(): Promise<void> {
    await this.program.killHard()
  }

  async stop(): Promise<number> {
    return this.program.stop()
  }

  /** The code that a server without an admin prints. */
  async setupCode(): Promise<string> {
    const [, code = ''] = await this.program.line(/one-time code: (\S+)/)
    return code
  }

  /** The first admin, logged in; the same session every time. */
  async admin(): Promise<Caller> {
    this.#admin ??= await this.login(ADMIN.username, ADMIN.password)
    return this.#admin
  }

  guest(): Omit<Caller, 'token'> {
    return client(this.url)
  }

  async login(username: string, password: string): Promise<Caller> {
    const { token } = await this.guest().call('POST /api/auth/login', { body: { username, password, token: true } })
    if (token === undefined) throw new Error('the login gave no token')
    return { token, ...client(this.url, token) }
  }
}

function client(url: string, token?: string): Omit<Caller, 'token'> {
  const headers: Record<string, string> = token === undefined ? {} : { authorization: `Bearer ${token}` }
  return {
    call: createApiClient({ baseUrl: url, headers: () => headers }),
    fetch: (path, init = {}) =>
      fetch(url + path, { ...init, headers: { ...headers, ...Object.fromEntries(new Headers(init.headers)) } }),
  }
}

export async function startServer(place: Place, options: ServerOptions = {}): Promise<ServerUnderTest> {
  const server = new ServerUnderTest(place, await freePort(), options)
  await server.start()
  return server
}

export interface DaemonOptions {
  name?: string
  /** Where it connects, when that is not the server itself: a proxy. */
  serverUrl?: string
  env?: Record<string, string>
  /** An enrollment that somebody made, with its code; without one a new one is made. */
  enrollment?: { id: string; code: string }
}

/** One daemon with its home, through restarts. */
export class DaemonUnderTest {
  #program: Program | undefined

  constructor(
    private readonly place: Place,
    private readonly server: ServerUnderTest,
    readonly computerId: string,
    readonly home: string,
    private readonly env: Record<string, string>,
  ) {}

  get program(): Program {
    if (!this.#program) throw new Error('the daemon was not started')
    return this.#program
  }

  /** Starts it, again too, and waits until it has registered and the server shows the computer online. */
  async start(): Promise<void> {
    this.#program = this.place.start([...commandOf('nekode-daemon'), 'run'], { name: 'daemon', env: this.env })
    await this.program.line(/registered with the server/)
    await this.online()
  }

  async computer(): Promise<Computer> {
    const admin = await this.server.admin()
    return admin.call('GET /api/computers/{id}', { params: { id: this.computerId } })
  }

  async online(seconds = 30): Promise<void> {
    await eventually(async () => (await this.computer()).status === 'online', {
      seconds,
      what: 'the computer is online',
      stop: () => this.program.ended,
    })
  }

  async killHard(): Promise<void> {
    await this.program.killHard()
  }

  async stop(): Promise<number> {
    return this.program.stop()
  }
}

/** An enrollment, with its code. */
export async function enroll(server: ServerUnderTest, displayName: string): Promise<{ id: string; code: string }> {
  const admin = await server.admin()
  const { enrollment, commands } = await admin.call('POST /api/daemon/enrollments', { body: { displayName } })
  const code = /[?&]code=([^&'"\s]+)/.exec(commands.shell)?.[1]
  if (code === undefined) throw new Error(`no code in ${commands.shell}`)
  return { id: enrollment.id, code }
}

/** Enrols a computer as the installer does, and starts a daemon for it. */
export async function startDaemon(
  place: Place,
  server: ServerUnderTest,
  options: DaemonOptions = {},
): Promise<DaemonUnderTest> {
  const name = options.name ?? 'test-computer'
  const { id, code } = options.enrollment ?? (await enroll(server, name))
  const redeemed = await server.guest().call('POST /api/daemon/enrollments/{id}/redeem', {
    params: { id },
    body: { code: decodeURIComponent(code), hostname: name },
  })
  const home = join(place.dir, name)
  mkdirSync(home, { recursive: true })
  const config = join(home, 'daemon.json')
  const settings = {
    serverUrl: options.serverUrl ?? server.url,
    token: redeemed.token,
    computerId: redeemed.computerId,
    displayName: name,
    daemonId: `daemon-${name}`,
    logLevel: 'debug',
    logFormat: 'text',
  }
  await Bun.write(config, JSON.stringify(settings), { mode: 0o600 })
  const env = { NEKODE_HOME: home, NEKODE_DAEMON_CONFIG: config, HOME: home, ...options.env }
  const daemon = new DaemonUnderTest(place, server, redeemed.computerId, home, env)
  await daemon.start()
  return daemon
}

export interface AgentOptions {
  name: string
  computerId: string
  /** What it may do without asking. Default: everything. */
  approvals?: 'ask' | 'allow' | 'deny'
  channels?: string[]
}

/** An agent that is the scripted ACP program: what it does is in the messages that it gets (see `script`). */
export async function makeScriptedAgent(server: ServerUnderTest, options: AgentOptions): Promise<Agent> {
  const { call } = await server.admin()
  return call('POST /api/agents', {
    body: {
      name: options.name,
      computerId: options.computerId,
      runtimeKind: 'acp',
      command: [process.execPath, join(import.meta.dir, '../fixtures/acp-agent.ts')],
      approvals: { default: options.approvals ?? 'allow', rules: {} },
      ...(options.channels ? { channels: options.channels } : {}),
    },
  })
}

export interface WaitOptions {
  what: string
  seconds?: number
  /** Ends the wait at once: what was waited for cannot come any more. */
  stop?: () => boolean
}

/** Asks until the answer is true (or not undefined), for as long as it may take on a slow machine. */
export async function eventually<T>(ask: () => Promise<T | undefined | false>, options: WaitOptions): Promise<T> {
  const until = Date.now() + (options.seconds ?? 30) * 1000
  for (;;) {
    const answer = await ask()
    if (answer !== undefined && answer !== false) return answer
    if (options.stop?.() || Date.now() > until) throw new Error(`did not come true: ${options.what}`)
    await Bun.sleep(20)
  }
}
