import { eq } from 'drizzle-orm'
import { describe, expect, test } from 'bun:test'
import { storages } from '../../test/storages'
import { affected } from './database'
import { migrate } from './migrate'
import { openDatabase } from './open'

for (const storage of storages.filter((s) => s.available))
  describe(storage.name, () => {
    test('a write says how many rows it changed', async () => {
      const scratch = await storage.scratch()
      const db = await openDatabase(scratch.dsn)
      await migrate(db)
      const { settings } = db.t
      await db.tx((tx) => tx.insert(settings, { name: 'a', value: '1' }, { name: 'b', value: '1' }))
      const counts = await db.tx(async (tx) => [
        affected(await tx.q.update(settings).set({ value: '2' }).where(eq(settings.value, '1'))),
        affected(await tx.q.update(settings).set({ value: '3' }).where(eq(settings.name, 'a'))),
        affected(await tx.q.update(settings).set({ value: '4' }).where(eq(settings.name, 'none'))),
        affected(await tx.q.delete(settings).where(eq(settings.name, 'b'))),
        affected(await tx.q.delete(settings).where(eq(settings.name, 'b'))),
      ])
      expect(counts).toEqual([2, 1, 0, 1, 0])
      await db.close()
      await scratch.drop()
    })
  })
