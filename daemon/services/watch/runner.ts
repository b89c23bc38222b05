import { join } from 'node:path'
import { type ErrorKind, errorText, NekodeError } from '@shared/errors'
import type { Logger } from '@shared/log'
import { pause } from '../../control/backoff'
import type { LocalEvents } from '../../local/events'
import { checkAction, messageOf, perform, type WatchPorts } from './actions'
import { Changes } from './changes'
import type { Trigger, Watch, WATCH_STATES } from './contract'
import { LIMITS } from './limits'
import { Debounce } from './debounce'
import { Guard } from './guard'
import { networkWarning } from './place'
import { Rules } from './rules'
import type { WatchRow, WatchStore } from './store'
import { Tree, type TreeNews } from './tree'

/** Files that are written into a first snapshot at a time. */
const SNAPSHOT_PART = 2000
/** Waits between tries of an action whose other side is away. */
const RETRY_MS = { first: 5000, longest: 5 * 60_000, altogether: 24 * 3600_000 }
/** What is over after a while. */
const RETRIED: ReadonlySet<ErrorKind> = new Set(['unavailable', 'throttled', 'full'])
/** Triggers an hour where a message may wake an agent that writes files itself. */
const MESSAGES_PER_HOUR = 60

export interface RunnerOptions {
  row: WatchRow
  store: WatchStore
  events: LocalEvents
  log: Logger
  ports: WatchPorts
  /** Folders that are never looked into. */
  hidden: readonly string[]
  now?: () => number
}

/** One watch at work: sees what changes, waits for silence, and does what it is for. One trigger is acted upon after the other. */
export class Runner {
  readonly row: WatchRow
  readonly #options: RunnerOptions
  readonly #log: Logger
  readonly #now: () => number
  readonly #guard: Guard
  readonly #debounce: Debounce
  #state: (typeof WATCH_STATES)[number] = 'paused'
  #reason: string | null
  #tree: Tree | undefined
  #waiting = new Changes(LIMITS.listed)
  /** Of what is waiting, for the snapshot. */
  #prints = new Map<string, number | undefined>()
  #isAway = false
  #acting: Promise<void> | undefined
  #ended = new AbortController()

  constructor(options: RunnerOptions) {
    const { row, log, now = Date.now } = options
    const { spec } = row
    this.#options = options
    this.row = row
    this.#log = log.child({ watch: row.name ?? row.id })
    this.#now = now
    this.#reason = row.reason
    this.#guard = new Guard({
      perMinute: spec.max_per_minute,
      perHour: spec.max_per_hour ?? (spec.action.kind === 'message' ? MESSAGES_PER_HOUR : undefined),
    })
    this.#debounce = new Debounce({
      quietMs: spec.debounce_ms,
      longestMs: spec.max_wait_ms,
      fire: () => this.#fire(),
    })
  }

  view(): Watch {
    const { id, name, spec, triggers, lastTriggerAt, createdAt } = this.row
    const { outside_home: _, ...rest } = spec
    const counts = this.#tree?.counts
    const isLooking = this.#state === 'watching'
    return {
      ...rest,
      id,
      name,
      state: this.#state,
      reason: this.#reason ?? (isLooking ? this.#weakness() : null),
      files: isLooking && counts ? counts.files : null,
      folders: isLooking && counts ? counts.folders : null,
      triggers,
      last_trigger_at: lastTriggerAt,
      created_at: createdAt,
    }
  }

  /** What this watch does not see. */
  #weakness(): string | null {
    const { unreadable = [] } = this.#tree?.counts ?? {}
    if (unreadable.length > 0)
      return `This user may not look into ${unreadable.slice(0, 3).join(', ')}${unreadable.length > 3 ? ` and ${unreadable.length - 3} more` : ''}.`
    return this.row.spec.poll_ms === undefined ? (networkWarning(this.row.spec.dir) ?? null) : null
  }

  /** Starts to watch, unless it is paused. @throws NekodeError `WATCH-002` when that is not possible; the watch is failed then */
  async start(): Promise<void> {
    if (this.row.isPaused) return
    const { row, store } = this.#options
    const { dir: root, patterns, ignore, gitignore, poll_ms: pollMs, catch_up: catchesUp } = row.spec
    this.#ended = new AbortController()
    this.#state = 'watching'
    this.#reason = null
    try {
      checkAction(row.spec.action, this.#options.ports)
      const tree = new Tree({
        root,
        rules: new Rules({ root, patterns, ignore, gitignore, hidden: this.#options.hidden }),
        pollMs,
        changed: (path, change, print) => {
          this.#waiting.add(path, change)
          if (catchesUp) this.#prints.set(path, print)
          this.#debounce.poke()
        },
        said: (news) => this.#hear(news),
      })
      this.#tree = tree
      this.#isAway = catchesUp && row.hasSnapshot
      await tree.open(this.#isAway ? store.snapshot(row.id) : undefined)
      if (this.#ended.signal.aborted) return
      this.#isAway &&= !this.#waiting.isEmpty
      if (catchesUp && !row.hasSnapshot) await this.#takeSnapshot(tree)
    } catch (cause) {
      await this.#close()
      const error =
        cause instanceof NekodeError
          ? cause
          : new NekodeError('internal', `${root} cannot be watched: ${errorText(cause)}.`, { code: 'WATCH-002', cause })
      this.#fail(error)
      throw error
    }
    this.#options.events.publish({ type: 'WatchStarted', id: row.id, dir: root, patterns })
    this.#takeUp()
  }

  async #takeSnapshot(tree: Tree): Promise<void> {
    const { row, store } = this.#options
    store.dropSnapshot(row.id)
    const files = [...tree.files()]
    for (let at = 0; at < files.length || at === 0; at += SNAPSHOT_PART) {
      store.addSnapshot(row.id, files.slice(at, at + SNAPSHOT_PART), at + SNAPSHOT_PART >= files.length)
      await new Promise((resolve) => setImmediate(resolve))
    }
    row.hasSnapshot = true
  }

  /** What an earlier process began and did not end. */
  #takeUp(): void {
    const pending = this.#options.store.pending(this.row.id)
    if (pending.length === 0) return
    this.#act(async () => {
      for (const trigger of pending) await this.#perform(trigger)
    })
  }

  /** Ends the watch, as the daemon ends: what is waiting is told after the next start when the watch wants that. */
  async stop(): Promise<void> {
    await this.#close()
    this.#options.events.publish({ type: 'WatchStopped', id: this.row.id, reason: null })
  }

  async #close(): Promise<void> {
    this.#ended.abort()
    this.#debounce.cancel()
    this.#tree?.close()
    this.#tree = undefined
    await this.#acting
    this.#waiting = new Changes(LIMITS.listed)
    this.#prints.clear()
  }

  /** Pauses it until somebody goes on with it. */
  async pause(reason: string): Promise<void> {
    this.#store(true, reason)
    await this.#close()
    this.#state = 'paused'
    this.#reason = reason
    this.#options.events.publish({ type: 'WatchStopped', id: this.row.id, reason })
  }

  /** @throws as `start` */
  async resume(): Promise<void> {
    if (this.#state === 'watching' || this.#state === 'missing') return
    this.#guard.reset()
    this.#store(false, null)
    await this.start()
  }

  #store(isPaused: boolean, reason: string | null): void {
    this.row.isPaused = isPaused
    this.row.reason = reason
    this.#options.store.setPaused(this.row.id, isPaused, reason)
  }

  #hear(news: TreeNews): void {
    const { dir } = this.row.spec
    switch (news.kind) {
      case 'missing':
        this.#state = 'missing'
        this.#reason = `The folder ${dir} is not there; it is waited for.`
        return this.#trouble(this.#reason)
      case 'back':
        this.#state = 'watching'
        this.#reason = null
        return this.#log.info('the watched folder is there again', { dir })
      case 'lost':
        return this.#trouble(`Files below ${dir} changed faster than the system could tell; all were looked at again.`)
      case 'unread':
        return this.#trouble(`${dir} cannot be read: ${errorText(news.error)}. It is tried again.`)
      case 'failed':
        this.#debounce.cancel()
        this.#tree = undefined
        return this.#fail(news.error)
    }
  }

  #fail(error: unknown): void {
    this.#state = 'failed'
    const next = error instanceof NekodeError && error.next ? ` ${error.next}` : ''
    this.#reason = `${errorText(error)}${next}`
    this.#trouble(this.#reason)
  }

  #trouble(message: string): void {
    const { id, name } = this.row
    this.#log.warn(message)
    this.#options.events.publish({ type: 'WatchTrouble', id, name, message })
  }

  /** Silence: tells what has changed, once what was told before is done. */
  #fire(): void {
    if (this.#acting || this.#waiting.isEmpty || this.#ended.signal.aborted) return
    const tooMuch = this.#guard.count(this.#now())
    if (tooMuch !== undefined) return this.#brake(tooMuch)
    const trigger = this.#trigger()
    this.#act(async () => {
      await this.#perform(trigger)
    })
  }

  #act(work: () => Promise<void>): void {
    this.#acting = work()
      .catch((error: unknown) => this.#trouble(`A trigger could not be kept: ${errorText(error)}.`))
      .finally(() => {
        this.#acting = undefined
        if (!this.#waiting.isEmpty && !this.#ended.signal.aborted) this.#debounce.poke()
      })
  }

  /** Takes what is waiting as one trigger, kept before anything comes of it. @throws when it cannot be kept */
  #trigger(): Trigger {
    const waiting = this.#waiting
    const trigger: Trigger = {
      id: Bun.randomUUIDv7(),
      at: this.#now(),
      files: waiting.list(),
      total: waiting.total,
      while_away: this.#isAway,
      state: 'pending',
      outcome: null,
    }
    const prints = this.#prints
    this.#waiting = new Changes(LIMITS.listed)
    this.#prints = new Map()
    this.#isAway = false
    try {
      this.#options.store.addTrigger(this.row.id, trigger, prints)
    } catch (error) {
      // A full disk: what changed is still told, only a kill right now would lose it.
      this.#trouble(`A trigger could not be kept: ${errorText(error)}.`)
    }
    this.row.triggers++
    this.row.lastTriggerAt = trigger.at
    return trigger
  }

  async #perform(trigger: Trigger): Promise<void> {
    this.#publish(trigger)
    const { store, ports } = this.#options
    const { signal } = this.#ended
    let wait = RETRY_MS.first
    for (;;) {
      try {
        const outcome = await perform(this.row, trigger, ports)
        return this.#settle(store, trigger, 'done', outcome)
      } catch (error) {
        const isAway = error instanceof NekodeError && RETRIED.has(error.kind)
        if (!isAway || this.#now() - trigger.at > RETRY_MS.altogether) {
          this.#settle(store, trigger, 'failed', errorText(error))
          return this.#trouble(`A trigger came to nothing: ${errorText(error)}`)
        }
        this.#log.info('a trigger is tried again later', { error: errorText(error), seconds: wait / 1000 })
        await pause(wait, signal)
        // It stays pending: the next start takes it up.
        if (signal.aborted) return
        wait = Math.min(wait * 2, RETRY_MS.longest)
      }
    }
  }

  #settle(store: WatchStore, { id }: Trigger, state: 'done' | 'failed', outcome: string): void {
    try {
      store.settle(id, state, outcome)
    } catch (error) {
      // A full disk: it is done again after a restart, under the same id.
      this.#log.warn('what came of a trigger could not be kept', { error: errorText(error) })
    }
  }

  #publish({ id, files, total, while_away }: Trigger): void {
    const { dir } = this.row.spec
    this.#log.debug('triggered', { total })
    this.#options.events.publish({
      type: 'WatchTriggered',
      path: join(dir, files[0]?.path ?? ''),
      id: this.row.id,
      name: this.row.name,
      trigger_id: id,
      dir,
      files: files.slice(0, LIMITS.shown),
      total,
      while_away,
    })
  }

  /** Whoever writes into the folder because of the watch would go on for ever. */
  #brake(tooMuch: string): void {
    const { id, name, spec } = this.row
    const called = name ?? id
    const reason = `It paused itself after ${tooMuch}; perhaps what it starts writes into ${spec.dir} itself. Go on: nekode-daemon watch resume ${called}`
    this.#trouble(reason)
    const { say } = this.#options.ports
    const told =
      spec.action.kind === 'message' && say
        ? say(messageOf(spec.action, `Watch ${called}: ${reason}`, Bun.randomUUIDv7()))
        : undefined
    told?.catch((error: unknown) => this.#log.warn('the pause could not be said', { error: errorText(error) }))
    this.pause(reason).catch((error: unknown) => this.#log.error('the watch could not be paused', { error }))
  }
}
