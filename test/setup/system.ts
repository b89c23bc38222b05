import { existsSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { run } from './command'

/** What a part of the tests needs of the operating system, and the Debian package that has it. */
export interface Tool {
  name: string
  /** Any of these will do. */
  programs: string[]
  aptPackage: string
}

export const tools: Tool[] = [
  { name: 'chromium', programs: ['chromium', 'chromium-browser', 'google-chrome'], aptPackage: 'chromium' },
  { name: 'postgres', programs: ['postgres'], aptPackage: 'postgresql' },
  { name: 'mariadb', programs: ['mariadbd', 'mysqld'], aptPackage: 'mariadb-server' },
  { name: 'redis', programs: ['redis-server'], aptPackage: 'redis-server' },
  { name: 'zstd', programs: ['zstd'], aptPackage: 'zstd' },
  { name: 'git', programs: ['git'], aptPackage: 'git' },
  { name: 'curl', programs: ['curl'], aptPackage: 'curl' },
  { name: 'wget', programs: ['wget'], aptPackage: 'wget' },
  { name: 'ps', programs: ['ps'], aptPackage: 'procps' },
  { name: 'shellcheck', programs: ['shellcheck'], aptPackage: 'shellcheck' },
  { name: 'openssl', programs: ['openssl'], aptPackage: 'openssl' },
  { name: 'bubblewrap', programs: ['bwrap'], aptPackage: 'bubblewrap' },
  { name: 'busybox', programs: ['busybox'], aptPackage: 'busybox-static' },
  { name: 'dbus', programs: ['dbus-send'], aptPackage: 'dbus' },
  { name: 'gnome-keyring', programs: ['gnome-keyring-daemon'], aptPackage: 'gnome-keyring' },
  { name: 'secret-tool', programs: ['secret-tool'], aptPackage: 'libsecret-tools' },
  { name: 'systemd', programs: ['systemd-analyze'], aptPackage: 'systemd' },
  // A desktop, what is seen and heard of it, and a relay that media takes where there is no direct way.
  { name: 'xvfb', programs: ['Xvfb'], aptPackage: 'xvfb' },
  { name: 'openbox', programs: ['openbox'], aptPackage: 'openbox' },
  { name: 'setxkbmap', programs: ['setxkbmap'], aptPackage: 'x11-xkb-utils' },
  { name: 'ffmpeg', programs: ['ffmpeg'], aptPackage: 'ffmpeg' },
  { name: 'pulseaudio', programs: ['pulseaudio'], aptPackage: 'pulseaudio' },
  { name: 'coturn', programs: ['turnserver'], aptPackage: 'coturn' },
]

/** Debian keeps the servers of a database outside the PATH. */
const FOLDERS = [
  '/usr/sbin',
  '/usr/local/sbin',
  '/sbin',
  ...[18, 17, 16, 15, 14].map((v) => `/usr/lib/postgresql/${v}/bin`),
]

/** The full path of a program, looked for where Debian puts servers too. */
export function find(...programs: string[]): string | undefined {
  for (const program of programs) {
    const found = Bun.which(program) ?? FOLDERS.map((folder) => join(folder, program)).find((path) => existsSync(path))
    if (found) return found
  }
  return undefined
}

const missing = (): Tool[] => tools.filter((tool) => !find(...tool.programs))

/**
 * Installs what is missing with apt, where that can be: on Debian and its kin, as root.
 * @returns why each tool that is still missing is, by the tool's name
 */
export async function installTools(): Promise<Map<string, string>> {
  const wanted = missing()
  if (!wanted.length) return new Map()
  const obstacle = !Bun.which('apt-get')
    ? 'there is no apt-get here'
    : process.getuid?.() !== 0
      ? 'only root may install it'
      : ''
  const why = obstacle || (await aptInstall(wanted.map((tool) => tool.aptPackage)))
  return new Map(
    missing().map((tool) => [
      tool.name,
      `${tool.aptPackage} is not installed: ${why || 'apt installed something else'}`,
    ]),
  )
}

/** @returns what went wrong, empty when nothing did */
async function aptInstall(packages: string[]): Promise<string> {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  // Debian starts a server when it is installed; the tests start their own, and nobody asked for another one.
  const policy = '/usr/sbin/policy-rc.d'
  const ours = !existsSync(policy)
  if (ours) writeFileSync(policy, '#!/bin/sh\nexit 101\n', { mode: 0o755 })
  try {
    await run(['apt-get', '-q', 'update'], { env, timeoutSeconds: 300 })
    const argv = ['apt-get', '-q', '-y', '--no-install-recommends', 'install', ...packages]
    const { code, output } = await run(argv, { env, timeoutSeconds: 900 })
    return code === 0
      ? ''
      : (output
          .trim()
          .split('\n')
          .findLast((line) => line.startsWith('E:')) ?? `apt-get ended with ${code}`)
  } finally {
    if (ours) rmSync(policy, { force: true })
  }
}
