import { z } from 'zod'
import { JobEvents } from '../services/jobs/contract'
import { CacheEvents } from '../services/cache/contract'
import { WatchEvents } from '../services/watch/contract'

/** What happens in the daemon, for those who listen at the local API. `LaggedBehind` stands for what a slow listener missed. */
export const LocalEvent = z.discriminatedUnion('type', [
  z.object({ type: z.literal('DaemonStarted'), pid: z.number(), version: z.string() }),
  z.object({ type: z.literal('DaemonStopping') }),
  /** One was set or deleted; its value is not told. */
  z.object({ type: z.literal('SecretChanged'), provider: z.string(), agent_id: z.string().optional() }),
  ...WatchEvents,
  ...JobEvents,
  ...CacheEvents,
  z.object({ type: z.literal('LaggedBehind'), missed: z.number() }),
])
export type LocalEvent = z.infer<typeof LocalEvent>
