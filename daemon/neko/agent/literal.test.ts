import { describe, expect, test } from 'bun:test'
import { findLiterals, type Literal } from './literal'

const values = (text: string): Literal[] => findLiterals(text).map(({ value }) => value)

const READ: [string, string, Literal][] = [
  [
    'JSON',
    '{"action": "CLICK", "value": null, "position": [0.49, 0.42]}',
    { action: 'CLICK', value: null, position: [0.49, 0.42] },
  ],
  [
    'a dictionary of Python',
    "{'action': 'CLICK', 'value': None, 'position': [0.49, 0.42]}",
    { action: 'CLICK', value: null, position: [0.49, 0.42] },
  ],
  ['True, False and tuples', "{'a': True, 'b': False, 'p': (0.1, 0.2)}", { a: true, b: false, p: [0.1, 0.2] }],
  ['commas at the end', '{"a": [1, 2,], "b": 3,}', { a: [1, 2], b: 3 }],
  ['keys without quotes', '{action: "CLICK", position: [1, 2]}', { action: 'CLICK', position: [1, 2] }],
  [
    'words without quotes',
    '{action: CLICK, value: hello world, position: None}',
    { action: 'CLICK', value: 'hello world', position: null },
  ],
  ['equals signs', "{action='TAP', position=[1, 2]}", { action: 'TAP', position: [1, 2] }],
  ['an apostrophe that was not escaped', "{'value': 'it's here', 'x': 1}", { value: "it's here", x: 1 }],
  ['quotes that were not escaped', '{"value": "say "hello" to me", "x": 1}', { value: 'say "hello" to me', x: 1 }],
  [
    'a comma after an apostrophe',
    "{'value': 'the dogs', and cats', 'position': None}",
    { value: "the dogs', and cats", position: null },
  ],
  ['escapes', String.raw`{"value": "a\nb\t\"c\" \u00e9 \x41 \\ \/"}`, { value: 'a\nb\t"c" é A \\ /' }],
  ['line feeds in strings', '{"value": "a\nb"}', { value: 'a\nb' }],
  ['strings of three quotes', "{'value': '''it's \"that\"'''}", { value: 'it\'s "that"' }],
  ['strings of Python with a letter', "{'value': r'abc', 'x': f'd'}", { value: 'abc', x: 'd' }],
  ['comments', '{"a": 1, // one\n "b": 2 # two\n}', { a: 1, b: 2 }],
  [
    'a missing bracket at the end',
    "{'action': 'CLICK', 'value': None, 'position': [0.4, 0.3]",
    { action: 'CLICK', value: null, position: [0.4, 0.3] },
  ],
  ['per cent', '{"position": [45%, 20.5%]}', { position: ['45%', '20.5%'] }],
  ['numbers of all kinds', '[-1, +2.5, .5, 1e3, 3.]', [-1, 2.5, 0.5, 1000, 3]],
  ['nothing inside', '{}', {}],
  ['words before and after', 'I click.\n{"a": 1} That is it.', { a: 1 }],
]

const NOT_READ: [string, string][] = [
  ['an object that was cut inside of a number', '{"action": "CLICK", "position": [0.4, 0.'],
  ['an object that was cut after a number, which may go on', '{"action": "CLICK", "position": [0.4, 0.3'],
  ['an object that was cut inside of a string', '{"action": "INPUT", "value": "hel'],
  ['no object at all', 'I would click on the button.'],
  ['an object with something in it that is nothing', '{"a": 1 2 3}'],
  ['brackets without end', '['.repeat(5000)],
]

describe('values as models write them', () => {
  test.each(READ)('%s', (_, text, value) => expect(values(text)[0]).toEqual(value))
  test.each(NOT_READ)('%s is no value', (_, text) => expect(values(text)).toEqual([]))

  test('all of them are found, and what is inside of one is part of it', () => {
    expect(values('first {"a": {"b": 1}} then [2, {"c": 3}] and {"d": 4}')).toEqual([
      { a: { b: 1 } },
      [2, { c: 3 }],
      { d: 4 },
    ])
  })

  test('what is JSON is read as JSON.parse reads it, whatever it is', () => {
    let seed = 7
    const random = (below: number) => (seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648) % below
    const texts = [
      '',
      'a',
      'it\'s "so"',
      'x: y, z',
      '},{',
      '\\n',
      'ü€😀',
      '[1, 2]',
      "', 'a': '",
      '// no',
      '# no',
      'None',
    ]
    const make = (depth: number): Literal => {
      const kind = random(depth > 3 ? 4 : 6)
      if (kind === 0) return texts[random(texts.length)]!
      if (kind === 1) return (random(20_001) - 10_000) / 100
      if (kind === 2) return random(2) === 0
      if (kind === 3) return null
      const items = Array.from({ length: random(4) }, () => make(depth + 1))
      return kind === 4 ? items : Object.fromEntries(items.map((item, index) => [`k${index}`, item]))
    }
    for (let i = 0; i < 500; i++) {
      const value = { it: make(0) }
      expect(values(`${JSON.stringify(value)} and so on`)[0]).toEqual(value)
    }
  })

  test('no text makes it fail or take long', () => {
    let seed = 3
    const random = (below: number) => (seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648) % below
    const alphabet = [
      '{',
      '}',
      '[',
      ']',
      '(',
      ')',
      '"',
      "'",
      ',',
      ':',
      '\\',
      'a',
      '1',
      '.',
      '-',
      ' ',
      '\n',
      '#',
      '/',
      '%',
      'None',
    ]
    for (let i = 0; i < 2000; i++) {
      const text = Array.from({ length: random(60) }, () => alphabet[random(alphabet.length)]).join('')
      for (const { start, end } of findLiterals(text)) expect(end).toBeGreaterThan(start)
    }
    expect(findLiterals('{"a": "' + 'x, "'.repeat(20_000) + 'y')).toEqual([])
  })
})
