import { readFileSync } from 'node:fs'
import { dirname } from 'node:path'
import type { Logger } from '@shared/log'
import { version } from '@shared/version'
import type { Config } from './config/config'
import { isLimited, needOf } from './confine/need'
import { Journal } from './control/journal'
import { Link } from './control/link'
import { Outbox } from './control/outbox'
import { Session } from './control/session'
import { fingerprint } from './inventory/fingerprint'
import { InventoryBook } from './inventory/inventory'
import { ResourceMeter } from './inventory/resources'
import { LocalEvents } from './local/events'
import { AgentKeys } from './local/keys'
import type { Mcp } from './mcp/server'
import { type DetectedRuntime, detectRuntimes } from './runtimes/detect'
import { loginSecrets, runtimeEnv } from './runtimes/env'
import type { RuntimeDriver } from './runtimes/events'
import { installRuntime } from './runtimes/install'
import { CacheService } from './services/cache/service'
import { cacheSettings } from './services/cache/settings'
import { SecretService } from './services/secrets/service'
import { createServices } from './services/services'
import { LiveScreens } from './neko/viewer/live'
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
import { Door, programFolder } from './relay/door'
import { createRelay } from './relay/relay'
import { createSay } from './relay/say'
import { MemoryCopies } from './workspace/copy'
import { forgetMemory } from './workspace/forget'
import { lazily } from './lazy'

export interface DaemonOptions {
  config: Config
  log: Logger
  env: Record<string, string | undefined>
  /** Command line of this program, for what it starts again as a helper. */
  self: readonly string[]
  /** Default: the driver of the agent's runtime. */
  createDriver?: (settings: Settings, screens: LiveScreens) => Promise<RuntimeDriver>
  /** Asked for by whoever may end the daemon. */
  shutdown?: (() => void) | undefined
  /** Asked for by whoever wants it to run anew, such as from another program. */
  restart?: (() => void) | undefined
  /** Default: what is really on this computer. */
  detect?: () => Promise<DetectedRuntime[]>
}

/** The parts of a daemon, which know each other. */
export type Parts = ReturnType<typeof assemble>

/** What a start has made before. */
export interface Base {
  journal: Journal
  mark: { id: string; pidDir: string }
  redactor: Redactor
}

/** Makes every part and connects them; nothing runs yet. */
export function assemble(options: DaemonOptions, { journal, mark, redactor }: Base) {
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
  const screens = new LiveScreens()
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
    createDriver: (settings) =>
      options.createDriver?.(settings, screens) ?? createDriver(settings, { env, self, cache, screens }),
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
    handle: lazyHandle({ ports, log, screens, folderOf: (agentId) => supervisor.folderOf(agentId) }),
  })
  return {
    cache,
    door,
    relay,
    screens,
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

interface DriverParts {
  env: DaemonOptions['env']
  self: readonly string[]
  cache: CacheService
  screens: LiveScreens
}

/** The drivers bring their SDKs with them: they are loaded when the first agent has something to do. */
async function createDriver(settings: Settings, { env, self, cache, screens }: DriverParts) {
  const runtimes = await import('./runtimes')
  const { agentId, runtimeKind, command } = settings
  return runtimes.createDriver(runtimeKind, {
    parentEnv: env,
    mcpBridge: [...self, 'mcp-bridge'],
    builtin: { cached: cache.fetchFor(agentId, settings.env) },
    offerScreen: (live) => screens.offer(agentId, live),
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
  screens,
  folderOf,
}: {
  ports: PortPolicy
  log: Logger
  screens: LiveScreens
  folderOf: (agentId: string) => Promise<string>
}): (exchange: Exchange, start: ProxyFrame) => Promise<void> {
  const screenServer = lazily(async () => new (await import('./neko/viewer/serve')).ScreenServer(screens, log))
  const screen = async (one: Exchange, path: string): Promise<void> => (await screenServer()).serve(one, path)
  return async (exchange, start) => {
    const [{ handle }, { serveWorkspace }] = await Promise.all([import('./tunnel/handle'), import('./workspace/serve')])
    const workspace = (one: Exchange, path: string): Promise<void> => serveWorkspace(one, path, folderOf)
    return handle(exchange, start, { ports, log, workspace, screen })
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
