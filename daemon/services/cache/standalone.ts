import { version } from '@shared/version'
import { NekodeError } from '@shared/errors'
import type { Logger } from '@shared/log'
import type { Config } from '../../config/config'
import { acquireLock } from '../../config/lock'
import { makeFolders } from '../../config/paths'
import { LocalEvents } from '../../local/events'
import { startLocal } from '../../local/local'
import { SecretService } from '../secrets/service'
import { CacheService } from './service'
import { cacheSettings } from './settings'

export interface StandaloneOptions {
  config: Config
  log: Logger
  env: Record<string, string | undefined>
  /** Command line of this program. */
  self: readonly string[]
  /** 0: any free one. */
  port: number
  /** Asked for by whoever may end it. */
  shutdown(): void
}

/** The proxy without the rest of the daemon, until it is stopped. */
export interface Standalone {
  /** Of the proxy. */
  readonly url: string
  stop(): Promise<void>
}

/**
 * Serves the cache of a home for a computer on which no daemon runs: its local API has the cache and the secrets, and nothing else.
 * @throws NekodeError conflict `already_running`, unavailable when the port cannot be opened
 */
export async function serveAlone({ config, log, env, self, port, shutdown }: StandaloneOptions): Promise<Standalone> {
  const { paths } = config
  makeFolders(paths)
  const lock = acquireLock(paths, version)
  const events = new LocalEvents()
  const agents = { agent: () => undefined }
  const secrets = new SecretService({
    paths,
    log,
    events,
    env,
    place: config.secretStore,
    helper: [...self, 'keychain'],
    ...agents,
  })
  const services = [secrets, makeCache({ config, log, events, secrets })] as const
  const [, cache] = services
  try {
    for (const service of services) await service.start()
    const local = await startLocal({
      paths,
      version,
      log,
      events,
      serve: async () =>
        new Map((await Promise.all(services.map((service) => service.serve()))).flatMap((part) => [...part])),
      services: services.map(({ name }) => name),
      port,
      mounts: cache.mounts,
      agentOf: () => undefined,
      shutdown,
      restart: shutdown,
    })
    const stop = async (): Promise<void> => {
      await local.stop()
      for (const service of services) await service.stop()
      lock.release()
    }
    cache.place(local.url)
    if (cache.url !== undefined) return { url: cache.url, stop }
    await stop()
    throw new NekodeError('unavailable', 'No port could be opened on this computer.')
  } catch (error) {
    lock.release()
    throw error
  }
}

const makeCache = ({
  config,
  log,
  events,
  secrets,
}: Pick<StandaloneOptions, 'config' | 'log'> & { events: LocalEvents; secrets: SecretService }): CacheService =>
  new CacheService({
    paths: config.paths,
    log,
    events,
    settings: cacheSettings(config),
    secret: (name, agentId) => secrets.store.get(name, { agentId }),
  })
