import type { ServiceDeps } from '../service'
import type { WatchPorts } from './actions'

/** Longest text that says to a job why it runs. */
const MAX_REASON = 2000

/** The part of the jobs that watches start. */
interface Jobs {
  /** @throws NekodeError not_found */
  get(job: string): Promise<unknown>
  trigger(
    job: string,
    why: 'watch',
    options: { reason: string; requestId: string },
  ): Promise<{ run: { id: string } } | { skipped: string }>
}

type Purged = Parameters<NonNullable<WatchPorts['purge']>>[0]

/** The part of the cache that watches empty. */
interface Cache {
  purge(which?: Purged): unknown
}

/** What the watches of a daemon start: its own services. */
export function portsOf({ say, jobs, cache }: Pick<ServiceDeps, 'say'> & { jobs?: Jobs; cache?: Cache }): WatchPorts {
  return {
    say: async (message) => {
      await say(message)
    },
    ...(jobs
      ? {
          findJob: async (job) => {
            await jobs.get(job)
          },
          runJob: async (job, { triggerId, watch, files, total }) => {
            const reason = `${watch}: ${total} changed: ${files.join(', ')}`.slice(0, MAX_REASON)
            const done = await jobs.trigger(job, 'watch', { reason, requestId: triggerId })
            return 'run' in done ? `run ${done.run.id}` : `not run: ${done.skipped}`
          },
        }
      : {}),
    ...(cache
      ? {
          purge: async (which) => {
            const removed = await cache.purge(Object.keys(which).length === 0 ? undefined : which)
            return typeof removed === 'number' ? `${removed} entries purged` : 'purged'
          },
        }
      : {}),
  }
}
