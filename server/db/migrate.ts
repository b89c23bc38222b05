import { NekodeError } from '@shared/errors'
import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import type { Database, Raw } from './database'

const Applied = z.object({ name: z.string(), hash: z.string() })

/** Where the SQL files are: beside this file in the source tree, inside the executable once compiled. */
const folder = (): string => join(import.meta.dir, 'migrations')

/**
 * Applies the SQL files of `server/db/migrations/<dialect>` that have not run yet, each once, in order of name; on SQLite and
 * PostgreSQL all of them or none. Replicas that start together wait for each other. Throws when the database is newer than this
 * build, or when a file changed after it ran.
 * @returns how many files were applied
 */
export function migrate(db: Database, dir = folder()): Promise<number> {
  return db.exclusive((raw) => applyMigrations(raw, db.dialect, { dir }))
}

/** The names of the SQL files of a database, in the order in which they run. The same for the three. */
export const migrationNames = (dialect: Database['dialect'], dir = folder()): string[] =>
  readdirSync(join(dir, dialect))
    .filter((f) => f.endsWith('.sql'))
    .sort()

/**
 * As `migrate`, as part of something else that nobody may come between.
 * @param options.count only so many files, for a schema as it was
 */
export async function applyMigrations(
  raw: Raw,
  dialect: Database['dialect'],
  options: { dir?: string; count?: number } = {},
): Promise<number> {
  const dir = join(options.dir ?? folder(), dialect)
  const type = dialect === 'sqlite' ? 'text' : 'varchar(190)'
  await raw(
    `create table if not exists _migrations (name ${type} primary key, hash ${type} not null, at bigint not null)`,
  )
  const files = migrationNames(dialect, options.dir)
  const rows = await raw('select name, hash from _migrations')
  const done = new Map(rows.map((row) => Applied.parse(row)).map((row) => [row.name, row.hash]))
  for (const name of done.keys()) {
    if (!files.includes(name))
      throw new NekodeError('precondition', `The database was last used by a newer Nekode (it has ${name}).`, {
        code: 'schema_newer',
        next: 'Start that version or a later one, or restore a backup that was made with this version.',
      })
  }
  let count = 0
  for (const name of files.slice(0, options.count)) {
    const text = readFileSync(join(dir, name), 'utf8')
    const hash = new Bun.CryptoHasher('sha256').update(text).digest('hex')
    const known = done.get(name)
    if (known !== undefined && known !== hash)
      throw new NekodeError('precondition', `The migration ${name} is not the one that this database was made with.`, {
        code: 'schema_changed',
        next: 'Use a released build; a migration never changes after its release.',
      })
    if (known !== undefined) continue
    await run(raw, dialect, name, hash, text)
    count++
  }
  return count
}

async function run(raw: Raw, dialect: Database['dialect'], name: string, hash: string, text: string): Promise<void> {
  try {
    for (const statement of text.split('--> statement-breakpoint')) if (statement.trim()) await raw(statement)
    const holes = dialect === 'postgres' ? '$1, $2, $3' : '?, ?, ?'
    await raw(`insert into _migrations values (${holes})`, [name, hash, Date.now()])
  } catch (cause) {
    // MySQL commits at every change of the schema, so what came before the failure is there.
    const partly = dialect === 'mysql'
    throw new NekodeError(
      'internal',
      `The migration ${name} failed${partly ? ' part-way' : '; nothing was changed'}.`,
      {
        code: 'migration_failed',
        next: partly
          ? 'Restore the backup that was made before this version was started, or start with an empty database.'
          : 'Look at the log for the cause; the version before this one still works with the database.',
        cause,
      },
    )
  }
}
