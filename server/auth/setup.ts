import { NekodeError } from '@shared/errors'
import { timingSafeEqual } from 'node:crypto'
import type { Core } from '../core'
import type { Tx } from '../db/database'

const CODE = 'setup_code'
const OWNER = 'first_owner'
/** Crockford's base 32: no letter can be taken for another. */
const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz'
const LENGTH = 12

/** The one-time code that proves that whoever sets the server up also started it. */
export class Setup {
  constructor(private readonly core: Core) {}

  get initialized(): boolean {
    return this.core.directory.users().length > 0
  }

  /** A fresh code to print, `4-4-4`; the one before stops working. Undefined when the server is set up. */
  async renew(): Promise<string | undefined> {
    if (this.initialized) return undefined
    const bytes = crypto.getRandomValues(new Uint8Array(LENGTH))
    const code = Array.from(bytes, (byte) => ALPHABET[byte % ALPHABET.length]).join('')
    await this.core.db.tx((tx) => this.core.settings.put(tx, CODE, digest(code).toString('base64url')))
    return `${code.slice(0, 4)}-${code.slice(4, 8)}-${code.slice(8)}`
  }

  /** Throws `setup_code_invalid`. Case, blanks and dashes do not matter. */
  async check(code: string): Promise<void> {
    const stored = Buffer.from((await this.core.settings.get(CODE)) ?? '', 'base64url')
    const given = digest(code.toLowerCase().replace(/[\s-]/g, ''))
    if (stored.length === given.length && timingSafeEqual(stored, given)) return
    throw new NekodeError('forbidden', 'This is not the setup code.', {
      code: 'setup_code_invalid',
      next: 'The server prints its setup code when it starts; every start makes a new one.',
    })
  }

  /** Takes the one chance to make the first owner, before anything else in this transaction. Throws `already_initialized`. */
  async claim(tx: Tx, username: string): Promise<void> {
    const { settings, db } = this.core
    const { users } = db.t
    const taken = (await settings.read(tx, OWNER)) ?? (await tx.q.select({ id: users.id }).from(users).limit(1))[0]
    if (taken !== undefined) throw alreadyInitialized()
    await tx.insert(db.t.settings, { name: OWNER, value: username })
    await settings.remove(tx, CODE)
  }
}

const digest = (code: string): Buffer => new Bun.CryptoHasher('sha256').update(code).digest()

export const alreadyInitialized = (): NekodeError =>
  new NekodeError('conflict', 'This server is set up already.', {
    code: 'already_initialized',
    next: 'Log in instead.',
  })
