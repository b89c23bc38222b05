import { hashSecret, newSecret } from '@shared/ids'
import type { UserPrincipal } from '../access/principal'
import { PREVIEW } from './limits'

/** Of the preview's host alone; over TLS with the prefix that keeps sibling hosts from setting it. */
const COOKIE = 'nekode_preview'
const SECURE_COOKIE = `__Host-${COOKIE}`

interface Ticket {
  tunnelId: string
  token: string
  principal: UserPrincipal
  expiresAt: number
  path: string
}

/** A browser that was let in to one preview. */
export interface Visit {
  tunnelId: string
  token: string
  principal: UserPrincipal
  /** Unix milliseconds; moves on while the preview is looked at. */
  idleAt: number
}

/** Lets browsers in: a ticket from the console, good once, becomes a cookie of the preview's own origin. Both are for one tunnel. */
export class Gate {
  readonly #tickets = new Map<string, Ticket>()
  readonly #visits = new Map<string, Visit>()

  constructor(private readonly now: () => number = Date.now) {}

  /** @returns the ticket's text and when it ends */
  issue(
    tunnel: { id: string; token: string },
    principal: UserPrincipal,
    path: string,
  ): { ticket: string; expiresAt: number } {
    const ticket = newSecret('npt')
    const expiresAt = this.now() + PREVIEW.ticketMs
    makeRoom(this.#tickets, PREVIEW.maxTickets)
    const { id: tunnelId, token } = tunnel
    this.#tickets.set(hashSecret(ticket), { tunnelId, token, principal, expiresAt, path })
    return { ticket, expiresAt }
  }

  /** Takes a ticket in. Undefined: used, over, or of a login that has ended. */
  redeem(ticket: string): { visit: Visit; cookie: string; path: string } | undefined {
    const key = hashSecret(ticket)
    const found = this.#tickets.get(key)
    this.#tickets.delete(key)
    if (!found || found.expiresAt <= this.now() || found.principal.revoked.aborted) return undefined
    const { tunnelId, token, principal, path } = found
    const visit: Visit = { tunnelId, token, principal, idleAt: this.now() + PREVIEW.idleMs }
    const cookie = newSecret('npv')
    makeRoom(this.#visits, PREVIEW.maxSessions)
    this.#visits.set(hashSecret(cookie), visit)
    return { visit, cookie, path }
  }

  /** Who asks, by the cookies of a request. */
  visitOf(cookies: string | null): Visit | undefined {
    // Another host of the same site may have set one of the name; only ours is known.
    const keys = valuesOf(cookies).map(hashSecret)
    const key = keys.find((one) => this.#visits.has(one))
    const visit = key === undefined ? undefined : this.#visits.get(key)
    if (key === undefined || !visit) return undefined
    if (visit.idleAt <= this.now() || visit.principal.revoked.aborted) {
      this.#visits.delete(key)
      return undefined
    }
    visit.idleAt = this.now() + PREVIEW.idleMs
    return visit
  }

  sweep(): void {
    const now = this.now()
    for (const [key, { expiresAt }] of this.#tickets) if (expiresAt <= now) this.#tickets.delete(key)
    for (const [key, { idleAt, principal }] of this.#visits)
      if (idleAt <= now || principal.revoked.aborted) this.#visits.delete(key)
  }
}

/** The header that gives a browser its cookie. */
export const setCookie = (value: string, secure: boolean, seconds: number): string =>
  `${secure ? SECURE_COOKIE : COOKIE}=${value}; Path=/; HttpOnly; SameSite=Lax; Max-Age=${Math.max(1, Math.floor(seconds))}${secure ? '; Secure' : ''}`

const valuesOf = (cookies: string | null): string[] =>
  (cookies ?? '')
    .split(';')
    .map((part) => part.trim().split('='))
    .filter(([name]) => name === SECURE_COOKIE || name === COOKIE)
    .map(([, value]) => value ?? '')
    .slice(0, 8)

/** Forgets the oldest. */
function makeRoom(map: Map<string, unknown>, most: number): void {
  for (const key of map.keys()) {
    if (map.size < most) return
    map.delete(key)
  }
}
