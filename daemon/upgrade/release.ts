import { existsSync } from 'node:fs'
import { computerRoutes } from '@shared/contract/computers'
import { errorText, NekodeError } from '@shared/errors'
import { archiveNames, parseSums, type Platform, SUMS, versionOf } from '@shared/release/names'

type Env = Record<string, string | undefined>

/** Where archives are looked for; the same places as the install scripts have. */
export interface ReleaseSources {
  /** Of the server, without a slash at the end. */
  serverUrl: string
  /** PEM of the authority behind the server's certificate. */
  ca?: string | undefined
  /** `NEKODE_DAEMON_DOWNLOAD_BASE_URL` names a folder that is used instead of all others, `NEKODE_DAEMON_VERSION` a version. */
  env: Env
  platform: Platform
}

/** An archive that can be downloaded, with the checksum that it must have. */
export interface Release {
  version: string
  place: string
  name: string
  sha256: string
}

const PATIENCE_MS = 30_000
const Wanted = computerRoutes['GET /api/daemon/release'].response

export const thisPlatform = (): Platform => ({ os: process.platform, arch: process.arch, musl: isMusl() })

/** A program that is linked against musl runs only where its loader is, and glibc's usually is not there then. */
const isMusl = (): boolean =>
  process.platform === 'linux' &&
  ['x86_64', 'aarch64'].some((arch) => existsSync(`/lib/ld-musl-${arch}.so.1`)) &&
  !['/lib64/ld-linux-x86-64.so.2', '/lib/ld-linux-aarch64.so.1'].some((path) => existsSync(path))

/** The later one is the greater; a version that is none (`dev`) is less than every one. */
export function compareVersions(a: string, b: string): number {
  const [first, second] = [a, b].map((text) => (/^\d+\.\d+\.\d+/.test(text) ? text : '0.0.0-0'))
  return Bun.semver.order(first ?? '', second ?? '')
}

/**
 * The release of a version, or without one the release that the server wants, or the newest of the folder that the environment names.
 * @throws NekodeError not_found `release_not_found` that says where was looked
 */
export async function findRelease(sources: ReleaseSources, version?: string): Promise<Release> {
  const { env, platform, serverUrl } = sources
  if (archiveNames('0', platform).length === 0)
    throw new NekodeError('precondition', `There is no daemon for ${platform.os} on ${platform.arch}.`, {
      code: 'platform_unsupported',
    })
  const named = env.NEKODE_DAEMON_DOWNLOAD_BASE_URL
  const asked = (version ?? env.NEKODE_DAEMON_VERSION)?.replace(/^v/, '') || undefined
  if (asked !== undefined && !/^[0-9A-Za-z][0-9A-Za-z.+-]{0,63}$/.test(asked))
    throw new NekodeError('invalid', `“${asked}” is not a version.`, { code: 'usage' })
  const known = named ? undefined : await wantedBy(sources)
  const wanted = asked ?? known?.version
  const places = named
    ? [folderUrl(named)]
    : [`${serverUrl}/api/daemon/artifacts`, ...(known ? [known.baseUrl.replaceAll(known.version, wanted ?? '')] : [])]
  const why: string[] = []
  for (const place of places.map((one) => one.replace(/\/+$/, ''))) {
    const found = await findIn(place, wanted, sources).catch((error: unknown) => errorText(error))
    if (typeof found === 'object') return found
    why.push(found)
  }
  throw new NekodeError('not_found', `No daemon ${wanted ?? ''} is to be had: ${why.join('; ')}.`, {
    code: 'release_not_found',
    next: 'Set NEKODE_DAEMON_DOWNLOAD_BASE_URL to a folder with the archive and its SHA256SUMS.txt, or give another --version.',
  })
}

/** @returns the release, or why it is not there */
async function findIn(place: string, wanted: string | undefined, sources: ReleaseSources): Promise<Release | string> {
  const response = await get(`${place}/${SUMS}`, sources)
  const sums = parseSums(await response.text())
  const { platform } = sources
  const version = wanted ?? newest([...sums.keys()].flatMap((name) => versionOf(name, platform) ?? []))
  if (version === undefined) return `${place} has no daemon for this computer`
  for (const name of archiveNames(version, platform)) {
    const sha256 = sums.get(name)
    if (sha256 !== undefined) return { version, place, name, sha256 }
  }
  return `${place} does not have ${archiveNames(version, platform)[0]}`
}

const newest = (versions: string[]): string | undefined => versions.sort(compareVersions).at(-1)

/** What the server says about releases; an earlier server says nothing. */
async function wantedBy(sources: ReleaseSources): Promise<ReturnType<typeof Wanted.parse> | undefined> {
  try {
    const response = await get(`${sources.serverUrl}/api/daemon/release`, sources)
    return Wanted.parse(await response.json())
  } catch (error) {
    if (error instanceof NekodeError && error.code === 'download_refused') return undefined
    throw error
  }
}

/** A plain path is a folder of this computer. */
const folderUrl = (text: string): string => (/^[a-z][a-z0-9+.-]*:/i.test(text) ? text : Bun.pathToFileURL(text).href)

/**
 * Opens an address; proxies are those of the environment.
 * @throws NekodeError unavailable, or precondition `download_refused` with the status
 */
export async function get(url: string, { ca }: Pick<ReleaseSources, 'ca'>, signal?: AbortSignal): Promise<Response> {
  let response: Response
  try {
    response = await fetch(url, {
      signal: signal ?? AbortSignal.timeout(PATIENCE_MS),
      ...(ca === undefined ? {} : { tls: { ca } }),
    })
  } catch (cause) {
    throw new NekodeError('unavailable', `${url} cannot be read: ${errorText(cause)}`, {
      code: 'download_failed',
      next: 'Check the address, the network, and HTTPS_PROXY where there is a proxy.',
      cause,
    })
  }
  if (!response.ok)
    throw new NekodeError('precondition', `${url} answers ${response.status}`, { code: 'download_refused' })
  return response
}
