import { expect, test } from 'bun:test'
import { toBlocks } from './markdown'
import { isPlain } from './plain'

const nobody = { mentioned: new Set<string>(), me: '' }
const rendered = (text: string) =>
  toBlocks(text, nobody, [], (html) => html).map((block) => (block.type === 'html' ? block.html : 'code'))
const escaped = (text: string) => text.replaceAll('"', '&quot;').replaceAll("'", '&#39;')

test.each([
  'Good morning, everybody!',
  'message 7 says this and that',
  'It costs 5.50 (about $6) – fine?',
  '早上好，大家！',
  'a',
  '100%',
])('“%s” is shown as it stands', (text) => expect(isPlain(text)).toBe(true))

test.each([
  '**bold**',
  'a_b_c',
  '# head',
  '- item',
  '1. one',
  '2) two',
  '> quote',
  'see www.example.org',
  'https://example.org',
  'a@b.example',
  '@ada',
  '#general',
  'two\nlines',
  '   indented',
  '`code`',
  'a &amp; b',
  'a | b',
  '~~gone~~',
  '===',
  '',
])('“%s” is left to the parser', (text) => expect(isPlain(text)).toBe(false))

test('what passes for plain is what the parser would make a paragraph of, whatever signs are put together', () => {
  const signs = [...'ab 1.)(-+=*_`~#>|&!?"\'$%^{}[]<:/\\@,;\n\twé早']
  let state = 7
  const next = (below: number) => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648
    return state % below
  }
  let plain = 0
  for (let i = 0; i < 20_000; i++) {
    const text = Array.from({ length: 1 + next(12) }, () => signs[next(signs.length)]).join('')
    if (!isPlain(text)) continue
    plain++
    expect(rendered(text)).toEqual([`<p>${escaped(text)}</p>\n`])
  }
  expect(plain).toBeGreaterThan(100)
})
