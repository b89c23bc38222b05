import { expect, test } from 'bun:test'
import { ServerEventJson } from '@shared/contract'
import { ApiError } from '@shared/contract/client'
import { followSse } from '@shared/sse'
import { count, max, min } from 'drizzle-orm'
import { z } from 'zod'
import { openDatabase } from '../../server/db/open'
import { type Caller, type Place, type ServerUnderTest, inPlace, startServer } from '../e2e/harness'
import { type Storage, storages } from '../storages'
import { times } from './counts'

const WRITERS = 8
const FOLLOWERS = 5

/** Posts one message after the other, each until it is accepted, however often the server is gone in between. */
class Writer {
  /** Ids of the accepted messages by their text. */
  readonly accepted = new Map<string, string>()
  retries = 0
  #stopped = false
  readonly done: Promise<void>

  constructor(
    private readonly name: string,
    private readonly caller: Caller,
  ) {
    this.done = this.#write()
  }

  async #write(): Promise<void> {
    for (let i = 0; !this.#stopped; i++) await this.#post(`${this.name}-${i}`)
  }

  async #post(content: string): Promise<void> {
    for (;;) {
      try {
        const body = { target: '#general', content, requestId: content }
        const { message } = await this.caller.call('POST /api/messages', { body })
        this.accepted.set(content, message.id)
        return
      } catch (error) {
        // Gone, or going: the same request again. Anything else is what this test is looking for.
        if (!(error instanceof ApiError) || (error.status !== 0 && error.status < 500)) throw error
        if (error.status >= 500 && error.status !== 503) throw error
        this.retries++
        await Bun.sleep(5)
      }
    }
  }

  async stop(): Promise<void> {
    this.#stopped = true
    await this.done
  }
}

/** Follows the events as a client does, and keeps what it saw in order. */
class Follower {
  readonly seen: { sequence: number; content: string }[] = []
  resumed = 0
  startedOver = 0
  connected = false
  readonly #abort = new AbortController()
  readonly done: Promise<void>

  constructor(server: ServerUnderTest, token: string) {
    this.done = this.#follow(server, token)
  }

  async #follow(server: ServerUnderTest, token: string): Promise<void> {
    const items = followSse({
      url: `${server.url}/api/server-events`,
      headers: () => ({ authorization: `Bearer ${token}` }),
      signal: this.#abort.signal,
      retryMs: 20,
    })
    let opened = 0
    for await (const item of items) {
      if (item.type !== 'event') this.connected = item.type === 'open'
      if (item.type === 'open' && opened++ > 0) {
        if (item.resumed) this.resumed++
        else this.startedOver++
      }
      if (item.type !== 'event') continue
      const event = ServerEventJson.parse(JSON.parse(item.data))
      if (event.kind !== 'message' || event.operation !== 'created') continue
      this.seen.push({
        sequence: event.sequence,
        content: z.object({ content: z.string() }).parse(event.payload).content,
      })
    }
  }

  async stop(): Promise<void> {
    this.#abort.abort()
    await this.done
  }
}

async function connected(followers: Follower[]): Promise<void> {
  const until = Date.now() + 20_000
  while (followers.some((follower) => !follower.connected)) {
    if (Date.now() > until) throw new Error('a follower does not come back')
    await Bun.sleep(5)
  }
}

async function allMessages(admin: Caller): Promise<Map<string, string[]>> {
  const found = new Map<string, string[]>()
  let cursor: string | undefined
  do {
    const page = await admin.call('GET /api/messages', {
      query: { target: '#general', limit: 200, ...(cursor ? { cursor } : {}) },
    })
    for (const { id, content } of page.items) found.set(content, [...(found.get(content) ?? []), id])
    cursor = page.nextCursor
  } while (cursor !== undefined)
  return found
}

/** Ends the server at a moment of its life that nobody chose: at work, or while it starts. */
async function killAndRestart(server: ServerUnderTest, round: number): Promise<void> {
  await Bun.sleep(20 + Math.random() * 80)
  await server.killHard()
  if (round % 5 === 4) {
    const starting = server.start().catch(() => undefined)
    await Bun.sleep(Math.random() * 120)
    await server.killHard()
    await starting
  }
  await server.start()
}

/** How often the server is killed on each database. The first number is the promise; the others are to see that it holds there too. */
const KILLS = { sqlite: times(50), postgres: times(15), mysql: times(15) }

for (const storage of storages) {
  const kills = KILLS[storage.name]
  const name = `on ${storage.name}, after ${kills} kills under load, every accepted message is there exactly once and no client missed one`
  test.skipIf(!storage.available)(name, () => inPlace((place) => killUnderLoad(place, storage, kills)), 600_000)
}

async function killUnderLoad(place: Place, storage: Storage, kills: number): Promise<void> {
  const scratch = await storage.scratch()
  const server = await startServer(place, { env: { NEKODE_DB_DSN: scratch.dsn } })
  const admin = await server.admin()
  const followers = Array.from({ length: FOLLOWERS }, () => new Follower(server, admin.token))
  await connected(followers)
  const writers = Array.from({ length: WRITERS }, (_, i) => new Writer(`w${i}`, admin))
  for (let round = 0; round < kills; round++) {
    // Every other time all followers are at work when it happens; in between they are still on their way back.
    if (round % 2 === 0) await connected(followers)
    await killAndRestart(server, round)
  }
  await Promise.all(writers.map((writer) => writer.stop()))

  const accepted = new Map(writers.flatMap((writer) => [...writer.accepted]))
  const stored = await allMessages(admin)
  expect(stored.size).toBe(accepted.size)
  for (const [content, id] of accepted) expect([content, stored.get(content)]).toEqual([content, [id]])

  const until = Date.now() + 20_000
  while (followers.some((f) => f.seen.length < accepted.size) && Date.now() < until) await Bun.sleep(20)
  for (const follower of followers) {
    expect(follower.startedOver).toBe(0)
    expect(follower.resumed).toBeGreaterThanOrEqual(Math.floor(kills / 2))
    const order = follower.seen.map((s) => s.sequence)
    expect(order).toEqual(order.toSorted((a, b) => a - b))
    expect(follower.seen.map((s) => s.content).toSorted()).toEqual([...accepted.keys()].toSorted())
    await follower.stop()
  }

  await server.stop()
  const events = await logWithoutGaps(scratch.dsn)
  await scratch.drop()
  const retries = writers.reduce((sum, writer) => sum + writer.retries, 0)
  console.log(
    `${kills} kills on ${storage.name}: ${accepted.size} messages accepted (${retries} requests repeated), each stored once; ${FOLLOWERS} followers saw each once, in order; ${events} events without a gap`,
  )
}

/** @returns how many events there are, after seeing that they are numbered from 1 on */
async function logWithoutGaps(dsn: string): Promise<number> {
  const db = await openDatabase(dsn)
  const { sequence } = db.t.events
  const [log] = await db.q.select({ n: count(), first: min(sequence), last: max(sequence) }).from(db.t.events)
  if (db.dialect === 'sqlite') expect(await db.raw('pragma integrity_check')).toEqual([{ integrity_check: 'ok' }])
  await db.close()
  expect({ n: Number(log!.n), first: Number(log!.first), last: Number(log!.last) }).toEqual({
    n: Number(log!.n),
    first: 1,
    last: Number(log!.n),
  })
  return Number(log!.n)
}
