import { NekodeError } from '@shared/errors'
import { z } from 'zod'

/**
 * A backup is a tar file, compressed with zstd: `manifest.json`, `tables/<name>/<part>.jsonl` (one JSON array a row), `secret.key.json` when the
 * key is in it, `blobs/…`, and last `checksums.json`, so that a file which was cut off is recognised.
 */
export const FORMAT = 1
export const MANIFEST = 'manifest.json'
export const CHECKSUMS = 'checksums.json'
export const KEY = 'secret.key.json'
export const BLOBS = 'blobs/'

/** How a column's values stand in the rows: bytes as base64, JSON as itself. */
export const ColumnKind = z.enum(['text', 'number', 'bool', 'json', 'bytes'])
export type ColumnKind = z.infer<typeof ColumnKind>

// Names become part of SQL.
const Name = z.string().regex(/^[a-z][a-z0-9_]{0,62}$/)

export const Manifest = z.object({
  format: z.literal('nekode-backup'),
  formatVersion: z.number().int(),
  /** Of the program that made it. */
  version: z.string(),
  createdAt: z.number().int(),
  serverId: z.string(),
  /** Of the database that it was made of; it can be restored into any. */
  dialect: z.enum(['sqlite', 'postgres', 'mysql']),
  /** Names of the migrations that had run. */
  migrations: z.array(z.string()),
  tables: z.record(Name, z.array(z.object({ name: Name, kind: ColumnKind }))),
  /** Whether the secret key is in it, encrypted. */
  key: z.boolean(),
  /** Recognises the key; empty when there was none. */
  keyCheck: z.string(),
})
export type Manifest = z.infer<typeof Manifest>

export const Checksums = z.object({
  entries: z.record(z.string(), z.object({ sha256: z.string(), sizeBytes: z.number().int() })),
  rows: z.record(z.string(), z.number().int()),
})
export type Checksums = z.infer<typeof Checksums>

/** What an entry of the file may be called. Everything else is refused: a name that leads out of the folder above all. */
export const isEntryName = (name: string): boolean =>
  name === MANIFEST ||
  name === CHECKSUMS ||
  name === KEY ||
  /^tables\/[a-z][a-z0-9_]{0,62}\/\d{6}\.jsonl$/.test(name) ||
  (/^blobs(\/[A-Za-z0-9_-][A-Za-z0-9._-]{0,200}){1,8}$/.test(name) && name.length < 1000)

export const corrupt = (what: string, cause?: unknown): NekodeError =>
  new NekodeError('invalid', `The backup is damaged: ${what}.`, {
    code: 'backup_corrupt',
    next: 'Use another backup, or another copy of this one. Nothing was changed.',
    ...(cause === undefined ? {} : { cause }),
  })
