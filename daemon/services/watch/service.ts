import { existsSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { errorText, NekodeError } from '@shared/errors'
import { type Caller, type Handlers, serve, type Served } from '../../local/operation'
import type { Service, ServiceDeps } from '../service'
import { checkAction, type WatchPorts } from './actions'
import type { Watch, WATCH, WatchSpec } from './contract'
import { LIMITS } from './limits'
import { placeOf } from './place'
import type { Runner } from './runner'
import type { WatchRow, WatchStore } from './store'

export interface WatchOptions extends Pick<ServiceDeps, 'paths' | 'log' | 'events' | 'env'> {
  /** What watches can start. */
  ports: WatchPorts
  now?: () => number
}

const STORE = 'watch.db'
/** The watch of `WatchStart`, which has no name. */
const UNNAMED = 'watch_unnamed'

/** The watches of this computer. */
export class WatchService implements Service {
  readonly name = 'watch'
  readonly #options: WatchOptions
  readonly #runners = new Map<string, Runner>()
  #store: WatchStore | undefined
  #isStarted = false
  /** Changes of the list of watches, one after the other. */
  #last: Promise<unknown> = Promise.resolve()
  #first: Promise<unknown> = Promise.resolve()

  constructor(options: WatchOptions) {
    this.#options = options
  }

  async serve(): Promise<Map<string, Served>> {
    const shapes = await import('./contract')
    return serve(shapes.WATCH, this.#handlers(shapes.WatchSpec))
  }

  /** The first look at large folders takes a while: the daemon does not wait for it. Where there was never a watch, nothing is opened. */
  async start(): Promise<void> {
    this.#isStarted = true
    if (!existsSync(join(this.#options.paths.state, STORE))) return
    const store = await this.#open()
    for (const row of store.list()) this.#runners.set(row.id, await this.#runner(row))
    this.#first = this.#startAll()
  }

  async #startAll(): Promise<void> {
    for (const runner of this.#runners.values()) {
      if (!this.#isStarted) return
      try {
        await runner.start()
      } catch (error) {
        // The watch itself says why in the list.
        this.#options.log.warn('a watch could not be started', { watch: runner.row.id, error: errorText(error) })
      }
    }
  }

  async stop(): Promise<void> {
    this.#isStarted = false
    // Those that still look at everything for the first time end in the middle.
    await this.#stopAll()
    await this.#first
    await this.#last.catch(() => undefined)
    // One that was being added meanwhile.
    await this.#stopAll()
    this.#store?.close()
    this.#store = undefined
  }

  async #stopAll(): Promise<void> {
    const all = [...this.#runners.values()]
    this.#runners.clear()
    await Promise.all(all.map((runner) => runner.stop()))
  }

  /** How many watches are at work. */
  get active(): number {
    return [...this.#runners.values()].filter((runner) => runner.view().state === 'watching').length
  }

  /** Adds a watch and starts it. @throws NekodeError `WATCH-001`, `WATCH-002` or `WATCH-003`; then there is none */
  add(spec: WatchSpec, name: string | null, id = newWatchId()): Promise<Watch> {
    return this.#inTurn(async () => {
      const store = await this.#open()
      const { ports } = this.#options
      checkAction(spec.action, ports)
      if (spec.action.kind === 'job') await ports.findJob?.(spec.action.job)
      const row: WatchRow = {
        id,
        name,
        spec: { ...spec, dir: this.#place(spec.dir, spec.outside_home) },
        isPaused: false,
        reason: null,
        triggers: 0,
        lastTriggerAt: null,
        hasSnapshot: false,
        createdAt: (this.#options.now ?? Date.now)(),
      }
      store.add(row)
      const runner = await this.#runner(row)
      try {
        await runner.start()
      } catch (error) {
        store.remove(id)
        throw error
      }
      this.#runners.set(id, runner)
      return runner.view()
    })
  }

  list(): Watch[] {
    return [...this.#runners.values()].map((runner) => runner.view())
  }

  #handlers(Spec: typeof WatchSpec): Handlers<typeof WATCH> {
    const watchOf = async (id: string, change: (runner: Runner) => Promise<void>) => {
      const runner = this.#find(id)
      await this.#inTurn(() => change(runner))
      return { type: 'Watch' as const, watch: runner.view() }
    }
    return {
      WatchStart: async ({ dir, patterns }) => {
        const active = this.#runners.get(UNNAMED)
        if (active)
          throw new NekodeError('conflict', `${active.row.spec.dir} is watched already.`, {
            code: 'WATCH-001',
            next: 'End that first (WatchStop), or add a watch of its own: nekode-daemon watch add',
          })
        return activeOf(await this.add(Spec.parse({ dir, patterns }), null, UNNAMED))
      },
      WatchStop: async () => {
        if (this.#runners.has(UNNAMED)) await this.#remove(UNNAMED)
        return { type: 'WatchInactive' }
      },
      WatchStatus: () => {
        const active = this.#runners.get(UNNAMED)
        return active ? activeOf(active.view()) : { type: 'WatchInactive' }
      },
      WatchAdd: async ({ name, ...spec }) => ({ type: 'Watch', watch: await this.add(spec, name ?? null) }),
      WatchList: () => ({ type: 'WatchList', watches: this.list() }),
      WatchShow: async ({ id }) => {
        const runner = this.#find(id)
        const store = await this.#open()
        const triggers = store.triggers(runner.row.id)
        for (const trigger of triggers) trigger.files.splice(LIMITS.told)
        return { type: 'Watch', watch: runner.view(), triggers }
      },
      WatchRemove: async ({ id }) => {
        await this.#remove(this.#find(id).row.id)
        return { type: 'Ok' }
      },
      WatchPause: ({ id }) => watchOf(id, (runner) => runner.pause('paused by hand')),
      WatchResume: ({ id }) => watchOf(id, (runner) => runner.resume()),
      WatchTest: async ({ id, spec, paths }, caller) => {
        const { preview } = await import('./preview')
        return preview({ spec: this.#specOf(id, spec, caller), hidden: [this.#options.paths.state], paths })
      },
    }
  }

  #specOf(id: string | undefined, spec: WatchSpec | undefined, caller: Caller): WatchSpec {
    if (id !== undefined) return this.#find(id).row.spec
    if (!spec) throw new NekodeError('invalid', 'Name a watch (id), or say what it would be (spec).')
    const isAllowed = spec.outside_home && caller.kind === 'owner' && caller.hasToken
    return { ...spec, dir: this.#place(spec.dir, isAllowed) }
  }

  /** What watches is loaded with the first one. */
  async #runner(row: WatchRow): Promise<Runner> {
    const { events, log, ports, paths, now } = this.#options
    const { Runner } = await import('./runner')
    return new Runner({
      row,
      store: await this.#open(),
      events,
      log,
      ports,
      hidden: [paths.state],
      ...(now ? { now } : {}),
    })
  }

  #place(dir: string, isAllowedOutside: boolean): string {
    const { paths, env } = this.#options
    return placeOf(dir, {
      userHome: env.HOME ?? homedir(),
      home: paths.home,
      state: paths.state,
      isAllowedOutside,
    })
  }

  #remove(id: string): Promise<void> {
    return this.#inTurn(async () => {
      const store = await this.#open()
      await this.#runners.get(id)?.stop()
      this.#runners.delete(id)
      store.remove(id)
    })
  }

  /** By id, or by name. @throws NekodeError not_found `WATCH-004` */
  #find(id: string): Runner {
    const found =
      this.#runners.get(id) ??
      [...this.#runners.values()].find(({ row }) => row.name === id) ??
      (id === 'unnamed' ? this.#runners.get(UNNAMED) : undefined)
    if (found) return found
    throw new NekodeError('not_found', `There is no watch ${id}.`, {
      code: 'WATCH-004',
      next: 'See what there is: nekode-daemon watch list',
    })
  }

  /** @throws NekodeError `WATCH-002` when the store cannot be opened */
  async #open(): Promise<WatchStore> {
    const { WatchStore } = await import('./store')
    if (!this.#isStarted)
      throw new NekodeError('unavailable', 'The daemon starts or stops; there are no watches.', { code: 'WATCH-002' })
    this.#store ??= WatchStore.open(join(this.#options.paths.state, STORE), this.#options.log)
    return this.#store
  }

  /** The list of watches changes one after the other, whoever asks. */
  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = Promise.all([this.#first, this.#last.catch(() => undefined)]).then(work)
    this.#last = done
    return done
  }
}

const newWatchId = (): string => `watch_${Bun.randomUUIDv7().replaceAll('-', '')}`

const activeOf = ({ dir, patterns }: Watch) => ({ type: 'WatchActive' as const, dir, patterns })
