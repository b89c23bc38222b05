import { describe, expect, test } from 'bun:test'
import { filterAt, filtersOf, marked, partsOf, requestOf, unknownIs, without, withFilter } from './query'

const filters = (text: string) => filtersOf(text).map(({ filter, value }) => `${filter}=${value}`)

describe('what somebody types', () => {
  test.each([
    ['deploy from:@ada in:#general', ['from=@ada', 'in=#general']],
    ['from:"Ada Lovelace" has:link', ['from=Ada Lovelace', 'has=link']],
    ['FROM:ada 部署失败 in:通用', ['from=ada', 'in=通用']],
    ['http://x.org a:b "from:ada"', []],
    ['from: in:', []],
  ])('“%s” holds these filters', (text, expected) => {
    expect(filters(text)).toEqual(expected)
  })

  test('is taken apart without losing anything', () => {
    const text = 'a "b c"  -d from:e'
    expect(partsOf(text).map(({ start, end }) => text.slice(start, end))).toEqual(['a', '"b c"', '-d', 'from:e'])
  })

  test('is completed where the caret stands', () => {
    expect(filterAt('x from:ad', 9)).toMatchObject({ filter: 'from', value: 'ad', start: 2, end: 9 })
    expect(filterAt('x from:', 7)).toMatchObject({ filter: 'from', value: '' })
    expect(filterAt('x from:ad y', 11)).toBeUndefined()
  })
})

test('a filter is added, replaces what can only be once, and is taken away again', () => {
  expect(withFilter('deploy', 'in', '#general')).toBe('deploy in:#general')
  expect(withFilter('deploy from:', 'from', '@ada')).toBe('deploy from:@ada')
  expect(withFilter('from:@ada', 'from', '@ada')).toBe('from:@ada')
  expect(withFilter('from:@ada x', 'from', 'Grace Hopper')).toBe('from:@ada x from:"Grace Hopper"')
  expect(withFilter('before:2026-01-01 x', 'before', '2026-02-01')).toBe('x before:2026-02-01')
  const text = 'deploy in:#general now'
  expect(without(text, partsOf(text)[1]!)).toBe('deploy now')
})

test.each([
  ['notes is:task', { q: 'notes', kinds: 'task' }],
  ['is:file is:message plan', { q: 'plan', kinds: 'attachment,message' }],
  ['plan from:', { q: 'plan', kinds: undefined }],
  ['is:task', undefined],
  ['  ', undefined],
])('“%s” asks the server for %o', (text, expected) => {
  expect(requestOf(text)).toEqual(expected as ReturnType<typeof requestOf>)
})

test('says what “is:” cannot be', () => {
  expect([unknownIs('x is:dog'), unknownIs('x is:task'), unknownIs('x is:')]).toEqual(['dog', undefined, undefined])
})

test('what was found is marked, and offsets that do not fit mark nothing', () => {
  expect(marked('one two three', [[4, 7]])).toEqual([
    { text: 'one ', found: false },
    { text: 'two', found: true },
    { text: ' three', found: false },
  ])
  expect(marked('短', [[0, 9]])).toEqual([{ text: '短', found: false }])
})
