import { expect, test } from 'bun:test'
import { ago, indent, json, neutralise, oneLine } from './text'

test.each([
  ['plain text stays', 'grüße, 日本 👩‍👩‍👧\n\ttab', 'grüße, 日本 👩‍👩‍👧\n\ttab'],
  ['colour and cursor sequences become visible', '\u001b[31mred\u001b[2J', '␛[31mred␛[2J'],
  ['a title or clipboard sequence becomes visible', '\u001b]52;c;ZXZpbA==\u0007', '␛]52;c;ZXZpbA==␇'],
  ['8-bit control characters become visible', '\u009b31m\u0085', '<U+009B>31m<U+0085>'],
  ['a carriage return cannot overwrite a line', 'harmless\rrm -rf', 'harmless␍rm -rf'],
  ['line ends of Windows are line ends', 'a\r\nb', 'a\nb'],
  ['characters that reorder text become visible', 'user\u202egnp.exe\u2066', 'user<U+202E>gnp.exe<U+2066>'],
  ['DEL and NUL become visible', 'a\u007fb\u0000', 'a␡b␀'],
])('neutralise: %s', (_, text, clean) => {
  expect(neutralise(text)).toBe(clean)
})

test('oneLine keeps a text on one line', () => {
  expect(oneLine('  a\n\n b\tc\u001b[1m ')).toBe('a b c␛[1m')
})

test('an indented text cannot pass for a header', () => {
  expect(indent('a\n\n@ann  now')).toBe('  a\n\n  @ann  now')
})

test('JSON holds no raw control character and still means the same', () => {
  const value = { text: '\u001b[31m\u009b31m\u007f' }
  const text = json(value)
  expect(text).toMatch(/^[\x20-\x7e]+$/)
  expect(JSON.parse(text)).toEqual(value)
})

const NOW = Date.UTC(2026, 0, 31, 12)
test.each([
  [0, 'now'],
  [-999, 'now'],
  [-1000, '1s ago'],
  [-59_999, '59s ago'],
  [-60_000, '1m ago'],
  [-3_600_000, '1h ago'],
  [-86_400_000 * 2, '2d ago'],
  [-86_400_000 * 31, '2025-12-31'],
  [86_400_000 * 3, 'in 3d'],
])('a time %d ms away reads %p', (distance, text) => {
  expect(ago(NOW + distance, NOW)).toBe(text)
})

test('a time that never came is never', () => {
  expect(ago(null, NOW)).toBe('never')
})
