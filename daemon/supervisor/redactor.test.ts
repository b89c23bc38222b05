import { describe, expect, test } from 'bun:test'
import { createLogger } from '@shared/log'
import { Redactor } from './redactor'

const knowing = (...values: string[]): Redactor => {
  const redactor = new Redactor()
  redactor.add(...values)
  return redactor
}

/** What is shown of a text that comes in pieces of a size, piece by piece. */
function stream(redactor: Redactor, text: string, size: number): string[] {
  const shown: string[] = []
  let rest = ''
  for (let at = 0; at < text.length; at += size) {
    rest += text.slice(at, at + size)
    const cut = rest.length - redactor.held(rest)
    shown.push(redactor.clean(rest.slice(0, cut)))
    rest = rest.slice(cut)
  }
  return [...shown, redactor.clean(rest)]
}

const KEY = '-----BEGIN KEY-----\nMIIEvQIBADANBgkq\n7s+/qZ0123456789\n-----END KEY-----\n'

describe('a text', () => {
  test.each([
    ['as it is', 'pass"word&more', 'x pass"word&more y', 'x [redacted] y'],
    ['inside of JSON', 'pass"word&more', String.raw`{"a":"pass\"word&more"}`, '{"a":"[redacted]"}'],
    ['in a URL', 'pass"word&more', 'https://x/?p=pass%22word%26more', 'https://x/?p=[redacted]'],
    ['in Base64', 'pass"word&more', btoa('pass"word&more'), '[redacted]'],
    ['whole, over several lines', KEY, `<${KEY}>`, '<[redacted]>'],
    ['one line of several', KEY, 'grep: 7s+/qZ0123456789', 'grep: [redacted]'],
    ['shorter than eight characters', 'short', 'short', 'short'],
  ])('is shown without a value: %s', (_, value, text, clean) => {
    expect(knowing(value).clean(text)).toBe(clean)
  })

  test('loses the longer one of two values of which one is the beginning of the other', () => {
    expect(knowing('abcdefgh', 'abcdefgh-and-more').clean('abcdefgh-and-more abcdefgh')).toBe('[redacted] [redacted]')
  })

  test('a value that was replaced by another is still hidden', () => {
    const redactor = knowing('the-old-value')
    redactor.add('the-new-value')
    expect(redactor.clean('the-old-value the-new-value')).toBe('[redacted] [redacted]')
  })
})

describe('a text in pieces', () => {
  const values = ['sk-abcabcabd-123456', 'abcabcab', 'ssssssssss', 'end-of-it-ab', 'ab-begins-here']
  const text = `one sk-abcabcabd-123456 two abcabcab three ${'s'.repeat(27)} end-of-it-ab-begins-here sk-abcabcab done`
  test.each([1, 2, 3, 5, 7, 8, 13, 64])('shows no part of a value, in pieces of %d characters', (size) => {
    const redactor = knowing(...values)
    const shown = stream(redactor, text, size)
    expect(shown.join('')).toStartWith('one [redacted] two [redacted] three [redacted]')
    expect(shown.join('')).toEndWith('done')
    for (const value of values) expect(shown.join('')).not.toContain(value)
    for (const piece of shown) expect(piece).not.toMatch(/sk-a|123456|^cabd|end-of/)
  })

  test('is held back no longer than it has to be', () => {
    const redactor = knowing('abcdefghij')
    expect(redactor.held('x abcdefgh')).toBe(8)
    expect(redactor.held('x abcdefgx')).toBe(0)
    expect(redactor.held('x abcdefghij')).toBe(0)
  })

  test('with a long key costs no more than a moment for each piece', () => {
    const redactor = knowing('a'.repeat(60_000))
    const shown = stream(redactor, 'a'.repeat(30_000) + 'b'.repeat(30_000), 1000)
    expect(shown.join('')).toHaveLength(60_000)
  })
})

test('the log, its fields, errors and what is inside of them are clean', () => {
  const lines: string[] = []
  const redactor = knowing('hunter22-hunter22')
  const log = redactor.logger(createLogger({ format: 'json', level: 'debug', write: (line) => lines.push(line) }))
  log.child({ agent: 'hunter22-hunter22' }).info('it is hunter22-hunter22', {
    error: new Error('hunter22-hunter22'),
    deep: [{ in: { here: 'x=hunter22-hunter22' } }],
    count: 3,
  })
  log.debug('no fields: hunter22-hunter22')
  expect(lines).toHaveLength(2)
  expect(lines.join('\n')).not.toContain('hunter22')
  expect(JSON.parse(lines[0] ?? '')).toMatchObject({ count: 3, deep: [{ in: { here: 'x=[redacted]' } }] })
})

test('a structure is copied without the values; what is no text stays', () => {
  const bytes = new Uint8Array([1, 2])
  const given = { a: ['hunter22-hunter22', 1, null, true], bytes, b: { c: 'fine' } }
  expect(knowing('hunter22-hunter22').deep(given)).toEqual({
    a: ['[redacted]', 1, null, true],
    bytes,
    b: { c: 'fine' },
  })
  expect(given.a[0]).toBe('hunter22-hunter22')
})
