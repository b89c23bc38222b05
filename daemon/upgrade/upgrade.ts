import { Database } from 'bun:sqlite'
import { accessSync, chownSync, constants, existsSync, readFileSync, rmSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { errorText, NekodeError } from '@shared/errors'
import type { Config } from '../config/config'
import { makeFolders } from '../config/paths'
import { pause } from '../control/backoff'
import { installedServices } from '../install/service'
import type { Plan } from '../install/plan'
import { download, unpack } from './fetch'
import { compareVersions, findRelease, get, type Release, type ReleaseSources, thisPlatform } from './release'
import { activeService, answering, findRunning, restart, type Running, startAnew } from './running'
import { forgetStores } from './stores'
import { place, previousOf, putBack } from './swap'
import { readTrial, type Trial, writeTrial } from './trial'

export interface UpgradeOptions {
  config: Config
  env: Record<string, string | undefined>
  /** The executable to replace. */
  program: string
  /** Of that executable. */
  version: string
  /** A version to go to, also an earlier one. Default: the one that the server wants, if that is newer. */
  wanted?: string | undefined
  /** Install the version even if it is the one that is there. */
  again?: boolean
  /** How long the new version may take to come up. */
  patienceMs?: number
  /** Tells how it goes. */
  say(line: string): void
}

export interface Upgraded {
  from: string
  to: string
  /** False when nothing had to be done. */
  changed: boolean
  /** Where the archive came from. */
  source: string
  /** What people should know besides. */
  note?: string
}

const PATIENCE_MS = 60_000
/** Without a server to reach it shows within this time whether the new version stays up. */
const SETTLE_MS = 3000

/** What there is for this computer, without changing anything. @throws as `findRelease` */
export async function check(options: UpgradeOptions): Promise<{ release: Release; isNewer: boolean }> {
  const release = await findRelease(sourcesOf(options), options.wanted)
  return { release, isNewer: compareVersions(release.version, options.version) > 0 }
}

const sourcesOf = ({ config, env }: UpgradeOptions): ReleaseSources => ({
  serverUrl: config.serverUrl,
  ca: config.caFile ? readFileSync(config.caFile, 'utf8') : undefined,
  env,
  platform: thisPlatform(),
})

/**
 * Replaces the program by another version, restarts the daemon if one runs, and waits until the new version is in charge. One that does
 * not come up is rolled back.
 * @throws NekodeError with nothing changed, or `rolled_back` with the version before in charge again
 */
export async function upgrade(options: UpgradeOptions): Promise<Upgraded> {
  const { config, program, say } = options
  mustBeWritable(program)
  makeFolders(config.paths)
  using _ = onlyOne(config)
  const from = undoDetour(options)
  const { release, isNewer } = await check({ ...options, version: from })
  const source = release.place
  const to = release.version
  const isWanted = options.again || (options.wanted === undefined ? isNewer : to !== from)
  if (!isWanted) return { from, to: from, changed: false, source }
  const staged = await stage(options, release)
  const services = installedServices({ config, program: [program], env: options.env })
  const service = await activeService(services)
  const running = findRunning(config.paths, program, config.path)
  const isOnline = running !== undefined && wasOnline(config)
  const trial: Trial = {
    state: 'trial',
    from,
    to,
    program,
    previous: previousOf(program),
    startedAt: Date.now(),
    starts: 0,
  }
  // What an earlier upgrade left is of another version.
  forgetStores(config.paths)
  writeTrial(config.paths, trial)
  // From here on a Ctrl-C or a closed terminal must not leave it to chance how it ends.
  const ignore = () => say('the new version is being tried; wait for the outcome')
  for (const signal of ['SIGINT', 'SIGHUP'] as const) process.on(signal, ignore)
  try {
    place(program, staged)
    if (!running)
      return { from, to, changed: true, source, note: 'No daemon was running; the next start is of the new version.' }
    say(`restarting ${service ? `the service ${service.name}` : 'the daemon'}`)
    const problem = await tryOut(options, trial, { service, isOnline })
    if (problem === undefined) return { from, to, changed: true, source }
    return await rollBack(options, trial, { service, running, problem })
  } finally {
    for (const signal of ['SIGINT', 'SIGHUP'] as const) process.off(signal, ignore)
  }
}

/** A failed upgrade may have left the program of one version and a daemon of the one before: then that one is put back first. */
function undoDetour({ config, program, version }: UpgradeOptions): string {
  const trial = readTrial(config.paths)
  const isLeft = trial?.state === 'rolled_back' && trial.to === version && trial.from !== trial.to
  return isLeft && trial.program === program && putBack(program) ? trial.from : version
}

function mustBeWritable(program: string): void {
  try {
    accessSync(dirname(program), constants.W_OK)
  } catch (cause) {
    throw new NekodeError('forbidden', `${dirname(program)} cannot be written, so the program cannot be replaced.`, {
      code: 'program_not_writable',
      next: process.platform === 'win32' ? 'Run this as an administrator.' : 'Run this with sudo.',
      cause,
    })
  }
}

/** Ends with the process, however that ends. @throws NekodeError conflict `upgrade_running` */
function onlyOne({ paths }: Config): Disposable {
  const path = join(paths.state, 'upgrade.lock')
  const database = new Database(path, { create: true })
  try {
    database.run('BEGIN IMMEDIATE')
  } catch (cause) {
    database.close()
    throw new NekodeError('conflict', 'Another upgrade is under way here.', {
      code: 'upgrade_running',
      next: 'Wait until it has ended.',
      cause,
    })
  }
  if (process.getuid?.() === 0) {
    const { uid, gid } = statSync(paths.state)
    chownSync(path, uid, gid)
  }
  return { [Symbol.dispose]: () => database.close() }
}

/** Puts a checked program beside the one that is there. @returns its path */
async function stage(options: UpgradeOptions, release: Release): Promise<string> {
  const { program, say } = options
  const archive = `${program}.download${release.name.endsWith('.zip') ? '.zip' : ''}`
  const staged = `${program}.new${program.endsWith('.exe') ? '.exe' : ''}`
  try {
    say(`downloading ${release.name} from ${release.place}`)
    await download(release, archive, sourcesOf(options))
    say('the checksum matches')
    await unpack(archive, staged)
    await mustRun(staged, release.version)
    return staged
  } catch (error) {
    rmSync(staged, { force: true })
    throw error
  } finally {
    rmSync(archive, { force: true })
  }
}

/** @throws NekodeError precondition `release_does_not_run` */
async function mustRun(staged: string, version: string): Promise<void> {
  const fail = (why: string) =>
    new NekodeError('precondition', `The downloaded daemon does not run on this computer: ${why}`, {
      code: 'release_does_not_run',
      next: 'Nothing was changed. Tell the admin of the server.',
    })
  try {
    const child = Bun.spawn([staged, 'version', '--json'], { stdout: 'pipe', stderr: 'pipe', timeout: 30_000 })
    const [out, err] = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()])
    if ((await child.exited) !== 0)
      throw fail(err.trim().split('\n').slice(-3).join(' ') || `it ended with ${child.exitCode}`)
    if (!out.includes(`"${version}"`)) throw fail(`it says that it is ${out.trim().slice(0, 100)}`)
  } catch (error) {
    throw error instanceof NekodeError ? error : fail(errorText(error))
  }
}

/** Whether the daemon had its session when it last said something about it. */
function wasOnline({ paths }: Config): boolean {
  try {
    const database = new Database(paths.journal, { readonly: true })
    try {
      const row = database.query<{ value: string }, []>("SELECT value FROM meta WHERE name = 'connection'").get()
      return row?.value.includes('"online"') ?? false
    } finally {
      database.close()
    }
  } catch {
    // No journal yet, or one that is being set up.
    return false
  }
}

/** @returns why the new version has not come up; undefined when it has */
async function tryOut(
  options: UpgradeOptions,
  trial: Trial,
  { service, isOnline }: { service: Plan | undefined; isOnline: boolean },
): Promise<string | undefined> {
  const { config, patienceMs = PATIENCE_MS } = options
  const { paths } = config
  try {
    await restart(paths, service)
  } catch (error) {
    return `the daemon could not be restarted: ${errorText(error)}`
  }
  const until = Date.now() + patienceMs
  let upSince: number | undefined
  while (Date.now() < until) {
    await pause(100)
    const now = readTrial(paths)
    if (now?.state === 'rolled_back') return now.reason ?? 'it went back by itself'
    const isUp = (await answering(paths)) === trial.to
    upSince = isUp ? (upSince ?? Date.now()) : undefined
    if (isUp && now?.state === 'kept') return undefined
    if (upSince !== undefined && !isOnline && Date.now() - upSince > SETTLE_MS) return void accept(config, trial)
  }
  if (upSince === undefined) return `it did not answer within ${Math.round(patienceMs / 1000)} s`
  if (await isReachable(options)) return 'it did not get its connection to the server back'
  options.say('the new version runs; the server cannot be reached from here now')
  return void accept(config, trial)
}

function accept({ paths }: Config, trial: Trial): void {
  writeTrial(paths, { ...trial, state: 'kept' })
  forgetStores(paths)
}

async function isReachable(options: UpgradeOptions): Promise<boolean> {
  try {
    await get(`${options.config.serverUrl}/health`, sourcesOf(options))
    return true
  } catch {
    // Down or out of reach, also for the version before.
    return false
  }
}

/** Brings the version before back and starts it. @throws NekodeError `rolled_back` */
async function rollBack(
  { config, program, say }: UpgradeOptions,
  trial: Trial,
  { service, running, problem }: { service: Plan | undefined; running: Running; problem: string },
): Promise<never> {
  const { paths } = config
  say(`version ${trial.to} is rolled back: ${problem}`)
  writeTrial(paths, { ...trial, state: 'rolled_back', reason: problem })
  if (existsSync(trial.previous)) putBack(program)
  const isThere = async () => (await answering(paths)) === trial.from
  if (!(await isThere())) {
    if (service) await restart(paths, service).catch((error: unknown) => say(errorText(error)))
    else await startAnew(paths, running)
  }
  const until = Date.now() + PATIENCE_MS
  while (Date.now() < until && !(await isThere())) await pause(100)
  const isBack = await isThere()
  throw new NekodeError(
    'precondition',
    `Version ${trial.to} was rolled back: ${problem}. ${isBack ? `Version ${trial.from} runs again.` : `Version ${trial.from} is back, but does not answer.`}`,
    {
      code: 'rolled_back',
      next: isBack
        ? 'Look into the log of the daemon, and tell the admin of the server.'
        : 'Start it: nekode-daemon start, and look at nekode-daemon doctor.',
    },
  )
}
