import { z } from 'zod'
import { CACHE } from '../services/cache/contract'
import { CAPABILITIES } from '../services/capabilities/contract'
import { JOBS } from '../services/jobs/contract'
import { SECRETS } from '../services/secrets/contract'
import { WATCH } from '../services/watch/contract'
import { nothing, type Operations, operations } from './operation'

/** What every daemon answers, whatever services it has. */
export const BASE = operations({
  Ping: {
    about: 'Whether the daemon answers',
    input: nothing,
    answers: { Pong: z.object({ version: z.string(), uptime_secs: z.number() }) },
  },
  Status: {
    about: 'The process, how long it runs, and its services',
    input: nothing,
    answers: {
      StatusInfo: z.object({ pid: z.number(), uptime_secs: z.number(), services: z.array(z.string()) }),
    },
  },
  Shutdown: {
    about: 'Ends the daemon as SIGTERM does',
    input: nothing,
    answers: { ShuttingDown: nothing },
    needsToken: true,
  },
  Restart: {
    about: 'Ends the daemon and starts it again, from its program as it is then',
    input: nothing,
    answers: { Restarting: nothing },
    needsToken: true,
  },
})

/** Every operation of the local API: over the socket by `type`, over HTTP as `POST /v1/<name>`. */
export const LOCAL = { ...BASE, ...CAPABILITIES, ...SECRETS, ...JOBS, ...WATCH, ...CACHE } satisfies Operations
export type Local = typeof LOCAL
