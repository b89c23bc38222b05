import { NekodeError } from '@shared/errors'
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'

/*
 * Standard Webhooks, https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md: an HMAC-SHA256 over
 * `id.timestamp.body`, with a secret that is base64 after `whsec_`.
 */

const PREFIX = 'whsec_'
/** Of the specification: 24 to 64 bytes. */
const SECRET = /^whsec_[A-Za-z0-9+/]{32,86}={0,2}$/
/** How far the sender's clock may be off. */
export const TOLERANCE_SECONDS = 5 * 60
const ID = /^[\x21-\x7e]{1,128}$/

export const newSigningSecret = (): string => PREFIX + randomBytes(32).toString('base64')
export const isSigningSecret = (text: string): boolean => SECRET.test(text)

/** `v1,` and the signature in base64. @param seconds Unix time */
export function sign(secret: string, id: string, seconds: number, body: string | Uint8Array): string {
  const key = Buffer.from(secret.slice(PREFIX.length), 'base64')
  return `v1,${createHmac('sha256', key).update(`${id}.${seconds}.`).update(body).digest('base64')}`
}

export interface SignatureHeaders {
  id: string | undefined
  timestamp: string | undefined
  signature: string | undefined
}

/**
 * Checks who sent a body and when. Several signatures may be given, separated by blanks; one has to fit.
 * @param now Unix milliseconds
 * @returns the id of what was sent
 * @throws NekodeError unauthenticated `signature_invalid`, which does not say what was expected
 */
export function verify(secret: string, headers: SignatureHeaders, body: Uint8Array, now: number): string {
  const { id, timestamp, signature } = headers
  if (id === undefined || timestamp === undefined || signature === undefined || !ID.test(id))
    throw invalid('The headers webhook-id, webhook-timestamp and webhook-signature are missing or malformed.')
  const seconds = /^\d{1,12}$/.test(timestamp) ? Number(timestamp) : Number.NaN
  if (!(Math.abs(now / 1000 - seconds) <= TOLERANCE_SECONDS))
    throw invalid(
      'The webhook-timestamp is too far from this server’s clock.',
      'Sign each attempt anew, and check both clocks.',
    )
  const expected = Buffer.from(sign(secret, id, seconds, body))
  const given = signature.split(' ', 16).map((one) => Buffer.from(one))
  if (!given.some((one) => one.length === expected.length && timingSafeEqual(one, expected)))
    throw invalid(
      'The webhook-signature does not fit the body.',
      'Sign the bytes that are sent, with the secret of this endpoint.',
    )
  return id
}

const invalid = (message: string, next?: string): NekodeError =>
  new NekodeError('unauthenticated', message, { code: 'signature_invalid', ...(next === undefined ? {} : { next }) })
