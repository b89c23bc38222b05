import { RATED_CALLERS, type Rate } from '@shared/limits'

interface Bucket {
  tokens: number
  at: number
}

/** A token bucket for each key. */
export class Rates {
  readonly #buckets = new Map<string, Bucket>()

  constructor(
    /** Milliseconds of a clock that only goes forward. */
    private readonly now: () => number = () => performance.now(),
    private readonly most = RATED_CALLERS,
  ) {}

  get size(): number {
    return this.#buckets.size
  }

  /** Takes one. @returns 0, or the whole seconds after which there is one again */
  take(key: string, { perSecond, burst }: Rate): number {
    const now = this.now()
    let bucket = this.#buckets.get(key)
    if (!bucket) this.#buckets.set(key, (bucket = this.#fresh(burst, now)))
    bucket.tokens = Math.min(burst, bucket.tokens + ((now - bucket.at) / 1000) * perSecond)
    bucket.at = now
    if (bucket.tokens < 1) return Math.max(1, Math.ceil((1 - bucket.tokens) / perSecond))
    bucket.tokens--
    return 0
  }

  #fresh(burst: number, now: number): Bucket {
    // Whoever comes from very many addresses must not fill the memory; the oldest is the likeliest to be full again.
    if (this.#buckets.size >= this.most)
      for (const oldest of this.#buckets.keys()) {
        this.#buckets.delete(oldest)
        break
      }
    return { tokens: burst, at: now }
  }
}
