import { accessSync, constants, existsSync, lstatSync, readdirSync, readFileSync, statfsSync, statSync } from 'node:fs'
import { createServer } from 'node:net'
import { dirname, resolve } from 'node:path'
import { errorText, NekodeError } from '@shared/errors'
import { version } from '@shared/version'
import type { Config } from '../config/config'
import { findHolder } from '../config/lock'
import { logPath } from '../config/logfile'
import { LocalClient } from '../local/client'
import { readPort, readToken, socketAddress, tokenPath } from '../local/place'
import { proxyOf } from '../network/proxy'
import { compareVersions } from '../upgrade/release'

export interface Check {
  name: string
  /** `warning`: it works, but a person should know. */
  result: 'ok' | 'warning' | 'failed'
  detail: string
  /** What to do about it. */
  next?: string
}

export const failed = (name: string, error: unknown): Check => ({
  name,
  result: 'failed',
  detail: errorText(error),
  ...(error instanceof NekodeError && error.next ? { next: error.next } : {}),
})
const ok = (name: string, detail: string): Check => ({ name, result: 'ok', detail })
const warning = (name: string, detail: string, next: string): Check => ({ name, result: 'warning', detail, next })

const MB = 1_000_000
const SCARCE_BYTES = 1000 * MB
const FULL_BYTES = 100 * MB
/** Logins and certificates have a tolerance of about a minute. */
const SKEW_MS = 60_000
/** What a few projects of usual size take. */
const WATCHES = 65_536

/** What this computer has to be like. */
export async function checkMachine(config: Config, env: Record<string, string | undefined>): Promise<Check[]> {
  return [disk(config), log(config), ...setAside(config), ...watchLimit(), ...proxies(config, env)]
}

function disk({ paths }: Config): Check {
  try {
    const { bavail, bsize } = statfsSync(paths.home)
    const free = bavail * bsize
    const detail = `${Math.round(free / MB).toLocaleString('en')} MB free in ${paths.home}`
    if (free >= SCARCE_BYTES) return ok('disk', detail)
    const next = 'Make room there, or move the home: NEKODE_HOME.'
    return { ...warning('disk', detail, next), result: free < FULL_BYTES ? 'failed' : 'warning' }
  } catch (error) {
    return failed('disk', error)
  }
}

function log({ paths, logFile }: Config): Check {
  const path = resolve(logFile ?? logPath(paths))
  try {
    accessSync(existsSync(path) ? path : dirname(path), constants.W_OK)
  } catch (error) {
    return { ...failed('log', error), next: `Let this user write ${path}.` }
  }
  const isOpen = process.platform !== 'win32' && existsSync(path) && (statSync(path).mode & 0o077) !== 0
  return isOpen ? warning('log', `Others can read ${path}.`, `chmod 600 ${path}`) : ok('log', path)
}

/** Damaged stores that were put aside when the daemon found them. */
function setAside({ paths }: Config): Check[] {
  const names = existsSync(paths.state) ? readdirSync(paths.state) : []
  const damaged = names.filter((name) => /\.damaged-\d+$/.test(name))
  if (damaged.length === 0) return []
  const detail = `Damaged and set aside in ${paths.state}: ${damaged.join(', ')}.`
  return [
    warning('stores', detail, 'What they held is not used any more. Bring it back from a backup, or delete the files.'),
  ]
}

function watchLimit(): Check[] {
  if (process.platform !== 'linux') return []
  const path = '/proc/sys/fs/inotify/max_user_watches'
  if (!existsSync(path)) return []
  const most = Number(readFileSync(path, 'utf8'))
  const detail = `${most.toLocaleString('en')} folders can be watched`
  if (most >= WATCHES) return [ok('inotify', detail)]
  const next = 'For watches over large folders: sudo sysctl fs.inotify.max_user_watches=524288'
  return [warning('inotify', detail, next)]
}

/** What stands between this computer and its server. */
function proxies({ serverUrl }: Config, env: Record<string, string | undefined>): Check[] {
  try {
    const proxy = proxyOf(serverUrl, env)
    return proxy ? [ok('proxy', `the server is reached through ${proxy.host}`)] : []
  } catch (error) {
    return [failed('proxy', error)]
  }
}

/** The daemon of the home as those on this computer see it. */
export async function checkLocal(config: Config): Promise<Check[]> {
  const { paths } = config
  const holder = existsSync(paths.lock) ? findHolder(paths) : undefined
  if (!holder) return [await portFree(config)]
  const places = process.platform === 'win32' ? [] : [socketPlace(socketAddress(paths)), tokenPlace(tokenPath(paths))]
  try {
    const client = await LocalClient.open({ address: socketAddress(paths), token: readToken(paths), patienceMs: 5000 })
    try {
      return [...places.flat(), ...(await asked(client, config)), await overHttp(config)]
    } finally {
      client.close()
    }
  } catch (error) {
    const detail = `The daemon runs (process ${holder.pid}) and does not answer: ${errorText(error)}`
    const next = 'Start it anew: nekode-daemon restart. Its log says more: nekode-daemon logs'
    return [...places.flat(), { name: 'local API', result: 'failed', detail, next }]
  }
}

const asked = async (client: LocalClient, config: Config): Promise<Check[]> => {
  const { version: running, uptime_secs: seconds } = await client.call('Ping', {})
  const answers =
    running === version
      ? ok('local API', `${socketAddress(config.paths)} answers, for ${seconds} s`)
      : warning('local API', `The daemon that runs is ${running}, this program ${version}.`, 'nekode-daemon restart')
  return [answers, await secrets(client), await jobs(client), ...(await watches(client))]
}

async function secrets(client: LocalClient): Promise<Check> {
  try {
    const { providers, place, problem } = await client.call('ListSecrets', {})
    // Told beside the list, because what is elsewhere can be listed all the same.
    if (problem !== undefined)
      return { name: 'secrets', result: 'failed', detail: problem, next: 'See the log: nekode-daemon logs' }
    const kept = providers.filter(({ source }) => source !== 'NotFound').length
    return ok('secrets', `${kept} kept; new ones go into the ${place === 'Keychain' ? 'keychain' : 'vault'}`)
  } catch (error) {
    return failed('secrets', error)
  }
}

async function jobs(client: LocalClient): Promise<Check> {
  try {
    const { jobs, set_aside } = await client.call('JobList', { limit: 1000 })
    if (set_aside === null) return ok('jobs', `the store opens (${jobs.length} jobs)`)
    return warning(
      'jobs',
      `An earlier store was damaged; its jobs do not run: ${set_aside}`,
      'Add them again: nekode-daemon jobs add',
    )
  } catch (error) {
    return failed('jobs', error)
  }
}

async function watches(client: LocalClient): Promise<Check[]> {
  try {
    const { watches } = await client.call('WatchList', {})
    const troubled = watches.filter(({ state, reason }) => state !== 'watching' && reason !== 'paused by hand')
    return troubled.map(({ name, id, state, reason }) => ({
      name: 'watch',
      result: state === 'failed' ? ('failed' as const) : ('warning' as const),
      detail: `${name ?? id} is ${state}: ${reason ?? ''}`,
      next: `nekode-daemon watch resume ${name ?? id}`,
    }))
  } catch (error) {
    return [failed('watch', error)]
  }
}

/** The socket, and the folder that it is in, belong to this user alone. */
function socketPlace(address: string): Check[] {
  return [address, dirname(address)].flatMap((path) => {
    const stat = lstatSync(path, { throwIfNoEntry: false })
    if (!stat) return []
    if ((stat.mode & 0o077) !== 0)
      return [{ ...warning('socket', `Others can reach ${path}.`, `chmod go= ${path}`), result: 'failed' as const }]
    const uid = process.getuid?.()
    if (stat.uid !== uid && uid !== 0)
      return [{ ...warning('socket', `${path} belongs to another user.`, 'Stop the daemon, and delete it.') }]
    return []
  })
}

function tokenPlace(path: string): Check[] {
  const stat = statSync(path, { throwIfNoEntry: false })
  if (!stat) return [{ ...warning('local token', `${path} is gone.`, 'nekode-daemon restart'), result: 'failed' }]
  if ((stat.mode & 0o077) === 0) return []
  return [
    {
      ...warning('local token', `Others can read ${path}.`, 'nekode-daemon restart makes a new one'),
      result: 'failed',
    },
  ]
}

async function overHttp({ paths, localPort }: Config): Promise<Check> {
  if (localPort === 'none') return ok('local HTTP', 'is turned off')
  const port = readPort(paths)
  if (port === undefined)
    return warning('local HTTP', 'could not be opened; the socket works', 'The log says why: nekode-daemon logs')
  const response = await fetch(`http://127.0.0.1:${port}/v1`, {
    headers: { authorization: `Bearer ${readToken(paths) ?? ''}` },
    signal: AbortSignal.timeout(5000),
  }).catch(errorText)
  if (typeof response === 'string' || !response.ok)
    return { ...warning('local HTTP', `127.0.0.1:${port} does not answer.`, 'nekode-daemon restart'), result: 'failed' }
  await response.body?.cancel()
  const isElsewhere = Number(localPort) !== 0 && port !== Number(localPort)
  return isElsewhere
    ? warning(
        'local HTTP',
        `Port ${localPort} is taken; it is at ${port}.`,
        'Free that port, or choose another: localPort',
      )
    : ok('local HTTP', `127.0.0.1:${port} answers`)
}

/** Of a daemon that does not run: whether its port is there for it. */
async function portFree({ localPort }: Config): Promise<Check> {
  const name = 'local HTTP'
  if (localPort === 'none') return ok(name, 'is turned off')
  const port = Number(localPort)
  if (port === 0) return ok(name, 'takes any free port')
  const server = createServer()
  const isFree = await new Promise<boolean>((resolve) => {
    server.once('error', () => resolve(false))
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
  })
  if (isFree) return ok(name, `port ${port} is free`)
  return warning(
    name,
    `Port ${port} is taken by another program; the daemon will take another.`,
    'Free it, or choose another: localPort',
  )
}

/** What the server says about this computer's clock and version. */
export async function checkServer(config: Config, serverVersion: string): Promise<Check[]> {
  return [...(await clock(config)), ...versions(serverVersion)]
}

async function clock({ serverUrl, caFile }: Config): Promise<Check[]> {
  const before = Date.now()
  const response = await fetch(`${serverUrl}/health`, {
    method: 'HEAD',
    signal: AbortSignal.timeout(5000),
    ...(caFile ? { tls: { ca: readFileSync(caFile, 'utf8') } } : {}),
  }).catch(() => undefined)
  const now = (before + Date.now()) / 2
  const theirs = Date.parse(response?.headers.get('date') ?? '')
  // That it does not answer is told elsewhere.
  if (Number.isNaN(theirs)) return []
  const skew = Math.round((now - theirs) / 1000)
  const detail = skew === 0 ? 'as the server’s' : `${Math.abs(skew)} s ${skew > 0 ? 'before' : 'behind'} the server’s`
  if (Math.abs(skew) * 1000 < SKEW_MS) return [ok('clock', detail)]
  return [warning('clock', detail, 'Let this computer set its clock by the network: timedatectl set-ntp true')]
}

function versions(theirs: string): Check[] {
  if (theirs === '' || theirs === 'dev' || version === 'dev' || theirs === version) return []
  const isOlder = compareVersions(version, theirs) < 0
  const next = isOlder ? 'nekode-daemon upgrade' : 'Upgrade the server, which comes first.'
  return [warning('version', `This is ${version}, the server ${theirs}.`, next)]
}
