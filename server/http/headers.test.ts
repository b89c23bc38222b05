import { expect, test } from 'bun:test'
import { secure } from './headers'

const policyOf = (headers: Record<string, string>, tls = false) =>
  secure(new Response('', { headers }), tls).headers.get('content-security-policy')

test('a page runs and shows its own files only, and nobody frames it', () => {
  const policy = policyOf({ 'content-type': 'text/html; charset=utf-8' })
  for (const part of [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "frame-ancestors 'none'",
    "base-uri 'none'",
  ])
    expect(policy?.split('; ')).toContain(part)
  expect(policy).not.toContain('unsafe')
  expect(policy).not.toContain('http')
})

test('anything else may do nothing at all', () => {
  expect(policyOf({ 'content-type': 'application/json' })).toBe("default-src 'none'; frame-ancestors 'none'")
  expect(policyOf({})).toBe("default-src 'none'; frame-ancestors 'none'")
})

test("a handler's own policy stays", () => {
  expect(policyOf({ 'content-security-policy': 'sandbox' })).toBe('sandbox')
})

test('only TLS is told to be kept to', () => {
  expect(secure(new Response(''), false).headers.has('strict-transport-security')).toBe(false)
  expect(secure(new Response(''), true).headers.get('strict-transport-security')).toBe('max-age=31536000')
})
