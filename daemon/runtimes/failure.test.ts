import { describe, expect, test } from 'bun:test'
import {
  failureFrom,
  failureFromExit,
  failureOf,
  type FailureReason,
  resetFromHeaders,
  resetTime,
  RuntimeFailure,
} from './failure'

describe('the reason of a failed model call', () => {
  const cases: [string, number | null, FailureReason][] = [
    ['Not logged in · Please run /login', null, 'runtime_login_required'],
    ['unexpected status 401 Unauthorized: scripted failure', 401, 'runtime_login_required'],
    ['key may not use this model', 403, 'runtime_login_required'],
    ['Your credit balance is too low to access the API', 400, 'quota_exhausted'],
    ['payment required', 402, 'quota_exhausted'],
    ['You exceeded your current quota, please check your plan and billing details', 429, 'quota_exhausted'],
    ['exceeded retry limit, last status: 429 Too Many Requests', 429, 'rate_limited'],
    ['Rate limit reached for gpt-5.5', null, 'rate_limited'],
    ['prompt is too long: 210000 tokens > 200000 maximum', 400, 'context_overflow'],
    ["This model's maximum context length is 8192 tokens", 400, 'context_overflow'],
    ['request too large', 413, 'context_overflow'],
    ['The model `gpt-99` does not exist', 404, 'model_unavailable'],
    ['model "qwen9" not found, try pulling it first', 404, 'model_unavailable'],
    ['Overloaded', 529, 'model_unavailable'],
    ['Unable to connect. Is the computer able to access the url? ECONNREFUSED', null, 'model_unavailable'],
    ['gateway timeout', 504, 'timeout'],
    ['No conversation found with session ID: x', null, 'session_lost'],
    ['no rollout found for thread id x', null, 'session_lost'],
    ['This chat uses model provider “x”, which is no longer configured. Restore it.', null, 'session_lost'],
    ["Cannot change this thread's model provider from `a` to `b` on resume.", null, 'session_lost'],
    ['temperature is out of range', 400, 'internal'],
    ['something else', null, 'internal'],
  ]
  for (const [message, status, reason] of cases)
    test(`${status ?? 'no status'}: “${message}” is ${reason}`, () => {
      expect(failureFrom({ message, status })).toEqual({ reason, message })
    })

  test('has the time at which a limit resets, and only then', () => {
    const limited = failureFrom({ message: 'Claude AI usage limit reached|1764230400', status: 429 })
    expect(limited).toMatchObject({ reason: 'quota_exhausted', resetsAt: 1_764_230_400_000 })
    expect(failureFrom({ message: 'too many requests', status: 429, resetsAt: 5 })).toMatchObject({ resetsAt: 5 })
    expect(failureFrom({ message: 'bad key', status: 401, resetsAt: 5 })).not.toHaveProperty('resetsAt')
  })
})

test('a reset time is read from a text and from the headers of vendors', () => {
  expect(resetTime('Please try again in 2m 3.5s.', 1000)).toBe(1000 + 123_500)
  expect(resetTime('Please try again in 350ms.', 1000)).toBe(1350)
  expect(resetTime('no time here')).toBeUndefined()
  expect(resetFromHeaders({ 'retry-after': '7' }, 1000)).toBe(8000)
  expect(resetFromHeaders({ 'retry-after': 'Wed, 21 Oct 2026 07:28:00 GMT' })).toBe(Date.UTC(2026, 9, 21, 7, 28))
  expect(resetFromHeaders({ 'anthropic-ratelimit-unified-reset': '1764230400' })).toBe(1_764_230_400_000)
  expect(resetFromHeaders({ 'x-ratelimit-reset-requests': '1m2s' }, 0)).toBe(62_000)
  expect(resetFromHeaders({})).toBeUndefined()
})

describe('the failure behind the end of a process', () => {
  const cases: [Parameters<typeof failureFromExit>[0], string, FailureReason][] = [
    [{ code: 1, signal: null }, '', 'crashed'],
    [{ code: 1, signal: null }, 'Error: Not logged in', 'runtime_login_required'],
    [{ code: 126, signal: null }, '', 'permission_denied'],
    [{ code: 127, signal: null }, 'sh: x: not found', 'runtime_missing'],
    [{ code: null, signal: 'SIGSEGV' }, '', 'crashed'],
    [{ code: null, signal: 'SIGKILL' }, '', 'crashed'],
    [{ code: null, signal: 'SIGKILL', overflow: true }, '', 'output_limit'],
  ]
  for (const [end, words, reason] of cases)
    test(`${JSON.stringify(end)} with “${words}” is ${reason}`, () => {
      const failure = failureFromExit(end, 'Agent', words)
      expect(failure.reason).toBe(reason)
      expect(failure.message).toContain('Agent')
      if (words) expect(failure.message).toContain(words)
    })
})

test('what a driver throws keeps its reason and says what to do next', () => {
  const error = new RuntimeFailure('runtime_missing', 'x is not installed')
  expect(failureOf(error)).toEqual({ reason: 'runtime_missing', message: 'x is not installed' })
  expect(error.next).toContain('install')
  expect(failureOf(new Error('fetch failed'))).toMatchObject({ reason: 'model_unavailable' })
  expect(failureOf('odd')).toEqual({ reason: 'internal', message: 'odd' })
})
