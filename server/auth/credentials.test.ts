import { expect, test } from 'bun:test'
import { startTestServer } from '../testing'
import { Credentials } from './credentials'

test('requests that come first and together are all ended by one revocation', async () => {
  await using server = await startTestServer()
  const user = await server.as('owner')
  const { credentials, db } = server.core
  const both = await Promise.all([credentials.resolve(user.token), credentials.resolve(user.token)])
  await db.tx((tx) => credentials.revoke(tx, { kind: 'session', ownerId: user.id }))
  expect(both.map((p) => p.kind === 'user' && p.revoked.aborted)).toEqual([true, true])
})

test('a token that is revoked while it is looked up lets nobody in', async () => {
  await using server = await startTestServer()
  const user = await server.as('owner')
  const { db, directory } = server.core
  const answered = Promise.withResolvers<void>()
  // A database whose answers are on their way for a while, as those of another machine are.
  const late = <T extends object>(made: T): T =>
    new Proxy(made, {
      get: (target, name) => {
        const value: unknown = Reflect.get(target, name)
        if (typeof value !== 'function') return value
        if (name === 'then')
          return (...then: unknown[]) => answered.promise.then(() => Reflect.apply(value, target, then))
        return (...args: unknown[]) => {
          const result: unknown = Reflect.apply(value, target, args)
          return typeof result === 'object' && result !== null ? late(result) : result
        }
      },
    })
  const rows = await db.q.select().from(db.t.credentials)
  const credentials = new Credentials({ ...db, q: late(db.q) }, directory)
  const looking = credentials.resolve(user.token).then(
    () => 'let in',
    (error: unknown) => error,
  )
  await db.tx((tx) => credentials.revoke(tx, { kind: 'session', ownerId: user.id }))
  // The table was asked before; what it said then is what arrives now.
  await db.tx((tx) => tx.insert(db.t.credentials, ...rows))
  answered.resolve()
  expect(await looking).toMatchObject({ code: 'token_invalid' })
})
