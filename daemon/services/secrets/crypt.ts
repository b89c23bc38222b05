import {
  argon2,
  createCipheriv,
  createDecipheriv,
  createHash,
  createHmac,
  hkdfSync,
  timingSafeEqual,
} from 'node:crypto'
import { z } from 'zod'

const Base64 = z.base64().max(64)

/** Where the key of a vault comes from: a file beside it, or a passphrase. The bounds keep a changed header from costing this computer its memory. */
export const Kdf = z.discriminatedUnion('name', [
  z.strictObject({ name: z.literal('key-file'), id: z.string().regex(/^[0-9a-f]{16}$/) }),
  z.strictObject({
    name: z.literal('argon2id'),
    salt: Base64,
    memoryKib: z
      .int()
      .min(8 * 1024)
      .max(1024 * 1024),
    passes: z.int().min(1).max(16),
    lanes: z.int().min(1).max(16),
  }),
])
export type Kdf = z.infer<typeof Kdf>
export type PassphraseKdf = Extract<Kdf, { name: 'argon2id' }>

/** The second choice of RFC 9106, section 4, with one lane: about a tenth of a second, and 64 MiB for that long. */
export const newPassphraseKdf = (): PassphraseKdf => ({
  name: 'argon2id',
  salt: randomBytes(16).toString('base64'),
  memoryKib: 64 * 1024,
  passes: 3,
  lanes: 1,
})

export const KEY_BYTES = 32
export const randomBytes = (count: number): Buffer => Buffer.from(crypto.getRandomValues(new Uint8Array(count)))

/** By what a header names a key file without telling anything about the key. */
export const keyId = (key: Uint8Array): string =>
  createHash('sha256').update('nekode key id\0').update(key).digest('hex').slice(0, 16)

/** Derives the key off the main thread. */
export function deriveKey(passphrase: string, { salt, memoryKib, passes, lanes }: PassphraseKdf): Promise<Buffer> {
  const parameters = {
    // Keyboards and systems spell the same letters differently.
    message: passphrase.normalize('NFKC'),
    nonce: Buffer.from(salt, 'base64'),
    memory: memoryKib,
    passes,
    parallelism: lanes,
    tagLength: KEY_BYTES,
  }
  return new Promise((resolve, reject) =>
    argon2('argon2id', parameters, (error, key) => (error ? reject(error) : resolve(key))),
  )
}

const subkey = (key: Uint8Array, purpose: string): Buffer =>
  Buffer.from(hkdfSync('sha256', key, '', `nekode vault ${purpose}`, KEY_BYTES))

/** Tells whether a key is the right one before anything is decrypted with it. */
export const keyCheck = (key: Uint8Array): string =>
  createHmac('sha256', subkey(key, 'check')).update('nekode').digest().subarray(0, 16).toString('base64')

const NONCE_BYTES = 12
const TAG_BYTES = 16

/** Nonce, ciphertext and tag of AES-256-GCM. `header` is held to as well: it cannot be exchanged. */
export function seal(key: Uint8Array, header: string, text: string): Buffer {
  const nonce = randomBytes(NONCE_BYTES)
  const cipher = createCipheriv('aes-256-gcm', subkey(key, 'data'), nonce)
  cipher.setAAD(Buffer.from(header))
  return Buffer.concat([nonce, cipher.update(text, 'utf8'), cipher.final(), cipher.getAuthTag()])
}

/** What `seal` was given; undefined when anything of it was changed. */
export function unseal(key: Uint8Array, header: string, sealed: Uint8Array): string | undefined {
  if (sealed.length < NONCE_BYTES + TAG_BYTES) return undefined
  const decipher = createDecipheriv('aes-256-gcm', subkey(key, 'data'), sealed.subarray(0, NONCE_BYTES), {
    authTagLength: TAG_BYTES,
  })
  decipher.setAAD(Buffer.from(header))
  decipher.setAuthTag(sealed.subarray(-TAG_BYTES))
  try {
    const text = decipher.update(sealed.subarray(NONCE_BYTES, -TAG_BYTES))
    return Buffer.concat([text, decipher.final()]).toString('utf8')
  } catch {
    // The tag does not fit: this is how GCM says that something was changed.
    return undefined
  }
}

export const digest = (text: string): string => createHash('sha256').update(text).digest('hex')

/** Compares in a time that tells nothing about either text. */
export const sameText = (a: string, b: string): boolean => {
  const [one, other] = [Buffer.from(digest(a)), Buffer.from(digest(b))]
  return timingSafeEqual(one, other)
}
