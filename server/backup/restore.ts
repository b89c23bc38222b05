import { NekodeError, errorText } from '@shared/errors'
import { newId } from '@shared/ids'
import { mkdir, open, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Database, Raw, RawValue } from '../db/database'
import { lockDatabase } from '../db/lock'
import { applyMigrations, migrate, migrationNames } from '../db/migrate'
import { openDatabase } from '../db/open'
import { BLOBS, type Checksums, type ColumnKind, KEY, type Manifest, corrupt } from './format'
import { diskFailure } from './disk'
import { keyCheck, openKey } from './key'
import { type Entry, readBackup, textOf, verifyBackup } from './read'
import { backedUpTables } from './schema'

/** Values of one statement: PostgreSQL and MySQL take 65,535, SQLite half of that. */
const MAX_VALUES = 16_000
const MAX_ROWS = 200

export interface RestoreTarget {
  dsn: string
  dataDir: string
  /** The key that the server will have, when it is given to it and not in the data folder. */
  secretKey: Uint8Array | undefined
  /** Replace what is there. */
  force: boolean
  /** Of the key in the backup. */
  passphrase: string | undefined
  /** Folder of the migrations, instead of those of this program. */
  migrations?: string
}

export interface RestoreSummary {
  version: string
  createdAt: number
  rows: number
  blobs: number
  /** `restored` from the backup; `same` as the target has; `other` or `missing`: stored secrets cannot be read. */
  key: 'restored' | 'same' | 'other' | 'missing' | 'none'
  /** Names of the migrations that brought it up to date. */
  migrated: number
}

/**
 * Restores a backup into any database. All of it is checked before anything is changed, and the rows come in one transaction (on MySQL after
 * the tables). The server of the target must not run. It gets another id, so that consoles and daemons start over instead of taking
 * their position in the old log for one in this; logins and unused links do not come back, because some of them may have ended since.
 * @throws NekodeError `backup_…`, `restore_target`, `schema_newer`, `passphrase_…`, `storage_…`
 */
export async function restoreBackup(path: string, target: RestoreTarget): Promise<RestoreSummary> {
  const { manifest, checksums } = await verifyBackup(path)
  const key = await keyOf(path, manifest, target.passphrase)
  const unlock = lockDatabase(target.dsn)
  try {
    const db = await openDatabase(target.dsn)
    try {
      checkLevel(manifest, migrationNames(db.dialect, target.migrations))
      const restored = await restoreTables(db, path, { manifest, checksums }, target)
      const migrated = await migrate(db, target.migrations)
      return {
        version: manifest.version,
        createdAt: manifest.createdAt,
        ...restored,
        key: await restoreKey(target, manifest, key),
        migrated,
      }
    } finally {
      await db.close()
    }
  } finally {
    unlock()
  }
}

async function keyOf(
  path: string,
  manifest: Manifest,
  passphrase: string | undefined,
): Promise<Uint8Array | undefined> {
  if (passphrase === undefined) return undefined
  if (!manifest.key)
    throw new NekodeError('invalid', 'The secret key is not in this backup.', {
      code: 'key_missing',
      next: 'Leave the passphrase out, and put the server’s secret.key into the data folder yourself.',
    })
  for await (const entry of readBackup(path)) if (entry.name === KEY) return openKey(await textOf(entry), passphrase)
  throw corrupt('its key is not in it')
}

function checkLevel({ migrations, version }: Manifest, known: string[]): void {
  if (migrations.length > known.length || migrations.some((name, i) => name !== known[i]))
    throw new NekodeError(
      'precondition',
      `The backup was made by another line of Nekode or a newer one (${version}).`,
      {
        code: 'schema_newer',
        next: 'Restore it with that version or a later one.',
      },
    )
}

function restoreTables(
  db: Database,
  path: string,
  { manifest, checksums }: { manifest: Manifest; checksums: Checksums },
  { force, dataDir, migrations: dir }: RestoreTarget,
): Promise<{ rows: number; blobs: number }> {
  return db.exclusive(async (raw) => {
    if (!force && (await isInUse(raw, db.dialect)))
      throw new NekodeError('conflict', 'The target holds a server already.', {
        code: 'restore_target',
        next: 'Name an empty data folder or database, or add --force to replace everything in it.',
      })
    // Before the rows that point at them: a blob too many harms nobody.
    const blobs = await restoreBlobs(path, dataDir)
    await wipe(raw, db.dialect)
    await applyMigrations(raw, db.dialect, {
      count: manifest.migrations.length,
      ...(dir === undefined ? {} : { dir }),
    })
    // MySQL commits at every change of the schema; the rows at least come all or not at all.
    if (db.dialect === 'mysql') await raw('START TRANSACTION')
    try {
      const rows: Record<string, number> = {}
      for await (const entry of readBackup(path)) {
        const name = /^tables\/(\w+)\//.exec(entry.name)?.[1]
        if (name === undefined) continue
        rows[name] = (rows[name] ?? 0) + (await insertPart(raw, db.dialect, manifest, name, entry))
      }
      for (const [table, count] of Object.entries(checksums.rows))
        if ((rows[table] ?? 0) !== count) throw corrupt(`the table ${table} lacks rows`)
      await startOver(raw, db.dialect)
      if (db.dialect === 'mysql') await raw('COMMIT')
      return { rows: Object.values(rows).reduce((a, b) => a + b, 0), blobs }
    } catch (error) {
      if (db.dialect === 'mysql') await raw('ROLLBACK').catch(() => [])
      throw error
    }
  })
}

/** Whether somebody has an account. A server that was only started has tables and nobody in them. */
async function isInUse(raw: Raw, dialect: Database['dialect']): Promise<boolean> {
  // Asked of the catalogue first: on PostgreSQL a statement that fails takes the transaction along.
  if (!(await tableNames(raw, dialect)).includes('users')) return false
  return (await raw('select id from users limit 1')).length > 0
}

async function tableNames(raw: Raw, dialect: Database['dialect']): Promise<string[]> {
  const catalogue = {
    // A virtual table before those that it keeps itself, which go with it.
    sqlite: `select name from sqlite_master where type = 'table' and name not like 'sqlite\\_%' escape '\\'
      order by case when sql like 'create virtual%' then 0 else 1 end`,
    postgres: 'select tablename as name from pg_tables where schemaname = current_schema()',
    mysql: 'select table_name as name from information_schema.tables where table_schema = database()',
  }
  return (await raw(catalogue[dialect])).map((row) => String(row['name']))
}

/** Drops the tables of Nekode, and on SQLite, where the file is Nekode's own, all others with them. */
async function wipe(raw: Raw, dialect: Database['dialect']): Promise<void> {
  const ours = new Set(['_migrations', 'search_docs', ...backedUpTables().map(({ name }) => name)])
  for (const name of await tableNames(raw, dialect)) {
    if (dialect !== 'sqlite' && !ours.has(name)) continue
    await raw(`drop table if exists ${quoted(dialect, name)}${dialect === 'postgres' ? ' cascade' : ''}`)
  }
}

/** What must not go on from where the backup was. */
async function startOver(raw: Raw, dialect: Database['dialect']): Promise<void> {
  const [log] = await raw('select max(sequence) as n from events')
  const [head] = await raw(`select value from settings where name = 'event_head'`)
  const last = Math.max(Number(log?.['n'] ?? 0), Number(head?.['value'] ?? 0))
  await raw(`delete from credentials where kind = 'session'`)
  await raw('delete from tickets where used_at is null')
  await raw(`delete from settings where name in ('server_id', 'setup_code', 'event_head', 'search.version')`)
  const settings: [string, string][] = [['server_id', newId('srv')]]
  if (dialect !== 'sqlite') settings.push(['event_head', String(last)])
  for (const row of settings)
    await raw(`insert into settings (name, value) values (${hole(dialect, 1)}, ${hole(dialect, 2)})`, row)
}

const hole = (dialect: Database['dialect'], n: number): string => (dialect === 'postgres' ? `$${n}` : '?')
const quoted = (dialect: Database['dialect'], name: string): string =>
  dialect === 'mysql' ? `\`${name}\`` : `"${name}"`

async function insertPart(
  raw: Raw,
  dialect: Database['dialect'],
  manifest: Manifest,
  table: string,
  entry: Entry,
): Promise<number> {
  const columns = manifest.tables[table]
  if (!columns) throw corrupt(`${entry.name} is of no known table`)
  const lines = (await textOf(entry)).split('\n').filter(Boolean)
  const names = columns.map(({ name }) => quoted(dialect, name)).join(', ')
  const into = `insert into ${quoted(dialect, table)} (${names}) values `
  const step = Math.max(1, Math.min(MAX_ROWS, Math.floor(MAX_VALUES / columns.length)))
  for (let i = 0; i < lines.length; i += step) {
    const batch = lines.slice(i, i + step).map((line) => rowOf(line, columns, dialect, entry.name))
    const tuple = (row: number): string =>
      `(${columns.map((_, c) => hole(dialect, row * columns.length + c + 1)).join(', ')})`
    try {
      await raw(into + batch.map((_, row) => tuple(row)).join(', '), batch.flat())
    } catch (cause) {
      throw new NekodeError('internal', `A row of ${table} was refused by the database: ${errorText(cause)}`, {
        code: 'restore_failed',
        next: `${dialect === 'mysql' ? 'The target is empty now' : 'Nothing was changed'}. Restore into a ${manifest.dialect} database, as the backup was made of.`,
        cause,
      })
    }
  }
  return lines.length
}

function rowOf(
  line: string,
  columns: Manifest['tables'][string],
  dialect: Database['dialect'],
  where: string,
): RawValue[] {
  const values: unknown = JSON.parse(line)
  if (!Array.isArray(values) || values.length !== columns.length) throw corrupt(`${where} has a row of another length`)
  return columns.map(({ kind }, i) => toDatabase(values[i], kind, dialect))
}

/** A value as the column of a database takes it. */
function toDatabase(value: unknown, kind: ColumnKind, dialect: Database['dialect']): RawValue {
  if (value === null || value === undefined) return null
  if (kind === 'json') return JSON.stringify(value)
  if (kind === 'bytes') return Uint8Array.fromBase64(String(value))
  if (kind === 'bool') return dialect === 'sqlite' ? Number(Boolean(value)) : Boolean(value)
  if (kind === 'number') return Number(value)
  // As everywhere else: PostgreSQL's text cannot hold it.
  return dialect === 'postgres' ? String(value).replaceAll('\0', '\uFFFD') : String(value)
}

/** Files go to a name of their own first: what is there under its name is whole. */
async function restoreBlobs(path: string, dataDir: string): Promise<number> {
  let count = 0
  for await (const entry of readBackup(path)) {
    if (!entry.name.startsWith(BLOBS)) continue
    count++
    const to = join(dataDir, entry.name)
    const known = await stat(to).catch(() => undefined)
    if (known?.size === entry.sizeBytes) continue
    try {
      await mkdir(dirname(to), { recursive: true, mode: 0o700 })
      const file = await open(`${to}.part`, 'w', 0o600)
      try {
        for await (const chunk of entry.chunks()) await file.write(chunk)
        await file.sync()
      } finally {
        await file.close()
      }
      await rename(`${to}.part`, to)
    } catch (error) {
      await rm(`${to}.part`, { force: true })
      throw diskFailure(error, to)
    }
  }
  return count
}

async function restoreKey(
  { dataDir, secretKey }: RestoreTarget,
  manifest: Manifest,
  key: Uint8Array | undefined,
): Promise<RestoreSummary['key']> {
  const path = join(dataDir, 'secret.key')
  const present = secretKey ?? (await keyAt(path))
  if (!key) {
    if (manifest.keyCheck === '') return 'none'
    if (!present) return 'missing'
    return keyCheck(present) === manifest.keyCheck ? 'same' : 'other'
  }
  if (present && Buffer.compare(present, key) === 0) return 'same'
  // The server takes the key that it is given and does not look at the file.
  if (secretKey) return 'other'
  try {
    if (present) await rename(path, `${path}.before-restore`)
    await mkdir(dataDir, { recursive: true, mode: 0o700 })
    await writeFile(path, `${Buffer.from(key).toString('base64')}\n`, { mode: 0o600 })
  } catch (error) {
    throw diskFailure(error, path)
  }
  return 'restored'
}

async function keyAt(path: string): Promise<Uint8Array | undefined> {
  try {
    return Buffer.from((await readFile(path, 'utf8')).trim(), 'base64')
  } catch {
    // There is none, as in a new data folder.
    return undefined
  }
}
