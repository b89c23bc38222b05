import { afterEach, beforeEach, expect, test } from 'bun:test'
import { NekodeError } from '@shared/errors'
import type { Database } from '../db/database'
import { migrate } from '../db/migrate'
import { openDatabase } from '../db/open'
import { canonicalJson } from './canonical'
import { type Call, Idempotency, KEY_TTL_MS } from './service'

let db: Database
let idempotency: Idempotency
beforeEach(async () => {
  db = await openDatabase(':memory:')
  await migrate(db)
  idempotency = new Idempotency(db)
})
afterEach(() => db.close())

const call = (over: Partial<Call> = {}): Call => ({
  principal: 'user:usr_1',
  method: 'POST /api/messages',
  key: 'k1',
  request: { target: '#general', content: 'hi' },
  ...over,
})

let performed = 0
beforeEach(() => {
  performed = 0
})
const perform = async () => ({ n: ++performed })
const once = (c: Call) => db.tx((tx) => idempotency.once(tx, c, perform))
const rows = () => db.q.select().from(db.t.idempotency)

test('a repeated call is performed once and gets the same answer', async () => {
  expect(await once(call())).toEqual({ n: 1 })
  expect(await once(call())).toEqual({ n: 1 })
  expect(await once(call({ request: { content: 'hi', target: '#general', threadId: undefined } }))).toEqual({ n: 1 })
  expect(performed).toBe(1)
  expect(await rows()).toHaveLength(1)
})

test('calls that come at the same time are performed once', async () => {
  const answers = await Promise.all(Array.from({ length: 20 }, () => once(call())))
  expect(answers).toEqual(Array.from({ length: 20 }, () => ({ n: 1 })))
  expect(performed).toBe(1)
})

test.each([
  ['another principal', { principal: 'user:usr_2' }],
  ['another method', { method: 'SendMessage' }],
  ['another key', { key: 'k2' }],
])('%s is another call', async (_, over) => {
  await once(call())
  expect(await once(call(over))).toEqual({ n: 2 })
})

test('the same key with another request is refused and changes nothing', async () => {
  await once(call())
  const refused = once(call({ request: { target: '#general', content: 'ho' } }))
  expect(refused).rejects.toMatchObject({ kind: 'conflict', code: 'idempotency_conflict' })
  await refused.catch(() => {})
  expect(performed).toBe(1)
  expect(await rows()).toHaveLength(1)
})

test('a call that fails stores nothing, so the key can be used again', async () => {
  const failing = db.tx((tx) =>
    idempotency.once(tx, call(), () => Promise.reject(new NekodeError('invalid', 'no such target'))),
  )
  expect(failing).rejects.toThrow('no such target')
  await failing.catch(() => {})
  expect(await rows()).toHaveLength(0)
  expect(await once(call())).toEqual({ n: 1 })
})

test('a key is forgotten after a day', async () => {
  await once(call())
  await idempotency.sweep(Date.now() + KEY_TTL_MS - 1000)
  expect(await rows()).toHaveLength(1)
  await idempotency.sweep(Date.now() + KEY_TTL_MS + 1000)
  expect(await once(call())).toEqual({ n: 2 })
})

test.each([
  [{ b: 1, a: [{ d: 1, c: null }] }, '{"a":[{"c":null,"d":1}],"b":1}'],
  [{ a: undefined }, '{}'],
  [[undefined, 'é'], '[null,"é"]'],
  [7n, '"7n"'],
])('%p in canonical form is %p', (value, text) => {
  expect(canonicalJson(value)).toBe(text)
})
