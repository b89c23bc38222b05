import { Handle, type Role } from '@shared/contract'
import { NekodeError } from '@shared/errors'
import { hashSecret, newId } from '@shared/ids'
import { z } from 'zod'
import type { UserPrincipal } from '../access/principal'
import type { AuthService, From, Login } from '../auth/service'
import type { Core } from '../core'
import type { Tx } from '../db/database'
import type { User } from '../directory/directory'
import { handleTaken } from '../directory/handles'
import type { UserService } from '../users/service'
import type { OidcConfig } from './config'
import { type Claims, OidcProvider } from './provider'
import { IdentityStore } from './store'

/** How long somebody may take at the provider. */
const ATTEMPT_MS = 10 * 60_000
const CONTEXT = 'oidc:attempt'
const RANK = ['viewer', 'member', 'admin'] as const
/** Names that are tried for a new account: `ada`, `ada-2`, … */
const NAMES = 50

const Attempt = z.object({
  state: z.string(),
  nonce: z.string(),
  verifier: z.string(),
  until: z.number(),
  /** Who connects their account; absent for a login. */
  link: z.string().optional(),
})

/** Logins through an identity provider. */
export class OidcService {
  readonly #provider: OidcProvider | undefined
  readonly #store: IdentityStore

  constructor(
    private readonly core: Core,
    private readonly config: OidcConfig | undefined,
    private readonly services: { users: UserService; auth: AuthService },
  ) {
    this.#provider = config && new OidcProvider(config)
    this.#store = new IdentityStore(core.db)
  }

  status(): { enabled: boolean; label: string } {
    return { enabled: this.config !== undefined, label: this.config?.label ?? '' }
  }

  get #on(): { provider: OidcProvider; config: OidcConfig } {
    if (!this.#provider || !this.config)
      throw new NekodeError('not_found', 'This server has no identity provider.', {
        code: 'oidc_off',
        next: 'Log in with name and password.',
      })
    return { provider: this.#provider, config: this.config }
  }

  /**
   * Begins a login, or connects the account of `link`.
   * @returns where to send the browser, and what it has to bring back; sealed, so that it can be kept in a cookie
   */
  async begin(
    redirectUri: string,
    link?: UserPrincipal,
  ): Promise<{ url: string; sealed: string; maxAgeSeconds: number }> {
    if (link?.scopes)
      throw new NekodeError('forbidden', 'An API token cannot connect an account: it could be somebody else’s.', {
        code: 'session_only',
        next: 'Do it in the console, under Settings → Account.',
      })
    const { url, attempt } = await this.#on.provider.begin(redirectUri)
    const kept = { ...attempt, until: Date.now() + ATTEMPT_MS, ...(link ? { link: link.id } : {}) }
    return { url, sealed: this.core.secrets.seal(JSON.stringify(kept), CONTEXT), maxAgeSeconds: ATTEMPT_MS / 1000 }
  }

  /**
   * Ends what `begin` began. Throws `oidc_…`.
   * @param userId whose session the browser has: nobody's account is connected in the browser of somebody else
   * @returns undefined when an account was connected
   */
  async finish(
    callback: URL,
    redirectUri: string,
    { sealed, userId }: { sealed: string | undefined; userId: string | undefined },
    from: From,
  ): Promise<Login | undefined> {
    const { provider, config } = this.#on
    const attempt = this.#open(sealed)
    if (attempt.link !== undefined && attempt.link !== userId) throw foreignAttempt()
    const claims = await provider.finish(callback, redirectUri, attempt)
    checkDomain(config, claims)
    return this.core.db.tx(async (tx) => {
      if (attempt.link !== undefined) return void (await this.#link(tx, attempt.link, claims, from))
      const user = await this.#user(tx, config, claims, from)
      return this.services.auth.open(tx, user, from, 'oidc')
    })
  }

  /** Where to end the session at the provider after a logout here; undefined when that is not wanted or not possible. */
  async logoutUrl(back: string): Promise<string | undefined> {
    if (!this.#provider || !this.config?.logout) return undefined
    try {
      return await this.#provider.logoutUrl(back)
    } catch (error) {
      // The session here has ended all the same.
      this.core.log.warn('the identity provider could not be asked for its logout', { error })
      return undefined
    }
  }

  #open(sealed: string | undefined): z.infer<typeof Attempt> {
    try {
      const attempt = Attempt.parse(JSON.parse(this.core.secrets.open(sealed ?? '', CONTEXT)))
      if (attempt.until > Date.now()) return attempt
    } catch {
      // No cookie, or not one of ours: the same advice.
    }
    throw foreignAttempt()
  }

  /** The account that belongs to what the provider says: the one that is connected with it, or a new one. Never one of the same name. */
  async #user(tx: Tx, config: OidcConfig, claims: Claims, from: From): Promise<User> {
    const known = await this.#store.get(tx, keyOf(claims))
    const role = roleOf(config, claims)
    if (!known) return this.#provision(tx, config, claims, role, from)
    const user = await this.services.users.active(tx, known.userId)
    if (!user)
      throw new NekodeError('forbidden', 'Your account on this server was removed.', {
        code: 'oidc_removed',
        next: 'Ask an admin to let you in again.',
      })
    await this.#store.seen(tx, known.id, claims.email.slice(0, 255), Date.now())
    // Owners are made by owners; and without a mapping the provider says nothing about roles.
    if (role === undefined || user.role === 'owner' || user.role === role) return user
    await this.core.audit.record(tx, {
      by: actorOf(user),
      action: 'user.role',
      subject: user.id,
      detail: { from: user.role, to: role, by: claims.issuer },
      address: from.address,
    })
    return this.services.users.setRole(tx, user, role)
  }

  async #provision(tx: Tx, config: OidcConfig, claims: Claims, role: Role = 'member', from: From): Promise<User> {
    if (!config.provision)
      throw new NekodeError('forbidden', 'There is no account here that is connected with this login.', {
        code: 'oidc_not_provisioned',
        next: 'Ask an admin for an invite, join with it, and connect your account in the settings.',
      })
    const user = await this.services.users.insert(
      tx,
      {
        username: await this.#freeName(tx, claims),
        displayName: claims.name.trim().slice(0, 80) || undefined,
        passwordHash: '',
        role,
      },
      null,
    )
    await this.#connect(tx, user, claims)
    await this.core.audit.record(tx, {
      by: actorOf(user),
      action: 'user.provision',
      subject: user.id,
      detail: { username: user.username, role, issuer: claims.issuer },
      address: from.address,
    })
    return user
  }

  async #link(tx: Tx, userId: string, claims: Claims, from: From): Promise<void> {
    const user = await this.services.users.active(tx, userId)
    if (!user) throw new NekodeError('not_found', 'There is no such account.', { code: 'oidc_removed' })
    const known = await this.#store.get(tx, keyOf(claims))
    if (known && known.userId !== userId)
      throw new NekodeError('conflict', 'This login belongs to another account on this server.', {
        code: 'oidc_taken',
        next: 'Log in with it, or choose another account at the identity provider.',
      })
    if (known) return
    await this.#connect(tx, user, claims)
    await this.core.audit.record(tx, {
      by: actorOf(user),
      action: 'identity.link',
      subject: user.id,
      detail: { issuer: claims.issuer },
      address: from.address,
    })
  }

  #connect(tx: Tx, user: User, claims: Claims): Promise<void> {
    const now = Date.now()
    return this.#store.insert(tx, {
      id: newId('idn'),
      key: keyOf(claims),
      issuer: claims.issuer,
      subject: claims.subject,
      userId: user.id,
      email: claims.email.slice(0, 255),
      createdAt: now,
      lastLoginAt: now,
    })
  }

  async #freeName(tx: Tx, { username, email, name }: Claims): Promise<string> {
    const wish = [username, email, name].map(toHandle).find(Boolean) ?? 'user'
    for (let i = 1; i <= NAMES; i++) {
      const handle = i === 1 ? wish : `${wish.slice(0, 28)}-${i}`
      if (Handle.safeParse(handle).success && !(await handleTaken(this.core.db, tx, handle))) return handle
    }
    return `${wish.slice(0, 20)}-${newId('usr').slice(-8)}`
  }
}

const actorOf = (user: User) => ({
  kind: 'human' as const,
  id: user.id,
  name: user.username,
  displayName: user.displayName,
})

const foreignAttempt = (): NekodeError =>
  new NekodeError('invalid', 'This login was not begun in this browser, or took too long.', {
    code: 'oidc_state',
    next: 'Start the login again, and allow cookies for this address.',
  })

/** The subject alone names different people at different providers. */
const keyOf = ({ issuer, subject }: Claims): string => hashSecret(JSON.stringify([issuer, subject]))

/** What is before the @ of an address, in the letters that names are made of. */
const toHandle = (text: string): string =>
  text
    .replace(/@.*$/, '')
    .normalize('NFKD')
    .toLowerCase()
    .replace(/[^a-z0-9._-]+/g, '-')
    .replace(/^[._-]+/, '')
    .slice(0, 32)
    .replace(/[._-]+$/, '')

function checkDomain({ domains }: OidcConfig, { email, emailVerified }: Claims): void {
  if (!domains.length) return
  const domain = email.slice(email.lastIndexOf('@') + 1)
  // An address that nobody verified is whatever its bearer typed.
  if (email.includes('@') && emailVerified && domains.includes(domain)) return
  throw new NekodeError('forbidden', 'Your address is not among those that may log in here.', {
    code: 'oidc_domain',
    next: 'Choose another account at the identity provider, or ask an admin of this server.',
  })
}

/** The highest role of somebody's groups; undefined when the provider says nothing about roles. Throws `oidc_no_role`. */
function roleOf({ roles }: OidcConfig, { groups }: Claims): (typeof RANK)[number] | undefined {
  if (!roles.size) return undefined
  const given = new Set(['*', ...groups].flatMap((group) => roles.get(group) ?? []))
  const role = RANK.findLast((each) => given.has(each))
  if (role) return role
  throw new NekodeError('forbidden', 'None of your groups may log in here.', {
    code: 'oidc_no_role',
    next: 'Ask whoever looks after the groups at your identity provider.',
  })
}
