import { z } from 'zod'
import { Id, Target, Time } from './common'
import { routes } from './route'

/** By what usage is told apart. `person`: who wrote the message that was answered, which may be an agent. */
export const UsageKey = z.enum(['agent', 'model', 'channel', 'person'])
export type UsageKey = z.infer<typeof UsageKey>

/** The longest time that one answer is about. */
export const MAX_USAGE_DAYS = 400
/** Parts that are told one by one; what is left is in `rest`. */
export const MAX_USAGE_PARTS = 100

/** What runs that are over took. */
export const UsageFigures = z.object({
  runs: z.number().int(),
  /** Of them those that failed. */
  failed: z.number().int(),
  /** Tokens; `input` leaves out what came from the provider’s cache. */
  input: z.number(),
  cacheRead: z.number(),
  cacheWrite: z.number(),
  output: z.number(),
  reasoning: z.number(),
  /** Of runs whose cost is known. */
  costUsd: z.number(),
  /** From start to end, in milliseconds. */
  durationMs: z.number(),
})
export type UsageFigures = z.infer<typeof UsageFigures>

export const UsagePart = UsageFigures.extend({
  /**
   * Id of the agent, person or channel’s target; of a model the runtime, and after a slash the model when one was chosen. Empty: a
   * conversation that the caller does not see, or nobody.
   */
  key: z.string(),
  /** As people know it. */
  name: z.string(),
})
export type UsagePart = z.infer<typeof UsagePart>

export const UsageReport = z.object({
  from: Time,
  to: Time,
  timezone: z.string(),
  total: UsageFigures,
  /** Every day from the first to the last, those without a run too. */
  days: z.array(UsageFigures.extend({ day: z.string() })),
  /** The costliest first. */
  items: z.array(UsagePart),
  rest: UsageFigures.nullable(),
})
export type UsageReport = z.infer<typeof UsageReport>

const Moment = z.coerce.number().int().min(0).max(8_640_000_000_000)

export const usageRoutes = routes({
  'GET /api/usage': {
    summary:
      'Tokens, cost and time of the runs that the caller may see, by day and by agent, model, channel or person; of all runs for admins',
    tag: 'runs',
    who: ['user'],
    query: z.object({
      /** Unix milliseconds. Default: 30 days before `to`. */
      from: Moment.optional(),
      /** Default: now. */
      to: Moment.optional(),
      /** IANA name of the zone whose days are meant. Default: UTC. */
      timezone: z.string().trim().min(1).max(64).optional(),
      /** Default: agent. */
      by: UsageKey.optional(),
      agentId: Id.optional(),
      target: Target.optional(),
    }),
    response: UsageReport,
  },
})
