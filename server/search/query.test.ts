import { describe, expect, test } from 'bun:test'
import { parseQuery } from './query'
import { match, snippetOf } from './rank'
import { characters, tokenise } from './tokens'

const words = (text: string) => tokenise(text).map((token) => token.text)

describe('words', () => {
  test.each([
    ['Hello, World!', ['hello', 'world']],
    ['getUserName() in foo_bar.ts', ['getusername', 'in', 'foo', 'bar', 'ts']],
    ['Crème brûlée NAÏVE', ['creme', 'brulee', 'naive']],
    ['ＦＵＬＬ width', ['full', 'width']],
    ['部署失败', ['部署', '署失', '失败']],
    ['iPhone手机 ok', ['iphone', '手机', 'ok']],
    ['一', ['一']],
    ['デプロイ', ['デプ', 'プロ', 'ロイ']],
    ['\u{20000}\u{20001}\u{20002}', ['\u{20000}\u{20001}', '\u{20001}\u{20002}']],
    ['… — !', []],
    ['', []],
  ])('of %p are %p', (text, expected) => expect(words(text)).toEqual(expected))

  test('know where they stand', () => {
    const text = 'Crème 部署失败 now'
    for (const { start, end, text: word } of tokenise(text)) expect(words(text.slice(start, end))).toEqual([word])
  })

  test('are as many as an index takes, and each as long', () => {
    expect(tokenise('a '.repeat(100_000))).toHaveLength(12_000)
    expect(words('x'.repeat(10_000))).toEqual(['x'.repeat(40)])
  })

  test('of one character are found in text without spaces', () => expect(characters('部署a部')).toEqual(['部', '署']))
})

test('a letter with hundreds of thousands of marks holds nobody up', () => {
  // One after another in an order that has to be mended, which by itself takes minutes.
  expect(words(`a${'\u0301'.repeat(200_000)}${'\u0316'.repeat(200_000)} end`)).toEqual(['a', 'end'])
})

describe('a search', () => {
  test('is words, exact words, words to leave out, and filters', () => {
    const query = parseQuery(
      'deploy "Out of memory" -test foo_bar from:@ada in:#ops has:links before:2026-02-01 after:2026-01-01T10:00:00Z kind:decision ab',
    )
    expect(query).toEqual({
      all: [
        { words: ['deploy'], prefix: true },
        { words: ['out', 'of', 'memory'], prefix: false },
        { words: ['foo', 'bar'], prefix: false },
        { words: ['ab'], prefix: false },
      ],
      none: [{ words: ['test'], prefix: true }],
      from: ['ada'],
      in: ['#ops'],
      has: ['link'],
      kind: ['decision'],
      before: Date.UTC(2026, 1, 1),
      after: Date.UTC(2026, 0, 1, 10),
    })
  })

  test('takes an address and a word with a colon as words', () => {
    expect(parseQuery('http://example.org/a').all).toEqual([{ words: ['http', 'example', 'org', 'a'], prefix: false }])
    expect(parseQuery('Error: boom').all.map((clause) => clause.words)).toEqual([['error'], ['boom']])
  })

  test('leaves out what would be an operator of a database', () => {
    expect(parseQuery('"a" OR * NEAR( \' :* ) ~').all.map((clause) => clause.words)).toEqual([['a'], ['or'], ['near']])
  })

  test.each(['-only', '  ', '!!!', 'x '.repeat(17), 'has:teeth', 'before:yesterday', 'x -from:ada'])(
    'of %p is refused',
    (text) => expect(() => parseQuery(text)).toThrow(expect.objectContaining({ code: 'invalid_search' })),
  )

  test.each(['from:ada', 'in:general', 'has:file', 'before:2026-01-01'])('can be %p alone', (text) =>
    expect(parseQuery(text).all).toEqual([]),
  )
})

describe('the order of fit', () => {
  const score = (text: string, q: string, age = 0) => match(text, parseQuery(q).all, age).score

  test('puts whole words before beginnings, near before far, short before long, new before old', () => {
    expect(score('the port is closed', 'port')).toBeGreaterThan(score('the portal is closed', 'port'))
    expect(score('disk full here', 'disk full')).toBeGreaterThan(score(`disk ${'so '.repeat(20)} full`, 'disk full'))
    expect(score('deploy', 'deploy')).toBeGreaterThan(score(`deploy ${'and so on '.repeat(100)}`, 'deploy'))
    expect(score('deploy', 'deploy')).toBeGreaterThan(score('deploy', 'deploy', 90 * 86_400_000))
  })

  test('comes with what matched', () => {
    const text = '我们的部署失败了, deployment failed'
    const at = (q: string) => match(text, parseQuery(q).all, 0).ranges.map(([from, to]) => text.slice(from, to))
    expect(at('部署失败')).toEqual(['部署失败'])
    expect(at('败')).toEqual(['失败了'])
    expect(at('deploy fail')).toEqual(['deployment', 'failed'])
    expect(at('"deployment failed"')).toEqual(['deployment failed'])
  })

  test('shows the text around the first match on one line, and cuts no character in two', () => {
    const text = `${'🦀'.repeat(100)} needle\n${'🦀'.repeat(200)}`
    const { ranges } = match(text, parseQuery('needle').all, 0)
    const snippet = snippetOf(text, ranges)
    expect(snippet.ranges.map(([from, to]) => snippet.text.slice(from, to))).toEqual(['needle'])
    expect(snippet.text.isWellFormed()).toBe(true)
    expect(snippet.text).not.toContain('\n')
    expect(snippetOf('short', [])).toEqual({ text: 'short', ranges: [] })
  })
})
