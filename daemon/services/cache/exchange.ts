import { HOP_BY_HOP } from '@shared/hop'
import type { TokenUsage } from '../../runtimes/events'
import { settle } from './answer'
import type { ResponseCache } from './cache'
import { Flight, type Head } from './flight'
import type { Prices } from './prices'
import { type Asked, type Plan, planOf, type Rules } from './request'
import type { Entry } from './store'

/** A call that an earlier answer answered. */
export interface Hit {
  key: string
  provider: string
  model: string
  /** What the earlier call took, and this one did not. */
  usage: TokenUsage
  /** US dollars; undefined when the price is not known. */
  costUsd: number | undefined
}

export interface Call extends Asked, Rules {
  /** Name of the endpoint. */
  provider: string
  signal: AbortSignal
  /** Told once, when an earlier answer was all that it took. */
  onHit?: ((hit: Hit) => void) | undefined
}

export interface ExchangeOptions {
  cache: ResponseCache
  prices: Prices
  onLooked(how: 'hit' | 'miss', key: string, model: string): void
}

/** Says what became of a request: `hit`, `miss` or `pass`. */
export const VERDICT = 'x-nekode-cache'
const KEY = 'x-nekode-cache-key'
const WHY = 'x-nekode-cache-why'

type Look = Extract<Plan, { type: 'look' }>

/** What belongs to one connection and not to the message, or was true of the bytes before they were unpacked. */
const OF_CONNECTION = new Set([
  ...HOP_BY_HOP,
  'host',
  'content-length',
  'accept-encoding',
  'content-encoding',
  'expect',
])
const isOurs = (name: string): boolean => name.startsWith('x-nekode-')

/** Answers calls of models: from the cache, or by the endpoint, which equal calls at the same time share. */
export class Exchange {
  readonly #options: ExchangeOptions
  readonly #flights = new Map<string, Flight>()
  /** Who waits with the one that began a flight: counted when the answer is whole and has turned out to be one to keep. */
  readonly #joined = new WeakMap<Flight, Set<Call>>()

  constructor(options: ExchangeOptions) {
    this.#options = options
  }

  /**
   * Answers one call. The cache itself never makes it fail.
   * @throws what the connection to the endpoint threw; an AbortError when the caller is gone
   */
  async answer(call: Call): Promise<Response> {
    const plan = planOf(call, call)
    if (plan.type === 'pass') {
      this.#options.cache.pass()
      const response = await send(call, call.signal)
      return new Response(response.body, told(response, { [VERDICT]: 'pass', [WHY]: plan.why }))
    }
    const found = plan.fresh ? undefined : this.#options.cache.find(plan.key)
    return found ? this.#replay(call, found) : this.#share(call, plan)
  }

  #replay(call: Call, entry: Entry): Response {
    this.#hit(call, entry)
    const age = Math.max(0, Math.floor((Date.now() - entry.createdAt) / 1000))
    return new Response(entry.body, {
      headers: { 'content-type': entry.contentType, [VERDICT]: 'hit', [KEY]: entry.key, age: String(age) },
    })
  }

  #hit(call: Call, entry: Pick<Entry, 'key' | 'provider' | 'model' | 'usage' | 'cost'>): void {
    const { key, provider, model, usage, cost } = entry
    this.#options.cache.hit(entry)
    this.#options.onLooked('hit', key, model)
    call.onHit?.({ key, provider, model, usage, costUsd: cost ?? undefined })
  }

  /** Waits for the answer to this call together with others that ask the same at this moment. */
  async #share(call: Call, plan: Look): Promise<Response> {
    // Whether the endpoint lets one caller in says nothing about another one.
    const name = `${plan.key} ${credentialsOf(call.headers)}`
    const known = plan.fresh ? undefined : this.#flights.get(name)
    const isJoined = known?.isOpen === true
    const flight = isJoined ? known : this.#launch(call, plan, name)
    const reader = flight.join()
    const others = isJoined ? this.#joined.get(flight) : undefined
    others?.add(call)
    const leave = () => {
      others?.delete(call)
      reader.leave()
    }
    call.signal.addEventListener('abort', leave, { once: true })
    try {
      call.signal.throwIfAborted()
      const head = await gone(flight.head, call.signal)
      const isHit = isJoined && head.status === 200
      return new Response(reader.stream(), told(head, { [VERDICT]: isHit ? 'hit' : 'miss', [KEY]: plan.key }))
    } catch (error) {
      leave()
      throw error
    }
  }

  #launch(call: Call, plan: Look, name: string): Flight {
    const { cache, onLooked } = this.#options
    cache.miss()
    onLooked('miss', plan.key, plan.model)
    const joined = new Set<Call>()
    const flight = new Flight({
      call: (signal) => send(call, signal),
      onWhole: (head, body) => {
        const entry = this.#entryOf(call, plan, head, body)
        if (!entry) return
        cache.put(entry)
        for (const other of joined) this.#hit(other, entry)
      },
      onOver: () => {
        if (this.#flights.get(name) === flight) this.#flights.delete(name)
      },
    })
    this.#joined.set(flight, joined)
    this.#flights.set(name, flight)
    return flight
  }

  #entryOf(call: Call, plan: Look, head: Head, body: Uint8Array<ArrayBuffer>) {
    const contentType = head.headers.get('content-type') ?? ''
    const settled = head.status === 200 ? settle(plan.api, contentType, body) : undefined
    if (!settled) return undefined
    const { usage, cost = this.#options.prices.costOf(plan.model, usage) ?? null } = settled
    const { key, model, api } = plan
    return { key, name: null, tenant: call.tenant, provider: call.provider, model, api, contentType, usage, cost, body }
  }
}

/** Calls the endpoint. Redirects are the caller's to follow: they may lead to where nobody allowed. */
function send(call: Call, signal: AbortSignal): Promise<Response> {
  const { address, method, body } = call
  return fetch(address, {
    method,
    headers: passed(call.headers),
    // A stream is sent on while it comes.
    ...(body && method !== 'GET' && method !== 'HEAD' ? { body, duplex: 'half' as const } : {}),
    redirect: 'manual',
    signal,
    // A model may think for longer than the five minutes of silence that are the default.
    timeout: false,
  })
}

function passed(headers: Headers): Headers {
  const kept = new Headers()
  for (const [name, value] of headers) if (!OF_CONNECTION.has(name) && !isOurs(name)) kept.append(name, value)
  return kept
}

function told({ status, headers }: Head, more: Record<string, string>): ResponseInit {
  const kept = passed(headers)
  for (const [name, value] of Object.entries(more)) kept.set(name, value)
  return { status, headers: kept }
}

function credentialsOf(headers: Headers): string {
  const given = ['authorization', 'x-api-key', 'openai-organization', 'openai-project'].map((name) => headers.get(name))
  return new Bun.CryptoHasher('sha256').update(JSON.stringify(given)).digest('hex')
}

/** The value, or the abort when that comes first. */
async function gone<T>(value: Promise<T>, signal: AbortSignal): Promise<T> {
  const left = Promise.withResolvers<never>()
  const leave = () => left.reject(signal.reason)
  signal.addEventListener('abort', leave, { once: true })
  try {
    return await Promise.race([value, left.promise])
  } finally {
    signal.removeEventListener('abort', leave)
  }
}
