import { version } from '@shared/version'
import { type Handlers, serve, type Served } from '../../local/operation'
import type { CacheService } from '../cache/service'
import type { JobService } from '../jobs/service'
import type { WatchService } from '../watch/service'
import type { CAPABILITIES } from './contract'

export interface CapabilitiesOptions {
  cache: Pick<CacheService, 'stats'>
  jobs: Pick<JobService, 'active'>
  watch: Pick<WatchService, 'active'>
}

/** Tells of the services in one answer. */
export function serveCapabilities({ cache, jobs, watch }: CapabilitiesOptions): () => Promise<Map<string, Served>> {
  const since = performance.now()
  const handlers: Handlers<typeof CAPABILITIES> = {
    GetDaemonCapabilities: async () => {
      const { entries, hit_rate, total_cost_saved } = await cache.stats()
      return {
        type: 'DaemonCapabilitiesResult',
        capabilities: {
          version,
          uptime_secs: Math.floor((performance.now() - since) / 1000),
          cache_entries: entries,
          cache_hit_rate: hit_rate,
          active_jobs: jobs.active,
          watch_active: watch.active > 0,
          total_cost_saved,
        },
      }
    },
  }
  return async () => serve((await import('./contract')).CAPABILITIES, handlers)
}
