import { readFileSync, renameSync, existsSync, mkdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Logger } from '@shared/log'
import { version } from '@shared/version'
import type { Config } from './config/config'
import { agentHome, makeFolders } from './config/paths'
import { acquireLock } from './config/lock'
import { isLimited, needOf } from './confine/need'
import { pause } from './control/backoff'
import { Journal } from './control/journal'
import { Link } from './control/link'
import { Outbox } from './control/outbox'
import { Session } from './control/session'
import { fingerprint } from './inventory/fingerprint'
import { InventoryBook } from './inventory/inventory'
import { ResourceMeter } from './inventory/resources'
import { LocalEvents } from './local/events'
import { AgentKeys } from './local/keys'
import { type LocalApi, startLocal } from './local/local'
import { readToken } from './local/place'
import type { Mcp } from './mcp/server'
import { type DetectedRuntime, detectRuntimes } from './runtimes/detect'
import { loginSecrets, runtimeEnv } from './runtimes/env'
import type { RuntimeDriver } from './runtimes/events'
import { installRuntime } from './runtimes/install'
import { reapStale } from './runtimes/reap'
import { CacheService } from './services/cache/service'
import { cacheSettings } from './services/cache/settings'
import { SecretService } from './services/secrets/service'
import { createServices } from './services/services'
import { OperationStore } from './supervisor/operations'
import type { Settings } from './supervisor/profile'
import { Redactor } from './supervisor/redactor'
import { RunStore } from './supervisor/runs'
import { SessionStore } from './supervisor/sessions'
import { Gate, StartQueue } from './supervisor/starts'
import { Supervisor } from './supervisor/supervisor'
import { Uplink } from './supervisor/uplink'
import { AgentCalls } from './tools/calls'
import { AgentTokens } from './tools/tokens'
import type { Exchange } from '@shared/tunnel/exchange'
import type { ProxyFrame } from '@shared/tunnel/frames'
import { type PortPolicy, portPolicy } from './tunnel/ports'
import { TunnelClient } from './tunnel/client'
import { keep, settle } from './upgrade/boot'
import { Door, programFolder } from './relay/door'
import { createRelay } from './relay/relay'
import { createSay } from './relay/say'
import { MemoryCopies } from './workspace/copy'
import { makeMemory, prepareWorkspace } from './workspace/workspace'

export interface DaemonOptions {
  config: Config
  log: Logger
  env: Record<string, string | undefined>
  /** Command line of this program, for what it starts again as a helper. */
  self: readonly string[]
  /** Default: the driver of the agent's runtime. */
  createDriver?: (settings: Settings) => Promise<RuntimeDriver>
  /** Asked for by whoever may end the daemon. */
  shutdown?: (() => void) | undefined
  /** Asked for by whoever wants it to run anew, such as from another program. */
  restart?: (() => void) | undefined
  /** Default: what is really on this computer. */
  detect?: () => Promise<DetectedRuntime[]>
}

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

type Parts = ReturnType<typeof assemble>

interface Base {
  journal: Journal
  mark: { id: string; pidDir: string }
  redactor: Redactor
}

function assemble(options: DaemonOptions, { journal, mark, redactor }: Base) {
  const { config, log, env, self } = options
  const { paths, serverUrl, token, computerId } = config
  const ca = config.caFile ? readFileSync(config.caFile, 'utf8') : undefined
  const link = new Link()
  const keys = new AgentKeys()
  const events = new LocalEvents()
  const runs = new RunStore(journal)
  const operations = new OperationStore(journal)
  const tokens = new AgentTokens({ serverUrl, token, ca, folder: paths.credentials })
  const calls = new AgentCalls(link, tokens, { serverUrl, ca })
  const secrets = new SecretService({
    paths,
    log,
    events,
    env,
    place: config.secretStore,
    helper: self.length > 0 ? [...self, 'keychain'] : [],
    agent: (text) => supervisor.agentNamed(text),
  })
  const agentNamed = (text: string) => supervisor.agentNamed(text)
  const findAgent = (text: string) => supervisor.findAgent(text)
  const door = new Door({ paths, keys, self, log })
  const relay = createRelay({
    serverUrl,
    ca,
    computerId,
    tokens,
    agentNamed,
    findAgent,
    clean: (input) => redactor.deep(input),
    log,
  })
  const cache = new CacheService({
    paths,
    log,
    events,
    settings: cacheSettings(config),
    secret: (name, agentId) => secrets.store.get(name, { agentId }),
    agentId: (text) => supervisor.agentNamed(text)?.id,
    onHit: (agentId, hit) => supervisor.saved(agentId, hit),
  })
  const say = createSay({ calls, findAgent, env })
  const services = createServices({ paths, log, events, env, secrets, cache, say, mark })
  const outbox = new Outbox({
    journal,
    log,
    client: () => link.client,
    asAgent: (agentId, renew) => calls.options(agentId, renew),
    onRejected: (queue) => supervisor.lost(queue),
    onRefused: () => link.onRefused(),
  })
  const uplink = new Uplink({ computerId, journal, link, outbox, runs, log })
  const inventory = new InventoryBook({
    computerId,
    log,
    detect: options.detect ?? (() => detectRuntimes(env)),
    fingerprint: () => fingerprint(env),
    agent: config.agentId
      ? { agentId: config.agentId, runtimeKind: config.runtimeKind, target: config.target }
      : undefined,
  })
  const ownPorts = serverPorts(serverUrl)
  const ports = portPolicy(config.tunnelPorts, () => ownPorts)
  const meter = new ResourceMeter(paths.home)
  const tools = lazily(async () => {
    const mcp = await startTools({ calls, supervisor: () => supervisor, ports, log, keys, redactor })
    ownPorts.push(Number(new URL(mcp.url).port))
    return mcp
  })
  const confiner = lazily(async () => new (await import('./confine/confine')).Confiner(env, log))
  const ceilings = {
    memoryMb: config.agentMemoryMb,
    processes: config.agentProcesses,
    cpuPercent: config.agentCpuPercent,
    alwaysSandboxed: config.agentSandbox === 'always',
  }
  const refreshInventory = async () => {
    await inventory.refresh()
    await session.syncInventory()
  }
  const checkInventory = async () => {
    if (await inventory.check()) await session.syncInventory()
  }
  const copies = new MemoryCopies({ client: () => link.client, log })
  const supervisor: Supervisor = new Supervisor({
    computerId,
    paths,
    log,
    mark,
    link,
    outbox,
    uplink,
    runs,
    operations,
    sessions: new SessionStore(journal),
    starts: new StartQueue({ max: config.maxConcurrentStarts, intervalMs: config.startInterval }),
    places: new Gate(config.maxConcurrentRuns),
    hangMs: config.hangTimeout,
    idleMs: config.idleTimeout,
    maxTurnMs: config.runTimeout,
    executor: config.executorCommand ? [config.executorCommand, ...config.executorArgs] : [],
    createDriver: options.createDriver ?? ((settings) => createDriver(settings, env, self, cache)),
    redactor,
    environment: async (settings) => {
      const own = await secrets.environment(settings, (value) => redactor.add(value))
      redactor.add(...loginSecrets(settings.runtimeKind, env))
      const { agentId, runtimeKind } = settings
      const whole = runtimeEnv(runtimeKind, env, own)
      redactor.add(keys.keyOf(settings.agentId))
      return door.into(cache.environment(agentId, runtimeKind, whole, keys.keyOf(agentId)), agentId)
    },
    gone(agentId) {
      keys.revoke(agentId)
      tokens.forget(agentId)
      cache.gone(agentId)
    },
    revision: (settings) => secrets.revision(settings),
    cell: async (settings, workspace, stateDir) => {
      const need = needOf(settings.confinement, ceilings)
      if (!need.sandbox && !isLimited(need.limits)) return undefined
      const { runtimeKind: kind } = settings
      const readable = [...programFiles(self, env), programFolder(paths)]
      const hidden = [paths.state, config.path]
      return (await confiner()).cell({ need, kind, workspace, stateDir, readable, hidden })
    },
    mcp: async (agentId) => {
      const { url } = await tools()
      return [{ name: 'nekode', url, token: keys.keyOf(agentId) }]
    },
    copyMemory: (settings, workspace) => copies.refresh(settings, workspace),
    memoryChanged: (agentId) => copies.changed(agentId),
    forgetMemory: (settings) => forgetMemory(config, settings),
    installRuntime: async (kind, onLine) => {
      await installRuntime(kind, { env, onLine })
      await refreshInventory()
    },
    refreshInventory,
  })
  const session: Session = new Session({
    serverUrl,
    token,
    ...(config.caFile ? { caFile: config.caFile } : {}),
    info: {
      daemonId: config.daemonId,
      computerId,
      displayName: config.displayName,
      hostname: config.hostname,
      os: process.platform === 'win32' ? 'windows' : process.platform,
      arch: process.arch === 'x64' ? 'amd64' : process.arch,
      version,
    },
    ...(config.heartbeatInterval === undefined ? {} : { heartbeatMs: config.heartbeatInterval }),
    pollMs: config.runPollInterval,
    journal,
    link,
    log,
    inventory: () => inventory.read(),
    resources: () => meter.read(),
    statuses: () => supervisor.statuses(),
    admit: (event) => supervisor.admit(event),
    handle: (event) => supervisor.handle(event),
    assigned: (list) => supervisor.assigned(list),
    forget() {
      runs.forget()
      operations.forget()
      outbox.forget()
    },
    disowned: () => supervisor.disowned(),
  })
  link.whenOnline(() => outbox.wake())
  const tunnels = new TunnelClient({
    computerId,
    serverUrl,
    token,
    ca,
    link,
    log,
    handle: lazyHandle({ ports, log, folderOf: (agentId) => supervisor.folderOf(agentId) }),
  })
  return {
    cache,
    door,
    relay,
    redactor,
    tunnels,
    link,
    keys,
    events,
    services,
    runs,
    operations,
    outbox,
    supervisor,
    session,
    tools,
    checkInventory,
  }
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

/** The drivers bring their SDKs with them: they are loaded when the first agent has something to do. */
async function createDriver(
  settings: Settings,
  env: DaemonOptions['env'],
  self: readonly string[],
  cache: CacheService,
) {
  const runtimes = await import('./runtimes')
  const { agentId, runtimeKind, command } = settings
  return runtimes.createDriver(runtimeKind, {
    parentEnv: env,
    mcpBridge: [...self, 'mcp-bridge'],
    builtin: { cached: cache.fetchFor(agentId, settings.env) },
    ...(command.length > 0 ? { command } : {}),
  })
}

/** What an agent in a sandbox has to see to call this program: the executable, or what a server put beside its own. */
function programFiles(self: readonly string[], { NEKODE_DAEMON_PROGRAM }: DaemonOptions['env']): string[] {
  return [...self, process.execPath, ...(NEKODE_DAEMON_PROGRAM ? [dirname(NEKODE_DAEMON_PROGRAM)] : [])]
}

/** Ports of the server, where it is on this computer. */
function serverPorts(serverUrl: string): number[] {
  const { hostname, port, protocol } = new URL(serverUrl)
  const isHere = /^(?:localhost|127\..*|\[::1\])$/.test(hostname)
  return isHere ? [Number(port || (protocol === 'https:' ? 443 : 80))] : []
}

/** What answers previews is loaded with the first of them. */
function lazyHandle({
  ports,
  log,
  folderOf,
}: {
  ports: PortPolicy
  log: Logger
  folderOf: (agentId: string) => Promise<string>
}): (exchange: Exchange, start: ProxyFrame) => Promise<void> {
  return async (exchange, start) => {
    const [{ handle }, { serveWorkspace }] = await Promise.all([import('./tunnel/handle'), import('./workspace/serve')])
    const workspace = (one: Exchange, path: string): Promise<void> => serveWorkspace(one, path, folderOf)
    return handle(exchange, start, { ports, log, workspace })
  }
}

interface ToolParts {
  calls: AgentCalls
  supervisor: () => Supervisor
  ports: PortPolicy
  log: Logger
  keys: AgentKeys
  redactor: Redactor
}

async function startTools({ calls, supervisor, ports, log, keys, redactor }: ToolParts): Promise<Mcp> {
  const [{ startMcp }, { agentTools }] = await Promise.all([import('./mcp/server'), import('./tools/tools')])
  return startMcp({
    version,
    keys,
    clean: (input) => redactor.deep(input),
    tools: agentTools({
      calls,
      workspaceOf: (agentId) => supervisor().workspaceOf(agentId),
      sayStatus: (agentId, text) => supervisor().say(agentId, text),
      portRefusal: async (port) => ports.refusal(port) ?? (await import('./tunnel/reach')).silence(port),
    }),
    onToolError: (tool, agent, error) => log.info('a tool refused or failed', { tool, agent, error }),
  })
}

interface Lazy<T> {
  (): Promise<T>
  /** The value if it was ever asked for. */
  started(): Promise<T | undefined>
}

function lazily<T>(make: () => Promise<T>): Lazy<T> {
  let made: Promise<T> | undefined
  const get = () => {
    made ??= make()
    return made
  }
  return Object.assign(get, { started: async () => made })
}

/** Puts an agent's memory aside, below its folder, and starts a new one. Notes in a folder that people chose may be theirs. */
function forgetMemory({ paths }: Config, settings: Settings): void {
  const workspace = prepareWorkspace({ paths, agentName: settings.name, configured: settings.workspace })
  const aside = join(agentHome(paths, settings.name), `memory-${new Date().toISOString().replace(/[:.]/g, '-')}`)
  mkdirSync(aside, { recursive: true, mode: 0o700 })
  for (const name of settings.workspace ? ['MEMORY.md'] : ['MEMORY.md', 'notes'])
    if (existsSync(join(workspace, name))) renameSync(join(workspace, name), join(aside, name))
  makeMemory(workspace, settings.name)
}
