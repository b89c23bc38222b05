import { randomInt } from 'node:crypto'
import { join } from 'node:path'
import { createLogger } from '@shared/log'
import { createCore } from '../../server/core'
import { openDatabase } from '../../server/db/open'
import type { Row } from '../../server/db/tables'
import type { Channel } from '../../server/directory/directory'
import { MessageSource } from '../../server/messages/searching'
import { MessageWriter } from '../../server/messages/writer'
import { SearchService } from '../../server/search/service'
import { loadServerId } from '../../server/settings/identity'
import { type Caller, startServer } from '../e2e/harness'
import { type Bench, figure } from './figure'
import { quantile } from './stats'

const CHANNELS = 200
const MESSAGES = 1_000_000
/** In the channel that is opened. */
const IN_ONE = 10_000
const WORDS = 12
const BATCH = 2000
const TIMES = 200

/** Words as people use them: the n-th most frequent one is used 1/n as often as the first. */
class Vocabulary {
  static readonly SIZE = 20_000
  readonly #sums: number[] = []

  constructor() {
    let sum = 0
    for (let i = 1; i <= Vocabulary.SIZE; i++) this.#sums.push((sum += 1 / i))
  }

  at(rank: number): string {
    return `${((rank + 1) * 7919 + 100_003).toString(36)}${rank % 3 === 0 ? 'ing' : ''}`
  }

  any(): string {
    const wanted = Math.random() * (this.#sums.at(-1) ?? 0)
    let low = 0
    for (let high = this.#sums.length - 1; low < high;) {
      const middle = (low + high) >> 1
      if ((this.#sums[middle] ?? 0) < wanted) low = middle + 1
      else high = middle
    }
    return this.at(low)
  }
}

const times = <T>(count: number, make: (i: number) => T): T[] => Array.from({ length: count }, (_, i) => make(i))

/** Puts the messages into the stopped server's database with its own writer, without their events, which nobody follows. */
async function fill(path: string, names: string[], words: Vocabulary): Promise<void> {
  const db = await openDatabase(`sqlite:${path}`, { durability: 'normal' })
  const core = await createCore(db, createLogger({ level: 'error' }), await loadServerId(db))
  const search = new SearchService(core)
  search.addSource(new MessageSource(db))
  const writer = new MessageWriter(core, search)
  const channels = names.flatMap((name) => core.directory.channelAt(name) ?? [])
  const [first, ...rest] = channels
  const [user]: Row<'users'>[] = await db.q.select().from(db.t.users)
  if (!first || !user) throw new Error('the server was not set up')
  const sender = { kind: 'human', id: user.id, name: user.username, displayName: user.displayName } as const
  const place = (n: number): Channel => (n < IN_ONE ? first : (rest[randomInt(rest.length)] ?? first))
  for (let done = 0; done < MESSAGES; done += BATCH)
    await db.tx(async (tx) => {
      const quiet = { q: tx.q, insert: tx.insert, emit: () => undefined }
      for (let i = 0; i < BATCH; i++) {
        const content = times(WORDS, () => words.any()).join(' ')
        await writer.write(quiet, { channel: place(done + i), threadId: null, sender, content })
      }
    })
  await db.close()
}

async function timed(ask: (i: number) => Promise<unknown>): Promise<number[]> {
  for (let i = 0; i < 10; i++) await ask(i)
  const taken: number[] = []
  for (let i = 0; i < TIMES; i++) {
    const began = performance.now()
    await ask(i)
    taken.push(performance.now() - began)
  }
  return taken
}

/** What people type: one word, two, the beginning of one, exact words, a filter. */
function queries(words: Vocabulary): string[] {
  const common = (): string => words.at(randomInt(50))
  const usual = (): string => words.at(randomInt(50, 3000))
  return times(TIMES, (i) => {
    switch (i % 6) {
      case 0:
        return usual()
      case 1:
        return `${common()} ${usual()}`
      case 2:
        return usual().slice(0, 4)
      case 3:
        return `"${common()} ${common()}"`
      case 4:
        return `${usual()} from:admin`
      default:
        return common()
    }
  })
}

async function measure(admin: Caller, names: string[], words: Vocabulary) {
  const [first = ''] = names
  const typed = queries(words)
  const q = (i: number): string => typed[i % typed.length] ?? ''
  return {
    opened: await timed(() => admin.call('GET /api/messages', { query: { target: first, limit: 50 } })),
    snapshot: await timed(() => admin.call('GET /api/snapshot')),
    recent: await timed((i) => admin.call('GET /api/messages/search', { query: { q: q(i), limit: 20 } })),
    best: await timed((i) => admin.call('GET /api/search', { query: { q: q(i), limit: 20 } })),
  }
}

/** A server with a long past. */
export const history: Bench = {
  name: 'history',
  async run(place) {
    const server = await startServer(place, { env: { NEKODE_RATE_LIMIT: '0' } })
    const admin = await server.admin()
    const words = new Vocabulary()
    const names = times(CHANNELS, (i) => `bench-${i}`)
    for (const name of names) await admin.call('POST /api/channels', { body: { name } })
    await server.stop()
    await fill(join(server.dataDir, 'nekode.db'), names, words)
    await server.start()
    const taken = await measure(
      admin,
      names.map((name) => `#${name}`),
      words,
    )
    const past = `${MESSAGES.toLocaleString('en')} messages in ${CHANNELS} channels, SQLite; p95 of ${TIMES} requests of one client`
    const one = (what: string, ms: number[], atMost: number | undefined, how: string) =>
      figure({ what, ours: quantile(ms, 0.95), unit: 'ms', how, ...(atMost === undefined ? {} : { atMost }) })
    return [
      one(
        'opening a channel, p95',
        taken.opened,
        20,
        `GET /api/messages of a channel with ${IN_ONE} messages; ${past}`,
      ),
      one('the console’s first request, p95', taken.snapshot, undefined, `GET /api/snapshot; ${past}`),
      one(
        'search, newest first, p95',
        taken.recent,
        50,
        `GET /api/messages/search with one word, two, a beginning, exact words, a filter, in all channels; ${past}`,
      ),
      one('search, best first, p95', taken.best, 50, `GET /api/search with the same; ${past}`),
    ]
  },
}
