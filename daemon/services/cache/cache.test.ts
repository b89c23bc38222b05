import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { Database } from 'bun:sqlite'
import { mkdtempSync, openSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createLogger } from '@shared/log'
import { type CacheOptions, ResponseCache } from './cache'
import type { Entry } from './store'

let home: string
let lines: string[]
const open: ResponseCache[] = []
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'nekode-cache-'))
  lines = []
})
afterEach(async () => {
  for (const cache of open.splice(0)) await cache.close()
  rmSync(home, { recursive: true })
})

const path = () => join(home, 'cache.db')

function make(more: Partial<CacheOptions> = {}): ResponseCache {
  const cache = new ResponseCache({
    path: path(),
    log: createLogger({ level: 'info', write: (line) => lines.push(line) }),
    ttlMs: 3_600_000,
    maxBytes: 1e8,
    frontBytes: 1e7,
    ...more,
  })
  open.push(cache)
  return cache
}

const usage = { input: 10, cacheRead: 3, cacheWrite: 2, output: 5, reasoning: 1 }
const entry = (key: string, body = `the answer of ${key}`, more: Partial<Entry> = {}): Entry => ({
  key,
  name: null,
  tenant: 'agent_1',
  provider: 'openai',
  model: 'm',
  api: 'chat',
  contentType: 'application/json',
  usage,
  cost: 0.01,
  createdAt: 0,
  expiresAt: 0,
  body: new TextEncoder().encode(body),
  ...more,
})
/** Text that does not get smaller. */
const noise = (bytes: number): string => Buffer.from(crypto.getRandomValues(new Uint8Array(bytes))).toString('latin1')
const textOf = (found: Entry | undefined): string | undefined => found && new TextDecoder().decode(found.body)

describe('the cache', () => {
  test('gives back what was put, from memory and after a restart from its file', async () => {
    const first = make()
    first.put(entry('a'))
    expect(textOf(first.find('a'))).toBe('the answer of a')
    expect(first.find('b')).toBeUndefined()
    await first.close()
    const second = make()
    expect(second.find('a')).toMatchObject({ usage, cost: 0.01, contentType: 'application/json', tenant: 'agent_1' })
    expect(textOf(second.find('a'))).toBe('the answer of a')
    expect(statSync(path()).mode & 0o777).toBe(0o600)
  })

  test('makes no file, and takes no memory, before it is used', async () => {
    const cache = make()
    await cache.close()
    expect(readdirSync(home)).toEqual([])
  })

  test('keeps counting where it was before a restart', async () => {
    const first = make()
    first.put(entry('a'))
    first.miss()
    for (let i = 0; i < 3; i++) first.hit(first.find('a')!)
    first.pass()
    expect(first.stats()).toMatchObject({ hits: 3, misses: 1, passes: 1, total_tokens_saved: 60, hit_rate: 0.75 })
    await first.close()
    const second = make()
    expect(second.stats()).toMatchObject({ hits: 3, misses: 1, passes: 1, total_tokens_saved: 60, entries: 1 })
    expect(second.stats().total_cost_saved).toBeCloseTo(0.03)
    expect(second.list({}, 10)).toMatchObject([{ key: 'a', hits: 3, tokens_in: 15, tokens_out: 5 }])
  })

  test('forgets what is past its time, and what a clock that was set back makes older than it says', async () => {
    let now = 1_000_000_000
    const cache = make({ now: () => now })
    cache.put(entry('short'), 1000)
    cache.put(entry('long'))
    await cache.settled()
    now += 1000
    expect(cache.find('short')).toBeUndefined()
    expect(cache.find('long')).toBeDefined()
    now -= 24 * 3_600_000
    expect(cache.find('long')).toBeUndefined()
    expect(cache.stats().entries).toBe(0)
  })

  test('takes out what is past its time by itself, also in its file', async () => {
    let now = 1_000_000_000
    const cache = make({ now: () => now })
    for (let i = 0; i < 1200; i++) cache.put(entry(`old${i}`), 1000)
    cache.put(entry('new'))
    await cache.settled()
    now += 2000
    await cache.sweep()
    expect(cache.stats()).toMatchObject({ entries: 1, memory_entries: 1 })
    expect(cache.list({}, 10).map(({ key }) => key)).toEqual(['new'])
  })

  test('stays within its size: what was not used for the longest goes, and the file does not grow on', async () => {
    let now = 1_000_000_000
    const maxBytes = 1_000_000
    const cache = make({ maxBytes, frontBytes: 1000, now: () => now })
    for (let i = 0; i < 300; i++) {
      now += 10
      cache.put(entry(`k${i}`, noise(10_000)))
      await cache.settled()
      const kept = cache.find('k0')
      if (kept) cache.hit(kept)
      expect(cache.stats().bytes).toBeLessThanOrEqual(maxBytes)
    }
    expect(cache.find('k0')).toBeDefined()
    expect(cache.find('k1')).toBeUndefined()
    expect(cache.find('k299')).toBeDefined()
    expect(cache.stats().evictions).toBeGreaterThan(200)
    await cache.close()
    expect(statSync(path()).size).toBeLessThan(maxBytes * 2.5)
  })

  test('holds no more in memory than it may, and finds the rest in its file', async () => {
    const cache = make({ frontBytes: 100_000 })
    for (let i = 0; i < 200; i++) cache.put(entry(`k${i}`, noise(2000)))
    await cache.settled()
    expect(cache.stats()).toMatchObject({ entries: 200 })
    expect(cache.stats().memory_bytes).toBeLessThanOrEqual(100_000)
    for (let i = 0; i < 200; i++) expect(cache.find(`k${i}`)?.body.length).toBeGreaterThan(2000)
    expect(cache.stats().memory_bytes).toBeLessThanOrEqual(100_000)
  })

  test('takes out one entry, those of a model, of an agent, or all; what is on its way to the file does not come back', async () => {
    const cache = make()
    cache.put(entry('one', undefined, { name: 'mine' }))
    cache.put(entry('two', undefined, { model: 'n' }))
    cache.put(entry('three', undefined, { tenant: 'agent_2' }))
    cache.put(entry('four', undefined, { model: 'n' }))
    await cache.settled()
    expect(await cache.purge({ key: 'mine', tenant: 'agent_2' })).toBe(0)
    expect(await cache.purge({ key: 'mine' })).toBe(1)
    expect(await cache.purge({ model: 'n', tenant: 'agent_1' })).toBe(2)
    expect(['one', 'two', 'three', 'four'].filter((key) => cache.find(key))).toEqual(['three'])
    cache.put(entry('five'))
    await cache.purge({ key: 'five' })
    cache.put(entry('six', undefined, { model: 'n' }))
    await cache.purge({ model: 'n' })
    cache.put(entry('seven'))
    cache.clear()
    await cache.settled()
    expect(cache.stats()).toMatchObject({ entries: 0, bytes: 0, memory_entries: 0 })
    expect(['five', 'six', 'seven'].filter((key) => cache.find(key))).toEqual([])
  })

  test('a later answer takes the place of the earlier one', async () => {
    const cache = make({ frontBytes: 0 })
    cache.put(entry('a', 'first'))
    cache.put(entry('a', 'second'))
    await cache.settled()
    expect(textOf(cache.find('a'))).toBe('second')
    expect(cache.stats().entries).toBe(1)
  })
})

describe('a file that', () => {
  test('is no database is set aside with a message, never overwritten', async () => {
    writeFileSync(path(), 'this is not a database, but somebody may want it')
    const cache = make()
    cache.put(entry('a'))
    await cache.settled()
    expect(textOf(cache.find('a'))).toBe('the answer of a')
    const aside = readdirSync(home).find((name) => name.startsWith('cache.db.damaged-'))!
    expect(readFileSync(join(home, aside), 'utf8')).toBe('this is not a database, but somebody may want it')
    expect(lines.join('\n')).toContain('damaged and is set aside')
  })

  test.each([
    ['everywhere', 2, 1],
    ['in every second page', 3, 2],
    ['somewhere in the middle', 40, 7],
  ])('is damaged %s is set aside when that shows, gives no wrong answer, and requests go on', async (_, from, by) => {
    const first = make()
    const bodies = Array.from({ length: 400 }, () => noise(3000))
    bodies.forEach((body, i) => first.put(entry(`k${i}`, body)))
    await first.close()
    const file = openSync(path(), 'r+')
    const garbage = Buffer.alloc(4096, 0x55)
    for (let page = from; page < 300; page += by) writeSync(file, garbage, 0, garbage.length, page * 4096)
    const cache = make({ frontBytes: 0 })
    for (let i = 0; i < 400; i++) {
      const found = cache.find(`k${i}`)
      if (found) expect(textOf(found)).toBe(bodies[i]!)
    }
    cache.put(entry('after'))
    await cache.settled()
    expect(textOf(cache.find('after'))).toBe('the answer of after')
    expect(readdirSync(home).some((name) => name.startsWith('cache.db.damaged-'))).toBe(true)
  })

  test('cannot be made, or is of a newer version, leaves a cache that works in memory', async () => {
    const cache = make({ path: join(home, 'no', 'such', 'folder', 'cache.db') })
    cache.put(entry('a'))
    expect(textOf(cache.find('a'))).toBe('the answer of a')
    cache.hit(cache.find('a')!)
    expect(cache.stats()).toMatchObject({ hits: 1, entries: 1, bytes: 0 })
    await cache.purge({ model: 'm' })
    expect(cache.find('a')).toBeUndefined()
    const newer = new Database(path())
    newer.run('PRAGMA user_version = 99')
    newer.close()
    const other = make()
    other.put(entry('b'))
    expect(other.find('b')).toBeDefined()
    expect(lines.join('\n')).toContain('newer nekode-daemon')
  })
})

test('after kills in the middle of writes every entry that is there is whole, and the file is sound', async () => {
  const writer = `
    import { ResponseCache } from ${JSON.stringify(join(import.meta.dir, 'cache.ts'))}
    import { createLogger } from ${JSON.stringify(join(import.meta.dir, '../../../shared/log.ts'))}
    const log = createLogger({ level: 'error', write: () => undefined })
    const cache = new ResponseCache({ path: ${JSON.stringify(path())}, log, ttlMs: 1e7, maxBytes: 2e6, frontBytes: 1e5 })
    const base = ${JSON.stringify(entry(''))}
    for (let i = 0; ; i++) {
      const body = new TextEncoder().encode((process.argv.at(-1) + i + ' ').repeat(500 + i % 3000))
      const sum = new Bun.CryptoHasher('sha256').update(body).digest('hex')
      cache.put({ ...base, key: process.argv.at(-1) + '-' + i, contentType: sum, body })
      if (i % 20 === 0) await cache.settled()
      if (i === 40) console.log('writing')
    }`
  let found = 0
  for (let round = 0; round < 8; round++) {
    const child = Bun.spawn([process.execPath, '-e', writer, `r${round}`], { stdout: 'pipe', stderr: 'inherit' })
    await child.stdout.getReader().read()
    await Bun.sleep(Math.random() * 60)
    child.kill('SIGKILL')
    await child.exited
    const database = new Database(path())
    expect(database.query('PRAGMA integrity_check').all()).toEqual([{ integrity_check: 'ok' }])
    database.close()
    const cache = make({ frontBytes: 0 })
    const entries = cache.list({}, 1000)
    for (const { key } of entries) {
      const { body, contentType } = cache.find(key)!
      expect(new Bun.CryptoHasher('sha256').update(body).digest('hex')).toBe(contentType)
    }
    found += entries.length
    await cache.close()
  }
  expect(found).toBeGreaterThan(100)
  expect(readdirSync(home).some((name) => name.includes('damaged'))).toBe(false)
})
