import { readFileSync } from 'node:fs'
import { NekodeError } from '@shared/errors'

type Family = 'debian' | 'fedora' | 'arch'

interface Need {
  /** What it is for, as an error says it. */
  what: string
  /** Any of these will do; the first one there is taken. */
  programs: string[]
  packages: Record<Family, string>
}

const NEEDS = {
  xvfb: {
    what: 'a screen',
    programs: ['Xvfb'],
    packages: { debian: 'xvfb', fedora: 'xorg-x11-server-Xvfb', arch: 'xorg-server-xvfb' },
  },
  windowManager: {
    what: 'a window manager',
    programs: ['openbox', 'fluxbox', 'icewm', 'xfwm4', 'metacity'],
    packages: { debian: 'openbox', fedora: 'openbox', arch: 'openbox' },
  },
  browser: {
    what: 'a browser',
    programs: [
      'chromium',
      'chromium-browser',
      'google-chrome',
      'google-chrome-stable',
      'firefox-esr',
      'firefox',
      'brave-browser',
      'microsoft-edge',
    ],
    packages: { debian: 'chromium', fedora: 'chromium', arch: 'chromium' },
  },
  ffmpeg: {
    what: 'the encoder',
    programs: ['ffmpeg'],
    packages: { debian: 'ffmpeg', fedora: 'ffmpeg-free', arch: 'ffmpeg' },
  },
} as const satisfies Record<string, Need>

const OPTIONAL = {
  pulseaudio: {
    what: 'sound',
    programs: ['pulseaudio'],
    packages: { debian: 'pulseaudio', fedora: 'pulseaudio', arch: 'pulseaudio' },
  },
  setxkbmap: {
    what: 'keyboard layouts',
    programs: ['setxkbmap'],
    packages: { debian: 'x11-xkb-utils', fedora: 'setxkbmap', arch: 'xorg-setxkbmap' },
  },
} as const satisfies Record<string, Need>

/** Servers are there, and the PATH of a user or a service often lacks them. */
const SYSTEM_FOLDERS = ['/usr/local/bin', '/usr/bin', '/usr/sbin', '/usr/games', '/snap/bin']

/** Full paths. */
export interface Programs {
  xvfb: string
  windowManager: string
  /** With arguments. */
  browser: string[]
  ffmpeg: string
  pulseaudio: string | undefined
  setxkbmap: string | undefined
}

/** A machine needs programs that are not installed; the message names the packages and the one line that installs them. */
export class MissingPackage extends NekodeError {
  constructor(
    /** Of this computer's distribution; of Debian where that is not known. */
    readonly packages: string[],
    what: string[],
    next: string,
  ) {
    super('precondition', `Not installed: ${what.join(', ')}.`, { code: 'package_missing', next })
    this.name = 'MissingPackage'
  }
}

/**
 * Finds all programs of a machine.
 * @param path folders to search, as in `PATH`
 * @param browser a command to use instead of the browsers that are known
 * @param system folders that are searched as well
 * @throws MissingPackage naming all that is missing, not just the first
 */
export function findPrograms(path: string, browser?: string[], system = SYSTEM_FOLDERS): Programs {
  const PATH = [path, ...system].join(':')
  const find = ({ programs }: Need) =>
    programs.map((program) => Bun.which(program, { PATH })).find((found) => found !== null) ?? undefined
  const missing: Need[] = []
  const need = (one: Need) => {
    const found = find(one)
    if (found === undefined) missing.push(one)
    return found ?? ''
  }
  const programs: Programs = {
    xvfb: need(NEEDS.xvfb),
    windowManager: need(NEEDS.windowManager),
    browser: browser ? givenBrowser(browser, PATH) : [need(NEEDS.browser)],
    ffmpeg: need(NEEDS.ffmpeg),
    pulseaudio: find(OPTIONAL.pulseaudio),
    setxkbmap: find(OPTIONAL.setxkbmap),
  }
  if (missing.length) throw missingPackage(missing)
  return programs
}

/** One line for people: what installs an optional part. */
export const installHint = (part: keyof typeof OPTIONAL): string => installLine([OPTIONAL[part]])

function givenBrowser([program = '', ...args]: string[], PATH: string): string[] {
  const found = Bun.which(program, { PATH })
  if (!found)
    throw new NekodeError('precondition', `The browser ${program || '(no name)'} is not installed.`, {
      code: 'browser_missing',
      next: 'Give the path of a browser that is installed, or none to use the first one that is found.',
    })
  return [found, ...args]
}

function missingPackage(missing: Need[]): MissingPackage {
  const family = distribution() ?? 'debian'
  const what = missing.map(({ what, programs }) => `${what} (${programs[0]})`)
  return new MissingPackage(
    missing.map(({ packages }) => packages[family]),
    what,
    installLine(missing),
  )
}

function installLine(needs: Need[]): string {
  const family = distribution()
  const names = needs.map(({ packages }) => packages[family ?? 'debian']).join(' ')
  if (family === 'debian') return `sudo apt-get install -y ${names}`
  if (family === 'fedora') return `sudo dnf install -y ${names}`
  if (family === 'arch') return `sudo pacman -S --needed ${names}`
  return `Install ${names} (names as in Debian) with the package manager of this computer.`
}

/** @param file for tests */
export function distribution(file = '/etc/os-release'): Family | undefined {
  let release: string
  try {
    release = readFileSync(file, 'utf8')
  } catch {
    // Not every system says what it is.
    return undefined
  }
  const names = [...release.matchAll(/^(?:ID|ID_LIKE)=["']?([^"'\n]*)/gm)].flatMap(
    ([, value]) => value?.split(' ') ?? [],
  )
  if (names.some((name) => name === 'debian' || name === 'ubuntu')) return 'debian'
  if (names.some((name) => name === 'fedora' || name === 'rhel')) return 'fedora'
  return names.includes('arch') ? 'arch' : undefined
}
