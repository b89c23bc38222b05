import { NekodeError, errorText } from '@shared/errors'
import { createCipheriv, createDecipheriv, createHmac, hkdfSync, randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** `v1.` and base64url of nonce, ciphertext and tag. */
const PREFIX = 'v1.'
const NONCE = 12
const TAG = 16
export const KEY_BYTES = 32

/** Encrypts what has to be readable again, such as secrets in an agent's environment. AES-256-GCM. */
export class Secrets {
  readonly #key: Uint8Array
  /** Another one than for encryption. */
  #signing: Uint8Array | undefined

  /** @param key 32 bytes */
  constructor(key: Uint8Array) {
    if (key.length !== KEY_BYTES) throw new RangeError(`the key has ${key.length} bytes instead of ${KEY_BYTES}`)
    this.#key = key
  }

  /**
   * The text, encrypted for one place.
   * @param context where it is kept, such as `agent:<id>:<name>`: moved elsewhere it cannot be opened
   */
  seal(text: string, context: string): string {
    const nonce = randomBytes(NONCE)
    const cipher = createCipheriv('aes-256-gcm', this.#key, nonce).setAAD(Buffer.from(context))
    const sealed = Buffer.concat([nonce, cipher.update(text, 'utf8'), cipher.final(), cipher.getAuthTag()])
    return PREFIX + sealed.toString('base64url')
  }

  /** A signature of a text that only this server can make; one for another context does not count. */
  sign(text: string, context: string): string {
    this.#signing ??= Buffer.from(hkdfSync('sha256', this.#key, '', 'nekode signatures', KEY_BYTES))
    return createHmac('sha256', this.#signing).update(`${context}\0${text}`).digest('base64url')
  }

  /** Throws `secret_unreadable` when the key or the context is another one, or when the text was changed. */
  open(sealed: string, context: string): string {
    try {
      if (!sealed.startsWith(PREFIX)) throw new Error('unknown form')
      const bytes = Buffer.from(sealed.slice(PREFIX.length), 'base64url')
      const decipher = createDecipheriv('aes-256-gcm', this.#key, bytes.subarray(0, NONCE))
        .setAAD(Buffer.from(context))
        .setAuthTag(bytes.subarray(-TAG))
      return decipher.update(bytes.subarray(NONCE, -TAG), undefined, 'utf8') + decipher.final('utf8')
    } catch (cause) {
      throw new NekodeError('precondition', 'A stored secret cannot be decrypted with this server’s key.', {
        code: 'secret_unreadable',
        next: 'Give the server the key that it had (secret.key in the data folder, or NEKODE_SECRET_KEY), or enter the secret again.',
        cause,
      })
    }
  }
}

/**
 * The server's key: `given`, else `secret.key` in the data folder, made at the first start.
 * @param given 32 bytes as base64 or hex
 */
export function loadKey(dataDir: string, given?: string): Uint8Array {
  if (given !== undefined) return keyFrom(given, 'NEKODE_SECRET_KEY')
  const path = join(dataDir, 'secret.key')
  try {
    mkdirSync(dataDir, { recursive: true, mode: 0o700 })
    // `wx` leaves a key that is there alone: another one could open nothing that was sealed before.
    writeFileSync(path, `${randomBytes(KEY_BYTES).toString('base64')}\n`, { mode: 0o600, flag: 'wx' })
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST'))
      throw new NekodeError('unavailable', `The data folder ${dataDir} cannot be written: ${errorText(error)}`, {
        code: 'storage_unwritable',
        next: 'Point NEKODE_DATA_DIR (or --data-dir) at a folder that this user may write.',
        cause: error,
      })
  }
  return keyFrom(readFileSync(path, 'utf8').trim(), path)
}

/** As `loadKey`, of a server that may not be there: makes nothing. */
export function readKey(dataDir: string, given?: string): Uint8Array | undefined {
  if (given !== undefined) return keyFrom(given, 'NEKODE_SECRET_KEY')
  const path = join(dataDir, 'secret.key')
  return existsSync(path) ? keyFrom(readFileSync(path, 'utf8').trim(), path) : undefined
}

/**
 * A key out of its text.
 * @param where the text is from, for the error
 * @throws NekodeError `config_invalid`
 */
export function keyFrom(text: string, where: string): Uint8Array {
  const bytes = /^[0-9a-f]{64}$/i.test(text) ? Buffer.from(text, 'hex') : Buffer.from(text, 'base64')
  if (bytes.length !== KEY_BYTES)
    throw new NekodeError('invalid', `${where} is not a key of ${KEY_BYTES} bytes in base64 or hex.`, {
      code: 'config_invalid',
      next: 'Make one with “openssl rand -base64 32”.',
    })
  return bytes
}
