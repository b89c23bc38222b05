import { expect, test } from 'bun:test'
import { NekodeError } from '@shared/errors'
import { Webhook } from 'standardwebhooks'
import { TOLERANCE_SECONDS, isSigningSecret, newSigningSecret, sign, verify } from './signature'

const secret = newSigningSecret()
const now = Date.now()
const seconds = Math.floor(now / 1000)
const body = JSON.stringify({ content: 'grüße 😀' })
const bytes = new TextEncoder().encode(body)
const headers = { id: 'msg_1', timestamp: String(seconds), signature: sign(secret, 'msg_1', seconds, body) }

test('what is signed here the reference library accepts, and the other way round', () => {
  const reference = new Webhook(secret)
  const theirs = reference.sign('msg_1', new Date(seconds * 1000), body)
  expect(headers.signature).toBe(theirs)
  expect(
    reference.verify(body, {
      'webhook-id': 'msg_1',
      'webhook-timestamp': headers.timestamp,
      'webhook-signature': headers.signature,
    }),
  ).toEqual(JSON.parse(body))
  expect(verify(secret, { ...headers, signature: theirs }, bytes, now)).toBe('msg_1')
})

test('one fitting signature among several is enough, as while a secret changes', () => {
  const old = sign(newSigningSecret(), 'msg_1', seconds, body)
  expect(verify(secret, { ...headers, signature: `${old} v2,x ${headers.signature}` }, bytes, now)).toBe('msg_1')
})

test.each([
  ['another secret', { signature: sign(newSigningSecret(), 'msg_1', seconds, body) }],
  ['another id', { id: 'msg_2' }],
  ['another time', { timestamp: String(seconds - 1) }],
  ['a time that is too old', at(seconds - TOLERANCE_SECONDS - 1)],
  ['a time in the future', at(seconds + TOLERANCE_SECONDS + 1)],
  ['a time that is none', at(Number.NaN)],
  ['no signature', { signature: undefined }],
  ['an empty signature', { signature: '' }],
  ['a signature without its version', { signature: headers.signature.slice(3) }],
  ['another version', { signature: headers.signature.replace('v1', 'v1a') }],
  ['no id', { id: undefined }],
  ['an id with a line end', { id: 'msg_1\n' }],
  ['no time', { timestamp: undefined }],
])('%s is refused', (_, change) => {
  let error: unknown
  try {
    verify(secret, { ...headers, ...change }, bytes, now)
  } catch (e) {
    error = e
  }
  expect(error).toBeInstanceOf(NekodeError)
  expect(error).toMatchObject({ kind: 'unauthenticated', code: 'signature_invalid' })
  expect(String(error)).not.toContain(secret)
})

function at(time: number) {
  return { timestamp: String(time), signature: sign(secret, 'msg_1', time, body) }
}

test('another body is refused', () => {
  expect(() => verify(secret, headers, new TextEncoder().encode(`${body} `), now)).toThrow('does not fit')
})

test('a time within the tolerance is accepted in both directions', () => {
  for (const time of [seconds - TOLERANCE_SECONDS + 2, seconds + TOLERANCE_SECONDS - 2])
    expect(verify(secret, { ...headers, ...at(time) }, bytes, now)).toBe('msg_1')
})

test('a secret is whsec_ and 24 to 64 bytes in base64', () => {
  const of = (length: number) => `whsec_${Buffer.alloc(length, 7).toString('base64')}`
  expect([of(24), of(32), of(64)].every(isSigningSecret)).toBe(true)
  expect([of(16), of(80), 'whsec_', 'secret', `${of(32)}\n`].some(isSigningSecret)).toBe(false)
})
