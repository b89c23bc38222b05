import { expect, test } from 'bun:test'
import { redact, redactText } from './redact'

test.each([
  ['ndt_0123456789abcdefABCDEF_-x is used', 'ndt_[redacted] is used'],
  ['Authorization: Bearer abc.def-ghi123', 'Authorization: Bearer [redacted]'],
  ['key sk-ant-0123456789abcdefghij', 'key sk-[redacted]'],
  ['GET https://user:hunter2@host/path', 'GET https://[redacted]@host/path'],
  ['run_0123456789abcdef0123456789abcdef', 'run_0123456789abcdef0123456789abcdef'],
  ['a Bearer of news', 'a Bearer of news'],
  [
    'Failed query: insert into a values ($1)\nparams: what\nwas said',
    'Failed query: insert into a values ($1)\nparams: [redacted]',
  ],
])('%p is shown as %p', (text, shown) => {
  expect(redactText(text)).toBe(shown)
})

test('fields that are named like secrets lose their value wherever they are', () => {
  expect(redact({ token: 'x', list: [{ apiKey: 'y', name: 'z' }], empty: { password: '' } })).toEqual({
    token: '[redacted]',
    list: [{ apiKey: '[redacted]', name: 'z' }],
    empty: { password: '' },
  })
})

test('an error is shown by its message and a number that JSON cannot hold as a number', () => {
  expect(redact({ error: new Error('Bearer abcdefghijkl'), sequence: 7n })).toEqual({
    error: 'Bearer [redacted]',
    sequence: 7,
  })
})
