import type { Logger } from '@shared/log'
import { version } from '@shared/version'
import { makeFolders } from './config/paths'
import { acquireLock } from './config/lock'
import { pause } from './control/backoff'
import { Journal } from './control/journal'
import type { Session } from './control/session'
import { type LocalApi, startLocal } from './local/local'
import { readToken } from './local/place'
import { reapStale } from './runtimes/reap'
import { Redactor } from './supervisor/redactor'
import { keep, settle } from './upgrade/boot'
import { assemble, type DaemonOptions, type Parts } from './assemble'

export type { DaemonOptions }

const INVENTORY_MS = 10 * 60_000
const PRUNE_MS = 6 * 3600_000
const FLUSH_MS = 2000
/** A new version that runs for so long without its server has come up too. */
const PROVEN_MS = 3 * 60_000

/** A daemon that runs, until it is stopped. */
export interface Daemon {
  readonly session: Session
  /** The log that was given, without the secrets of agents. */
  readonly log: Logger
  /** Gives everything back, says what there is left to say, and ends. */
  stop(): Promise<void>
}

/**
 * Starts the daemon: takes the lock, ends what an earlier process left running, opens the journal and keeps the session up.
 * @throws NekodeError `already_running`, `journal_unavailable`
 */
export async function startDaemon(given: DaemonOptions): Promise<Daemon> {
  const redactor = new Redactor()
  const log = redactor.logger(given.log)
  const options = { ...given, log }
  const { config } = options
  makeFolders(config.paths)
  const lock = acquireLock(config.paths, version)
  try {
    settle(config.paths, version, log)
    const journal = Journal.open(config.paths.journal, log)
    const mark = { id: installationId(journal), pidDir: config.paths.pids }
    const killed = await reapStale(mark)
    if (killed > 0) log.warn('processes of an earlier daemon were still running and have been ended', { killed })
    const parts = assemble(options, { journal, mark, redactor })
    await parts.services.start()
    const local = await openLocal(options, parts)
    parts.door.url = local?.url
    // Whoever may read these files as this user may not tell them to others by mistake.
    redactor.add(config.token, readToken(config.paths) ?? '')
    return keepRunning(options, parts, async () => {
      await local?.stop()
      await parts.services.stop()
      journal.close()
      lock.release()
    })
  } catch (error) {
    lock.release()
    throw error
  }
}

/** The local API; agents are what the daemon is for, so it goes on without one. */
async function openLocal(
  { config, log, shutdown, restart }: DaemonOptions,
  parts: Parts,
): Promise<LocalApi | undefined> {
  const { events, keys, services } = parts
  try {
    const local = await startLocal({
      paths: config.paths,
      version,
      log,
      events,
      serve: () => services.serve(),
      services: services.names,
      port: config.localPort === 'none' ? undefined : Number(config.localPort),
      agentOf: (key) => keys.agentOf(key),
      clean: (input) => parts.redactor.deep(input),
      mounts: [parts.relay, ...parts.cache.mounts],
      shutdown: () => shutdown?.(),
      restart: () => restart?.(),
    })
    parts.cache.place(local.url)
    return local
  } catch (error) {
    log.error('there is no local API: commands on this computer cannot reach the daemon', { error })
    return undefined
  }
}

/** Registers, sends one heartbeat and ends, for `--once`. @throws what failed */
export async function checkOnce(options: DaemonOptions): Promise<void> {
  makeFolders(options.config.paths)
  const lock = acquireLock(options.config.paths, version)
  const journal = Journal.open(options.config.paths.journal, options.log)
  try {
    const mark = { id: installationId(journal), pidDir: options.config.paths.pids }
    await assemble(options, { journal, mark, redactor: new Redactor() }).session.check()
  } finally {
    journal.close()
    lock.release()
  }
}

/** By what the processes of this installation are found again. */
function installationId(journal: Journal): string {
  const id = journal.get('installation_id') ?? crypto.randomUUID()
  journal.set('installation_id', id)
  return id
}

function keepRunning({ config, log }: DaemonOptions, parts: Parts, close: () => Promise<void>): Daemon {
  const { session, supervisor, outbox, runs, operations, tools, checkInventory } = parts
  const ended = new AbortController()
  supervisor.start()
  const proven = () => keep(config.paths, version, log)
  parts.link.whenOnline(proven)
  const proving = setTimeout(proven, PROVEN_MS)
  const running = Promise.all([session.run(ended.signal), parts.tunnels.run(ended.signal)])
  const looking = setInterval(() => {
    checkInventory().catch((error: unknown) => log.debug('the inventory was not refreshed', { error }))
  }, INVENTORY_MS)
  const prune = () => {
    runs.prune()
    operations.prune()
  }
  prune()
  const pruning = setInterval(prune, PRUNE_MS)
  let stopping: Promise<void> | undefined
  const stop = async () => {
    clearTimeout(proving)
    clearInterval(looking)
    clearInterval(pruning)
    await supervisor.drain()
    if (parts.link.client && !(await outbox.drain(FLUSH_MS)))
      log.warn('some reports could not be delivered; the next start sends them', { waiting: outbox.total() })
    await outbox.stop()
    ended.abort()
    await Promise.race([running, pause(FLUSH_MS)])
    await (await tools.started())?.stop()
    await close()
  }
  return {
    session,
    log,
    stop: () => {
      stopping ??= stop()
      return stopping
    },
  }
}
