import { expect, test } from 'bun:test'
import { storages } from '../../test/storages'
import { createLogger } from '@shared/log'
import { migrate } from '../db/migrate'
import { openDatabase } from '../db/open'
import { databaseSize } from './status'

for (const storage of storages.filter((s) => s.available))
  test(`a database tells how much it takes (${storage.name})`, async () => {
    const scratch = await storage.scratch()
    const db = await openDatabase(scratch.dsn)
    try {
      await migrate(db)
      const bytes = await databaseSize({ db, log: createLogger({ write: () => {} }) })
      expect(bytes).toBeGreaterThan(16_384)
    } finally {
      await db.close()
      await scratch.drop()
    }
  }, 120_000)
