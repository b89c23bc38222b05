import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createLogger } from '@shared/log'
import { makeFolders, type Paths, pathsOf } from '../../config/paths'
import { LocalEvents } from '../../local/events'
import { LocalEvent } from '../../local/eventshapes'
import { AgentKeys } from '../../local/keys'
import { type LocalApi, startLocal } from '../../local/local'
import { readToken } from '../../local/place'
import type { Hit } from './exchange'
import { type CacheOptions, CacheService } from './service'
import type { CacheSettings } from './settings'

const SETTINGS: CacheSettings = {
  mode: 'on',
  ttlMs: 3_600_000,
  maxBytes: 1e8,
  memoryBytes: 1e7,
  sampled: false,
  shared: false,
  upstreams: [],
  prices: [],
}

/** The cache behind a real local API, as the daemon has it. */
export interface Stage {
  home: string
  paths: Paths
  service: CacheService
  api: LocalApi
  keys: AgentKeys
  /** Of the proxy. */
  url: string
  /** The local token. */
  token: string
  /** Hits of agents' programs. */
  hits: { agentId: string; hit: Hit }[]
  events: LocalEvent[]
  logged: string[]
  stop(): Promise<void>
}

export async function startStage(
  settings: Partial<CacheSettings> = {},
  more: Partial<CacheOptions> = {},
): Promise<Stage> {
  const home = mkdtempSync(join(tmpdir(), 'nekode-proxy-'))
  const paths = pathsOf(home)
  makeFolders(paths)
  const logged: string[] = []
  const log = createLogger({ level: 'debug', write: (line) => logged.push(line) })
  const bus = new LocalEvents()
  const keys = new AgentKeys()
  const hits: Stage['hits'] = []
  const service = new CacheService({
    paths,
    log,
    events: bus,
    settings: { ...SETTINGS, ...settings },
    onHit: (agentId, hit) => hits.push({ agentId, hit }),
    ...more,
  })
  const listening = new AbortController()
  const events: LocalEvent[] = []
  const listen = async () => {
    for await (const event of bus.listen(listening.signal)) events.push(event)
  }
  void listen()
  const api = await startLocal({
    paths,
    version: '1',
    log,
    events: bus,
    serve: () => service.serve(),
    services: [service.name],
    port: 0,
    mounts: service.mounts,
    agentOf: (key) => keys.agentOf(key),
    shutdown: () => undefined,
    restart: () => undefined,
  })
  service.place(api.url)
  return {
    home,
    paths,
    service,
    api,
    keys,
    url: service.url ?? '',
    token: readToken(paths) ?? '',
    hits,
    events,
    logged,
    async stop() {
      listening.abort()
      await api.stop()
      await service.stop()
      rmSync(home, { recursive: true })
    },
  }
}
