import ece from 'http_ece'
import { createECDH, createPrivateKey, generateKeyPairSync, randomBytes, sign } from 'node:crypto'

/** The server's own key pair (VAPID, RFC 8292), by which push services know that messages are of one sender. */
export interface Vapid {
  /** The uncompressed point, in base64url: what browsers subscribe with. */
  publicKey: string
  /** PKCS #8 as PEM. */
  privateKey: string
}

export function makeVapid(): Vapid {
  const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const { x = '', y = '' } = pair.publicKey.export({ format: 'jwk' })
  const point = Buffer.concat([Buffer.from([4]), Buffer.from(x, 'base64url'), Buffer.from(y, 'base64url')])
  return {
    publicKey: point.toString('base64url'),
    privateKey: pair.privateKey.export({ format: 'pem', type: 'pkcs8' }).toString(),
  }
}

const VALID_SECONDS = 12 * 3600

/** The header that says who sends: a token for this push service alone. */
export function authorization(vapid: Vapid, endpoint: string, subject: string, now = Date.now()): string {
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')
  const claims = { aud: new URL(endpoint).origin, exp: Math.floor(now / 1000) + VALID_SECONDS, sub: subject }
  const text = `${part({ typ: 'JWT', alg: 'ES256' })}.${part(claims)}`
  const key = createPrivateKey(vapid.privateKey)
  const signature = sign('sha256', Buffer.from(text), { key, dsaEncoding: 'ieee-p1363' }).toString('base64url')
  return `vapid t=${text}.${signature}, k=${vapid.publicKey}`
}

/** A message that only the browser can read (RFC 8291). Throws when its keys are none. */
export function encrypt(text: string, keys: { p256dh: string; auth: string }): Uint8Array {
  const own = createECDH('prime256v1')
  own.generateKeys()
  return ece.encrypt(Buffer.from(text), {
    version: 'aes128gcm',
    dh: keys.p256dh,
    privateKey: own,
    salt: randomBytes(16).toString('base64url'),
    authSecret: keys.auth,
  })
}
