import type { SecondFactor } from '@shared/contract'
import { NekodeError } from '@shared/errors'
import type { UserPrincipal } from '../access/principal'
import type { AuthService } from '../auth/service'
import type { Core } from '../core'
import type { Tx } from '../db/database'
import type { UserService } from '../users/service'
import type { Factors } from './factors'
import { base32, otpauthUri } from './totp'

interface Proof {
  password: string
  code: string
}

/** Setting up a second factor, and switching it off. */
export class SecondFactorService {
  constructor(
    private readonly core: Core,
    private readonly services: { auth: AuthService; users: UserService; factors: Factors },
  ) {}

  async status(p: UserPrincipal): Promise<SecondFactor> {
    const factor = await this.services.factors.get(p.id)
    const enabledAt = factor?.enabledAt ?? null
    return {
      enabled: enabledAt !== null,
      enabledAt,
      recoveryCodesLeft: enabledAt === null ? 0 : (factor?.recovery.length ?? 0),
    }
  }

  /**
   * A new secret for the caller's app.
   * @param host of the server, by which the app tells its accounts apart
   */
  async begin(
    p: UserPrincipal,
    password: string,
    { address, host }: { address: string; host: string },
  ): Promise<{ secret: string; uri: string }> {
    await this.services.auth.checkPassword(p, password, address)
    const secret = base32(await this.core.db.tx((tx) => this.services.factors.begin(tx, p.id)))
    return { secret, uri: otpauthUri(secret, p.name, `Nekode ${host}`) }
  }

  /** Switches it on. Other sessions end: they were opened without it. @returns recovery codes, to be shown this once */
  confirm(p: UserPrincipal, code: string, address: string): Promise<string[]> {
    return this.#guess(p.id, async (tx) => {
      const codes = await this.services.factors.confirm(tx, p.id, code)
      await this.core.credentials.revoke(tx, { kind: 'session', ownerId: p.id, except: p.credentialId })
      await this.core.audit.record(tx, { by: p, action: 'second_factor.enable', subject: p.id, address })
      return codes
    })
  }

  /** New recovery codes; those from before stop working. */
  async renewRecovery(p: UserPrincipal, proof: Proof, address: string): Promise<string[]> {
    await this.services.auth.checkPassword(p, proof.password, address)
    return this.#guess(p.id, async (tx) => {
      await this.#takeOwn(tx, p.id, proof.code)
      await this.core.audit.record(tx, { by: p, action: 'second_factor.recovery', subject: p.id, address })
      return this.services.factors.renewRecovery(tx, p.id)
    })
  }

  async disable(p: UserPrincipal, proof: Proof, address: string): Promise<void> {
    await this.services.auth.checkPassword(p, proof.password, address)
    await this.#guess(p.id, async (tx) => {
      await this.#takeOwn(tx, p.id, proof.code)
      await this.services.factors.remove(tx, p.id)
      await this.core.audit.record(tx, { by: p, action: 'second_factor.disable', subject: p.id, address })
    })
  }

  /** For somebody who has lost theirs. Their sessions stay: losing an app is no sign of a break-in. Throws `owner_only`. */
  reset(p: UserPrincipal, userId: string, address: string): Promise<void> {
    return this.core.db.tx(async (tx) => {
      await this.services.users.authorise(tx, p, userId)
      if ((await this.services.factors.get(userId, tx))?.enabledAt == null)
        throw new NekodeError('not_found', 'This person has no second factor.')
      await this.services.factors.remove(tx, userId)
      await this.core.audit.record(tx, { by: p, action: 'second_factor.reset', subject: userId, address })
    })
  }

  async #takeOwn(tx: Tx, userId: string, code: string): Promise<void> {
    if ((await this.services.factors.get(userId, tx))?.enabledAt == null)
      throw new NekodeError('not_found', 'You have no second factor.')
    await this.services.factors.take(tx, userId, code)
  }

  async #guess<T>(userId: string, work: (tx: Tx) => Promise<T>): Promise<T> {
    this.services.factors.guess(userId)
    const result = await this.core.db.tx(work)
    this.services.factors.guessed(userId)
    return result
  }
}
