import { existsSync, mkdirSync, statfsSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import type { Logger } from '@shared/log'
import type { Size } from '../geometry'
import { KeptProgram } from './kept'
import type { Family } from './processes'

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

/** Starts the browser of a machine. */
export function startBrowser(options: BrowserOptions): KeptProgram {
  const { family, log, command } = options
  if (isChromium(command) && isRoot())
    log.warn(
      'The browser runs without its sandbox, because this is root: a page that breaks out of it has the whole computer. Run this as a user without rights instead.',
    )
  return new KeptProgram({ family, log, name: 'browser', argv: () => browserArgv(options) })
}

const isRoot = (): boolean => process.getuid?.() === 0
const isChromium = ([program = '']: string[]): boolean => /chrom|brave|edge/.test(basename(program))
const isFirefox = ([program = '']: string[]): boolean => /firefox/.test(basename(program))

/** The command, with a profile of its own for browsers that are known. */
function browserArgv({ command, home, url, size }: BrowserOptions): string[] {
  const profile = join(home, '.browser')
  mkdirSync(profile, { recursive: true, mode: 0o700 })
  const page = url === undefined ? [] : [url]
  if (isFirefox(command)) return [...command, ...firefoxArgs(profile, size()), ...page]
  if (isChromium(command)) return [...command, ...chromiumArgs(profile, size()), ...page]
  return [...command, ...page]
}

function chromiumArgs(profile: string, { width, height }: Size): string[] {
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
    ...(isRoot() ? ['--no-sandbox', '--test-type'] : []),
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
