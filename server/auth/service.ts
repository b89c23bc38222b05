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
    return this.core.db.tx(async (tx) => this.#open(tx, await this.#makeOwner(tx, input, passwordHash, from), from))
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

  /** Throws `login_failed` or `throttled`; an unknown name fails like a wrong password, and as slowly. */
  async login(input: { username: string; password: string }, from: From): Promise<Login> {
    const username = input.username.trim().toLowerCase()
    const attempt = this.#attempt(username, from.address)
    const found = this.core.directory.byHandle(username)
    const user = found?.kind === 'human' ? this.core.directory.user(found.id) : undefined
    const usable = user?.disabledAt === null ? user : undefined
    if (!(await attempt.verify(input.password, usable?.passwordHash)) || !usable)
      throw new NekodeError('unauthenticated', 'The name or the password is wrong.', { code: 'login_failed' })
    attempt.succeeded()
    return this.core.db.tx((tx) => this.#open(tx, usable, from))
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

  async #open(tx: Tx, user: User, from: From): Promise<Login> {
    const csrf = newSecret('csrf', 24)
    const expiresAt = this.#now() + SESSION_MS
    const { token } = await this.core.credentials.issue(tx, {
      kind: 'session',
      ownerId: user.id,
      name: 'session',
      csrf,
      expiresAt,
      ...from,
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

  async logout(p: UserPrincipal): Promise<void> {
    if (p.scopes)
      throw new NekodeError('invalid', 'An API token is no session that could be ended.', {
        next: 'Revoke it in your settings, or with DELETE /api/tokens/{id}.',
      })
    const { credentials, db } = this.core
    await db.tx((tx) => credentials.revoke(tx, { kind: 'session', ownerId: p.id, id: p.credentialId }))
  }

  async sessions(p: UserPrincipal): Promise<z.infer<typeof SessionInfo>[]> {
    const now = this.#now()
    const sessions = await this.core.credentials.list('session', p.id)
    return sessions
      .filter((s) => s.expiresAt === null || s.expiresAt > now)
      .toSorted((a, b) => b.createdAt - a.createdAt)
      .map((s) => ({
        id: s.id,
        current: s.id === p.credentialId,
        userAgent: s.userAgent,
        address: s.address,
        createdAt: s.createdAt,
        lastSeenAt: s.lastUsedAt ?? s.createdAt,
        expiresAt: s.expiresAt ?? now + SESSION_MS,
      }))
  }

  async endSession(p: UserPrincipal, id: string, address: string): Promise<void> {
    const ended = await this.core.db.tx(async (tx) => {
      const count = await this.core.credentials.revoke(tx, { kind: 'session', ownerId: p.id, id })
      if (count) await this.core.audit.record(tx, { by: p, action: 'session.end', subject: id, address })
      return count
    })
    if (!ended) throw new NekodeError('not_found', 'You have no such session; perhaps it has ended.')
  }

  /** Ends all other sessions. API tokens go on working. */
  async changePassword(p: UserPrincipal, input: { current: string; password: string }, address: string): Promise<void> {
    const user = this.core.directory.user(p.id)
    const attempt = this.#attempt(p.name, address)
    if (!user || !(await attempt.verify(input.current, user.passwordHash)))
      throw new NekodeError('forbidden', 'The current password is wrong.', { code: 'login_failed' })
    attempt.succeeded()
    const passwordHash = await hashPassword(input.password, address)
    await this.core.db.tx(async (tx) => {
      await this.users.setPassword(tx, user, passwordHash)
      await this.core.credentials.revoke(tx, { kind: 'session', ownerId: p.id, except: p.credentialId })
      await this.core.audit.record(tx, { by: p, action: 'password.change', subject: p.id, address })
    })
  }
}
