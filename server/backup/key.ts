import { NekodeError } from '@shared/errors'
import { createCipheriv, createDecipheriv, createHmac, randomBytes, scryptSync } from 'node:crypto'
import { z } from 'zod'
import { corrupt } from './format'

/** Costs 64 MiB and a tenth of a second: a guess has to be expensive, for whoever finds the file may try as often as they like. */
const COST = { n: 1 << 16, r: 8, p: 1 }
const MAX_MEMORY = 256 << 20
export const SHORTEST_PASSPHRASE = 12

const Sealed = z.object({
  kdf: z.literal('scrypt'),
  // What the file says is not to fill the memory.
  n: z
    .number()
    .int()
    .min(2)
    .max(1 << 17),
  r: z.number().int().min(1).max(8),
  p: z.number().int().min(1).max(4),
  salt: z.base64(),
  nonce: z.base64(),
  sealed: z.base64(),
})

/** Recognises a key without giving it away. */
export const keyCheck = (key: Uint8Array): string =>
  createHmac('sha256', key).update('nekode backup key').digest('base64url')

export function sealKey(key: Uint8Array, passphrase: string): string {
  if (passphrase.length < SHORTEST_PASSPHRASE)
    throw new NekodeError('invalid', `The passphrase has fewer than ${SHORTEST_PASSPHRASE} characters.`, {
      code: 'passphrase_short',
      next: 'Whoever has the file can try as many as they like: take several words.',
    })
  const salt = randomBytes(16)
  const nonce = randomBytes(12)
  const cipher = createCipheriv('aes-256-gcm', derive(passphrase, salt, COST), nonce)
  const sealed = Buffer.concat([cipher.update(key), cipher.final(), cipher.getAuthTag()])
  const text = (bytes: Buffer): string => bytes.toString('base64')
  return JSON.stringify({ kdf: 'scrypt', ...COST, salt: text(salt), nonce: text(nonce), sealed: text(sealed) })
}

/** Throws `passphrase_wrong`. */
export function openKey(text: string, passphrase: string): Uint8Array {
  const parsed = Sealed.safeParse(JSON.parse(text))
  if (!parsed.success) throw corrupt('its key cannot be read', parsed.error)
  const { salt, nonce, sealed, ...cost } = parsed.data
  const bytes = Buffer.from(sealed, 'base64')
  try {
    const key = derive(passphrase, Buffer.from(salt, 'base64'), cost)
    const decipher = createDecipheriv('aes-256-gcm', key, Buffer.from(nonce, 'base64')).setAuthTag(bytes.subarray(-16))
    return Buffer.concat([decipher.update(bytes.subarray(0, -16)), decipher.final()])
  } catch (cause) {
    throw new NekodeError('invalid', 'This is not the passphrase of the backup’s key.', {
      code: 'passphrase_wrong',
      next: 'Try again, or restore without the key (leave the passphrase out) and put secret.key into the data folder yourself.',
      cause,
    })
  }
}

const derive = (passphrase: string, salt: Buffer, { n, r, p }: typeof COST): Buffer =>
  scryptSync(passphrase.normalize('NFKC'), salt, 32, { N: n, r, p, maxmem: MAX_MEMORY })
