import { createHmac, timingSafeEqual } from 'node:crypto'

/** RFC 6238 with what every authenticator app assumes: SHA-1, 30 seconds, six digits. */
const STEP_MS = 30_000
const DIGITS = 6
/** RFC 4226 asks for 128 bits at least and recommends 160. */
export const SECRET_BYTES = 20
/** Steps before and after the present one that are good too: clocks differ, and typing takes time. */
const WINDOW = 1

const BASE32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'

/** RFC 4648, without padding. */
export function base32(bytes: Uint8Array): string {
  let text = ''
  let bits = 0
  let value = 0
  for (const byte of bytes) {
    value = (value << 8) | byte
    for (bits += 8; bits >= 5; bits -= 5) text += BASE32[(value >>> (bits - 5)) & 31]
    value &= (1 << bits) - 1
  }
  return bits ? text + BASE32[(value << (5 - bits)) & 31] : text
}

export const stepAt = (ms: number): number => Math.floor(ms / STEP_MS)

/** The code of a time step; RFC 4226, section 5.3. */
export function codeOf(secret: Uint8Array, step: number, digits = DIGITS): string {
  const counter = Buffer.alloc(8)
  counter.writeBigUInt64BE(BigInt(step))
  const mac = createHmac('sha1', secret).update(counter).digest()
  const at = mac.readUInt8(mac.length - 1) & 15
  return String((mac.readUInt32BE(at) & 0x7fffffff) % 10 ** digits).padStart(digits, '0')
}

/**
 * The step that a code belongs to.
 * @param after the step of the last code that was taken: that one and those before it are not good any more
 * @param now Unix milliseconds
 */
export function matchStep(secret: Uint8Array, code: string, after: number, now: number): number | undefined {
  if (!/^\d{6}$/.test(code)) return undefined
  const present = stepAt(now)
  for (let step = present - WINDOW; step <= present + WINDOW; step++)
    if (step > after && timingSafeEqual(Buffer.from(codeOf(secret, step)), Buffer.from(code))) return step
  return undefined
}

/** What an authenticator app reads out of the QR code: github.com/google/google-authenticator/wiki/Key-Uri-Format. */
export function otpauthUri(secret: string, account: string, issuer: string): string {
  const query = new URLSearchParams({ secret, issuer, algorithm: 'SHA1', digits: String(DIGITS), period: '30' })
  // Apps take a plus sign for a plus sign.
  return `otpauth://totp/${encodeURIComponent(issuer)}:${encodeURIComponent(account)}?${String(query).replaceAll('+', '%20')}`
}
