import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { NekodeError } from '@shared/errors'
import { createLogger } from '@shared/log'
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type S3Fixture, startS3 } from '../../test/fixtures/s3'
import { storages } from '../../test/storages'
import { loadConfig } from '../config/config'
import type { Database } from '../db/database'
import { migrate } from '../db/migrate'
import { openDatabase } from '../db/open'
import { DiskBlobs } from './disk'
import { Intake } from './intake'
import { S3Blobs } from './s3'
import { Blobs } from './service'
import type { BlobStore } from './place'

let folder: string
let s3: S3Fixture
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'nekode-blobs-'))
  s3 = startS3()
})
afterEach(() => {
  s3.stop()
  rmSync(folder, { recursive: true, force: true })
})

const codeOf = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'it went through',
    (error: unknown) => (error instanceof NekodeError ? `${error.kind} ${error.code}` : String(error)),
  )
const bucket = (env: Record<string, string> = {}): S3Blobs => {
  const { storage } = loadConfig({ env: { ...s3.env, ...env }, flags: { 'data-dir': folder } })
  if (!storage.s3) throw new Error('no bucket is configured')
  return new S3Blobs(storage.s3)
}
const makers: [string, () => BlobStore][] = [
  ['disk', () => new DiskBlobs(join(folder, 'blobs'))],
  ['S3', () => bucket()],
]
const noTooLarge = (): NekodeError => new NekodeError('too_large', 'too large')
async function* pieces(...all: Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* all
}
const arriving = (bytes: Uint8Array) => new Intake(join(folder, 'uploads')).receive(pieces(bytes), Infinity, noTooLarge)
const whole = async (body: Blob | ReadableStream<Uint8Array>): Promise<Buffer> =>
  Buffer.from(await new Response(body).bytes())

describe.each(makers)('contents on %s', (name, make) => {
  test.each([
    ['nothing', 0],
    ['a little', 10],
    ['what goes in several parts', 20 << 20],
  ])('%s comes back as it was, and a part of it as that part', async (_, size) => {
    const store = make()
    const bytes = Buffer.alloc(size, crypto.getRandomValues(new Uint8Array(997)))
    const { hash, path, sizeBytes } = await arriving(bytes)
    expect(sizeBytes).toBe(size)
    await store.put(hash, path, size)
    expect((await whole(await store.read(hash, size))).equals(bytes)).toBe(true)
    if (size > 0) {
      const part = await whole(await store.read(hash, size, { start: 3, end: 7 }))
      expect(part.equals(bytes.subarray(3, 7))).toBe(true)
    }
    // Again is no error and changes nothing.
    const again = await arriving(bytes)
    await store.put(hash, again.path, size)
    await store.remove(hash)
    await store.remove(hash)
    expect(await codeOf(store.read(hash, size))).toBe('gone blob_missing')
    expect(s3.refused).toEqual([])
  })

  test('half of a content that a crash left is written anew', async () => {
    const store = make()
    const bytes = Buffer.from('all of it')
    const { hash, path } = await arriving(bytes)
    const key = `${hash.slice(0, 2)}/${hash.slice(2, 4)}/${hash}`
    if (name === 'disk') {
      mkdirSync(join(folder, 'blobs', hash.slice(0, 2), hash.slice(2, 4)), { recursive: true })
      writeFileSync(join(folder, 'blobs', key), 'all')
    } else s3.objects.set(`files/${key}`, Buffer.from('all'))
    await store.put(hash, path, bytes.length)
    expect((await whole(await store.read(hash, bytes.length))).toString()).toBe('all of it')
  })
})

test('a bucket that refuses, or is away, is named for what it is, without its secret', async () => {
  const arrived = await arriving(Buffer.from('x'))
  const wrong = bucket({ NEKODE_S3_SECRET_ACCESS_KEY: 'another-secret' })
  const failure = await wrong.put(arrived.hash, arrived.path, 1).catch((error: unknown) => error)
  expect(failure).toMatchObject({ kind: 'unavailable', code: 'storage_unavailable' })
  expect(Bun.inspect(failure)).not.toContain('another-secret')
  expect(s3.refused.length).toBeGreaterThan(0)
  s3.stop()
  expect(await codeOf(bucket().read(arrived.hash, 1))).toBe('unavailable storage_unavailable')
}, 30_000)

test.each([
  [{ NEKODE_BLOB_STORE: 's3' }, 'NEKODE_S3_BUCKET'],
  [{ NEKODE_S3_BUCKET: 'b', NEKODE_S3_ACCESS_KEY_ID: 'k' }, 'NEKODE_S3_SECRET_ACCESS_KEY'],
  [
    {
      NEKODE_S3_BUCKET: 'b',
      NEKODE_S3_ACCESS_KEY_ID: 'k',
      NEKODE_S3_SECRET_ACCESS_KEY: 'one',
      NEKODE_S3_SECRET_ACCESS_KEY_FILE: '/two',
    },
    'one of',
  ],
  [{ NEKODE_MAX_FILE_SIZE: 'large' }, 'a size such as'],
])('settings that do not fit (%p) are refused by name', (env, said) => {
  expect(() => loadConfig({ env })).toThrow(said)
})

test('the secret of a bucket may stand in a file', () => {
  const file = join(folder, 'secret')
  writeFileSync(file, 'from-a-file\n')
  const { NEKODE_S3_SECRET_ACCESS_KEY: _, ...env } = s3.env
  const { storage } = loadConfig({ env: { ...env, NEKODE_S3_SECRET_ACCESS_KEY_FILE: file } })
  expect(storage.s3?.secretAccessKey).toBe('from-a-file')
})

describe('the intake', () => {
  const intake = (): Intake => new Intake(join(folder, 'uploads'))
  const left = (): string[] => readdirSync(join(folder, 'uploads'))

  test('keeps nothing of what was too large or broke off', async () => {
    expect(await codeOf(intake().receive(pieces(new Uint8Array(5), new Uint8Array(6)), 10, noTooLarge))).toBe(
      'too_large too_large',
    )
    async function* breaking(): AsyncGenerator<Uint8Array> {
      yield new Uint8Array(3)
      throw new Error('the other end went away')
    }
    expect(await codeOf(intake().receive(breaking(), 10, noTooLarge))).toBe('invalid interrupted')
    expect(left()).toEqual([])
  })

  test('sweeps what a crash left and nobody owns, and nothing that is fresh', async () => {
    await intake().append('upl_owned', 0, pieces(new Uint8Array(3)), 10, noTooLarge)
    await intake().append('upl_lost', 0, pieces(new Uint8Array(3)), 10, noTooLarge)
    writeFileSync(join(folder, 'uploads', 'tmp-old'), 'x')
    writeFileSync(join(folder, 'uploads', 'tmp-fresh'), 'x')
    for (const name of ['upl_owned', 'upl_lost', 'tmp-old']) utimesSync(join(folder, 'uploads', name), 1, 1)
    expect(await intake().sweep(async () => new Set(['upl_owned']), 1_000_000)).toBe(2)
    expect(left().toSorted()).toEqual(['tmp-fresh', 'upl_owned'])
  })
})

describe.each(storages.filter(({ available }) => available).map((s) => [s.name, s] as const))(
  'counted on %s',
  (_, s) => {
    let db: Database
    let drop: () => Promise<void>
    let now = 0
    let blobs: Blobs
    beforeEach(async () => {
      const scratch = await s.scratch()
      drop = scratch.drop
      db = await openDatabase(scratch.dsn)
      await migrate(db)
      now = 1_800_000_000_000
      blobs = made()
    })
    afterEach(async () => {
      await db.close()
      await drop()
    })
    const made = (store: BlobStore = new DiskBlobs(join(folder, 'blobs'))): Blobs =>
      new Blobs({ db, log: createLogger({ write: () => undefined }) }, store, { graceMs: 1000, now: () => now })

    test('contents stay while something is made of them, and for the grace time after', async () => {
      const arrived = await arriving(Buffer.from('counted'))
      await blobs.keep(arrived)
      await db.tx((tx) => blobs.reference(tx, arrived.hash))
      await db.tx((tx) => blobs.reference(tx, arrived.hash))
      now += 5000
      expect(await blobs.collect()).toBe(0)
      await db.tx((tx) => blobs.release(tx, arrived.hash))
      now += 5000
      expect(await blobs.collect()).toBe(0)
      await db.tx((tx) => blobs.release(tx, arrived.hash))
      now += 999
      expect(await blobs.collect()).toBe(0)
      expect(await blobs.usage('server')).toEqual({ bytes: 7, files: 1 })
      now += 2
      expect(await blobs.collect()).toBe(1)
      expect(await blobs.usage('server')).toEqual({ bytes: 0, files: 0 })
      expect(await codeOf(blobs.read(arrived.hash, 7))).toBe('gone blob_missing')
    })

    test('a content that is uploaded again while it is removed is there afterwards', async () => {
      const bytes = Buffer.from('again')
      const disk = new DiskBlobs(join(folder, 'blobs'))
      const removal = Promise.withResolvers<void>()
      const begun = Promise.withResolvers<void>()
      const slow: BlobStore = {
        place: '',
        put: (hash, path, size) => disk.put(hash, path, size),
        read: (hash, size, range) => disk.read(hash, size, range),
        async remove(hash) {
          begun.resolve()
          await removal.promise
          await disk.remove(hash)
        },
      }
      const other = made(slow)
      const first = await arriving(bytes)
      await other.keep(first)
      now += 5000
      const collecting = other.collect()
      await begun.promise
      const second = await arriving(bytes)
      const keeping = other.keep(second)
      removal.resolve()
      await collecting
      await keeping
      await db.tx((tx) => other.reference(tx, second.hash))
      expect((await whole(await other.read(second.hash, bytes.length, { verify: true }))).toString()).toBe('again')
    })

    test('a removal that a crash broke off is finished later', async () => {
      const arrived = await arriving(Buffer.from('doomed'))
      await blobs.keep(arrived)
      await db.tx(async (tx) => {
        await tx.q.update(db.t.blobs).set({ doomedAt: now })
      })
      now += 60_000
      expect(await blobs.collect()).toBe(0)
      now += 600_000
      expect(await blobs.collect()).toBe(1)
      expect(await db.q.select().from(db.t.blobs)).toEqual([])
    })

    test('bytes that changed behind the server’s back are found when they are checked', async () => {
      const arrived = await arriving(Buffer.from('honest'))
      await blobs.keep(arrived)
      const { hash } = arrived
      const path = join(folder, 'blobs', hash.slice(0, 2), hash.slice(2, 4), hash)
      expect(readFileSync(path, 'utf8')).toBe('honest')
      writeFileSync(path, 'forged')
      expect((await whole(await blobs.read(hash, 6))).toString()).toBe('forged')
      expect(await codeOf(blobs.read(hash, 6, { verify: true }).then(whole))).toBe('gone blob_corrupt')
    })
  },
)
