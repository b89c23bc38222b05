import { closeSync, openSync, readFileSync, readlinkSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { NekodeError } from '@shared/errors'
import { findHolder } from '../config/lock'
import type { Paths } from '../config/paths'
import { pause } from '../control/backoff'
import { restartService, serviceState } from '../install/service'
import type { Plan } from '../install/plan'
import { LocalClient } from '../local/client'
import { readToken, socketAddress } from '../local/place'
import { isAlive, processes, signal } from '../runtimes/processes'

/** How a daemon that runs was started, for starting it so again; without /proc only what is the same for all. */
export interface Running {
  pid: number
  /** When that process was started, as the system counts: with the pid it names one process for good. */
  start: string
  argv: string[]
  env: Record<string, string>
  cwd: string
  uid: number | undefined
  gid: number | undefined
  /** File that its output goes to. */
  log: string | undefined
}

/** The daemon of a home; undefined when none runs. */
export function findRunning(paths: Paths, program: string, configPath: string): Running | undefined {
  const holder = findHolder(paths)
  if (!holder) return undefined
  const { pid } = holder
  const start = startOf(pid)
  try {
    const { uid, gid } = statSync(`/proc/${pid}`)
    const words = (file: string) => readFileSync(`/proc/${pid}/${file}`, 'utf8').split('\0').slice(0, -1)
    const env = Object.fromEntries(
      words('environ').map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
    )
    return {
      pid,
      start,
      argv: [program, ...words('cmdline').slice(1)],
      env,
      cwd: readlinkSync(`/proc/${pid}/cwd`),
      uid,
      gid,
      log: logOf(pid),
    }
  } catch {
    // No /proc here, or somebody else's process.
    const argv = [program, 'run', '--config', configPath]
    return { pid, start, argv, env: ownEnv(), cwd: '/', uid: undefined, gid: undefined, log: undefined }
  }
}

function logOf(pid: number): string | undefined {
  const path = readlinkSync(`/proc/${pid}/fd/2`)
  return statSync(path, { throwIfNoEntry: false })?.isFile() ? path : undefined
}

const startOf = (pid: number): string => processes().find((one) => one.pid === pid)?.start ?? ''

const ownEnv = (): Record<string, string> =>
  Object.fromEntries(
    Object.entries(process.env).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  )

/** The service among these that keeps the daemon running now. */
export async function activeService(services: readonly Plan[]): Promise<Plan | undefined> {
  for (const plan of services) if ((await serviceState(plan)) === 'running') return plan
  return undefined
}

/** Restarts a daemon that runs: by its service manager, else by itself. @throws NekodeError when neither does it */
export async function restart(paths: Paths, service: Plan | undefined): Promise<void> {
  if (service) await restartService(service)
  else
    await ask(paths, async (client) => {
      await client.call('Restart', {})
    })
}

/** The version that answers at the local API of a home; undefined when none does. */
export async function answering(paths: Paths): Promise<string | undefined> {
  try {
    return await ask(paths, async (client) => (await client.call('Ping', {})).version)
  } catch {
    // Not yet, or not any more: whoever asks asks again.
    return undefined
  }
}

async function ask<T>(paths: Paths, work: (client: LocalClient) => Promise<T>): Promise<T> {
  const client = await LocalClient.open({ address: socketAddress(paths), token: readToken(paths), patienceMs: 3000 })
  try {
    return await work(client)
  } finally {
    client.close()
  }
}

const GRACE_MS = 15_000

/** Ends whatever daemon holds the home, and starts one as an earlier one was started. */
export async function startAnew(paths: Paths, before: Running): Promise<void> {
  const { pid, start, argv, env, cwd, uid, gid, log } = before
  const holder = findHolder(paths)
  if (holder) await end(holder.pid, startOf(holder.pid))
  // A restarted daemon keeps its process: a new version that never took the lock is still in it.
  if (holder?.pid !== pid) await end(pid, start)
  try {
    const asUser = process.getuid?.() === 0 && uid !== undefined && gid !== undefined ? { uid, gid } : {}
    const output = log === undefined ? 'ignore' : openSync(log, 'a')
    const child = Bun.spawn(argv, { env, cwd, stdio: ['ignore', output, output], detached: true, ...asUser })
    child.unref()
    if (typeof output === 'number') closeSync(output)
    noteProcess(paths, env, pid, child.pid)
  } catch (cause) {
    throw new NekodeError('precondition', `${argv[0]} cannot be started.`, {
      code: 'start_failed',
      next: 'Start it: nekode-daemon run',
      cause,
    })
  }
}

/** Where there is no service manager, the installer's scripts know the daemon by a file with its process. */
function noteProcess({ home }: Paths, env: Running['env'], before: number, now: number): void {
  const usual = ['/var/run/nekode-daemon.pid', join(home, 'nekode-daemon.pid')]
  for (const path of [process.env.NEKODE_DAEMON_PID_PATH, env.NEKODE_DAEMON_PID_PATH, ...usual]) {
    try {
      if (path && Number(readFileSync(path, 'utf8')) === before) writeFileSync(path, `${now}\n`)
    } catch {
      // There is none, or it is not ours to write.
    }
  }
}

async function end(pid: number, start: string): Promise<void> {
  if (start === '') return
  for (const name of ['SIGTERM', 'SIGKILL'] as const) {
    if (!isAlive({ pid, start })) return
    signal(pid, name)
    const until = Date.now() + GRACE_MS
    while (Date.now() < until && isAlive({ pid, start })) await pause(50)
  }
}
