import { describe, expect, test } from 'bun:test'
import { HIDDEN as hiddenByServer } from '@shared/contract'
import { changedConfig, fieldsOf, HIDDEN, isKept, newConfig, split, valuesOf } from './form'

const schema = {
  type: 'object',
  properties: {
    text_field: { type: 'string', maxLength: 64 },
    url: { type: 'string', title: 'Address', format: 'uri', maxLength: 2000, description: 'Where it listens' },
    token: { type: 'string', title: 'Token', writeOnly: true },
    hook: { type: 'string', title: 'Hook', format: 'uri', writeOnly: true },
    mode: { type: 'string', enum: ['mention', 'always'], title: 'Mode' },
    sandbox: { type: 'boolean', title: 'Sandbox' },
    port: { type: ['integer', 'null'], title: 'Port' },
    header: { type: 'string', pattern: '^[a-z]+$' },
    nested: { type: 'object', properties: {} },
  },
  required: ['url', 'token'],
}
const fields = fieldsOf(schema)
const config = { url: 'https://a.example', token: HIDDEN, sandbox: true, port: 8080, nested: { a: 1 } }

describe('the fields of a schema', () => {
  test('have what is required first, and each its kind', () => {
    expect(fields.map(({ name, kind, required }) => [name, kind, required])).toEqual([
      ['url', 'url', true],
      ['token', 'secret', true],
      ['text_field', 'text', false],
      ['hook', 'secret', false],
      ['mode', 'choice', false],
      ['sandbox', 'switch', false],
      ['port', 'number', false],
      ['header', 'text', false],
    ])
  })

  test('say what the schema says of them, and a name without a title is made readable', () => {
    expect(fields[0]).toMatchObject({ label: 'Address', hint: 'Where it listens', max: 2000 })
    expect(fields.find(({ name }) => name === 'text_field')).toMatchObject({ label: 'Text field', max: 64 })
    expect(fields.find(({ name }) => name === 'mode')?.choices).toEqual(['mention', 'always'])
    expect(fields.find(({ name }) => name === 'header')?.pattern).toBe('^[a-z]+$')
  })

  test('are in view as far as there is room, and what is required always', () => {
    const many = (required: number, optional: number) =>
      split(
        fieldsOf({
          properties: Object.fromEntries(
            Array.from({ length: required + optional }, (_, at) => [`f${at}`, { type: 'string' }]),
          ),
          required: Array.from({ length: required }, (_, at) => `f${at}`),
        }),
      )
    const sizes = (parts: ReturnType<typeof many>) => [parts.shown.length, parts.folded.length]
    expect(sizes(many(0, 8))).toEqual([4, 4])
    expect(sizes(many(1, 2))).toEqual([3, 0])
    // To fold a single one away would cost the same room.
    expect(sizes(many(1, 4))).toEqual([5, 0])
    expect(sizes(many(6, 2))).toEqual([6, 2])
  })

  test.each([[{}], [{ properties: null }], [{ properties: { a: 1, b: null, c: [] } }], [{ properties: [] }]])(
    'there are none in %j',
    (nothing) => expect(fieldsOf(nothing)).toEqual([]),
  )
})

describe('settings', () => {
  test('of a new endpoint are what was filled in', () => {
    const values = { ...valuesOf(fields, null), url: ' https://b.example ', token: 's3cret', port: '1', sandbox: false }
    expect(newConfig(fields, values)).toEqual({ url: 'https://b.example', token: 's3cret', port: 1 })
  })

  test('that nobody touched are not sent, secrets least of all', () => {
    expect(changedConfig(fields, valuesOf(fields, config), config)).toEqual({})
    expect(valuesOf(fields, config)['token']).toBeUndefined()
    expect(fields.filter((field) => isKept(field, config)).map(({ name }) => name)).toEqual(['token'])
  })

  test('that were changed are sent alone, and null takes one away', () => {
    const values = { ...valuesOf(fields, config), url: 'https://c.example', token: null, port: '', sandbox: false }
    expect(changedConfig(fields, values, config)).toEqual({
      url: 'https://c.example',
      token: null,
      port: null,
      sandbox: false,
    })
  })

  test('a secret is replaced when another one is typed', () => {
    expect(changedConfig(fields, { ...valuesOf(fields, config), token: 'new' }, config)).toEqual({ token: 'new' })
  })

  test('hides secrets as the server does', () => expect(HIDDEN).toBe(hiddenByServer))
})
