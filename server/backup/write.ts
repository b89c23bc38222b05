import { NekodeError, errorText } from '@shared/errors'
import { version } from '@shared/version'
import { type SQL, and, asc, eq, gt, or } from 'drizzle-orm'
import { type FileHandle, open, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import type { Pack } from 'tar-stream'
import { migrationNames } from '../db/migrate'
import { type Snapshot, openSnapshot } from '../db/snapshot'
import { BLOBS, CHECKSUMS, type Checksums, FORMAT, KEY, MANIFEST, type Manifest } from './format'
import { keyCheck, sealKey } from './key'
import { type BackedUpTable, backedUpTables } from './schema'

/** Bytes of a part of a table, about: the size of an entry has to be known before it is written. */
const PART_BYTES = 1 << 20
const MAX_ROWS = 1000
const FIRST_ROWS = 50
const CHUNK_BYTES = 1 << 18

export interface BackupSource {
  dsn: string
  dataDir: string
  /** The server's secret key, when there is one. */
  key: Uint8Array | undefined
}

export interface BackupSummary {
  createdAt: number
  rows: number
  blobs: number
  /** The key is in it, encrypted. */
  key: boolean
}

/** A backup that is being made. `stream` is the file; `done` resolves when all of it was read, and rejects with why it ended early. */
export interface RunningBackup {
  stream: Readable
  done: Promise<BackupSummary>
}

/**
 * Starts a backup of everything as it is now, whether a server is running on it or not. Everything that was committed before the call is in it.
 * @param passphrase encrypts the secret key, which is left out without one
 * @throws NekodeError `schema_older`, `storage_…`, `passphrase_short`
 */
export async function startBackup(source: BackupSource, passphrase?: string): Promise<RunningBackup> {
  const { pack: createPack } = await import('tar-stream')
  const { createZstdCompress } = await import('node:zlib')
  const { pipeline } = await import('node:stream')
  const snapshot = await openSnapshot(source.dsn)
  const pack = createPack()
  const compress = createZstdCompress()
  try {
    const all = backedUpTables()
    const manifest = await describe(snapshot, source, all, passphrase !== undefined)
    const sealed = passphrase !== undefined && source.key ? sealKey(source.key, passphrase) : undefined
    const writer = new Writer(pack)
    const work = async (): Promise<BackupSummary> => {
      await writer.text(MANIFEST, JSON.stringify(manifest, null, 2))
      const rows: Record<string, number> = {}
      for (const table of all) rows[table.name] = await dump(snapshot, table, writer)
      await snapshot.close()
      if (sealed !== undefined) await writer.text(KEY, sealed)
      const blobs = await writeBlobs(join(source.dataDir, 'blobs'), writer)
      const checksums: Checksums = { entries: writer.entries, rows }
      await writer.text(CHECKSUMS, JSON.stringify(checksums))
      pack.finalize()
      const sum = Object.values(rows).reduce((a, b) => a + b, 0)
      return { createdAt: manifest.createdAt, rows: sum, blobs, key: sealed !== undefined }
    }
    const ended = new Promise<void>((resolve, reject) =>
      pipeline(pack, compress, (error) => (error ? reject(error) : resolve())),
    )
    // What fails first ends both: a reader that went away, or a database that did.
    const working = work().catch(async (error: unknown) => {
      pack.destroy(error instanceof Error ? error : new Error(errorText(error)))
      await snapshot.close().catch(() => undefined)
      throw error
    })
    const done = Promise.all([working, ended]).then(([summary]) => summary)
    // Whoever reads the stream hears of it there too.
    done.catch(() => undefined)
    return { stream: compress, done }
  } catch (error) {
    await snapshot.close()
    throw error
  }
}

async function describe(
  { dialect, raw }: Snapshot,
  { key }: BackupSource,
  all: BackedUpTable[],
  withKey: boolean,
): Promise<Manifest> {
  const migrations = migrationNames(dialect)
  const [applied, serverId] = await facts(raw)
  if (migrations.some((name) => !applied.includes(name)) || applied.length !== migrations.length)
    throw new NekodeError('precondition', 'The database is of another version of Nekode than this program.', {
      code: 'schema_other',
      next: 'Use the program that the server runs, or start the server of this version once, so that it brings the database up to date.',
    })
  if (withKey && !key)
    throw new NekodeError('precondition', 'There is no secret key that could be in the backup.', {
      code: 'key_missing',
      next: 'Leave the passphrase out, or name the data folder with --data-dir.',
    })
  return {
    format: 'nekode-backup',
    formatVersion: FORMAT,
    version,
    createdAt: Date.now(),
    serverId,
    dialect,
    migrations,
    tables: Object.fromEntries(all.map((t) => [t.name, t.columns.map(({ name, kind }) => ({ name, kind }))])),
    key: withKey,
    keyCheck: key ? keyCheck(key) : '',
  }
}

async function facts(raw: Snapshot['raw']): Promise<[applied: string[], serverId: string]> {
  try {
    const applied = (await raw('select name from _migrations')).map((row) => String(row['name']))
    const [server] = await raw(`select value from settings where name = 'server_id'`)
    return [applied.toSorted(), String(server?.['value'] ?? '')]
  } catch (cause) {
    throw new NekodeError('precondition', 'There is no Nekode in this database.', {
      code: 'backup_nothing',
      next: 'Name the data folder (--data-dir) or the database (NEKODE_DB_DSN) that the server uses.',
      cause,
    })
  }
}

/** Writes entries one after the other, each when there is room for it. */
class Writer {
  readonly entries: Checksums['entries'] = {}

  /** Rejects when nobody reads any more. */
  readonly #gone: Promise<never>

  constructor(private readonly pack: Pack) {
    this.#gone = new Promise<never>((_, reject) =>
      pack.once('close', () => reject(new Error('the backup was not read to its end'))),
    )
    this.#gone.catch(() => undefined)
  }

  async text(name: string, text: string): Promise<void> {
    const bytes = Buffer.from(text)
    await this.#entry(name, bytes.length, [bytes])
  }

  /** @returns false when the file went away before it could be opened */
  async file(name: string, path: string): Promise<boolean> {
    let handle: FileHandle
    try {
      handle = await open(path, 'r')
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return false
      throw error
    }
    try {
      // What is open stays readable, whoever removes it meanwhile.
      const { size } = await handle.stat()
      await this.#entry(name, size, contents(handle, size))
      return true
    } finally {
      await handle.close()
    }
  }

  async #entry(name: string, size: number, chunks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>): Promise<void> {
    const hash = new Bun.CryptoHasher('sha256')
    const written = new Promise<void>((resolve, reject) => {
      const sink = this.pack.entry({ name, size, mode: 0o600 }, (error) => (error ? reject(error) : resolve()))
      const feed = async (): Promise<void> => {
        for await (const chunk of chunks) {
          hash.update(chunk)
          if (!sink.write(chunk)) await Promise.race([this.#gone, drained(sink)])
        }
        sink.end(null)
      }
      feed().catch(reject)
    })
    await Promise.race([this.#gone, written])
    this.entries[name] = { sha256: hash.digest('hex'), sizeBytes: size }
  }
}

/** Exactly as many bytes as the header of the entry says. */
async function* contents(handle: FileHandle, size: number): AsyncGenerator<Uint8Array, undefined> {
  for (let at = 0; at < size;) {
    const chunk = new Uint8Array(Math.min(CHUNK_BYTES, size - at))
    const { bytesRead } = await handle.read(chunk, 0, chunk.length, at)
    if (!bytesRead) throw new Error('a file became shorter while it was saved')
    yield chunk.subarray(0, bytesRead)
    at += bytesRead
  }
}

const drained = (sink: ReturnType<Pack['entry']>): Promise<void> =>
  new Promise((resume) => sink.once('drain', () => resume()))

/** A table in order of its primary key, a page at a time. @returns its rows */
async function dump({ q, t }: Snapshot, table: BackedUpTable, writer: Writer): Promise<number> {
  const source = t[table.key]
  const columns = new Map(Object.entries(source))
  const primary = table.primary.map((key) => ({ key, column: columns.get(key) }))
  const order = primary.map(({ column }) => asc(column))
  let last: Record<string, unknown> | undefined
  let limit = FIRST_ROWS
  let count = 0
  for (let part = 0; ; part++) {
    const where = last && after(primary, last)
    const rows: Record<string, unknown>[] = await q
      .select()
      .from(source)
      .where(where)
      .orderBy(...order)
      .limit(limit)
    if (!rows.length) return count
    const text = rows.map((row) => `${JSON.stringify(table.columns.map(({ key }) => plain(row[key])))}\n`).join('')
    await writer.text(`tables/${table.name}/${String(part).padStart(6, '0')}.jsonl`, text)
    count += rows.length
    if (rows.length < limit) return count
    last = rows.at(-1)
    limit = Math.max(1, Math.min(MAX_ROWS, Math.floor((limit * PART_BYTES) / text.length)))
  }
}

const plain = (value: unknown): unknown => (value instanceof Uint8Array ? value.toBase64() : value)

/** `(a, b) > (x, y)`, in the form that all three databases serve from an index. */
const after = (
  primary: { key: string; column: Parameters<typeof gt>[0] }[],
  row: Record<string, unknown>,
): SQL | undefined =>
  or(
    ...primary.map(({ key, column }, i) =>
      and(...primary.slice(0, i).map((before) => eq(before.column, row[before.key])), gt(column, row[key])),
    ),
  )

/** Every file under the folder of blobs. They never change once they are there, so a name is enough. */
async function writeBlobs(folder: string, writer: Writer): Promise<number> {
  let count = 0
  const walk = async (path: string, prefix: string): Promise<void> => {
    const found = await readdir(path, { withFileTypes: true }).catch((error: unknown) => {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return []
      throw error
    })
    for (const item of found.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
      // What is still being written has a name with a dot in it, and belongs to nobody yet.
      if (item.name.includes('.')) continue
      if (item.isDirectory()) await walk(join(path, item.name), `${prefix}${item.name}/`)
      else if (await writer.file(prefix + item.name, join(path, item.name))) count++
    }
  }
  await walk(folder, BLOBS)
  return count
}
