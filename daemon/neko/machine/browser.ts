import { existsSync, mkdirSync, statfsSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import type { Logger } from '@shared/log'
import type { Size } from '../geometry'
import type { Family, Program } from './processes'

const FIRST_RETRY_MS = 500
const LONGEST_RETRY_MS = 30_000
const STEADY_MS = 10_000
/** Chromium shares pictures between its processes in /dev/shm; containers often have 64 MB of it, and pages crash. */
const ENOUGH_SHARED = 512 * 1024 * 1024

export interface BrowserOptions {
  family: Family
  log: Logger
  /** With arguments. */
  command: string[]
  home: string
  url: string | undefined
  size: () => Size
}

/** The browser of the machine: there is always one, so one that was closed or crashed is started again. */
export class Browser {
  readonly #options: BrowserOptions
  #program: Program | undefined
  #timer: ReturnType<typeof setTimeout> | undefined
  #retryMs = FIRST_RETRY_MS
  #isClosed = false

  constructor(options: BrowserOptions) {
    this.#options = options
    this.#start()
  }

  get pid(): number | undefined {
    return this.#program?.pid
  }

  async close(): Promise<void> {
    this.#isClosed = true
    clearTimeout(this.#timer)
    await this.#program?.stop()
  }

  #start(): void {
    const { family, log } = this.#options
    const startedAt = Date.now()
    const program = family.start('browser', browserArgv(this.#options))
    this.#program = program
    void program.exited.then((code) => {
      this.#program = undefined
      if (this.#isClosed) return
      if (Date.now() - startedAt >= STEADY_MS) this.#retryMs = FIRST_RETRY_MS
      log.info('the browser ended and is started again', { code, ms: this.#retryMs, says: program.lastWords })
      this.#timer = setTimeout(() => this.#start(), this.#retryMs)
      this.#retryMs = Math.min(LONGEST_RETRY_MS, this.#retryMs * 2)
    })
  }
}

/** Makes the browser's profile, and says what has to be known about how it runs. */
export function browserArgv({ command, home, url, size, log }: BrowserOptions): string[] {
  const profile = join(home, '.browser')
  mkdirSync(profile, { recursive: true, mode: 0o700 })
  const name = basename(command[0] ?? '')
  const page = url === undefined ? [] : [url]
  if (/firefox/.test(name)) return [...command, ...firefoxArgs(profile, size()), ...page]
  if (!/chrom|brave|edge/.test(name)) return [...command, ...page]
  return [...command, ...chromiumArgs(profile, size(), log), ...page]
}

function chromiumArgs(profile: string, { width, height }: Size, log: Logger): string[] {
  const isRoot = process.getuid?.() === 0
  if (isRoot)
    log.warn(
      'The browser runs without its sandbox, because this is root: a page that breaks out of it has the whole computer. Run this as a user without rights instead.',
    )
  return [
    `--user-data-dir=${profile}`,
    '--window-position=0,0',
    `--window-size=${width},${height}`,
    '--start-maximized',
    '--no-first-run',
    '--no-default-browser-check',
    '--password-store=basic',
    '--hide-crash-restore-bubble',
    // There is no graphics card behind this screen, and drawing in software is faster without the detour.
    '--disable-gpu',
    ...(sharedMemory() < ENOUGH_SHARED ? ['--disable-dev-shm-usage'] : []),
    // The second one only takes away the bar that warns of the first.
    ...(isRoot ? ['--no-sandbox', '--test-type'] : []),
  ]
}

function firefoxArgs(profile: string, { width, height }: Size): string[] {
  const settings = join(profile, 'user.js')
  if (!existsSync(settings)) writeFileSync(settings, FIREFOX_SETTINGS)
  return ['--no-remote', '--profile', profile, '--width', `${width}`, '--height', `${height}`]
}

const FIREFOX_SETTINGS = [
  ['browser.shell.checkDefaultBrowser', false],
  ['browser.aboutwelcome.enabled', false],
  ['browser.startup.homepage_override.mstone', 'ignore'],
  ['browser.sessionstore.resume_from_crash', false],
  ['datareporting.policy.dataSubmissionEnabled', false],
]
  .map(([name, value]) => `user_pref(${JSON.stringify(name)}, ${JSON.stringify(value)});\n`)
  .join('')

function sharedMemory(): number {
  try {
    const { bavail, bsize } = statfsSync('/dev/shm')
    return bavail * bsize
  } catch {
    // There is none.
    return 0
  }
}
