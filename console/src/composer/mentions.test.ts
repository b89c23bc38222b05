import { describe, expect, test } from 'bun:test'
import { candidates, complete, mentionAt, mentionedIn, type Someone } from './mentions'

const someone = (name: string, fields: Partial<Someone> = {}): Someone => ({
  kind: 'agent',
  id: `id_${name}`,
  name,
  displayName: name,
  inside: true,
  ...fields,
})

describe('mentionAt', () => {
  test.each([
    ['at the start', '@sc', 3, { start: 0, query: 'sc' }],
    ['right after the sign', 'hi @', 4, { start: 3, query: '' }],
    ['in the middle of a text', 'ask @Sco about it', 8, { start: 4, query: 'sco' }],
    ['after a bracket', '(@s', 3, { start: 1, query: 's' }],
    ['after a Chinese comma', '你好，@s', 5, { start: 3, query: 's' }],
  ])('a mention is being typed %s', (_, text, caret, typed) => {
    expect(mentionAt(text, caret)).toEqual(typed)
  })

  test.each([
    ['in an address', 'x@scout', 7],
    ['after a space', '@scout ', 7],
    ['before the sign', 'hi @scout', 2],
  ])('none is %s', (_, text, caret) => {
    expect(mentionAt(text, caret)).toBeUndefined()
  })
})

describe('candidates', () => {
  const people = [
    someone('grace', { kind: 'human', displayName: 'Grace Hopper' }),
    someone('scout'),
    someone('escort', { inside: false }),
    someone('scribe', { inside: false }),
    someone('ada', { kind: 'human', displayName: 'Scarlett' }),
  ]

  test('members come first, then whose handle starts with it, then whose name does', () => {
    expect(candidates(people, 'sc').map(({ name }) => name)).toEqual(['scout', 'ada', 'scribe', 'escort'])
  })

  test('without a letter everybody fits, agents before people', () => {
    expect(candidates(people, '').map(({ name }) => name)).toEqual(['scout', 'ada', 'grace', 'escort', 'scribe'])
  })

  test('nobody fits nonsense, and the list is short', () => {
    expect(candidates(people, 'zz')).toEqual([])
    expect(
      candidates(
        Array.from({ length: 30 }, (_, at) => someone(`a${at}`)),
        'a',
      ),
    ).toHaveLength(8)
  })
})

test('choosing puts the handle in the place of what was typed, with one space after it', () => {
  expect(complete('ask @sc', { start: 4, query: 'sc' }, 'scout')).toEqual({ text: 'ask @scout ', caret: 11 })
  expect(complete('ask @sc please', { start: 4, query: 'sc' }, 'scout')).toEqual({
    text: 'ask @scout please',
    caret: 11,
  })
})

test('mentions in a text are found as the server finds them', () => {
  const people = [someone('scout'), someone('ada'), someone('a.b')]
  const found = (text: string) => mentionedIn(text, people).map(({ name }) => name)
  expect(found('@scout, @Ada. and @a.b!')).toEqual(['scout', 'ada', 'a.b'])
  expect(found('x@scout.dev and pkg/@ada')).toEqual([])
})
