import { Handle, Password, type Session, type SessionInfo, type User as UserView } from '@shared/contract'
import { NekodeError } from '@shared/errors'
import { newSecret } from '@shared/ids'
import { LOGIN_FAILURES } from '@shared/limits'
import type { z } from 'zod'
import type { UserPrincipal } from '../access/principal'
import type { Core } from '../core'
import type { Tx } from '../db/database'
import type { User } from '../directory/directory'
import { networkOf } from '../http/network'
import { type Factors, codeRequired } from '../secondfactor/factors'
import type { UserService } from '../users/service'
import { userView } from '../users/view'
import { unknownToken } from './credentials'
import { hashPassword, verifyPassword } from './password'
import { Setup, alreadyInitialized } from './setup'
import { Throttle } from './throttle'

const DAY_MS = 24 * 60 * 60_000
/** A session that is used at least every two weeks never ends by itself. */
export const SESSION_MS = 30 * DAY_MS
const RENEW_MS = 15 * DAY_MS

/** What is known of a caller besides its input. */
export interface From {
  address: string
  userAgent: string
}

export interface Login {
  session: z.infer<typeof Session>
  /** The session's token: for a cookie, or for the answer's body. */
  token: string
}

interface NewOwner {
  username: z.infer<typeof Handle>
  password: string
  displayName?: string | undefined
}

/** Name of a session that an identity provider stands behind. */
const OIDC_SESSION = 'oidc'

/** How somebody proved who they are. */
export type LoginMethod = 'password' | 'second_factor' | 'oidc'

export interface AuthOptions {
  /** Whether the first admin can be made in the browser. */
  webSetup: boolean
  /** Unix milliseconds. */
  now?: () => number
}

/** Logins: the first one, and all after it. */
export class AuthService {
  readonly setup: Setup
  readonly #now: () => number
  readonly #perAddress: Throttle
  readonly #perUser: Throttle
  readonly #perUserAtAddress: Throttle

  constructor(
    private readonly core: Core,
    private readonly users: UserService,
    private readonly factors: Factors,
    private readonly options: AuthOptions,
  ) {
    this.setup = new Setup(core)
    this.#now = options.now ?? Date.now
    const throttle = (limits: { free: number; maxSeconds: number }): Throttle =>
      new Throttle({ ...limits, now: this.#now })
    this.#perAddress = throttle(LOGIN_FAILURES.ofAddress)
    // Somebody who fails on purpose must not lock a person out: before many addresses do, each waits for its own failures only.
    this.#perUser = throttle(LOGIN_FAILURES.ofUser)
    this.#perUserAtAddress = throttle(LOGIN_FAILURES.ofUserAtAddress)
  }

  setupStatus(): { initialized: boolean; webSetupEnabled: boolean } {
    return { initialized: this.setup.initialized, webSetupEnabled: this.options.webSetup }
  }

  /** Makes the first user, an owner, with the setup code. Of two at once one wins. */
  async bootstrap(input: NewOwner & { setupCode: string }, from: From): Promise<Login> {
    if (this.setup.initialized) throw alreadyInitialized()
    if (!this.options.webSetup)
      throw new NekodeError('forbidden', 'Set-up in the browser is switched off on this server.', {
        code: 'setup_disabled',
        next: 'Start the server with NEKODE_BOOTSTRAP_ADMIN_USERNAME and NEKODE_BOOTSTRAP_ADMIN_PASSWORD.',
      })
    const key = `setup:${networkOf(from.address)}`
    this.#perAddress.attempt(key)
    await this.setup.check(input.setupCode)
    this.#perAddress.forgive(key)
    const passwordHash = await hashPassword(input.password, from.address)
    return this.core.db.tx(async (tx) => this.open(tx, await this.#makeOwner(tx, input, passwordHash, from), from))
  }

  /** Makes the first user out of the environment. Does nothing when there are users. @returns whether it did */
  async bootstrapFromEnvironment(input: NewOwner): Promise<boolean> {
    if (this.setup.initialized) return false
    for (const [variable, schema, value] of [
      ['NEKODE_BOOTSTRAP_ADMIN_USERNAME', Handle, input.username],
      ['NEKODE_BOOTSTRAP_ADMIN_PASSWORD', Password, input.password],
    ] as const) {
      const problem = schema.safeParse(value).error?.issues[0]?.message
      if (problem)
        throw new NekodeError('invalid', `${variable} cannot be used: ${problem}.`, { code: 'config_invalid' })
    }
    const passwordHash = await hashPassword(input.password)
    try {
      await this.core.db.tx((tx) => this.#makeOwner(tx, input, passwordHash, { address: '', userAgent: '' }))
      return true
    } catch (error) {
      // Another replica was faster.
      if (error instanceof NekodeError && error.code === 'already_initialized') return false
      throw error
    }
  }

  async #makeOwner(tx: Tx, input: NewOwner, passwordHash: string, from: From): Promise<User> {
    await this.setup.claim(tx, input.username)
    const user = await this.users.insert(tx, { ...input, passwordHash, role: 'owner' }, null)
    await this.core.audit.record(tx, {
      by: { kind: 'human', id: user.id, name: user.username, displayName: user.displayName },
      action: 'server.initialize',
      subject: user.id,
      address: from.address,
    })
    return user
  }

  /**
   * Throws `login_failed` or `throttled`; an unknown name fails like a wrong password, and as slowly. With the right password, for those who
   * have a second factor: `second_factor_required`, `second_factor_invalid`.
   */
  async login(input: { username: string; password: string; code?: string | undefined }, from: From): Promise<Login> {
    const username = input.username.trim().toLowerCase()
    const attempt = this.#attempt(username, from.address)
    const found = this.core.directory.byHandle(username)
    const user = found?.kind === 'human' ? this.core.directory.user(found.id) : undefined
    const usable = user?.disabledAt === null ? user : undefined
    if (!(await attempt.verify(input.password, usable?.passwordHash)) || !usable) throw loginFailed()
    attempt.succeeded()
    const { code } = input
    const needed = await this.factors.isNeeded(usable.id)
    if (!needed) return this.core.db.tx((tx) => this.open(tx, usable, from, 'password'))
    if (code === undefined) throw codeRequired()
    this.factors.guess(usable.id)
    const login = await this.core.db.tx(async (tx) => {
      await this.factors.take(tx, usable.id, code)
      return this.open(tx, usable, from, 'second_factor')
    })
    this.factors.guessed(usable.id)
    return login
  }

  /** Counts a guess at somebody's password before it is made. Throws `throttled`. */
  #attempt(
    username: string,
    address: string,
  ): { verify(password: string, hash: string | undefined): Promise<boolean>; succeeded(): void } {
    const network = networkOf(address)
    const counts: [Throttle, string][] = [
      [this.#perAddress, `address:${network}`],
      [this.#perUserAtAddress, `user:${username}@${network}`],
      [this.#perUser, `user:${username}`],
    ]
    const takeBack = (those: typeof counts): void => {
      for (const [throttle, key] of those) throttle.takeBack(key)
    }
    for (const [i, [throttle, key]] of counts.entries()) {
      try {
        throttle.attempt(key)
      } catch (error) {
        takeBack(counts.slice(0, i))
        throw error
      }
    }
    return {
      verify: async (password, hash) => {
        try {
          return await verifyPassword(password, hash, address)
        } catch (error) {
          // Nothing was learnt about the password.
          takeBack(counts)
          throw error
        }
      },
      succeeded: () => {
        takeBack(counts)
        this.#perUserAtAddress.forgive(`user:${username}@${network}`)
      },
    }
  }

  /**
   * A session for somebody who has proven who they are.
   * @param method for the audit log; none when the act that this belongs to is in it
   */
  async open(tx: Tx, user: User, from: From, method?: LoginMethod): Promise<Login> {
    // They may have been removed since their password was looked at.
    if (!(await this.users.active(tx, user.id))) throw loginFailed()
    const csrf = newSecret('csrf', 24)
    const expiresAt = this.#now() + SESSION_MS
    const { token, credential } = await this.core.credentials.issue(tx, {
      kind: 'session',
      ownerId: user.id,
      name: method === 'oidc' ? OIDC_SESSION : 'session',
      csrf,
      expiresAt,
      ...from,
    })
    if (method)
      await this.core.audit.record(tx, {
        by: { kind: 'human', id: user.id, name: user.username, displayName: user.displayName },
        action: 'session.start',
        subject: credential.id,
        detail: { method },
        address: from.address,
      })
    return { token, session: { user: userView(user), expiresAt, csrf } }
  }

  me(p: UserPrincipal): UserView {
    const user = this.core.directory.user(p.id)
    if (!user) throw unknownToken()
    return userView(user)
  }

  /** Gives a session that is used its full time again. @returns its new end, when it has one */
  async renew(p: UserPrincipal): Promise<number | undefined> {
    if (p.csrf === null) return undefined
    const session = (await this.core.credentials.list('session', p.id)).find((s) => s.id === p.credentialId)
    if (!session?.expiresAt || session.expiresAt - this.#now() > RENEW_MS) return undefined
    const expiresAt = this.#now() + SESSION_MS
    await this.core.db.tx((tx) => this.core.credentials.extend(tx, session.id, expiresAt))
    this.core.credentials.changed(p.id)
    return expiresAt
  }

  /** @returns whether an identity provider stood behind the session */
  async logout(p: UserPrincipal): Promise<boolean> {
    if (p.scopes)
      throw new NekodeError('invalid', 'An API token is no session that could be ended.', {
        next: 'Revoke it in your settings, or with DELETE /api/tokens/{id}.',
      })
    const { credentials, db } = this.core
    const session = (await credentials.list('session', p.id)).find(({ id }) => id === p.credentialId)
    await db.tx((tx) => credentials.revoke(tx, { kind: 'session', ownerId: p.id, id: p.credentialId }))
    return session?.name === OIDC_SESSION
  }

  sessions(p: UserPrincipal): Promise<z.infer<typeof SessionInfo>[]> {
    return this.#sessions(p.id, p.credentialId)
  }

  /** Where somebody else is logged in. Throws `owner_only`. */
  async sessionsOf(p: UserPrincipal, userId: string): Promise<z.infer<typeof SessionInfo>[]> {
    await this.core.db.tx((tx) => this.users.authorise(tx, p, userId))
    return this.#sessions(userId, p.credentialId)
  }

  async #sessions(userId: string, current: string): Promise<z.infer<typeof SessionInfo>[]> {
    const now = this.#now()
    const sessions = await this.core.credentials.list('session', userId)
    return sessions
      .filter((s) => s.expiresAt === null || s.expiresAt > now)
      .toSorted((a, b) => b.createdAt - a.createdAt)
      .map((s) => ({
        id: s.id,
        current: s.id === current,
        userAgent: s.userAgent,
        address: s.address,
        createdAt: s.createdAt,
        lastSeenAt: s.lastUsedAt ?? s.createdAt,
        expiresAt: s.expiresAt ?? now + SESSION_MS,
      }))
  }

  /**
   * Ends sessions of somebody else: one, or all without an id. Throws `owner_only`.
   * @returns how many there were
   */
  async endSessionsOf(p: UserPrincipal, userId: string, id: string | undefined, address: string): Promise<number> {
    return this.core.db.tx(async (tx) => {
      await this.users.authorise(tx, p, userId)
      const which = { kind: 'session' as const, ownerId: userId, ...(id === undefined ? {} : { id }) }
      const ended = await this.core.credentials.revoke(tx, which)
      if (!ended && id !== undefined)
        throw new NekodeError('not_found', 'There is no such session; perhaps it has ended.')
      const subject = id ?? userId
      if (ended)
        await this.core.audit.record(tx, { by: p, action: 'session.end', subject, detail: { userId, ended }, address })
      return ended
    })
  }

  /** Ends all own sessions but the one that asks. @returns how many there were */
  async endOtherSessions(p: UserPrincipal, address: string): Promise<number> {
    if (p.scopes)
      throw new NekodeError('invalid', 'An API token is no session: there are no others than it.', {
        next: 'Do it in the console, or end sessions one by one with DELETE /api/auth/sessions/{id}.',
      })
    return this.core.db.tx(async (tx) => {
      const ended = await this.core.credentials.revoke(tx, { kind: 'session', ownerId: p.id, except: p.credentialId })
      if (ended)
        await this.core.audit.record(tx, { by: p, action: 'session.end', subject: p.id, detail: { ended }, address })
      return ended
    })
  }

  async endSession(p: UserPrincipal, id: string, address: string): Promise<void> {
    const ended = await this.core.db.tx(async (tx) => {
      const count = await this.core.credentials.revoke(tx, { kind: 'session', ownerId: p.id, id })
      if (count) await this.core.audit.record(tx, { by: p, action: 'session.end', subject: id, address })
      return count
    })
    if (!ended) throw new NekodeError('not_found', 'You have no such session; perhaps it has ended.')
  }

  /** Holds somebody who is logged in to their password, as before a change of how they log in. Throws `login_failed`, `throttled`. */
  async checkPassword(p: UserPrincipal, password: string, address: string): Promise<User> {
    const user = this.core.directory.user(p.id)
    const attempt = this.#attempt(p.name, address)
    if (!user || !(await attempt.verify(password, user.passwordHash)))
      throw new NekodeError('forbidden', 'The current password is wrong.', { code: 'login_failed' })
    attempt.succeeded()
    return user
  }

  /** Ends all other sessions. API tokens go on working. */
  async changePassword(p: UserPrincipal, input: { current: string; password: string }, address: string): Promise<void> {
    const user = await this.checkPassword(p, input.current, address)
    const passwordHash = await hashPassword(input.password, address)
    await this.core.db.tx(async (tx) => {
      await this.users.setPassword(tx, user.id, passwordHash)
      await this.core.credentials.revoke(tx, { kind: 'session', ownerId: p.id, except: p.credentialId })
      await this.core.audit.record(tx, { by: p, action: 'password.change', subject: p.id, address })
    })
  }
}

const loginFailed = (): NekodeError =>
  new NekodeError('unauthenticated', 'The name or the password is wrong.', { code: 'login_failed' })
