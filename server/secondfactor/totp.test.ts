import { expect, test } from 'bun:test'
import { base32, codeOf, matchStep, otpauthUri, stepAt } from './totp'

const secret = Buffer.from('12345678901234567890')

test.each([
  [59, '94287082'],
  [1111111109, '07081804'],
  [1111111111, '14050471'],
  [1234567890, '89005924'],
  [2000000000, '69279037'],
  [20000000000, '65353130'],
])('the code at %d s is that of RFC 6238, appendix B', (seconds, code) => {
  expect(codeOf(secret, stepAt(seconds * 1000), 8)).toBe(code)
})

test.each([
  ['', ''],
  ['f', 'MY'],
  ['fo', 'MZXQ'],
  ['foo', 'MZXW6'],
  ['foob', 'MZXW6YQ'],
  ['fooba', 'MZXW6YTB'],
  ['foobar', 'MZXW6YTBOI'],
])('base 32 of “%s” is that of RFC 4648', (text, encoded) => {
  expect(base32(Buffer.from(text))).toBe(encoded)
})

test('a code is good in its own step, the one before and the one after', () => {
  const now = 1_800_000_000_000
  const code = codeOf(secret, stepAt(now))
  const at = (steps: number) => matchStep(secret, code, 0, now + steps * 30_000)
  expect([-2, -1, 0, 1, 2].map((steps) => at(steps) !== undefined)).toEqual([false, true, true, true, false])
})

test('a code is not taken twice, nor one from before it', () => {
  const now = 1_800_000_000_000
  const step = stepAt(now)
  expect(matchStep(secret, codeOf(secret, step), step, now)).toBeUndefined()
  expect(matchStep(secret, codeOf(secret, step - 1), step, now)).toBeUndefined()
  expect(matchStep(secret, codeOf(secret, step + 1), step, now)).toBe(step + 1)
})

test.each(['', '12345', '1234567', 'abcdef', '١٢٣٤٥٦'])('“%s” is no code', (code) => {
  expect(matchStep(secret, code, 0, Date.now())).toBeUndefined()
})

test('the address for the app says what it is for', () => {
  const uri = new URL(otpauthUri(base32(secret), 'ada', 'Nekode test'))
  expect([uri.protocol, uri.host, uri.pathname]).toEqual(['otpauth:', 'totp', '/Nekode%20test:ada'])
  expect(Object.fromEntries(uri.searchParams)).toEqual({
    secret: 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ',
    issuer: 'Nekode test',
    algorithm: 'SHA1',
    digits: '6',
    period: '30',
  })
})
