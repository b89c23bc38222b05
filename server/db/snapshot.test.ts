import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { NekodeError } from '@shared/errors'
import { type Scratch, storages } from '../../test/storages'
import type { Database } from './database'
import { migrate } from './migrate'
import { openDatabase } from './open'
import { openSnapshot } from './snapshot'

describe.each(storages.filter((s) => s.available).map((s) => [s.name, s] as const))('%s', (_, storage) => {
  let scratch: Scratch
  let db: Database
  beforeAll(async () => {
    scratch = await storage.scratch()
    db = await openDatabase(scratch.dsn)
    await migrate(db)
  }, 60_000)
  afterAll(async () => {
    await db.close()
    await scratch.drop()
  })
  const put = (name: string) => db.tx((tx) => tx.insert(db.t.settings, { name, value: 'x' }))
  const namesIn = async (q: Database['q']) => (await q.select().from(db.t.settings)).map(({ name }) => name)

  test('everything that it shows is of one moment, and nobody who writes waits for it', async () => {
    await put('before')
    const snapshot = await openSnapshot(scratch.dsn)
    // These commit while it is open, or this test does not end.
    await put('after')
    expect(await namesIn(snapshot.q)).toContain('before')
    await put('later')
    const seen = await namesIn(snapshot.q)
    expect([seen.includes('before'), seen.includes('after'), seen.includes('later')]).toEqual([true, false, false])
    await snapshot.close()
    const again = await openSnapshot(scratch.dsn)
    expect(await namesIn(again.q)).toContain('later')
    await again.close()
  })

  test('it cannot be written to', async () => {
    const snapshot = await openSnapshot(scratch.dsn)
    const writing = snapshot.raw(`delete from settings`)
    expect(
      await writing.then(
        () => 'written',
        () => 'refused',
      ),
    ).toBe('refused')
    await snapshot.close()
    expect(await namesIn(db.q)).toContain('before')
  })
})

test.each([
  ['sqlite:/nowhere/at/all.db', 'storage_unwritable'],
  ['postgres://nobody@127.0.0.1:1/none', 'storage_unreachable'],
  ['mysql://nobody@127.0.0.1:1/none', 'storage_unreachable'],
])('of %s there is none', async (dsn, code) => {
  const opening = openSnapshot(dsn).then(
    () => 'open',
    (error: unknown) => (error instanceof NekodeError ? error.code : error),
  )
  expect(await opening).toBe(code)
})
