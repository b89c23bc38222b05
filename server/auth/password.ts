import { NekodeError } from '@shared/errors'
import { PASSWORDS } from '@shared/limits'
import { networkOf } from '../http/network'

/** What OWASP asks of argon2id at least; more memory for each login would let few clients fill the machine. */
const OPTIONS = { algorithm: 'argon2id', memoryCost: 19_456, timeCost: 2 } as const

interface Waiting {
  network: string | undefined
  go(): void
}

/** Work of which little may go on at once. What has no place to wait is refused, and one address cannot take all places. */
export class Queue {
  #running = 0
  readonly #waiting: Waiting[] = []

  constructor(private readonly limits: typeof PASSWORDS) {}

  /**
   * @param address of whom it is for; undefined for the server's own work
   * @throws NekodeError `passwords_busy`, with the seconds to wait
   */
  async run<T>(work: () => Promise<T>, address?: string): Promise<T> {
    if (this.#running < this.limits.parallel) this.#running++
    else await this.#wait(address === undefined ? undefined : networkOf(address))
    try {
      return await work()
    } finally {
      const next = this.#waiting.shift()
      if (next) next.go()
      else this.#running--
    }
  }

  #wait(network: string | undefined): Promise<void> {
    const { waiting, waitingOfAddress } = this.limits
    if (network !== undefined) {
      if (this.#waiting.filter((each) => each.network === network).length >= waitingOfAddress)
        throw busy('throttled', 'Too many logins from your address are waiting.')
      if (this.#waiting.length >= waiting) throw busy('unavailable', 'Too many people are logging in at this moment.')
    }
    return new Promise((go) => this.#waiting.push({ network, go }))
  }
}

const busy = (kind: 'throttled' | 'unavailable', message: string): NekodeError =>
  new NekodeError(kind, message, {
    code: 'passwords_busy',
    next: 'Wait a second, then try again.',
    retryAfterSeconds: 1,
  })

const queue = new Queue(PASSWORDS)

/** @param address of whoever asks; the server itself has none and always waits */
export const hashPassword = (password: string, address?: string): Promise<string> =>
  queue.run(() => Bun.password.hash(password, OPTIONS), address)

let dummy: Promise<string> | undefined

/**
 * Whether the password is the one of `hash`. Without a hash, or with the empty one of somebody without a password, it takes as long and is
 * never right.
 * @throws NekodeError `passwords_busy`
 */
export async function verifyPassword(password: string, hash: string | undefined, address: string): Promise<boolean> {
  dummy ??= hashPassword(crypto.randomUUID())
  const against = hash || (await dummy)
  const right = await queue.run(() => Bun.password.verify(password, against), address)
  return right && !!hash
}
