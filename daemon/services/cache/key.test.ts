import { describe, expect, test } from 'bun:test'
import { canonical, keyOf, type KeyParts, valueKey } from './key'

/** Random numbers that are the same in every run. */
function seeded(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
}

type Json = null | boolean | number | string | Json[] | { [name: string]: Json }

const TEXTS = ['', 'a', 'user', 'Grüße', '\u0000"\\', '😀', '\ud800', '__proto__', 'constructor', '1', '10', '2', ' a']

function anything(random: () => number, depth = 0): Json {
  const kind = Math.floor(random() * (depth > 3 ? 5 : 7))
  const some = <T>(make: () => T): T[] => Array.from({ length: Math.floor(random() * 4) }, make)
  const text = () => TEXTS[Math.floor(random() * TEXTS.length)]! + Math.floor(random() * 4)
  switch (kind) {
    case 0:
      return null
    case 1:
      return random() < 0.5
    case 2:
      return Math.floor(random() * 1000) - 500
    case 3:
      return random() * 10
    case 4:
      return text()
    case 5:
      return some(() => anything(random, depth + 1))
    default:
      return record(some(() => [text(), anything(random, depth + 1)]))
  }
}

/** An object also of names that mean something to JavaScript. */
const record = (fields: [string, Json][]): { [name: string]: Json } =>
  JSON.parse(`{${fields.map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`).join(',')}}`)

const isObject = (value: Json): value is { [name: string]: Json } =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** The same value with the fields of every object in another order. */
function shuffled(value: Json, random: () => number): Json {
  if (Array.isArray(value)) return value.map((item) => shuffled(item, random))
  if (!isObject(value)) return value
  const fields = Object.entries(value).map(([name, field]): [string, Json, number] => [
    name,
    shuffled(field, random),
    random(),
  ])
  return record(fields.toSorted((a, b) => a[2] - b[2]).map(([name, field]) => [name, field]))
}

/** The same value with one thing in it changed. */
function changed(value: Json, random: () => number): Json {
  if (Array.isArray(value)) {
    const at = Math.floor(random() * (value.length + 1))
    if (at === value.length) return [...value, 'one more']
    if (random() < 0.3) return value.toSpliced(at, 1)
    return value.with(at, changed(value[at]!, random))
  }
  if (isObject(value)) {
    const fields = Object.entries(value)
    const at = Math.floor(random() * (fields.length + 1))
    const field = fields[at]
    if (!field) return record([...fields, ['one more', 1]])
    const roll = random()
    if (roll < 0.2) return record(fields.toSpliced(at, 1))
    if (roll < 0.4) return record(fields.with(at, [`${field[0]} `, field[1]]))
    return record(fields.with(at, [field[0], changed(field[1], random)]))
  }
  if (typeof value === 'string') return `${value} `
  if (typeof value === 'number') return value + 1
  return value === null ? false : String(value)
}

const parts = (body: Json, more: Partial<KeyParts> = {}): KeyParts => ({
  tenant: 'agent_1',
  address: 'https://api.example/v1/chat/completions',
  headers: { 'anthropic-version': '' },
  body: { model: 'm', body },
  ...more,
})

describe('the key of a request', () => {
  test('does not depend on the order of fields, anywhere in 2,000 random requests', () => {
    const random = seeded(1)
    for (let round = 0; round < 2000; round++) {
      const body = anything(random)
      expect(keyOf(parts(shuffled(body, random)))).toBe(keyOf(parts(body)))
    }
  })

  test('is another one after any single change, in 5,000 random requests', () => {
    const random = seeded(2)
    for (let round = 0; round < 5000; round++) {
      const body = anything(random)
      const other = changed(body, random)
      if (keyOf(parts(other)) === keyOf(parts(body)))
        throw new Error(`same key: ${JSON.stringify(body)} and ${JSON.stringify(other)}`)
    }
  })

  test('is the JSON value itself: the canonical form reads as what it was made of', () => {
    const random = seeded(3)
    for (let round = 0; round < 2000; round++) {
      const value = anything(random)
      const text = canonical(value)
      expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(value)))
      expect(text).toBe(canonical(JSON.parse(text)))
    }
  })

  test.each<[string, Partial<KeyParts>]>([
    ['tenant', { tenant: 'agent_2' }],
    ['endpoint', { address: 'https://other.example/v1/chat/completions' }],
    ['call', { address: 'https://api.example/v1/responses' }],
    ['version of the API', { headers: { 'anthropic-version': '2023-06-01' } }],
    ['model', { body: { model: 'n', body: 'hi' } }],
    ['way of answering', { body: { model: 'm', body: 'hi', stream: true } }],
    ['order of messages', { body: { model: 'm', body: 'hi', messages: [1, 2] } }],
  ])('is another one for another %s', (_, more) => {
    expect(keyOf(parts('hi', more))).not.toBe(keyOf(parts('hi')))
    expect(keyOf(parts('hi', { body: { model: 'm', body: 'hi', messages: [2, 1] } }))).not.toBe(
      keyOf(parts('hi', { body: { model: 'm', body: 'hi', messages: [1, 2] } })),
    )
  })

  test('is the same whoever asks, and whether or not it is said that nothing streams', () => {
    const body = { model: 'm', body: 'hi' }
    const same = [{ user: 'ann' }, { metadata: { user_id: 'x' } }, { prompt_cache_key: 'a' }, { stream: false }]
    for (const more of same) expect(keyOf(parts('hi', { body: { ...body, ...more } }))).toBe(keyOf(parts('hi')))
  })

  test('does not depend on the ids of what people said, which Codex makes anew each time, and does on all others', () => {
    const of = (...input: object[]) => keyOf(parts('hi', { body: { model: 'm', input } }))
    const said = { type: 'message', role: 'user', content: 'x' }
    expect(of({ ...said, id: 'msg_1' })).toBe(of({ ...said, id: 'msg_2' }))
    expect(of({ ...said, id: 'msg_1' })).toBe(of(said))
    for (const other of [{ ...said, role: 'assistant' }, { type: 'reasoning' }, { type: 'item_reference' }])
      expect(of({ ...other, id: 'a' })).not.toBe(of({ ...other, id: 'b' }))
    expect(of({ ...said, content: 'y' })).not.toBe(of(said))
  })

  test('does not exist where two requests would share one: numbers beyond what can be read, endless nesting', () => {
    const seeds = ['9007199254740993', '9007199254740992', '1e400', '-9007199254740993']
    for (const seed of seeds) expect(() => keyOf(parts(JSON.parse(seed)))).toThrow('not cached')
    expect(() => keyOf(parts(JSON.parse('['.repeat(5000) + ']'.repeat(5000))))).toThrow('not cached')
  })

  test('is never that of a value which a program keeps, and those are told apart by tenant and name', () => {
    const names = [
      valueKey('a', 'bc'),
      valueKey('ab', 'c'),
      valueKey('a', 'b'),
      valueKey('a","b', ''),
      valueKey('a', '","b'),
    ]
    expect(new Set([...names, keyOf(parts('hi'))]).size).toBe(6)
  })
})
