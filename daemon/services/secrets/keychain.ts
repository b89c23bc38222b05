import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { errorText, NekodeError } from '@shared/errors'
import type { Logger } from '@shared/log'
import { type Grant, Grants, type Wish, type Wishes } from './ring'

export interface KeychainOptions {
  /** Command line of the helper that speaks to the keychain; none: there is no keychain. */
  helper: readonly string[]
  /** Under which the entries are found in the keychain. */
  service: string
  env: Record<string, string | undefined>
  log: Logger
  /** Longest wait for an answer, in milliseconds. */
  patienceMs?: number
  platform?: NodeJS.Platform
  now?: () => number
}

/** People may be asked to unlock it; commands wait ten seconds for the daemon. */
const PATIENCE_MS = 8000
/** One that did not answer is left alone for so long: nothing may wait for it again and again. */
const REST_MS = 60_000
/** One that is not there may come with the user's login. */
const LOOK_MS = 5 * 60_000
/** What Windows keeps in one credential. */
const WINDOWS_MAX = 2560
const PROBE = 'nekode-probe'

/** What a helper needs to find the user's keychain, and to ask to have it unlocked. */
const PASSED = [
  'PATH',
  'HOME',
  'USER',
  'LOGNAME',
  'LANG',
  'DBUS_SESSION_BUS_ADDRESS',
  'XDG_RUNTIME_DIR',
  'XDG_DATA_DIRS',
  'DISPLAY',
  'WAYLAND_DISPLAY',
  'XAUTHORITY',
  'SystemRoot',
  'USERPROFILE',
  'APPDATA',
  'LOCALAPPDATA',
  'TEMP',
  'TMP',
]

/** The keychain of the operating system: Secret Service, macOS Keychain, Windows Credential Manager. */
export class Keychain {
  readonly #options: KeychainOptions
  #queue: Promise<unknown> = Promise.resolve()
  #known: { problem: string | undefined; until: number } | undefined
  /** It may give out what it has all the same. */
  #unwritable: { problem: string; until: number } | undefined

  constructor(options: KeychainOptions) {
    this.#options = options
  }

  /** Why nothing can be put into a keychain now; undefined when there is one that seems to take it. */
  async problem(): Promise<string | undefined> {
    const missing = this.#missing()
    if (missing !== undefined) return missing
    if (this.#unwritable && this.#unwritable.until > this.#now()) return this.#unwritable.problem
    if (this.#known && this.#known.until > this.#now()) return this.#known.problem
    try {
      await this.get([PROBE])
      this.#known = { problem: undefined, until: this.#now() + LOOK_MS }
    } catch (error) {
      // One that hangs has been noted already, for a shorter time.
      this.#rest(errorText(error), LOOK_MS)
    }
    return this.#known?.problem
  }

  /** A value of this length can be kept. */
  takes(value: string): boolean {
    return this.#platform !== 'win32' || Buffer.byteLength(value, 'utf16le') <= WINDOWS_MAX
  }

  /** Values in the order of the names; null for one that is not there. @throws NekodeError unavailable `SECRET-001` */
  async get(names: readonly string[]): Promise<(string | null)[]> {
    return names.length === 0 ? [] : this.#ask(names.map((name) => ({ op: 'get', name })))
  }

  /** All of them, or it throws; then some may have been kept. @throws NekodeError unavailable `SECRET-001` */
  async set(pairs: readonly (readonly [name: string, value: string])[]): Promise<void> {
    if (pairs.length === 0) return
    try {
      await this.#ask(pairs.map(([name, value]) => ({ op: 'set', name, value })))
    } catch (error) {
      this.#unwritable = { problem: errorText(error), until: this.#now() + REST_MS }
      throw error
    }
  }

  /** @throws NekodeError unavailable `SECRET-001` */
  async delete(names: readonly string[]): Promise<void> {
    if (names.length > 0) await this.#ask(names.map((name) => ({ op: 'delete', name })))
  }

  get #platform(): NodeJS.Platform {
    return this.#options.platform ?? process.platform
  }

  #now(): number {
    return (this.#options.now ?? Date.now)()
  }

  /** What can be told without asking: without a session bus no Secret Service can be reached, and libraries try for a while. */
  #missing(): string | undefined {
    const { helper, env } = this.#options
    if (helper.length === 0) return 'The keychain is turned off.'
    if (this.#platform === 'darwin' || this.#platform === 'win32') return undefined
    const { DBUS_SESSION_BUS_ADDRESS: bus, XDG_RUNTIME_DIR: runtime } = env
    if (bus || (runtime && existsSync(join(runtime, 'bus')))) return undefined
    return 'There is no session bus, and so no Secret Service.'
  }

  #rest(problem: string, ms: number): void {
    const until = this.#now() + ms
    if (!this.#known || this.#known.problem === undefined || this.#known.until < this.#now())
      this.#known = { problem, until }
  }

  /** One helper after the other: two could ask people to unlock the keychain at the same time. */
  async #ask(wishes: Wish[]): Promise<(string | null)[]> {
    const work = this.#queue.then(() => this.#run({ service: this.#options.service, wishes }))
    this.#queue = work.catch(() => undefined)
    const grants = await work
    return grants.map((grant) => {
      if ('error' in grant) throw unavailable(`The keychain of this computer says: ${grant.error}.`)
      return grant.value
    })
  }

  async #run(wishes: Wishes): Promise<Grant[]> {
    const { helper, env, patienceMs = PATIENCE_MS, log } = this.#options
    if (helper.length === 0) throw unavailable('The keychain is turned off.')
    if (this.#known?.problem !== undefined && this.#known.until > this.#now()) throw unavailable(this.#known.problem)
    const process = Bun.spawn([...helper], {
      env: Object.fromEntries(PASSED.flatMap((name) => (env[name] === undefined ? [] : [[name, env[name]]]))),
      stdin: Buffer.from(JSON.stringify(wishes)),
      stdout: 'pipe',
      stderr: 'ignore',
      timeout: patienceMs,
      killSignal: 'SIGKILL',
    })
    const [text, code] = await Promise.all([new Response(process.stdout).text(), process.exited])
    if (process.signalCode === 'SIGKILL') {
      const problem = `The keychain of this computer gave no answer within ${patienceMs / 1000} seconds.`
      log.warn('the keychain does not answer; it is left alone for a minute', { afterMs: patienceMs })
      this.#known = { problem, until: this.#now() + REST_MS }
      throw unavailable(problem)
    }
    const grants = Grants.safeParse(parseJson(text))
    if (code !== 0 || grants.data?.length !== wishes.wishes.length)
      throw unavailable(`The helper for the keychain of this computer ended with ${code}.`)
    return grants.data
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    // It ended before it had answered: its exit code tells.
    return undefined
  }
}

const unavailable = (message: string): NekodeError =>
  new NekodeError('unavailable', message, {
    code: 'SECRET-001',
    next: 'Unlock the keychain and try again, or keep secrets in the vault: NEKODE_SECRET_STORE=vault.',
  })
