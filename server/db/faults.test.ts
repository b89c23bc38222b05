import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'bun:test'
import { newId } from '@shared/ids'
import { SQL } from 'bun'
import { eq, like } from 'drizzle-orm'
import { closeSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type SmallDisk, canMount, smallDisk } from '../../test/disk'
import { type Scratch, storages } from '../../test/storages'
import type { Database } from './database'
import { migrate } from './migrate'
import { openDatabase } from './open'

const put = (db: Database, name: string, value: string): Promise<void> =>
  db.tx((tx) => tx.insert(db.t.settings, { name, value }))

describe('a SQLite file', () => {
  let dir: string
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'faults-'))
  })
  afterEach(() => rmSync(dir, { recursive: true, force: true }))

  test('in a folder that cannot be made is refused with the folder and the setting', async () => {
    writeFileSync(join(dir, 'file'), '')
    const opening = openDatabase(`sqlite:${dir}/file/data/nekode.db`)
    expect(opening).rejects.toMatchObject({
      code: 'storage_unwritable',
      message: expect.stringContaining(`${dir}/file/data`),
      next: expect.stringContaining('NEKODE_DATA_DIR'),
    })
    await opening.catch(() => {})
  })

  test('that is a folder is refused', async () => {
    mkdirSync(join(dir, 'nekode.db'))
    expect(openDatabase(`sqlite:${dir}/nekode.db`)).rejects.toMatchObject({ code: 'storage_unwritable' })
  })

  test('that is something else is refused and left as it is', async () => {
    const path = join(dir, 'nekode.db')
    const text = 'these are my notes, and there are many of them. '.repeat(200)
    writeFileSync(path, text)
    expect(openDatabase(`sqlite:${path}`)).rejects.toMatchObject({
      code: 'storage_corrupt',
      message: expect.stringContaining(path),
    })
    await Bun.sleep(0)
    expect(readFileSync(path, 'utf8')).toBe(text)
  })

  test('whose pages were overwritten is reported as damaged', async () => {
    const path = join(dir, 'nekode.db')
    const before = await openDatabase(`sqlite:${path}`)
    await migrate(before)
    for (let i = 0; i < 50; i++) await put(before, `t-${i}`, 'x'.repeat(2000))
    await before.close()
    const fd = openSync(path, 'r+')
    for (let page = 1; page < 60; page++) writeSync(fd, Buffer.alloc(4096, 0xaa), 0, 4096, page * 4096)
    closeSync(fd)
    const use = async (): Promise<void> => {
      const db = await openDatabase(`sqlite:${path}`)
      await put(db, 'another', 'x').finally(() => db.close())
    }
    const error = await use().catch((e: unknown) => e)
    expect(error).toMatchObject({ code: 'storage_corrupt', kind: 'unavailable' })
  })

  test('that another program keeps locked is waited for, and then reported', async () => {
    const db = await openDatabase(`sqlite:${dir}/nekode.db`)
    await migrate(db)
    const { Database: Sqlite } = await import('bun:sqlite')
    const other = new Sqlite(join(dir, 'nekode.db'))
    other.run('BEGIN IMMEDIATE')
    const refused = await put(db, 't-a', '1').catch((e: unknown) => e)
    expect(refused).toMatchObject({ code: 'storage_locked', kind: 'unavailable' })
    other.run('ROLLBACK')
    await put(db, 't-a', '1')
    expect(await db.q.select().from(db.t.settings).where(eq(db.t.settings.name, 't-a'))).toHaveLength(1)
    other.close()
    await db.close()
  }, 30_000)
})

describe.skipIf(!canMount())('a full disk', () => {
  let disk: SmallDisk
  beforeAll(() => {
    disk = smallDisk('8m')!
  })
  afterAll(() => disk[Symbol.dispose]())

  test('refuses writes with a reason, loses nothing that was accepted, and takes writes again when there is room', async () => {
    const ballast = join(disk.path, 'ballast')
    writeFileSync(ballast, Buffer.alloc(5_000_000))
    const db = await openDatabase(`sqlite:${disk.path}/nekode.db`)
    await migrate(db)
    const accepted: string[] = []
    const refused: unknown[] = []
    const write = async (): Promise<void> => {
      const name = newId('evt')
      try {
        await db.tx(async (tx) => {
          await tx.insert(db.t.settings, { name, value: 'x'.repeat(10_000) })
          tx.emit({
            kind: 'user',
            operation: 'updated',
            aggregateId: name,
            audience: 'all',
            actor: { kind: 'system', id: '', name: '', displayName: '' },
            payload: {},
          })
        })
        accepted.push(name)
      } catch (error) {
        refused.push(error)
      }
    }
    for (let i = 0; i < 40; i++) await Promise.all(Array.from({ length: 8 }, write))
    expect(accepted.length).toBeGreaterThan(0)
    expect(refused.length).toBeGreaterThan(0)
    for (const error of refused) expect(error).toMatchObject({ code: 'storage_full', kind: 'unavailable' })
    const stored = async (): Promise<string[]> =>
      (await db.q.select({ name: db.t.settings.name }).from(db.t.settings).where(like(db.t.settings.name, 'evt%'))).map(
        (r) => r.name,
      )
    expect((await stored()).toSorted()).toEqual(accepted.toSorted())

    rmSync(ballast)
    const before = accepted.length
    for (let i = 0; i < 5; i++) await write()
    expect(accepted.length).toBe(before + 5)
    expect((await stored()).toSorted()).toEqual(accepted.toSorted())
    const log = await db.q.select().from(db.t.events).orderBy(db.t.events.sequence)
    expect(log.map((e) => e.aggregateId)).toEqual(accepted)
    expect(log.map((e) => e.sequence)).toEqual(accepted.map((_, i) => i + 1))
    await db.close()
  }, 30_000)
})

for (const storage of storages.filter((s) => s.name !== 'sqlite'))
  describe.skipIf(!storage.available)(`a ${storage.name} server`, () => {
    let scratch: Scratch
    let db: Database
    beforeEach(async () => {
      scratch = await storage.scratch()
      db = await openDatabase(scratch.dsn)
      await migrate(db)
    })
    afterEach(async () => {
      await db.close()
      await scratch.drop()
    })
    const other = (): SQL => new SQL(scratch.dsn, { max: 1 })

    test('that nobody listens for is reported with what to check', async () => {
      const url = new URL(scratch.dsn)
      url.port = '1'
      expect(openDatabase(url.href)).rejects.toMatchObject({
        code: 'storage_unreachable',
        next: expect.stringContaining('NEKODE_DB_DSN'),
      })
    })

    test('that ends all connections is used again by itself', async () => {
      await put(db, 't-a', '1')
      const sql = other()
      if (storage.name === 'postgres')
        await sql.unsafe(
          'select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()',
        )
      else
        for (const { id } of await sql.unsafe<{ id: number }[]>(
          'select id from information_schema.processlist where db = database() and id <> connection_id()',
        ))
          await sql.unsafe(`kill ${id}`)
      await sql.close()
      await put(db, 't-b', '2')
      expect(await db.q.select().from(db.t.settings).where(like(db.t.settings.name, 't-%'))).toHaveLength(2)
    })

    test('that ends a connection within a transaction fails that transaction only, and stores none of it', async () => {
      const broken = db.tx(async (tx) => {
        await tx.insert(db.t.settings, { name: 't-lost', value: '' })
        const sql = other()
        if (storage.name === 'postgres')
          await sql.unsafe(
            'select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()',
          )
        else
          for (const { id } of await sql.unsafe<{ id: number }[]>(
            'select id from information_schema.processlist where db = database() and id <> connection_id()',
          ))
            await sql.unsafe(`kill ${id}`)
        await sql.close()
        await tx.insert(db.t.settings, { name: 't-lost-too', value: '' })
      })
      const error = await broken.catch((e: unknown) => e)
      expect(error).toMatchObject({ code: 'storage_unreachable' })
      await put(db, 't-after', '')
      expect(
        (await db.q.select().from(db.t.settings).where(like(db.t.settings.name, 't-%'))).map((r) => r.name),
      ).toEqual(['t-after'])
    })

    test('a deadlock with another program runs the transaction again, once to an end', async () => {
      await put(db, 't-shared', '0')
      await db.tx(async (tx) =>
        tx.emit({
          kind: 'user',
          operation: 'updated',
          aggregateId: 'a',
          audience: 'all',
          actor: { kind: 'system', id: '', name: '', displayName: '' },
          payload: {},
        }),
      )
      const sql = other()
      const held = Promise.withResolvers<void>()
      const wanted = Promise.withResolvers<void>()
      const rival = sql
        .begin(async (c) => {
          await c.unsafe(`update settings set value = 'rival' where name = 't-shared'`)
          held.resolve()
          await wanted.promise
          // Ours waits for that row by now; PostgreSQL looks for deadlocks after a second, so ours is the one that finds it.
          await Bun.sleep(300)
          await c.unsafe(`select value from settings where name = 'event_head' for update`)
        })
        .then(
          () => 'committed',
          () => 'ended',
        )
      await held.promise
      let runs = 0
      await db.tx(async (tx) => {
        runs++
        wanted.resolve()
        await tx.q
          .update(db.t.settings)
          .set({ value: `ours ${runs}` })
          .where(eq(db.t.settings.name, 't-shared'))
      })
      const [row] = await db.q.select().from(db.t.settings).where(eq(db.t.settings.name, 't-shared'))
      expect(row!.value).toBe(`ours ${runs}`)
      const outcome = await rival
      // The database ends one of the two: when it was ours, it ran twice.
      expect(runs).toBe(outcome === 'committed' ? 2 : 1)
      await sql.close()
    }, 30_000)
  })
