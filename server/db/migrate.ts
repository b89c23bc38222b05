import { NekodeError } from '@shared/errors'
import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import type { Database } from './database'

const Applied = z.object({ name: z.string(), hash: z.string() })

/** Long enough for a slow migration by another replica; after that somebody has to look. */
const LOCK_SECONDS = 120

/** Where the SQL files are: beside this file in the source tree, inside the executable once compiled. */
const folder = (): string => join(import.meta.dir, 'migrations')

/**
 * Applies the SQL files of `server/db/migrations/<dialect>` that have not run yet, each once, in order of name. Replicas that
 * start together wait for each other. Throws when the database is newer than this build, or when a file changed after it ran.
 */
export async function migrate(db: Database, dir = folder()): Promise<number> {
  const release = await lock(db)
  try {
    return await apply(db, join(dir, db.dialect))
  } finally {
    await release()
  }
}

async function apply(db: Database, dir: string): Promise<number> {
  const type = db.dialect === 'sqlite' ? 'text' : 'varchar(190)'
  await db.raw(
    `create table if not exists _migrations (name ${type} primary key, hash ${type} not null, at bigint not null)`,
  )
  const files = readdirSync(dir)
    .filter((f) => f.endsWith('.sql'))
    .sort()
  const rows = await db.raw('select name, hash from _migrations')
  const done = new Map(rows.map((row) => Applied.parse(row)).map((row) => [row.name, row.hash]))
  for (const name of done.keys()) {
    if (!files.includes(name))
      throw new NekodeError('precondition', `The database was last used by a newer Nekode (it has ${name}).`, {
        code: 'schema_newer',
        next: 'Start that version or a later one, or restore a backup that was made with this version.',
      })
  }
  let count = 0
  for (const name of files) {
    const text = readFileSync(join(dir, name), 'utf8')
    const hash = new Bun.CryptoHasher('sha256').update(text).digest('hex')
    const known = done.get(name)
    if (known !== undefined && known !== hash)
      throw new NekodeError('precondition', `The migration ${name} is not the one that this database was made with.`, {
        code: 'schema_changed',
        next: 'Use a released build; a migration never changes after its release.',
      })
    if (known !== undefined) continue
    await run(db, name, hash, text)
    count++
  }
  return count
}

async function run(db: Database, name: string, hash: string, text: string): Promise<void> {
  const transactional = db.dialect !== 'mysql' // MySQL commits at every schema statement anyway
  if (db.dialect === 'sqlite') await db.raw('BEGIN IMMEDIATE')
  try {
    for (const statement of text.split('--> statement-breakpoint')) if (statement.trim()) await db.raw(statement)
    const insert =
      db.dialect === 'postgres'
        ? 'insert into _migrations values ($1, $2, $3)'
        : 'insert into _migrations values (?, ?, ?)'
    await db.raw(insert, [name, hash, Date.now()])
    if (db.dialect === 'sqlite') await db.raw('COMMIT')
  } catch (cause) {
    if (db.dialect === 'sqlite') await db.raw('ROLLBACK')
    throw new NekodeError(
      'internal',
      `The migration ${name} failed${transactional ? '; nothing was changed by it' : ''}.`,
      {
        code: 'migration_failed',
        cause,
      },
    )
  }
}

/** An advisory lock where several servers can share a database. */
async function lock(db: Database): Promise<() => Promise<void>> {
  if (db.dialect === 'sqlite') return async () => {}
  const until = Date.now() + LOCK_SECONDS * 1000
  await db.raw('create table if not exists _migration_lock (id int primary key, at bigint not null)')
  const take =
    db.dialect === 'postgres'
      ? 'insert into _migration_lock values (1, $1)'
      : 'insert into _migration_lock values (1, ?)'
  for (;;) {
    try {
      await db.raw(take, [Date.now()])
      return async () => void (await db.raw('delete from _migration_lock where id = 1'))
    } catch (cause) {
      const rows = await db.raw('select at from _migration_lock where id = 1')
      // A server that died while it migrated left its row behind.
      if (Number(rows[0]?.at ?? 0) < Date.now() - LOCK_SECONDS * 1000)
        await db.raw('delete from _migration_lock where id = 1')
      if (Date.now() > until)
        throw new NekodeError('unavailable', 'Another server is migrating the database and does not finish.', {
          code: 'migration_locked',
          next: 'Look at that server’s log. When it is gone, delete the row of _migration_lock and start again.',
          cause,
        })
      await Bun.sleep(200)
    }
  }
}
