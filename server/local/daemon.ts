import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import type { Logger } from '@shared/log'
import { LOCAL_DAEMON } from '@shared/home'
import type { Computers } from '../computers/service'
import { SETTINGS } from '../config/settings'
import type { Enrollments } from '../enrollment/service'
import { type DaemonProgram, daemonProgram } from './program'
import { descendants, kill } from './tree'

const FIRST_DELAY_MS = 1000
const LONGEST_DELAY_MS = 60_000
/** A daemon that ran for this long was all right: its next end starts with a short pause again. */
const SETTLED_MS = 60_000
/** Time for the daemon to put its agents to rest. */
const GRACE_MS = 10_000

export interface LocalDaemonOptions {
  dataDir: string
  log: Logger
  enrollments: Enrollments
  computers: Computers
  /** The environment of the server. */
  env: Record<string, string | undefined>
  /** Default: the daemon that belongs to this server. */
  program?: DaemonProgram
  graceMs?: number
  firstDelayMs?: number
}

/** Runs a daemon for the computer that the server is on, and starts it again when it ends. */
export class LocalDaemon {
  readonly #folder: string
  #child: Bun.Subprocess<'ignore', 2, 2> | undefined
  #stopped = Promise.withResolvers<void>()
  #stopping = false
  #running: Promise<void> | undefined
  #computerId: string | undefined

  constructor(private readonly options: LocalDaemonOptions) {
    this.#folder = join(options.dataDir, LOCAL_DAEMON)
  }

  get pid(): number | undefined {
    return this.#child?.pid
  }

  /** @param serverUrl where the daemon reaches the server: on this computer, in clear text */
  async start(serverUrl: string): Promise<void> {
    const { enrollments } = this.options
    const facts = { hostname: hostname(), os: process.platform, arch: process.arch }
    const { token, computerId, displayName } = await enrollments.local(facts)
    this.#computerId = computerId
    const config = join(this.#folder, 'daemon.json')
    mkdirSync(this.#folder, { recursive: true, mode: 0o700 })
    writeFileSync(config, JSON.stringify({ serverUrl, token, computerId, displayName, hostname: facts.hostname }), {
      mode: 0o600,
    })
    // The mode above counts for a new file only.
    chmodSync(config, 0o600)
    const program = this.options.program ?? daemonProgram(this.#folder)
    this.#running = this.#run({ ...program, argv: [...program.argv, 'run', '--config', config] })
  }

  async #run({ argv, env }: DaemonProgram): Promise<void> {
    const { log } = this.options
    for (let failures = 0; !this.#stopping; failures++) {
      const since = Date.now()
      const child = Bun.spawn(argv, {
        cwd: this.#folder,
        env: { ...this.#environment(), ...env, NEKODE_PARENT_PID: String(process.pid) },
        stdin: 'ignore',
        stdout: 2,
        stderr: 2,
        // Ctrl-C in the server's terminal is for the server, which stops its daemon in order.
        detached: true,
      })
      this.#child = child
      const code = await child.exited
      // What it left in its group. Agents have groups of their own: the next daemon finds those.
      if (process.platform !== 'win32') kill(-child.pid)
      if (this.#stopping) return
      if (!(await this.#known()))
        return log.info('this computer was removed; its daemon stays off until the next start')
      if (Date.now() - since > SETTLED_MS) failures = 0
      const delayMs = Math.min((this.options.firstDelayMs ?? FIRST_DELAY_MS) * 2 ** failures, LONGEST_DELAY_MS)
      log.warn('the daemon of this computer ended and is started again', { code, afterMs: delayMs })
      await Promise.race([Bun.sleep(delayMs), this.#stopped.promise])
    }
  }

  /** Whether the computer is still on this server; an administrator may have removed it. */
  async #known(): Promise<boolean> {
    return (await this.options.computers.localId()) === this.#computerId
  }

  /** The server's own settings hold secrets that are none of the daemon's business, nor of any agent's. */
  #environment(): Record<string, string> {
    const own = new Set<string>(Object.values(SETTINGS).map((setting) => setting.env))
    const shared = new Set<string>([SETTINGS.logLevel.env, SETTINGS.logFormat.env])
    const env = { ...this.options.env, NEKODE_HOME: this.#folder }
    return Object.fromEntries(
      Object.entries(env).filter((entry): entry is [string, string] => {
        const [name, value] = entry
        return value !== undefined && name !== 'NEKODE_TOKEN' && (!own.has(name) || shared.has(name))
      }),
    )
  }

  /** Asks the daemon to end, waits, and ends what is left with all that it started. */
  async stop(): Promise<void> {
    this.#stopping = true
    this.#stopped.resolve()
    const child = this.#child
    if (child && child.exitCode === null && child.signalCode === null) await this.#end(child)
    await this.#running
  }

  async #end(child: Bun.Subprocess): Promise<void> {
    child.kill('SIGTERM')
    const late = await Promise.race([
      child.exited.then(() => false),
      Bun.sleep(this.options.graceMs ?? GRACE_MS).then(() => true),
    ])
    if (!late) return
    this.options.log.warn('the daemon of this computer did not stop in time and is killed with all it started')
    // Before it is killed: its agents would lose the parent that they are found by.
    const below = await descendants(child.pid)
    for (const pid of [child.pid, ...below]) kill(pid)
  }
}
