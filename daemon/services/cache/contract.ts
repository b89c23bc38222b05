import { z } from 'zod'
import { nothing, operations } from '../../local/operation'
/** Entries in one list. */
export const MAX_LISTED = 1000

const Name = z.string().min(1).max(512)
const Label = z.string().max(200)
const Count = z.number().int().min(0).max(Number.MAX_SAFE_INTEGER)

/** What the cache holds and what it has saved since it was made. */
export const CacheFigures = z.object({
  entries: z.number(),
  hits: z.number(),
  misses: z.number(),
  /** Taken out to make room. */
  evictions: z.number(),
  total_tokens_saved: z.number(),
  /** US dollars, of models whose price is known. */
  total_cost_saved: z.number(),
  /** Requests that were not looked up: with tools, sampled, or by the caller's wish. */
  passes: z.number(),
  /** Of hits and misses; 0 before the first. */
  hit_rate: z.number(),
  /** On disk, as packed. */
  bytes: z.number(),
  max_bytes: z.number(),
  /** In memory. */
  memory_entries: z.number(),
  memory_bytes: z.number(),
})
export type CacheFigures = z.infer<typeof CacheFigures>

export const CacheEntry = z.object({
  key: z.string(),
  /** The key that a program chose; null for answers of models. */
  name: z.string().nullable(),
  /** Whose it is: an agent's id, `computer`, or `shared`. */
  tenant: z.string(),
  provider: z.string(),
  model: z.string(),
  /** What was asked: chat, responses, messages, embeddings, or value. */
  api: z.string(),
  bytes: z.number(),
  tokens_in: z.number(),
  tokens_out: z.number(),
  /** US dollars; null when the price is not known. */
  cost: z.number().nullable(),
  hits: z.number(),
  /** Unix milliseconds. */
  created_at: z.number(),
  used_at: z.number(),
  expires_at: z.number(),
})
export type CacheEntry = z.infer<typeof CacheEntry>

export const CostEstimate = z.object({
  provider: z.string(),
  model: z.string(),
  input_cost: z.number(),
  output_cost: z.number(),
  total_cost: z.number(),
  currency: z.literal('USD'),
})

export const CacheEvents = [
  z.object({ type: z.literal('CacheHit'), key: z.string(), model: z.string() }),
  z.object({ type: z.literal('CacheMiss'), key: z.string(), model: z.string() }),
] as const

/** The cache at the local API. An agent sees and changes its own entries only. */
export const CACHE = operations({
  CacheGet: {
    about: 'The value that was kept under a key',
    input: z.object({ key: Name }),
    answers: { CacheHit: z.object({ response: z.string() }), CacheMiss: nothing },
    forAgents: true,
  },
  CacheSet: {
    about: 'Keeps a value of up to 256 KiB under a key',
    input: z.object({
      key: Name,
      provider: Label,
      model: Label,
      response: z.string(),
      tokens_in: Count.default(0),
      tokens_out: Count.default(0),
      /** US dollars. */
      cost: z.number().min(0).default(0),
      /** Default: the time to live of the settings. */
      ttl_secs: z
        .number()
        .int()
        .min(1)
        .max(366 * 86_400)
        .optional(),
    }),
    answers: { Ok: nothing },
    forAgents: true,
  },
  CacheClear: {
    about: 'Takes everything out of the cache',
    input: nothing,
    answers: { Ok: nothing },
    forAgents: true,
  },
  CacheStats: {
    about: 'What the cache holds and has saved',
    input: nothing,
    answers: { CacheStatsResult: CacheFigures },
  },
  CachePurge: {
    about: 'Takes entries out of the cache: one by its key, or all of a model, provider or agent',
    input: z
      .object({
        key: Name.optional(),
        model: Label.optional(),
        provider: Label.optional(),
        tenant: Label.optional(),
      })
      .refine((by) => Object.values(by).some((value) => value !== undefined), {
        message: 'Say what to take out: key, model, provider or tenant; CacheClear takes out all.',
      }),
    answers: { CachePurged: z.object({ removed: z.number() }) },
    forAgents: true,
  },
  CacheList: {
    about: 'Entries, the latest used first',
    input: z.object({
      model: Label.optional(),
      provider: Label.optional(),
      tenant: Label.optional(),
      limit: z.number().int().min(1).max(MAX_LISTED).default(100),
    }),
    answers: { CacheListResult: z.object({ entries: z.array(CacheEntry) }) },
    forAgents: true,
  },
  CacheProxy: {
    about: 'Where the proxy is, and the endpoints it calls',
    input: nothing,
    answers: {
      CacheProxyResult: z.object({
        /** Null while the local HTTP API is off. */
        url: z.string().nullable(),
        upstreams: z.array(z.object({ name: z.string(), base: z.string(), secret: z.string().nullable() })),
      }),
    },
  },
  EstimateCost: {
    about: 'What tokens of a model cost by its list price',
    input: z.object({ provider: Label, model: Label, input_tokens: Count, output_tokens: Count }),
    answers: { CostEstimateResult: z.object({ estimate: CostEstimate }) },
    forAgents: true,
  },
})
