import { describe, expect, test } from 'bun:test'
import { candidates, mentionedIn, type Someone } from './mentions'

const someone = (name: string, fields: Partial<Someone> = {}): Someone => ({
  kind: 'agent',
  id: `id_${name}`,
  name,
  displayName: name,
  inside: true,
  ...fields,
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

test('mentions in a text are found as the server finds them', () => {
  const people = [someone('scout'), someone('ada'), someone('a.b')]
  const found = (text: string) => mentionedIn(text, people).map(({ name }) => name)
  expect(found('@scout, @Ada. and @a.b!')).toEqual(['scout', 'ada', 'a.b'])
  expect(found('x@scout.dev and pkg/@ada')).toEqual([])
})
