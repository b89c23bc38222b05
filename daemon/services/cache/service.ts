import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { NekodeError } from '@shared/errors'
import type { Mount } from '../../local/http'
import { type Caller, type Handlers, serve, type Served } from '../../local/operation'
import type { Service, ServiceDeps } from '../service'
import { ResponseCache } from './cache'
import type { CACHE, CacheFigures } from './contract'
import { type Route, routed } from './environment'
import type { Call, Exchange, Hit } from './exchange'
import { valueKey } from './key'
import { Prices } from './prices'
import type { ProxyOptions } from './proxy'
import type { Mode } from './request'
import { type CacheSettings, MAX_VALUE } from './settings'
import type { Which } from './store'
import { parseUpstreams, type Upstream } from './upstreams'

export interface CacheOptions extends Pick<ServiceDeps, 'paths' | 'log' | 'events'> {
  settings: CacheSettings
  /** Value of a secret of this computer, as far as the agent may use it. */
  secret?(name: string, agentId: string | undefined): Promise<string | undefined>
  /** Id of the agent of this computer that is called so. */
  agentId?(text: string): string | undefined
  /** A program of an agent was given an earlier answer. */
  onHit?(agentId: string, hit: Hit): void
  now?: () => number
}

/** Fetches for one agent, as `fetch` does. */
export type ModelFetch = (input: string | URL | Request, init?: RequestInit) => Promise<Response>

/** The agent's variable that says what is cached of it. */
const MODE_VARIABLE = 'NEKODE_MODEL_CACHE'

/** Exact-match cache of models' answers: for the daemon's own agents, for programs by a proxy, and for values of any program. */
export class CacheService implements Service {
  readonly name = 'cache'
  readonly mounts: readonly Mount[]
  readonly #options: CacheOptions
  readonly #path: string
  readonly #cache: ResponseCache
  readonly #prices: Prices
  readonly #upstreams: Map<string, Upstream>
  /** What the agents' own environments say. */
  readonly #agents = new Map<string, { mode: Mode; routes: Map<string, Route> }>()
  #exchange: Promise<Exchange> | undefined
  #url: string | undefined

  /** @throws NekodeError precondition `config_invalid` */
  constructor(options: CacheOptions) {
    const { settings, paths, log, now } = options
    this.#options = options
    this.#path = join(paths.state, 'cache.db')
    this.#upstreams = parseUpstreams(settings.upstreams)
    this.#prices = new Prices(settings.prices)
    this.#cache = new ResponseCache({
      path: this.#path,
      log,
      ttlMs: settings.ttlMs,
      maxBytes: settings.maxBytes,
      frontBytes: settings.memoryBytes,
      ...(now ? { now } : {}),
    })
    this.mounts = [{ prefix: '/cache/', answer: (request, callerOf) => this.#proxy(request, callerOf) }]
  }

  async serve(): Promise<Map<string, Served>> {
    const shapes = await import('./contract')
    return serve(shapes.CACHE, this.#handlers())
  }

  /** Nothing is opened before the first request. */
  start(): void {}

  async stop(): Promise<void> {
    await this.#cache.close()
  }

  /** @param url of the local HTTP API; undefined when it is off */
  place(url: string | undefined): void {
    this.#url = url === undefined ? undefined : `${url}/cache`
  }

  /** Address of the proxy, without a slash at the end. */
  get url(): string | undefined {
    return this.#url
  }

  /** What is cached of an agent. @param env the agent's own settings */
  modeOf(env: Readonly<Record<string, string | undefined>>): Mode {
    const own = env[MODE_VARIABLE]
    return own === 'off' || own === 'on' || own === 'tools' ? own : this.#options.settings.mode
  }

  /**
   * The environment of an agent's program: one that calls the proxy, when the agent is cached and its program can be told so.
   * @param key of the agent at this daemon
   */
  environment(agentId: string, kind: string, env: Record<string, string>, key: string): Record<string, string> {
    const mode = this.modeOf(env)
    const result = mode === 'off' || this.#url === undefined ? undefined : routed(kind, env, this.#url, key)
    const routes = (result?.routes ?? []).map((route): [string, Route] => [
      route.name,
      { ...route, base: route.base || (this.#upstreams.get(route.name)?.base ?? '') },
    ])
    this.#agents.set(agentId, { mode, routes: new Map(routes) })
    return result?.env ?? env
  }

  /** `fetch` for an agent that runs within the daemon; undefined when it is not cached. */
  fetchFor(
    agentId: string,
    env: Readonly<Record<string, string | undefined>>,
  ): ((onHit: (hit: Hit) => void) => ModelFetch) | undefined {
    const mode = this.modeOf(env)
    if (mode === 'off') return undefined
    return (onHit) => async (input, init) => {
      const request = new Request(input, init)
      const exchange = await this.#open()
      const body = new Uint8Array(await request.arrayBuffer())
      return exchange.answer({
        ...this.#terms({ kind: 'agent', agentId }, mode),
        onHit,
        provider: new URL(request.url).host,
        address: request.url,
        method: request.method,
        headers: request.headers,
        body: body.length > 0 ? body : undefined,
        signal: request.signal,
      })
    }
  }

  /** What the cache holds and has saved. */
  async stats(): Promise<CacheFigures> {
    await this.#cache.settled()
    return this.#cache.stats()
  }

  /** Takes out everything, or what is described. @returns how many entries */
  async purge(which?: Which): Promise<number> {
    await this.#cache.settled()
    if (which) return this.#cache.purge(which)
    const { entries } = this.#cache.stats()
    this.#cache.clear()
    return entries
  }

  /** An agent is not of this computer any more. */
  gone(agentId: string): void {
    this.#agents.delete(agentId)
    if (existsSync(this.#path)) void this.#cache.purge({ tenant: agentId })
  }

  #open(): Promise<Exchange> {
    // What reads and asks is loaded with the first request.
    this.#exchange ??= import('./exchange').then(
      ({ Exchange }) =>
        new Exchange({
          cache: this.#cache,
          prices: this.#prices,
          onLooked: (how, key, model) =>
            this.#options.events.publish({ type: how === 'hit' ? 'CacheHit' : 'CacheMiss', key, model }),
        }),
    )
    return this.#exchange
  }

  async #proxy(request: Request, callerOf: (token: string) => Caller | undefined): Promise<Response> {
    const [{ proxy, modeOf }, exchange] = await Promise.all([import('./proxy'), this.#open()])
    const options: ProxyOptions = {
      exchange,
      log: this.#options.log,
      terms: (caller, wish) => this.#terms(caller, this.#allowed(caller, modeOf(wish))),
      route: (caller, name) =>
        (caller.kind === 'agent' ? this.#agents.get(caller.agentId)?.routes.get(name) : undefined) ??
        this.#upstreams.get(name),
      names: () => [...this.#upstreams.keys()],
      secret: async (name, caller) =>
        this.#options.secret?.(name, caller.kind === 'agent' ? caller.agentId : undefined),
    }
    return proxy(request, callerOf, options)
  }

  /** Whoever uses the proxy of this computer wants it to cache; of agents people decide that. */
  #allowed(caller: Caller, wish: Mode | undefined): Mode {
    const { mode } = this.#options.settings
    if (caller.kind === 'owner') return wish ?? (mode === 'off' ? 'on' : mode)
    const granted = this.#agents.get(caller.agentId)?.mode ?? mode
    return wish === 'off' || granted === 'off' ? 'off' : wish === 'on' ? 'on' : granted
  }

  #terms(caller: Caller, mode: Mode): Pick<Call, 'tenant' | 'mode' | 'sampled' | 'onHit'> {
    const { onHit, settings } = this.#options
    const terms = { tenant: this.#tenantOf(caller), mode, sampled: settings.sampled }
    if (caller.kind === 'owner' || !onHit) return terms
    const { agentId } = caller
    return { ...terms, onHit: (hit) => onHit(agentId, hit) }
  }

  #tenantOf(caller: Caller): string {
    if (this.#options.settings.shared) return 'shared'
    return caller.kind === 'agent' ? caller.agentId : 'computer'
  }

  /** What an agent may see and take out: its own. Where all is shared, that is nobody's own. */
  #within(caller: Caller, tenant: string | undefined): string | undefined {
    if (caller.kind === 'owner') return tenant && (this.#options.agentId?.(tenant) ?? tenant)
    if (tenant !== undefined && tenant !== caller.agentId)
      throw new NekodeError('forbidden', 'An agent sees its own entries only.', { code: 'not_yours' })
    return caller.agentId
  }

  #handlers(): Handlers<typeof CACHE> {
    return {
      CacheGet: ({ key }, caller) => this.#get(key, caller),
      CacheSet: (value, caller) => this.#set(value, caller),
      CacheClear: async (_, caller) => {
        await this.purge(caller.kind === 'owner' ? undefined : { tenant: caller.agentId })
        return { type: 'Ok' }
      },
      CacheStats: async () => ({ type: 'CacheStatsResult', ...(await this.stats()) }),
      CachePurge: async ({ tenant, ...which }, caller) => ({
        type: 'CachePurged',
        removed: await this.purge({ ...which, tenant: this.#within(caller, tenant) }),
      }),
      CacheList: async ({ tenant, limit, ...which }, caller) => {
        await this.#cache.settled()
        const entries = this.#cache.list({ ...which, tenant: this.#within(caller, tenant) }, limit)
        return { type: 'CacheListResult', entries }
      },
      CacheProxy: () => ({
        type: 'CacheProxyResult',
        url: this.#url ?? null,
        upstreams: [...this.#upstreams.values()].map(({ name, base, secret }) => ({
          name,
          base,
          secret: secret ?? null,
        })),
      }),
      EstimateCost: (input) => this.#estimate(input),
    }
  }

  #get(name: string, caller: Caller) {
    const key = valueKey(this.#tenantOf(caller), name)
    const entry = this.#cache.find(key)
    this.#options.events.publish(
      entry ? { type: 'CacheHit', key: name, model: entry.model } : { type: 'CacheMiss', key: name, model: '' },
    )
    if (!entry) {
      this.#cache.miss()
      return { type: 'CacheMiss' as const }
    }
    this.#cache.hit(entry)
    return { type: 'CacheHit' as const, response: new TextDecoder().decode(entry.body) }
  }

  #set(
    value: {
      key: string
      provider: string
      model: string
      response: string
      tokens_in: number
      tokens_out: number
      cost: number
      ttl_secs?: number | undefined
    },
    caller: Caller,
  ) {
    const body = new TextEncoder().encode(value.response)
    if (body.length > MAX_VALUE)
      throw new NekodeError('too_large', `The response has ${body.length} bytes; ${MAX_VALUE} is the most.`, {
        code: 'CACHE-001',
      })
    const tenant = this.#tenantOf(caller)
    const ttlMs = value.ttl_secs === undefined ? undefined : value.ttl_secs * 1000
    this.#cache.put(
      {
        key: valueKey(tenant, value.key),
        name: value.key,
        tenant,
        provider: value.provider,
        model: value.model,
        api: 'value',
        contentType: 'text/plain',
        usage: { input: value.tokens_in, cacheRead: 0, cacheWrite: 0, output: value.tokens_out, reasoning: 0 },
        cost: value.cost,
        body,
      },
      ttlMs,
    )
    return { type: 'Ok' as const }
  }

  #estimate(asked: { provider: string; model: string; input_tokens: number; output_tokens: number }) {
    const { provider, model, input_tokens, output_tokens } = asked
    const price = this.#prices.of(model)
    if (!price)
      throw new NekodeError('not_found', `The price of “${model}” is not known.`, {
        code: 'COST-001',
        next: 'Say it in the settings: modelPrices, such as my-model=1.25/10 (dollars for a million tokens).',
      })
    const input_cost = (input_tokens * price.input) / 1e6
    const output_cost = (output_tokens * price.output) / 1e6
    return {
      type: 'CostEstimateResult' as const,
      estimate: {
        provider,
        model,
        input_cost,
        output_cost,
        total_cost: input_cost + output_cost,
        currency: 'USD' as const,
      },
    }
  }
}
