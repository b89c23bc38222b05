import { errorText } from '@shared/errors'
import type { Served } from '../local/operation'
import { serveCapabilities } from './capabilities/capabilities'
import { JobService } from './jobs/service'
import type { Service, ServiceDeps } from './service'
import { portsOf } from './watch/ports'
import { WatchService } from './watch/service'

/** Every service of the daemon. */
export function createServices(deps: ServiceDeps): Services {
  const jobs = new JobService({ ...deps, secretOf: (name) => deps.secrets.store.get(name) })
  const watch = new WatchService({ ...deps, ports: portsOf({ ...deps, jobs }) })
  return new Services(
    deps,
    [deps.secrets, deps.cache, jobs, watch],
    serveCapabilities({ cache: deps.cache, jobs, watch }),
  )
}

/** Starts, serves and stops the services together. */
export class Services {
  readonly #deps: ServiceDeps
  readonly #all: readonly Service[]

  readonly #together: () => Promise<ReadonlyMap<string, Served>>

  /** @param together what is answered of several of them */
  constructor(deps: ServiceDeps, all: readonly Service[], together: () => Promise<ReadonlyMap<string, Served>>) {
    this.#deps = deps
    this.#all = all
    this.#together = together
  }

  get names(): string[] {
    return this.#all.map(({ name }) => name)
  }

  /** What all of them answer. The shapes of it are megabytes of memory, so they are loaded for the first who asks. */
  async serve(): Promise<Map<string, Served>> {
    const parts = await Promise.all([...this.#all.map((service) => service.serve()), this.#together()])
    return new Map(parts.flatMap((part) => [...part]))
  }

  /** One that cannot start leaves the others and the agents alone; its operations say why. */
  async start(): Promise<void> {
    for (const service of this.#all) {
      try {
        await service.start()
      } catch (error) {
        this.#deps.log.error('a service could not be started', { service: service.name, error: errorText(error) })
      }
    }
  }

  async stop(): Promise<void> {
    await Promise.allSettled(this.#all.map(async (service) => service.stop()))
  }
}
