import { rmSync } from 'node:fs'
import { errorText } from '@shared/errors'
import type { Logger } from '@shared/log'
import { isDamaged, setAside, Store, type StoreOptions } from '../store'
import type { CacheEntry, CacheFigures } from './contract'
import { Front } from './front'
import { type Entry, EntryStore, MIGRATIONS, type Which } from './store'

export interface CacheOptions {
  /** Its file. */
  path: string
  log: Logger
  /** Milliseconds, of entries that say nothing else. */
  ttlMs: number
  /** On disk. */
  maxBytes: number
  /** In memory. */
  frontBytes: number
  now?: () => number
}

/** What an entry in memory takes besides its body, about. */
const ENTRY_BYTES = 500
/** Counts reach the disk this long after they changed: a kill loses so much of them. */
const FLUSH_MS = 2000
/** Hits that may wait for that. */
const MAX_TOUCHED = 1000
/** Entries that are past their time are not given out; now and then they are taken out too. */
const SWEEP_MS = 5 * 60_000
/** Making room for some more at once, so that not every new entry has to. */
const ROOM = 0.97
/** A store that fails tells so once in this time. */
const COMPLAIN_MS = 60_000
/** Answers that wait to be written; a disk that is too slow for more loses some of them. */
const MAX_PENDING_BYTES = 64 * 1024 * 1024

const COUNTERS = ['hits', 'misses', 'passes', 'evictions', 'tokens', 'cost'] as const
type Counters = Record<(typeof COUNTERS)[number], number>

interface Held {
  entry: Entry
  size: number
}

/**
 * Answers that were given before: in memory, and behind that in a file of SQLite. It never fails a request: without its file it works in
 * memory, and what it cannot write is asked for again.
 */
export class ResponseCache {
  readonly #options: CacheOptions
  readonly #front: Front<Held>
  readonly #now: () => number
  /** Opened with the first request: a daemon that caches nothing has no such file. */
  #store: EntryStore | undefined
  #isOpened = false
  #counters: Counters = { hits: 0, misses: 0, passes: 0, evictions: 0, tokens: 0, cost: 0 }
  readonly #touched = new Map<string, { count: number; at: number }>()
  /** Entries on their way to the disk, by key; one that is removed meanwhile does not arrive. */
  readonly #pending = new Map<string, Entry>()
  readonly #writes = new Set<Promise<void>>()
  #pendingBytes = 0
  #flushing: Timer | undefined
  #sweeping: Timer | undefined
  #complainedAt = -Infinity
  #isClosed = false

  constructor(options: CacheOptions) {
    this.#options = options
    this.#front = new Front(options.frontBytes)
    this.#now = options.now ?? Date.now
  }

  /** An entry that is not past its time. Counts nothing. */
  find(key: string): Entry | undefined {
    const held = this.#front.get(key)
    const entry = held?.entry ?? this.#pending.get(key) ?? this.#read(key)
    if (!entry) return undefined
    if (!this.#isFresh(entry)) {
      this.#forget([key])
      this.#safely((store) => store.remove({ key }))
      return undefined
    }
    if (!held) this.#front.set(key, { entry, size: entry.body.length + ENTRY_BYTES })
    return entry
  }

  #read(key: string): Entry | undefined {
    return this.#safely((store) => store.find(key))
  }

  /** An entry from the future was made before the clock was set back: how old it is nobody can say. */
  #isFresh({ createdAt, expiresAt }: Entry): boolean {
    const now = this.#now()
    return expiresAt > now && createdAt <= now + SWEEP_MS
  }

  /** Counts that an entry answered a request. */
  hit({ key, usage, cost }: Pick<Entry, 'key' | 'usage' | 'cost'>): void {
    const counters = this.#counting()
    counters.hits++
    counters.tokens += usage.input + usage.cacheRead + usage.cacheWrite + usage.output
    counters.cost += cost ?? 0
    const touched = this.#touched.get(key)
    if (touched) {
      touched.count++
      touched.at = this.#now()
    } else if (this.#touched.size < MAX_TOUCHED) this.#touched.set(key, { count: 1, at: this.#now() })
  }

  miss(): void {
    this.#counting().misses++
  }

  /** Counts a request that was not looked up. */
  pass(): void {
    this.#counting().passes++
  }

  #counting(): Counters {
    this.#open()
    this.#flushing ??= this.#isClosed ? undefined : later(FLUSH_MS, () => this.flush())
    return this.#counters
  }

  /** Keeps an entry. It answers from now on, and is on the disk when `settled` resolves. */
  put(made: Omit<Entry, 'createdAt' | 'expiresAt'>, ttlMs = this.#options.ttlMs): void {
    if (this.#isClosed) return
    this.#open()
    const createdAt = this.#now()
    const entry: Entry = { ...made, createdAt, expiresAt: createdAt + ttlMs }
    this.#front.set(entry.key, { entry, size: entry.body.length + ENTRY_BYTES })
    if (!this.#store || this.#pendingBytes + entry.body.length > MAX_PENDING_BYTES) return
    this.#pending.set(entry.key, entry)
    this.#pendingBytes += entry.body.length
    const write = this.#write(entry).finally(() => {
      this.#pendingBytes -= entry.body.length
      this.#writes.delete(write)
      if (this.#pending.get(entry.key) === entry) this.#pending.delete(entry.key)
    })
    this.#writes.add(write)
  }

  async #write(entry: Entry): Promise<void> {
    // Answers that were streamed shrink to a tenth: every token is in JSON of its own.
    const packed = await Bun.zstdCompress(entry.body)
    if (this.#pending.get(entry.key) !== entry) return
    this.#safely((store) => {
      store.put(entry, packed)
      if (store.bytes > this.#options.maxBytes) this.#makeRoom(store)
    })
    this.#sweepIn(0)
  }

  #makeRoom(store: EntryStore): void {
    // What was used last is known here before it is known on the disk.
    this.flush()
    const gone = store.evict(this.#options.maxBytes * ROOM)
    this.#forget(gone)
    this.#counting().evictions += gone.length
  }

  /** Resolves when everything that was put is on the disk, or given up. */
  async settled(): Promise<void> {
    while (this.#writes.size > 0) await Promise.all(this.#writes)
  }

  stats(): CacheFigures {
    this.#open()
    const { hits, misses, passes, evictions, tokens, cost } = this.#counters
    const asked = hits + misses
    return {
      entries: this.#store?.count ?? this.#front.count,
      hits,
      misses,
      evictions,
      total_tokens_saved: tokens,
      total_cost_saved: cost,
      passes,
      hit_rate: asked === 0 ? 0 : hits / asked,
      bytes: this.#store?.bytes ?? 0,
      max_bytes: this.#options.maxBytes,
      memory_entries: this.#front.count,
      memory_bytes: this.#front.bytes,
    }
  }

  list(which: Which, limit: number): CacheEntry[] {
    this.flush()
    return this.#safely((store) => store.list(which, limit)) ?? []
  }

  /** Takes out what is described. @returns how many entries */
  async purge(which: Which): Promise<number> {
    for (const [key, entry] of this.#pending) if (fits(entry, which)) this.#forget([key])
    // Without its file all that there is is in memory, where entries are found by their keys only.
    if (!this.#usable()) this.#front.clear()
    let removed = 0
    for await (const gone of this.#batches((store) => store.remove(which))) removed += gone.length
    return removed
  }

  /** Takes out everything. A new file gives the room back to the disk, and takes no time. */
  clear(): void {
    this.#pending.clear()
    this.#touched.clear()
    this.#front.clear()
    const store = this.#usable()
    if (!store) return
    store.close()
    this.#store = undefined
    this.#isOpened = false
    rmSync(this.#options.path, { force: true })
    this.#open(false)
    this.flush()
  }

  /** Takes entries out until there are no more; others have their turn in between. */
  async *#batches(remove: (store: EntryStore) => string[]): AsyncGenerator<string[]> {
    for (;;) {
      const gone = this.#safely(remove) ?? []
      if (gone.length === 0) return
      this.#forget(gone)
      yield gone
      await new Promise<void>((resolve) => setImmediate(resolve))
    }
  }

  /** Writes what was counted. */
  flush(): void {
    clearTimeout(this.#flushing)
    this.#flushing = undefined
    if (!this.#store) return
    const touched = new Map(this.#touched)
    this.#touched.clear()
    this.#safely((store) => store.touch(touched, this.#counters))
  }

  /** Takes out what is past its time, and comes back when something else will be. */
  async sweep(): Promise<void> {
    clearTimeout(this.#sweeping)
    this.#sweeping = undefined
    for await (const _ of this.#batches((store) => store.expire(this.#now()))) if (this.#isClosed) return
    const next = this.#safely((store) => store.nextExpiry())
    if (next !== undefined) this.#sweepIn(next - this.#now())
  }

  #sweepIn(ms: number): void {
    if (!this.#isClosed) this.#sweeping ??= later(Math.max(SWEEP_MS, ms), () => void this.sweep())
  }

  async close(): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    await this.settled()
    this.flush()
    clearTimeout(this.#sweeping)
    this.#store?.close()
    this.#store = undefined
  }

  #forget(keys: readonly string[]): void {
    for (const key of keys) {
      this.#front.delete(key)
      this.#pending.delete(key)
      this.#touched.delete(key)
    }
  }

  #usable(): EntryStore | undefined {
    this.#open()
    return this.#store
  }

  /** @param isFirst what was counted before is in the file only */
  #open(isFirst = true): void {
    if (this.#isOpened || this.#isClosed) return
    this.#isOpened = true
    const { path, log } = this.#options
    try {
      const { store, counters } = openEntries(this.#storeOptions())
      this.#store = store
      if (isFirst) for (const name of COUNTERS) this.#counters[name] += counters.get(name) ?? 0
      void this.sweep()
    } catch (error) {
      log.error('the cache has no file and works in memory only', { path, error: errorText(error) })
    }
  }

  #storeOptions(): StoreOptions {
    const { path, log } = this.#options
    return { path, log, title: 'the store of the cache', migrations: MIGRATIONS, code: 'cache_unavailable' }
  }

  /** Does something with the file; undefined when that fails, or there is none. */
  #safely<T>(work: (store: EntryStore) => T): T | undefined {
    const store = this.#usable()
    if (!store) return undefined
    try {
      return work(store)
    } catch (error) {
      if (!isDamaged(error)) {
        this.#complain(error)
        return undefined
      }
      const other = this.#replace(store, error)
      return other && work(other)
    }
  }

  /** The file was damaged while it was open. @returns another one in its place */
  #replace(store: EntryStore, error: unknown): EntryStore | undefined {
    store.close()
    this.#store = undefined
    try {
      setAside(this.#storeOptions(), error)
      this.#store = openEntries(this.#storeOptions()).store
      return this.#store
    } catch (cause) {
      this.#options.log.error('the cache works in memory only', { error: errorText(cause) })
      return undefined
    }
  }

  #complain(error: unknown): void {
    const at = performance.now()
    if (at - this.#complainedAt < COMPLAIN_MS) return
    this.#complainedAt = at
    this.#options.log.warn('the cache could not use its file; requests are answered without it', {
      path: this.#options.path,
      error: errorText(error),
    })
  }
}

/** Opens the file, or a new one when the first look into it shows that it is damaged. @throws when there can be none */
function openEntries(options: StoreOptions): { store: EntryStore; counters: Map<string, number> } {
  const file = Store.open(options)
  try {
    const store = new EntryStore(file)
    return { store, counters: store.counters() }
  } catch (error) {
    file.close()
    if (!isDamaged(error)) throw error
    setAside(options, error)
    return { store: new EntryStore(Store.open(options)), counters: new Map() }
  }
}

const fits = (entry: Entry, { key, model, provider, tenant }: Which): boolean =>
  (key === undefined || entry.key === key || entry.name === key) &&
  (model === undefined || entry.model === model) &&
  (provider === undefined || entry.provider === provider) &&
  (tenant === undefined || entry.tenant === tenant)

/** A timer that does not keep the process. */
function later(ms: number, work: () => void): Timer {
  // Longer than a timer can be it would fire at once.
  const timer = setTimeout(work, Math.min(ms, 2 ** 31 - 1))
  timer.unref()
  return timer
}
