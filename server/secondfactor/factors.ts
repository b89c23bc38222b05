import { NekodeError } from '@shared/errors'
import { hashSecret } from '@shared/ids'
import { eq } from 'drizzle-orm'
import { randomBytes } from 'node:crypto'
import { Throttle } from '../auth/throttle'
import type { Database, Tx } from '../db/database'
import type { Row } from '../db/tables'
import type { Secrets } from '../secrets/service'
import { SECRET_BYTES, matchStep } from './totp'

export type Factor = Row<'secondFactors'>

/** Crockford's base 32: no letter can be taken for another. 80 bits, so that a hash of it gives nothing away. */
const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz'
const RECOVERY = { codes: 10, letters: 16 }
/** Whoever gets here has the password already: few guesses, then long waits. */
const GUESSES = { free: 5, maxSeconds: 300 }

const context = (userId: string): string => `second-factor:${userId}`
const plain = (code: string): string => code.toLowerCase().replace(/[\s-]/g, '')

/** Codes of second factors: whether somebody needs one, and whether this one is right. */
export class Factors {
  readonly #guesses: Throttle

  constructor(
    private readonly db: Database,
    private readonly secrets: Secrets,
    private readonly now: () => number = Date.now,
  ) {
    this.#guesses = new Throttle({ ...GUESSES, now })
  }

  /** The second factor of somebody, set up or being set up. */
  async get(userId: string, from: Pick<Tx, 'q'> = this.db): Promise<Factor | undefined> {
    const { secondFactors } = this.db.t
    return (await from.q.select().from(secondFactors).where(eq(secondFactors.userId, userId)))[0]
  }

  async isNeeded(userId: string): Promise<boolean> {
    const factor = await this.get(userId)
    return factor !== undefined && factor.enabledAt !== null
  }

  /** Counts a guess before it is made; `guessed` takes it back. Throws `throttled`. */
  guess(userId: string): void {
    this.#guesses.attempt(userId)
  }

  guessed(userId: string): void {
    this.#guesses.forgive(userId)
  }

  /** Takes a code, each once. Throws `second_factor_invalid`. */
  async take(tx: Tx, userId: string, code: string): Promise<void> {
    const factor = await this.get(userId, tx)
    if (factor?.enabledAt == null) return
    const hash = hashSecret(plain(code))
    if (factor.recovery.includes(hash))
      return this.#set(tx, userId, { recovery: factor.recovery.filter((each) => each !== hash) })
    await this.#takeStep(tx, factor, code)
  }

  /** Takes the first code of a new factor, which is then on. @returns recovery codes, to be shown this once */
  async confirm(tx: Tx, userId: string, code: string): Promise<string[]> {
    const factor = await this.get(userId, tx)
    if (!factor)
      throw new NekodeError('precondition', 'No second factor is being set up.', {
        next: 'Begin anew, and scan the code that is shown then.',
      })
    if (factor.enabledAt !== null) throw alreadyOn()
    await this.#takeStep(tx, factor, code)
    await this.#set(tx, userId, { enabledAt: this.now() })
    return this.renewRecovery(tx, userId)
  }

  async #takeStep(tx: Tx, factor: Factor, code: string): Promise<void> {
    const secret = Buffer.from(this.secrets.open(factor.secret, context(factor.userId)), 'base64')
    const step = matchStep(secret, plain(code), factor.lastStep, this.now())
    if (step === undefined) throw wrongCode()
    await this.#set(tx, factor.userId, { lastStep: step })
  }

  /** A new secret that waits for its first code; one that waited before is gone. Throws `second_factor_on`. */
  async begin(tx: Tx, userId: string): Promise<Uint8Array> {
    if ((await this.get(userId, tx))?.enabledAt != null) throw alreadyOn()
    const secret = randomBytes(SECRET_BYTES)
    await this.remove(tx, userId)
    await tx.insert(this.db.t.secondFactors, {
      userId,
      secret: this.secrets.seal(secret.toString('base64'), context(userId)),
      enabledAt: null,
      lastStep: 0,
      recovery: [],
      createdAt: this.now(),
    })
    return secret
  }

  async renewRecovery(tx: Tx, userId: string): Promise<string[]> {
    const codes = Array.from({ length: RECOVERY.codes }, recoveryCode)
    await this.#set(tx, userId, { recovery: codes.map((code) => hashSecret(plain(code))) })
    return codes
  }

  async remove(tx: Tx, userId: string): Promise<void> {
    const { secondFactors } = this.db.t
    await tx.q.delete(secondFactors).where(eq(secondFactors.userId, userId))
  }

  async #set(tx: Tx, userId: string, set: Partial<Factor>): Promise<void> {
    const { secondFactors } = this.db.t
    await tx.q.update(secondFactors).set(set).where(eq(secondFactors.userId, userId))
  }
}

function recoveryCode(): string {
  const letters = Array.from(randomBytes(RECOVERY.letters), (byte) => ALPHABET[byte % ALPHABET.length]).join('')
  return letters.replace(/(.{4})(?=.)/g, '$1-')
}

const wrongCode = (): NekodeError =>
  new NekodeError('unauthenticated', 'This code is not right, or was used already.', {
    code: 'second_factor_invalid',
    next: 'Wait for the next code of your app and check its clock, or use one of your recovery codes.',
  })

const alreadyOn = (): NekodeError =>
  new NekodeError('conflict', 'A second factor is set up already.', {
    code: 'second_factor_on',
    next: 'Switch it off first.',
  })

export const codeRequired = (): NekodeError =>
  new NekodeError('unauthenticated', 'This account needs a second factor.', {
    code: 'second_factor_required',
    next: 'Send the code of the authenticator app, or a recovery code, as “code” along with name and password.',
  })
