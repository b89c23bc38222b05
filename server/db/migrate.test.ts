import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { mkdtempSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Scratch, storages } from '../../test/storages'
import type { Database } from './database'
import { migrate } from './migrate'
import { openDatabase } from './open'

const ROOT = join(import.meta.dir, '../..')

/** Runs TypeScript in a process of its own, with the database's address as DSN. */
const child = (dsn: string, code: string): Bun.Subprocess<'ignore', 'pipe', 'inherit'> =>
  Bun.spawn(
    [
      process.execPath,
      '-e',
      `import { openDatabase } from './server/db/open'
       import { migrate } from './server/db/migrate'
       const db = await openDatabase(process.env.DSN)
       ${code}`,
    ],
    { cwd: ROOT, env: { ...process.env, DSN: dsn }, stdin: 'ignore', stdout: 'pipe', stderr: 'inherit' },
  )

for (const storage of storages)
  describe.skipIf(!storage.available)(`migrations on ${storage.name}`, () => {
    let scratch: Scratch
    let db: Database
    let dir: string
    const files = readdirSync(join(import.meta.dir, 'migrations', storage.name)).filter((f) => f.endsWith('.sql'))

    beforeEach(async () => {
      scratch = await storage.scratch()
      db = await openDatabase(scratch.dsn)
      dir = mkdtempSync(join(tmpdir(), 'migrations-'))
      mkdirSync(join(dir, storage.name))
    })
    afterEach(async () => {
      await db.close()
      await scratch.drop()
      rmSync(dir, { recursive: true, force: true })
    })

    const file = (name: string, text: string): void => writeFileSync(join(dir, storage.name, name), text)
    const change = (sql: string): Promise<unknown> => db.exclusive((raw) => raw(sql))

    test('all run once, and not again', async () => {
      expect(await migrate(db)).toBe(files.length)
      expect(await migrate(db)).toBe(0)
      expect(await db.q.select().from(db.t.users)).toEqual([])
    })

    test('new ones run on top of those that ran before, in order of their names', async () => {
      file('0000_a.sql', 'create table a (id int primary key);\n--> statement-breakpoint\ninsert into a values (1);')
      expect(await migrate(db, dir)).toBe(1)
      file('0002_c.sql', 'insert into b values (3);')
      file('0001_b.sql', 'create table b (id int primary key);')
      expect(await migrate(db, dir)).toBe(2)
      expect(await db.raw('select id from b')).toEqual([{ id: 3 }])
    })

    test('a database that a newer version used is refused and left as it is', async () => {
      await migrate(db)
      await change(`insert into _migrations values ('9999_future.sql', 'h', 1)`)
      expect(migrate(db)).rejects.toMatchObject({
        code: 'schema_newer',
        message: expect.stringContaining('9999_future.sql'),
      })
    })

    test('a migration that changed after it ran is refused', async () => {
      file('0000_a.sql', 'create table a (id int primary key);')
      await migrate(db, dir)
      file('0000_a.sql', 'create table a (id int primary key, name int);')
      expect(migrate(db, dir)).rejects.toMatchObject({
        code: 'schema_changed',
        message: expect.stringContaining('0000_a.sql'),
      })
    })

    test('one that fails says so, and where the database can undo it everything is as before', async () => {
      file('0000_a.sql', 'create table a (id int primary key);')
      file('0001_b.sql', 'create table b (id int primary key);\n--> statement-breakpoint\nno such statement;')
      const failure = await migrate(db, dir).catch((e: unknown) => e)
      const partly = storage.name === 'mysql'
      expect(failure).toMatchObject({
        code: 'migration_failed',
        message: `The migration 0001_b.sql failed${partly ? ' part-way' : '; nothing was changed'}.`,
      })
      if (partly) return
      file('0001_b.sql', 'create table b (id int primary key);')
      expect(await migrate(db, dir)).toBe(2)
    })

    test('servers that start at the same time migrate once', async () => {
      const children = Array.from({ length: 4 }, () =>
        child(scratch.dsn, 'console.log(await migrate(db)); await db.close()'),
      )
      const counts = await Promise.all(children.map((c) => new Response(c.stdout).text()))
      expect(await Promise.all(children.map((c) => c.exited))).toEqual([0, 0, 0, 0])
      expect(counts.map(Number).toSorted()).toEqual([0, 0, 0, files.length])
    }, 30_000)

    test('a server that is killed while it migrates does not keep the next one out', async () => {
      const hanging = child(
        scratch.dsn,
        `await db.exclusive(async (raw) => {
           await raw('create table half (id int primary key)')
           console.log('inside')
           await Bun.sleep(1e9)
         })`,
      )
      const reader = hanging.stdout.getReader()
      expect(new TextDecoder().decode((await reader.read()).value)).toBe('inside\n')
      hanging.kill('SIGKILL')
      await hanging.exited
      expect(await migrate(db)).toBe(files.length)
    }, 30_000)
  })
