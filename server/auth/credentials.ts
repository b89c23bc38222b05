import type { Scope } from '@shared/contract'
import { NekodeError } from '@shared/errors'
import { hashSecret, newId, newSecret } from '@shared/ids'
import { and, eq, inArray, lt, ne } from 'drizzle-orm'
import type {
  AgentPrincipal,
  ComputerPrincipal,
  EndpointPrincipal,
  Principal,
  UserPrincipal,
} from '../access/principal'
import type { Database, Tx } from '../db/database'
import type { Row } from '../db/tables'
import type { Directory } from '../directory/directory'

export type Credential = Row<'credentials'>
type Kind = Credential['kind']

/** Tells a reader what a token is, and a secret scanner too. */
const PREFIX: Record<Kind, string> = { session: 'nus', api: 'nup', computer: 'ndt', agent: 'nat', endpoint: 'net' }

/** How often `lastUsedAt` is written, at most: it is for people to look at. */
const TOUCH_MS = 60_000
/** How long a token that another replica revoked may still work. */
const CACHE_MS = 10_000
/** A revocation counts from the moment it is asked for; by the end of this time its transaction is over, and the table decides. */
const REVOKING_MS = 5_000

export interface NewCredential {
  kind: Kind
  ownerId: string
  name: string
  scopes?: Scope[]
  csrf?: string
  userAgent?: string
  address?: string
  expiresAt?: number
}

/** Whom a credential stands for, without the credential. */
type Owner =
  | Omit<UserPrincipal, keyof Held>
  | Omit<AgentPrincipal, keyof Held>
  | Omit<ComputerPrincipal, keyof Held>
  | Omit<EndpointPrincipal, keyof Held>
type Held = Pick<UserPrincipal, 'credentialId' | 'revoked'>

interface Cached {
  credential: Credential
  principal: Principal
  revoke: AbortController
  checkedAt: number
}

/** Issues, recognises and revokes every token of the server. Keeps hashes only. */
export class Credentials {
  readonly #cache = new Map<string, Cached>()
  readonly #revoking = new Map<string, number>()

  constructor(
    private readonly db: Database,
    private readonly directory: Directory,
  ) {}

  /** Makes a token. Its text is in this answer and nowhere else. */
  async issue(tx: Tx, input: NewCredential): Promise<{ token: string; credential: Credential }> {
    const token = newSecret(PREFIX[input.kind])
    const credential: Credential = {
      id: newId(input.kind === 'session' ? 'ses' : 'tok'),
      kind: input.kind,
      ownerId: input.ownerId,
      tokenHash: hashSecret(token),
      prefix: token.slice(0, 12),
      name: input.name,
      scopes: input.scopes ?? [],
      csrf: input.csrf ?? '',
      userAgent: (input.userAgent ?? '').slice(0, 255),
      address: input.address ?? '',
      createdAt: Date.now(),
      lastUsedAt: null,
      expiresAt: input.expiresAt ?? null,
    }
    await tx.insert(this.db.t.credentials, credential)
    return { token, credential }
  }

  /** Whom a token stands for. Throws `unauthenticated` for one that is unknown, expired or revoked. */
  async resolve(token: string): Promise<Principal> {
    const hash = hashSecret(token)
    const now = Date.now()
    if (this.#isRevoking(hash)) throw unknownToken()
    const known = this.#cache.get(hash)
    const fresh = known && now - known.checkedAt < CACHE_MS ? known : await this.#load(hash, now)
    if (!fresh || (fresh.credential.expiresAt !== null && fresh.credential.expiresAt <= now)) {
      this.#forget(hash)
      throw unknownToken()
    }
    return fresh.principal
  }

  async #load(hash: string, now: number): Promise<Cached | undefined> {
    const { q, t } = this.db
    const [credential] = await q.select().from(t.credentials).where(eq(t.credentials.tokenHash, hash))
    if (!credential) return undefined
    const found = await this.#owner(credential)
    // It may have been revoked since the question was asked of the table.
    if (!found || this.#isRevoking(hash)) return undefined
    // Another request may have looked it up at the same time: what ends one of them ends both.
    const revoke = this.#cache.get(hash)?.revoke ?? new AbortController()
    const principal: Principal = { ...found, credentialId: credential.id, revoked: revoke.signal }
    const cached = { credential, principal, revoke, checkedAt: now }
    this.#cache.set(hash, cached)
    if (now - (credential.lastUsedAt ?? 0) > TOUCH_MS) {
      const touch = (tx: Tx): Promise<unknown> =>
        Promise.resolve(tx.q.update(t.credentials).set({ lastUsedAt: now }).where(eq(t.credentials.id, credential.id)))
      // Nobody waits for this mark, and a full disk must not keep people from reading.
      this.db.tx(touch).catch(() => undefined)
    }
    return cached
  }

  async #owner(c: Credential): Promise<Owner | undefined> {
    if (c.kind === 'computer') {
      const { q, t } = this.db
      const [computer] = await q.select().from(t.computers).where(eq(t.computers.id, c.ownerId))
      if (!computer || computer.removedAt !== null) return undefined
      return { kind: 'computer', id: computer.id, name: computer.id, displayName: computer.displayName }
    }
    if (c.kind === 'endpoint') {
      const { q, t } = this.db
      const [endpoint] = await q.select().from(t.interactionEndpoints).where(eq(t.interactionEndpoints.id, c.ownerId))
      if (!endpoint) return undefined
      const { id, provider, displayName, channelId } = endpoint
      return { kind: 'endpoint', id, name: provider, displayName, channelId }
    }
    if (c.kind === 'agent') {
      const agent = this.directory.agent(c.ownerId)
      if (!agent) return undefined
      return { kind: 'agent', id: agent.id, name: agent.name, displayName: agent.displayName }
    }
    const user = this.directory.user(c.ownerId)
    if (!user || user.disabledAt !== null) return undefined
    return {
      kind: 'user',
      id: user.id,
      name: user.username,
      displayName: user.displayName,
      role: user.role,
      scopes: c.kind === 'api' ? new Set(c.scopes) : null,
      csrf: c.kind === 'session' ? c.csrf : null,
    }
  }

  /** Revokes what matches and ends its open streams. */
  async revoke(tx: Tx, which: { kind: Kind; ownerId: string; id?: string; except?: string }): Promise<number> {
    const { credentials } = this.db.t
    const match = and(
      eq(credentials.kind, which.kind),
      eq(credentials.ownerId, which.ownerId),
      ...(which.id === undefined ? [] : [eq(credentials.id, which.id)]),
      ...(which.except === undefined ? [] : [ne(credentials.id, which.except)]),
    )
    const rows = await tx.q.select({ id: credentials.id, hash: credentials.tokenHash }).from(credentials).where(match)
    if (!rows.length) return 0
    await tx.q.delete(credentials).where(
      inArray(
        credentials.id,
        rows.map((r) => r.id),
      ),
    )
    for (const { hash } of rows) {
      this.#revoking.set(hash, Date.now() + REVOKING_MS)
      this.#forget(hash)
    }
    return rows.length
  }

  /** Moves the end of a credential. Call `changed` for its owner after the commit. */
  async extend(tx: Tx, id: string, expiresAt: number): Promise<void> {
    const { credentials } = this.db.t
    await tx.q.update(credentials).set({ expiresAt }).where(eq(credentials.id, id))
  }

  async list(kind: Kind, ownerId: string): Promise<Credential[]> {
    const { q, t } = this.db
    return q
      .select()
      .from(t.credentials)
      .where(and(eq(t.credentials.kind, kind), eq(t.credentials.ownerId, ownerId)))
  }

  /**
   * Forgets what was derived from a user, agent or computer that changed; its next request derives it anew. Who is disabled or not there
   * any more has no next request: their streams end now. So do those of whose role changed: an open one would go on with what it showed.
   */
  changed(ownerId: string): void {
    for (const [hash, cached] of this.#cache) {
      if (cached.credential.ownerId !== ownerId) continue
      cached.checkedAt = 0
      if (this.#isGone(cached.credential) || this.#changedRole(cached)) this.#forget(hash)
    }
  }

  #isGone({ kind, ownerId }: Credential): boolean {
    if (kind === 'computer' || kind === 'endpoint') return false
    if (kind === 'agent') return this.directory.agent(ownerId) === undefined
    return this.directory.user(ownerId)?.disabledAt !== null
  }

  #changedRole({ principal }: Cached): boolean {
    return principal.kind === 'user' && this.directory.user(principal.id)?.role !== principal.role
  }

  /** Ends the streams of what has expired: they outlive the request that checked the credential. */
  expire(now = Date.now()): void {
    for (const [hash, { credential }] of this.#cache)
      if (credential.expiresAt !== null && credential.expiresAt <= now) this.#forget(hash)
  }

  async sweep(now = Date.now()): Promise<void> {
    for (const [hash, until] of this.#revoking) if (until < now) this.#revoking.delete(hash)
    this.expire(now)
    const { t } = this.db
    await this.db.tx((tx) => Promise.resolve(tx.q.delete(t.credentials).where(lt(t.credentials.expiresAt, now))))
  }

  #isRevoking(hash: string): boolean {
    return (this.#revoking.get(hash) ?? 0) > Date.now()
  }

  #forget(hash: string): void {
    this.#cache.get(hash)?.revoke.abort()
    this.#cache.delete(hash)
  }
}

export const unknownToken = (): NekodeError =>
  new NekodeError('unauthenticated', 'This login or token is not valid any more.', {
    code: 'token_invalid',
    next: 'Log in again, or ask for a new token.',
  })
