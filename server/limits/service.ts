import { NekodeError } from '@shared/errors'
import { ADMIN_FACTOR, BURST_SECONDS, CALLS, type Rate } from '@shared/limits'
import { type Principal, isAdmin } from '../access/principal'
import { networkOf } from '../http/network'
import { Rates } from './rates'

export type CallLimits = typeof CALLS
export type Refusal = 'rate' | 'guest_rate' | 'streams' | 'address_streams'

type Credentialed = Exclude<Principal, { kind: 'guest' }>

/** What each caller may take of the server, so that none takes it from the others. */
export class Limits {
  readonly #callers: Rates
  readonly #guests: Rates
  readonly #streams = new Map<string, number>()
  #onRefused: (why: Refusal) => void = () => {}

  constructor(
    private readonly limits: CallLimits = CALLS,
    now?: () => number,
  ) {
    this.#callers = new Rates(now)
    this.#guests = new Rates(now)
  }

  /** Hears of everything that is refused: for metrics. */
  whenRefused(then: (why: Refusal) => void): void {
    this.#onRefused = then
  }

  /** Streams that are open. */
  get streams(): number {
    let sum = 0
    for (const [key, count] of this.#streams) if (key.startsWith('credential:')) sum += count
    return sum
  }

  /** Counts a request of somebody with a valid login or token. Throws `rate_limited`. */
  admit(p: Credentialed): void {
    const { perSecond } = this.limits
    if (!perSecond) return
    const rate = rateOf(isAdmin(p) ? perSecond * ADMIN_FACTOR : perSecond)
    const seconds = this.#callers.take(p.credentialId, rate)
    if (seconds) this.#refuse('rate', tooFast('This login or token makes too many requests.', seconds))
  }

  /** Counts a request without a valid login or token. Throws `rate_limited`. */
  admitGuest(address: string): void {
    const { perSecondOfGuests } = this.limits
    if (!perSecondOfGuests) return
    const seconds = this.#guests.take(networkOf(address), rateOf(perSecondOfGuests))
    if (seconds)
      this.#refuse('guest_rate', tooFast('Too many requests without a login come from your address.', seconds))
  }

  /**
   * A place for a stream. Throws `too_many_streams` when the caller or its address has all that it may have.
   * @returns gives the place back, once
   */
  stream(p: Credentialed, address: string): () => void {
    const own = `credential:${p.credentialId}`
    const theirs = `address:${networkOf(address)}`
    const { streams, streamsOfAddress } = this.limits
    if (streams && this.#count(own) >= streams)
      this.#refuse('streams', tooMany(`This login or token has ${streams} streams open, which is the most.`))
    if (streamsOfAddress && this.#count(theirs) >= streamsOfAddress)
      this.#refuse(
        'address_streams',
        tooMany(`${streamsOfAddress} streams are open from your address, which is the most.`),
      )
    for (const key of [own, theirs]) this.#streams.set(key, this.#count(key) + 1)
    let open = true
    return () => {
      if (!open) return
      open = false
      for (const key of [own, theirs]) this.#leave(key)
    }
  }

  #count(key: string): number {
    return this.#streams.get(key) ?? 0
  }

  #leave(key: string): void {
    const left = this.#count(key) - 1
    if (left > 0) this.#streams.set(key, left)
    else this.#streams.delete(key)
  }

  #refuse(why: Refusal, error: NekodeError): never {
    this.#onRefused(why)
    throw error
  }
}

const rateOf = (perSecond: number): Rate => ({ perSecond, burst: perSecond * BURST_SECONDS })

/** Streams end when they end; nobody knows when. */
const RETRY_STREAM_SECONDS = 5

const tooFast = (message: string, seconds: number): NekodeError =>
  new NekodeError('throttled', message, {
    code: 'rate_limited',
    next: `Wait ${seconds} second${seconds === 1 ? '' : 's'}, then go on more slowly.`,
    retryAfterSeconds: seconds,
  })

const tooMany = (message: string): NekodeError =>
  new NekodeError('throttled', message, {
    code: 'too_many_streams',
    next: 'Close streams that are not needed, then try again; whoever runs the server can allow more.',
    retryAfterSeconds: RETRY_STREAM_SECONDS,
  })
