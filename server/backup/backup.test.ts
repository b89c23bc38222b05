import { afterAll, afterEach, beforeAll, describe, expect, test } from 'bun:test'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { NekodeError } from '@shared/errors'
import { count, eq } from 'drizzle-orm'
import { type Scratch, type Storage, storages } from '../../test/storages'
import { openDatabase } from '../db/open'
import { readKey } from '../secrets/service'
import { type Caller, PASSWORD, type TestServer, startTestServer } from '../testing'
import { backupToFile } from './file'
import { openKey, sealKey } from './key'
import { verifyBackup } from './read'
import { restoreBackup } from './restore'
import { backedUpTables } from './schema'

const PASSPHRASE = 'four words and some more'
const folders: string[] = []
const folder = (): string => {
  const path = mkdtempSync(join(tmpdir(), 'nekode-backup-'))
  folders.push(path)
  return path
}
const cleanups: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const clean of cleanups.splice(0).toReversed()) await clean()
})
afterAll(() => {
  for (const path of folders) rmSync(path, { recursive: true, force: true })
})

const codeOf = (work: Promise<unknown>) =>
  work.then(
    () => 'done',
    (error: unknown) => (error instanceof NekodeError ? error.code : error),
  )
const say = (by: Caller, content: string) => by.call('POST /api/messages', { body: { target: '#general', content } })
const sourceOf = (dsn: string, dataDir: string) => ({ dsn, dataDir, key: readKey(dataDir) })
const plainly = { passphrase: undefined, force: false }

async function place(storage: Storage): Promise<{ scratch: Scratch; dataDir: string }> {
  const scratch = await storage.scratch()
  cleanups.push(() => scratch.drop())
  return { scratch, dataDir: folder() }
}

/** A server with something of most kinds in it. */
async function furnished(dsn: string, dataDir: string): Promise<TestServer> {
  const server = await startTestServer({ dsn, dataDir })
  const owner = await server.as('owner')
  await server.as('viewer')
  const bot = await server.agent({ name: 'bot' })
  await owner.call('POST /api/channels', { body: { name: 'den', visibility: 'private' } })
  await say(owner, 'naïve 日本語 🐈 “quotes” \\ and\nlines')
  await owner.call('PUT /api/agents/{id}/env', {
    params: { id: bot.id },
    body: { env: [{ name: 'TOKEN', value: 'sealed', secret: true }] },
  })
  await owner.call('POST /api/invites', { body: {} })
  mkdirSync(join(dataDir, 'blobs', 'ab'), { recursive: true })
  writeFileSync(join(dataDir, 'blobs', 'ab', 'abcdef'), Buffer.alloc(300_000, 7))
  writeFileSync(join(dataDir, 'blobs', 'ab', 'empty'), '')
  return server
}

const available = storages.filter((storage) => storage.available)
const sqlite = storages[0] as Storage
const pairs = available.flatMap((from) =>
  available.map((to): [string, Storage, Storage] => [`${from.name} to ${to.name}`, from, to]),
)

describe.each(pairs)('%s', (_, from, to) => {
  test('everything comes back, and what must not go on starts over', async () => {
    const source = await place(from)
    const target = await place(to)
    const before = await furnished(source.scratch.dsn, source.dataDir)
    const users = (await (await before.as('owner')).call('GET /api/users')).items
    const serverId = before.core.serverId
    const head = await before.events()
    const token = await before.apiToken('admin')
    const file = join(folder(), 'a.backup')
    // Made of a server that runs.
    const saved = await backupToFile(sourceOf(source.scratch.dsn, source.dataDir), file, {
      ...plainly,
      passphrase: PASSPHRASE,
    })
    expect(saved).toMatchObject({ blobs: 2, key: true })
    expect(statSync(file).mode & 0o777).toBe(0o600)
    await before.stop()

    const { dsn } = target.scratch
    const restored = await restoreBackup(file, {
      dsn,
      dataDir: target.dataDir,
      secretKey: undefined,
      force: false,
      passphrase: PASSPHRASE,
    })
    expect(restored).toMatchObject({ rows: saved.rows, blobs: 2, key: 'restored', migrated: 0 })
    expect(readFileSync(join(target.dataDir, 'blobs', 'ab', 'abcdef'))).toEqual(Buffer.alloc(300_000, 7))
    expect(existsSync(join(target.dataDir, 'blobs', 'ab', 'empty'))).toBe(true)

    const after = await startTestServer({ dsn, dataDir: target.dataDir })
    cleanups.push(() => after.stop())
    const { core } = after
    expect(core.serverId).not.toBe(serverId)
    expect(await after.events()).toBeGreaterThanOrEqual(head)
    const headers = { authorization: `Bearer ${token.token}` }
    expect((await after.guest.fetch('/api/auth/me', { headers })).status).toBe(200)
    const login = await after.guest.call('POST /api/auth/login', {
      body: { username: 'owner', password: PASSWORD, token: true },
    })
    expect(login.user).toEqual(users.find((u) => u.username === 'owner') ?? login.user)
    expect(core.directory.users().length).toBe(users.length)
    const found = await after.guest.fetch('/api/messages?target=%23general', { headers })
    expect(JSON.stringify(await found.json())).toContain(JSON.stringify('naïve 日本語 🐈 “quotes” \\ and\nlines'))
    const [agent] = core.directory.agents()
    const [secret] = agent?.env ?? []
    expect(secret && core.secrets.open(secret.value, `agent:${agent?.id}:env:${secret.name}`)).toBe('sealed')
    const sessions = await core.db.q
      .select({ n: count() })
      .from(core.db.t.credentials)
      .where(eq(core.db.t.credentials.kind, 'session'))
    expect(sessions[0]?.n).toBe(1)
    expect(await core.db.q.select().from(core.db.t.tickets)).toEqual([])
    // New events are numbered after the old ones, and a message can be sent and found.
    const owner = await after.as('owner')
    await say(owner, 'written afterwards')
    const everything = await owner.call('GET /api/messages', { query: { target: '#general' } })
    expect(everything.items.map((m) => m.content)).toContain('written afterwards')
  }, 60_000)
})

describe.each(available.map((s): [string, Storage] => [s.name, s]))('%s', (_, storage) => {
  test('what was accepted before the start is in it, and it is of one moment, however much is written meanwhile', async () => {
    const source = await place(storage)
    const server = await startTestServer({ dsn: source.scratch.dsn, dataDir: source.dataDir })
    cleanups.push(() => server.stop())
    const owner = await server.as('owner')
    const early = await Promise.all(Array.from({ length: 40 }, (_, i) => say(owner, `early ${i}`)))
    const enough = new AbortController()
    const begun = Array.from({ length: 4 }, (_, i) => say(owner, `late ${i}`))
    const load = begun.map(async (first) => {
      for (await first; !enough.signal.aborted;) await say(owner, 'later')
    })
    await Promise.all(begun)
    const file = join(folder(), 'load.backup')
    await backupToFile(sourceOf(source.scratch.dsn, source.dataDir), file, plainly)
    enough.abort()
    await Promise.all(load)

    const dataDir = folder()
    const dsn = `sqlite:${join(dataDir, 'nekode.db')}`
    await restoreBackup(file, { dsn, dataDir, secretKey: undefined, force: false, passphrase: undefined })
    const copy = await startTestServer({ dsn, dataDir })
    cleanups.push(() => copy.stop())
    const { q, t } = copy.core.db
    const messages = await q.select().from(t.messages)
    const ids = new Set(messages.map((m) => m.id))
    expect(early.every(({ message }) => ids.has(message.id))).toBe(true)
    // A message and its event commit together: in a copy of one moment neither is without the other.
    const events = await q.select().from(t.events).where(eq(t.events.kind, 'message'))
    const told = new Set(events.filter((e) => e.operation === 'created').map((e) => e.aggregateId))
    expect([...ids].filter((id) => !told.has(id))).toEqual([])
    expect([...told].filter((id) => !ids.has(id))).toEqual([])
  }, 60_000)
})

describe('a file and its target', () => {
  let file: string
  let dataDir: string
  let server: TestServer
  beforeAll(async () => {
    dataDir = folder()
    server = await furnished(`sqlite:${join(dataDir, 'nekode.db')}`, dataDir)
    file = join(folder(), 'whole.backup')
    await backupToFile(sourceOf(`sqlite:${join(dataDir, 'nekode.db')}`, dataDir), file, plainly)
  })
  afterAll(() => server.stop())

  const into = (dir: string, options: Partial<Parameters<typeof restoreBackup>[1]> = {}) => ({
    dsn: `sqlite:${join(dir, 'nekode.db')}`,
    dataDir: dir,
    secretKey: undefined,
    force: false,
    passphrase: undefined,
    ...options,
  })
  const changed = (change: (bytes: Buffer) => Buffer): string => {
    const path = join(folder(), 'changed.backup')
    writeFileSync(path, change(readFileSync(file)))
    return path
  }

  test.each<[string, (bytes: Buffer) => Buffer]>([
    ['that was cut off', (bytes) => bytes.subarray(0, bytes.length - 200)],
    ['that was cut in half', (bytes) => bytes.subarray(0, bytes.length >> 1)],
    [
      'with one byte changed',
      (bytes) => bytes.with(bytes.length >> 1, (bytes.at(bytes.length >> 1) ?? 0) ^ 0xff) as Buffer,
    ],
    ['that is something else', () => Buffer.from('not a backup at all')],
    ['that is empty', () => Buffer.alloc(0)],
  ])('a file %s is refused before anything is made', async (_, change) => {
    const dir = folder()
    expect(await codeOf(restoreBackup(changed(change), into(dir)))).toBe('backup_corrupt')
    expect(existsSync(join(dir, 'nekode.db'))).toBe(false)
  })

  /** The backup with other contents: unpacked, changed, packed again, without fitting checksums unless `honest`. */
  async function rewritten(change: (name: string, text: string) => string, honest = true): Promise<string> {
    const { extract, pack } = await import('tar-stream')
    const tar = Bun.zstdDecompressSync(readFileSync(file))
    const out = pack()
    const reader = extract()
    reader.end(Buffer.from(tar))
    const sums: Record<string, { sha256: string; sizeBytes: number }> = {}
    for await (const entry of reader) {
      const chunks: Buffer[] = []
      for await (const chunk of entry) chunks.push(Buffer.from(chunk as Uint8Array))
      let text = change(entry.header.name, Buffer.concat(chunks).toString('utf8'))
      if (entry.header.name === 'checksums.json' && honest)
        text = JSON.stringify({ ...JSON.parse(text), entries: sums })
      sums[entry.header.name] = {
        sha256: new Bun.CryptoHasher('sha256').update(text).digest('hex'),
        sizeBytes: Buffer.byteLength(text),
      }
      out.entry({ name: entry.header.name }, text)
    }
    out.finalize()
    const bytes: Buffer[] = []
    for await (const chunk of out) bytes.push(Buffer.from(chunk as Uint8Array))
    const path = join(folder(), 'rewritten.backup')
    writeFileSync(path, Bun.zstdCompressSync(Buffer.concat(bytes)))
    return path
  }
  const manifest = (set: Record<string, unknown>) => (name: string, text: string) =>
    name === 'manifest.json' ? JSON.stringify({ ...JSON.parse(text), ...set }) : text

  test.each([
    ['of a newer form', { formatVersion: 2 }, 'backup_newer'],
    [
      'of a newer schema',
      { migrations: ['0000_init.sql', '0000_native.sql', '0001_x.sql', '0002_y.sql'] },
      'schema_newer',
    ],
    ['with a table whose name is SQL', { tables: { 'x; drop table users': [] } }, 'backup_corrupt'],
  ])('a backup %s is refused', async (_, set, code) => {
    const dir = folder()
    expect(await codeOf(restoreBackup(await rewritten(manifest(set)), into(dir)))).toBe(code)
  })

  test('a row that was changed is found by its checksum', async () => {
    const path = await rewritten(
      (name, text) => (name.startsWith('tables/users/') ? text.replace('owner', 'thief') : text),
      false,
    )
    expect(await codeOf(verifyBackup(path))).toBe('backup_corrupt')
  })

  test('a target that holds a server is left alone unless it is to be replaced', async () => {
    const dir = folder()
    const other = await startTestServer({ dsn: `sqlite:${join(dir, 'nekode.db')}`, dataDir: dir })
    await other.as('owner', 'stranger').catch(() => undefined)
    expect(await codeOf(restoreBackup(file, into(dir)))).toBe('storage_locked')
    await other.stop()
    expect(await codeOf(restoreBackup(file, into(dir)))).toBe('restore_target')
    const replaced = await restoreBackup(file, into(dir, { force: true }))
    expect(replaced.key).toBe('other')
    const after = await startTestServer({ dsn: `sqlite:${join(dir, 'nekode.db')}`, dataDir: dir })
    cleanups.push(() => after.stop())
    expect(after.core.directory.byHandle('stranger')).toBeUndefined()
    expect(after.core.directory.byHandle('bot')).toBeDefined()
  })

  test('a backup of an earlier version is brought up to date', async () => {
    const dir = folder()
    const migrations = folder()
    cpSync(join(import.meta.dir, '../db/migrations'), migrations, { recursive: true })
    const statements = [
      `alter table users add column nickname text not null default ''`,
      `update users set nickname = username || '!'`,
    ]
    writeFileSync(join(migrations, 'sqlite', '0001_later.sql'), statements.join('\n--> statement-breakpoint\n'))
    expect((await restoreBackup(file, into(dir, { migrations }))).migrated).toBe(1)
    const db = await openDatabase(`sqlite:${join(dir, 'nekode.db')}`)
    cleanups.push(() => db.close())
    // What was in the backup went through the change.
    expect(await db.raw(`select nickname from users where username = 'owner'`)).toEqual([{ nickname: 'owner!' }])
  })

  test('a target that nobody set up yet counts as empty', async () => {
    const dir = folder()
    await (await startTestServer({ dsn: `sqlite:${join(dir, 'nekode.db')}`, dataDir: dir })).stop()
    expect((await restoreBackup(file, into(dir))).key).toBe('other')
  })

  test('a file that is there is not overwritten, and no half a file stays', async () => {
    const source = sourceOf(`sqlite:${join(dataDir, 'nekode.db')}`, dataDir)
    expect(await codeOf(backupToFile(source, file, plainly))).toBe('backup_exists')
    const nowhere = join(folder(), 'no', 'such', 'folder')
    expect(await codeOf(backupToFile(source, nowhere, plainly))).toBe('storage_unwritable')
  })

  test('a full disk is called one', async () => {
    const source = sourceOf(`sqlite:${join(dataDir, 'nekode.db')}`, dataDir)
    expect(await codeOf(backupToFile(source, '/dev/full', plainly))).toBe('storage_full')
  })

  test('there is no backup of what is no server', async () => {
    const dir = folder()
    const out = join(folder(), 'x')
    expect(await codeOf(backupToFile(sourceOf(`sqlite:${join(dir, 'nekode.db')}`, dir), out, plainly))).toStartWith(
      'storage_',
    )
    expect(existsSync(out)).toBe(false)
  })

  test('the key comes only with its passphrase, and without one not at all', async () => {
    const key = readKey(dataDir) as Uint8Array
    const sealed = sealKey(key, PASSPHRASE)
    expect(sealed).not.toContain(Buffer.from(key).toString('base64'))
    expect(Buffer.from(openKey(sealed, PASSPHRASE))).toEqual(Buffer.from(key))
    expect(() => openKey(sealed, 'four words and some less')).toThrow('not the passphrase')
    expect(() => sealKey(key, 'short')).toThrow('12 characters')
    const tar = Buffer.from(Bun.zstdDecompressSync(readFileSync(file)))
    expect(tar.includes(readFileSync(join(dataDir, 'secret.key'), 'utf8').trim())).toBe(false)
    expect(await codeOf(restoreBackup(file, into(folder(), { passphrase: PASSPHRASE })))).toBe('key_missing')
  })

  test('only an owner downloads a backup, which is good, and the log says so', async () => {
    const owner = await server.as('owner')
    const admin = await server.as('admin')
    expect((await admin.fetch('/api/backup')).status).toBe(403)
    const response = await owner.fetch('/api/backup')
    const path = join(folder(), 'downloaded.backup')
    await Bun.write(path, await response.arrayBuffer())
    const { manifest: read } = await verifyBackup(path)
    expect(read).toMatchObject({ key: false, dialect: 'sqlite', serverId: server.core.serverId })
    const { items } = await server.core.audit.list({ action: 'backup.download' })
    expect(items).toMatchObject([{ actor: { id: owner.id } }])
    // Whoever hangs up in the middle keeps nobody from the next one.
    const half = new AbortController()
    await owner.fetch('/api/backup', { signal: half.signal })
    half.abort()
    for (;;) {
      const again = await owner.fetch('/api/backup')
      await again.arrayBuffer()
      if (again.status === 200) break
    }
  })
})

test('a backup has every table but what is made of the others, each with a primary key to read it by', () => {
  const all = backedUpTables()
  expect(all.map(({ name }) => name)).toContain('users')
  expect(all.filter(({ primary }) => primary.length === 0)).toEqual([])
  expect(all.find(({ name }) => name === 'search_docs')).toBeUndefined()
})

test('the storage that a restore is tried on is there', () => {
  expect(sqlite.available).toBe(true)
})
