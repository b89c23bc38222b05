import type { Config } from '../../config/config'
import type { Mode } from './request'

export interface CacheSettings {
  /** Of agents that say nothing else, and at most of what programs of this computer ask for. */
  mode: Mode
  /** Milliseconds. */
  ttlMs: number
  /** On disk. */
  maxBytes: number
  /** In memory. */
  memoryBytes: number
  /** Answers to requests with a temperature above 0 are cached too. */
  sampled: boolean
  /** Answers given to one agent are given to all. */
  shared: boolean
  /** See `parseUpstreams`. */
  upstreams: readonly string[]
  /** See `Prices`. */
  prices: readonly string[]
}

type Part =
  | 'modelCache'
  | 'cacheTtl'
  | 'cacheMaxMb'
  | 'cacheMemoryMb'
  | 'cacheSampled'
  | 'cacheShared'
  | 'cacheUpstreams'
  | 'modelPrices'

const MIB = 2 ** 20

/** What the daemon's configuration says about the cache. */
export const cacheSettings = (config: Pick<Config, Part>): CacheSettings => ({
  mode: config.modelCache,
  ttlMs: config.cacheTtl,
  maxBytes: config.cacheMaxMb * MIB,
  memoryBytes: config.cacheMemoryMb * MIB,
  sampled: config.cacheSampled === 'on',
  shared: config.cacheShared === 'on',
  upstreams: config.cacheUpstreams,
  prices: config.modelPrices,
})

/** Longest value that a program may keep by itself, in bytes. */
export const MAX_VALUE = 256 * 1024
