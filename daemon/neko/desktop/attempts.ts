import { LOGIN } from './limits'

interface Failures {
  count: number
  /** Epoch milliseconds. */
  notBefore: number
}

/** Wrong passwords of each address: after some of them each costs a wait that doubles. */
export class Attempts {
  private readonly failures = new Map<string, Failures>()

  constructor(private readonly now: () => number = Date.now) {}

  /** Seconds that the address has to wait; 0: none. */
  waitSeconds(address: string): number {
    const known = this.failures.get(address)
    return known === undefined ? 0 : Math.max(0, Math.ceil((known.notBefore - this.now()) / 1000))
  }

  failed(address: string): void {
    const count = (this.failures.get(address)?.count ?? 0) + 1
    const wait = count < LOGIN.free ? 0 : Math.min(LOGIN.maxSeconds, 2 ** Math.min(16, count - LOGIN.free))
    // Written anew at the end: what is first in the map is what failed longest ago.
    this.failures.delete(address)
    this.failures.set(address, { count, notBefore: this.now() + wait * 1000 })
    if (this.failures.size <= LOGIN.addresses) return
    const oldest = this.failures.keys().next().value
    if (oldest !== undefined) this.failures.delete(oldest)
  }

  succeeded(address: string): void {
    this.failures.delete(address)
  }
}
