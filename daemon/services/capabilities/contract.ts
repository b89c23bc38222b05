import { z } from 'zod'
import { nothing, operations } from '../../local/operation'

export const CAPABILITIES = operations({
  GetDaemonCapabilities: {
    about: 'What the daemon is doing for this computer, in a few numbers',
    input: nothing,
    answers: {
      DaemonCapabilitiesResult: z.object({
        capabilities: z.object({
          version: z.string(),
          uptime_secs: z.number(),
          cache_entries: z.number(),
          /** Of hits and misses; 0 before the first. */
          cache_hit_rate: z.number(),
          /** Runs that are under way. */
          active_jobs: z.number(),
          /** Whether a watch is at work. */
          watch_active: z.boolean(),
          /** US dollars. */
          total_cost_saved: z.number(),
        }),
      }),
    },
  },
})
