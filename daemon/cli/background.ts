import { closeSync, existsSync, mkdirSync, openSync, statSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { errorText, NekodeError } from '@shared/errors'
import { type Config, loadConfig } from '../config/config'
import { findHolder, type Holder } from '../config/lock'
import { logPath } from '../config/logfile'
import { pause } from '../control/backoff'
import { machineEnv, userName } from '../install/machine'
import type { Plan } from '../install/plan'
import { installedServices } from '../install/service'
import { LocalClient } from '../local/client'
import { readToken, socketAddress } from '../local/place'
import { codeOf } from '../services/watch/eyes'
import { activeService, answering } from '../upgrade/running'
import { SELF } from './self'
import { endOf, lastLines } from './tail'

type Env = Record<string, string | undefined>

/** The daemon that a command is about: of this user, or for root the one of the whole machine. */
export interface Subject {
  config: Config
  env: Env
  log: string
}

export function subjectOf(env: Env, configPath: string | undefined): Subject {
  const machine = machineEnv(env, configPath)
  const config = loadConfig({ flags: { config: configPath }, env: machine })
  return { config, env: machine, log: resolve(config.logFile ?? logPath(config.paths)) }
}

const services = ({ config, env }: Subject): Plan[] => installedServices({ config, program: SELF, env })

/** What the service manager has of it: whether one keeps it running now, and which is installed. */
export async function serviceOf(subject: Subject): Promise<{ active?: Plan; installed?: Plan }> {
  const all = services(subject)
  const active = await activeService(all)
  const [installed] = all
  return { ...(active ? { active } : {}), ...(installed ? { installed } : {}) }
}

/** One of our own started it in vain. */
export interface StartFailure {
  /** Exit code of the process; undefined: it runs, and gives no answer. */
  code: number | undefined
  /** What it said at the end. */
  lines: string[]
}

/**
 * Starts the daemon apart from this process, with its log in a file, and waits until it answers.
 * @throws NekodeError when it cannot be started at all
 */
export async function startApart(subject: Subject, patienceMs: number): Promise<{ pid: number } | StartFailure> {
  const { config, env, log } = subject
  mustBeOwner(config)
  const before = endOf(log)
  const file = openLog(log)
  const named = existsSync(config.path) ? ['--config', resolve(config.path)] : []
  const words = ['run', ...named, '--log-file', log]
  let child: Bun.Subprocess
  try {
    child = Bun.spawn([...SELF, ...words], {
      env,
      cwd: config.paths.home,
      stdio: ['ignore', file, file],
      detached: true,
    })
  } catch (cause) {
    throw new NekodeError('precondition', `${SELF[0]} cannot be started: ${errorText(cause)}.`, { cause })
  } finally {
    closeSync(file)
  }
  child.unref()
  const deadline = performance.now() + patienceMs
  while (performance.now() < deadline) {
    if (child.exitCode !== null || child.signalCode !== null)
      return { code: child.exitCode ?? undefined, lines: linesSince(log, before) }
    if (await answering(config.paths)) return { pid: child.pid }
    await pause(50)
  }
  return { code: undefined, lines: linesSince(log, before) }
}

/** What was logged from an offset on, the last of it. */
const linesSince = (log: string, before: number): string[] => (endOf(log) === before ? [] : lastLines(log, 10))

/** As root beside somebody else's files it would leave some that they cannot change. */
function mustBeOwner({ paths }: Config): void {
  const uid = process.getuid?.()
  const owner = statSync(paths.home, { throwIfNoEntry: false })?.uid
  if (owner === undefined || owner === uid) return
  const name = userName(owner) ?? String(owner)
  throw new NekodeError('forbidden', `The daemon of ${paths.home} is that of the user ${name}.`, {
    next: `Start it as that user (sudo -u ${name} nekode-daemon start), or as a service: nekode-daemon install`,
  })
}

function openLog(log: string): number {
  try {
    mkdirSync(dirname(log), { recursive: true, mode: 0o700 })
    return openSync(log, 'a', 0o600)
  } catch (cause) {
    throw new NekodeError('precondition', `The log ${log} cannot be written: ${errorText(cause)}.`, {
      code: 'log_unavailable',
      next: 'Check that the folder can be written and that the disk is not full.',
      cause,
    })
  }
}

/** Asks a daemon to end; one that does not answer gets the signal. */
export async function askToEnd({ config }: Subject, { pid }: Holder): Promise<void> {
  try {
    await withClient(config, (client) => client.call('Shutdown', {}))
  } catch {
    // It hangs, or has no local API: the signal says the same.
    signal(pid, 'SIGTERM')
  }
}

/** @throws NekodeError forbidden when it is the process of another user */
export function signal(pid: number, name: 'SIGTERM' | 'SIGKILL'): void {
  try {
    process.kill(pid, name)
  } catch (cause) {
    if (codeOf(cause) === 'ESRCH') return
    throw new NekodeError('forbidden', `The daemon (process ${pid}) is that of another user.`, {
      next: 'Stop it as that user, or with sudo.',
      cause,
    })
  }
}

/** @returns whether that daemon has given back its home within the time */
export const awaitEnd = ({ config }: Subject, { pid, since }: Holder, patienceMs: number): Promise<boolean> =>
  eventually(patienceMs, () => {
    const now = findHolder(config.paths)
    return now?.pid !== pid || now.since !== since
  })

/** Asks a daemon to start anew in its place. @returns whether it answers again within the time */
export async function askToRestart(subject: Subject, before: Holder, patienceMs: number): Promise<boolean> {
  const { config } = subject
  await withClient(config, (client) => client.call('Restart', {}))
  return awaitAnew(subject, before, patienceMs)
}

/** @returns whether another daemon than that one answers within the time */
export const awaitAnew = ({ config }: Subject, before: Holder | undefined, patienceMs: number): Promise<boolean> =>
  eventually(patienceMs, async () => {
    if ((await answering(config.paths)) === undefined) return false
    const now = findHolder(config.paths)
    return now !== undefined && now.since !== before?.since
  })

async function eventually(patienceMs: number, isSo: () => boolean | Promise<boolean>): Promise<boolean> {
  const deadline = performance.now() + patienceMs
  while (performance.now() < deadline) {
    if (await isSo()) return true
    await pause(100)
  }
  return false
}

async function withClient<T>({ paths }: Config, work: (client: LocalClient) => Promise<T>): Promise<T> {
  const client = await LocalClient.open({ address: socketAddress(paths), token: readToken(paths), patienceMs: 2000 })
  try {
    return await work(client)
  } finally {
    client.close()
  }
}
