/** A daemon archive: `nekode-daemon_<version>_<os>_<arch>[_musl].tar.gz` (`.zip` for Windows), holding a folder of the same name. */
const ARCHIVE = /^nekode-daemon_[0-9A-Za-z][0-9A-Za-z.+-]*_(linux|darwin|windows)_(amd64|arm64)(_musl)?\.(tar\.gz|zip)$/

export const SUMS = 'SHA256SUMS.txt'

export const isArchiveName = (name: string): boolean => ARCHIVE.test(name)

export interface Platform {
  os: NodeJS.Platform
  arch: string
  musl: boolean
}

const SYSTEMS: Partial<Record<string, string>> = { linux: 'linux', darwin: 'darwin', win32: 'windows' }
const PROCESSORS: Partial<Record<string, string>> = { x64: 'amd64', arm64: 'arm64' }

/** The name of an archive without its suffix; undefined where no daemon is built for. */
export function folderName(
  version: string,
  { os, arch, musl }: Platform,
  program = 'nekode-daemon',
): string | undefined {
  const system = SYSTEMS[os]
  const processor = PROCESSORS[arch]
  if (!system || !processor) return undefined
  return `${program}_${version}_${system}_${processor}${musl ? '_musl' : ''}`
}

/** The version in the name of an archive for a platform; undefined for one that is for another. */
export function versionOf(name: string, platform: Platform): string | undefined {
  const version = /^nekode-daemon_([0-9A-Za-z][0-9A-Za-z.+-]*)_(?:linux|darwin|windows)_/.exec(name)?.[1]
  return version !== undefined && isArchiveName(name) && archiveNames(version, platform).includes(name)
    ? version
    : undefined
}

/** What the archive of a version may be called, the best first. */
export function archiveNames(version: string, platform: Platform): string[] {
  const folder = folderName(version, platform)
  if (folder === undefined) return []
  return platform.os === 'win32' ? [`${folder}.zip`, `${folder}.tar.gz`] : [`${folder}.tar.gz`]
}

/** The lines of a SHA256SUMS.txt, by file name. */
export function parseSums(text: string): Map<string, string> {
  const sums = new Map<string, string>()
  for (const line of text.split('\n')) {
    const [, sum, name] = /^([0-9a-fA-F]{64}) [ *](\S+)\r?$/.exec(line) ?? []
    if (sum && name) sums.set(name, sum.toLowerCase())
  }
  return sums
}

/** In the format of sha256sum: two spaces. */
export const formatSums = (sums: Iterable<[string, string]>): string =>
  [...sums].map(([name, sum]) => `${sum}  ${name}\n`).join('')
