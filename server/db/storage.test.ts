import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'bun:test'
import type { Actor } from '@shared/contract'
import { newId } from '@shared/ids'
import { and, asc, count, eq, gt, inArray, like } from 'drizzle-orm'
import { type Scratch, storages } from '../../test/storages'
import type { Database, LogEvent, NewEvent, Tx } from './database'
import { isDuplicate } from './errors'
import { migrate } from './migrate'
import { openDatabase } from './open'
import type { Row } from './tables'

const actor: Actor = { kind: 'human', id: 'usr_1', name: 'ada', displayName: 'Ada' }
const event = (n: number): NewEvent => ({
  kind: 'user',
  operation: 'updated',
  aggregateId: `usr_${n}`,
  audience: 'all',
  actor,
  payload: { n, text: 'naïve 日本語 🐈' },
})

const message = (over: Partial<Row<'messages'>> = {}): Row<'messages'> => ({
  id: newId('msg'),
  channelId: 'chn_1',
  target: '#general',
  threadId: '',
  kind: 'note',
  senderKind: 'human',
  senderId: 'usr_1',
  senderName: 'ada',
  senderDisplayName: 'Ada',
  content: 'hello',
  mentions: [],
  system: null,
  runId: null,
  requestId: null,
  replyCount: 0,
  lastReplyAt: null,
  attachments: [],
  reactions: [],
  pinned: null,
  metadata: null,
  editedAt: null,
  deletedAt: null,
  createdAt: 1_800_000_000_000,
  ...over,
})

const run = (over: Partial<Row<'runs'>> = {}): Row<'runs'> => ({
  id: newId('run'),
  deliveryId: null,
  agentId: 'agent_1',
  computerId: 'cmp_1',
  channelId: 'chn_1',
  target: '#general',
  threadId: null,
  inputMessageId: null,
  resultMessageId: null,
  joinedRunId: null,
  state: 'queued',
  attempt: 1,
  maxAttempts: 3,
  leaseId: null,
  leaseExpiresAt: null,
  pastLeases: [],
  failure: null,
  summary: '',
  usage: null,
  costUsd: null,
  startedAt: null,
  completedAt: null,
  detailRemovedAt: null,
  createdAt: 1,
  updatedAt: 1,
  ...over,
})

for (const storage of storages)
  describe.skipIf(!storage.available)(`storage on ${storage.name}`, () => {
    let scratch: Scratch
    let db: Database

    beforeAll(async () => {
      scratch = await storage.scratch()
      db = await openDatabase(scratch.dsn)
      await migrate(db)
    })
    afterAll(async () => {
      await db.close()
      await scratch.drop()
    })
    beforeEach(() =>
      db.exclusive(async (raw) => {
        for (const table of ['events', 'messages', 'runs', 'approvals', 'computers']) await raw(`delete from ${table}`)
        await raw(`delete from settings where name <> 'event_head'`)
        await raw(`update settings set value = '0'`)
      }),
    )

    const emit = (n: number): Promise<number> =>
      db.tx(async (tx) => {
        tx.emit(event(n))
        return n
      })
    const log = (): Promise<LogEvent[]> => db.q.select().from(db.t.events).orderBy(asc(db.t.events.sequence))
    const put = (tx: Tx, name: string, value: string): Promise<void> => tx.insert(db.t.settings, { name, value })
    const settings = async (): Promise<string[]> =>
      (await db.q.select().from(db.t.settings).where(like(db.t.settings.name, 't-%')).orderBy(db.t.settings.name)).map(
        (r) => r.name,
      )

    describe('what a row holds', () => {
      const texts = ['', 'naïve 日本語 🐈‍⬛', `quote ' " \\ % _ ; --`, 'line\nbreak\ttab', 'x'.repeat(40_000)]

      test.each(texts.map((text) => [text.length > 40 ? `${text.length} characters` : JSON.stringify(text), text]))(
        'text %s comes back as it was',
        async (_, content) => {
          const row = message({ content })
          await db.tx((tx) => tx.insert(db.t.messages, row))
          expect(await db.q.select().from(db.t.messages)).toEqual([row])
        },
      )

      const values: [string, Partial<Row<'messages'>> & Partial<Row<'runs'>>][] = [
        ['an empty list', { mentions: [] }],
        [
          'a list of objects',
          {
            mentions: [
              { kind: 'agent', id: 'agent_1', name: 'bob' },
              { kind: 'human', id: 'usr_2', name: 'eve' },
            ],
          },
        ],
        ['an object', { system: { type: 'channel.created', data: { a: [1, null, 'ü', { b: false }], c: 1.5 } } }],
        ['no object', { system: null }],
        ['a large whole number', { createdAt: Number.MAX_SAFE_INTEGER }],
        ['a missing number and text', { lastReplyAt: null, runId: null, requestId: null }],
        ['a present number and text', { lastReplyAt: 1_800_000_000_001, runId: 'run_1', requestId: 'k' }],
      ]
      test.each(values)('%s comes back as it was', async (_, over) => {
        const row = message(over)
        await db.tx((tx) => tx.insert(db.t.messages, row))
        expect(await db.q.select().from(db.t.messages)).toEqual([row])
      })

      test.each([
        ['no failure, no usage, no cost', {}],
        [
          'a failure with its facts',
          { failure: { reason: 'quota_exhausted', message: 'no more today', resetsAt: 1_800_000_000_000 } },
        ],
        ['a fraction', { costUsd: 0.012345678901234 }],
        ['zero', { costUsd: 0, attempt: 0 }],
      ] as [string, Partial<Row<'runs'>>][])(
        '%s of a run comes back as it was, inserted and updated',
        async (_, over) => {
          const inserted = run(over)
          const updated = run()
          await db.tx((tx) => tx.insert(db.t.runs, inserted, updated))
          await db.tx(
            async (tx) =>
              void (await tx.q
                .update(db.t.runs)
                .set(over.failure === undefined ? { ...over, failure: null } : over)
                .where(eq(db.t.runs.id, updated.id))),
          )
          expect(await db.q.select().from(db.t.runs).orderBy(db.t.runs.id)).toEqual(
            [inserted, { ...updated, ...over }].toSorted((a, b) => (a.id < b.id ? -1 : 1)),
          )
        },
      )

      test('a failure can be taken back to none by a later update', async () => {
        const row = run({ failure: { reason: 'crashed', message: 'gone' } })
        await db.tx((tx) => tx.insert(db.t.runs, row))
        await db.tx(async (tx) => void (await tx.q.update(db.t.runs).set({ failure: null, usage: null })))
        expect(await db.q.select().from(db.t.runs)).toEqual([{ ...row, failure: null }])
      })

      const inputs = [
        'rm -rf /',
        '"quoted"',
        '{"a":1}',
        '5',
        '',
        5,
        0.1,
        true,
        ['a', 'b'],
        [1, [2]],
        {},
        { a: 'x\u0000y\ud800' },
      ]
      test.each(inputs.map((input) => [JSON.stringify(input), input]))(
        'JSON %s comes back as it was',
        async (_, input) => {
          await db.tx((tx) => tx.insert(db.t.approvals, approval({ input })))
          expect((await db.q.select().from(db.t.approvals)).map((row) => row.input)).toEqual([input])
        },
      )

      test('text with a zero byte is stored, with a replacement where the database has none for it', async () => {
        await db.tx((tx) => tx.insert(db.t.messages, message({ content: 'a\u0000b' })))
        const [row] = await db.q.select().from(db.t.messages)
        expect(row!.content).toBe(storage.name === 'postgres' ? 'a\ufffdb' : 'a\u0000b')
      })

      test('an id with a zero byte is one that no row has', async () => {
        const { messages } = db.t
        for (const where of [eq(messages.id, 'a\0b'), inArray(messages.channelId, ['\0']), gt(messages.id, 'zzz\0')])
          expect(await db.q.select().from(messages).where(where).orderBy(asc(messages.id))).toEqual([])
      })

      test('booleans come back as booleans', async () => {
        for (const enabled of [true, false]) {
          const row = computer({ id: `cmp_${enabled}`, local: enabled })
          await db.tx((tx) => tx.insert(db.t.computers, row))
          expect(await db.q.select().from(db.t.computers).where(eq(db.t.computers.local, enabled))).toEqual([row])
        }
      })

      test('ids and names are compared byte by byte', async () => {
        await db.tx(async (tx) => {
          await put(tx, 't-Name', 'a')
          await put(tx, 't-name', 'b')
          await put(tx, 't-nàme', 'c')
        })
        expect(await db.q.select().from(db.t.settings).where(eq(db.t.settings.name, 't-name'))).toEqual([
          { name: 't-name', value: 'b' },
        ])
      })

      test('a page by key holds what lies after it, in order', async () => {
        const rows = Array.from({ length: 20 }, (_, i) => message({ id: `msg_${String(i).padStart(2, '0')}` }))
        await db.tx((tx) => tx.insert(db.t.messages, ...rows.toReversed()))
        const { messages } = db.t
        const page = await db.q
          .select({ id: messages.id })
          .from(messages)
          .where(and(eq(messages.channelId, 'chn_1'), gt(messages.id, 'msg_04')))
          .orderBy(asc(messages.id))
          .limit(3)
        expect(page).toEqual([{ id: 'msg_05' }, { id: 'msg_06' }, { id: 'msg_07' }])
        expect(
          await db.q
            .select({ n: count() })
            .from(messages)
            .where(inArray(messages.id, ['msg_01', 'msg_19', 'msg_77'])),
        ).toEqual([{ n: 2 }])
      })

      test('a second row with the same unique value is refused and recognised', async () => {
        await db.tx((tx) => put(tx, 't-a', '1'))
        const error = await db.tx((tx) => put(tx, 't-a', '2')).catch((e: unknown) => e)
        expect(isDuplicate(error)).toBe(true)
        expect(isDuplicate(new Error('other'))).toBe(false)
      })
    })

    describe('transactions', () => {
      test('rows and events of a transaction come together, and its value is handed back', async () => {
        const value = await db.tx(async (tx) => {
          await put(tx, 't-a', '1')
          tx.emit(event(1))
          tx.emit(event(2))
          return 'done'
        })
        expect(value).toBe('done')
        expect(await settings()).toEqual(['t-a'])
        expect((await log()).map((e) => [e.sequence, e.aggregateId])).toEqual([
          [1, 'usr_1'],
          [2, 'usr_2'],
        ])
        expect(await db.head()).toBe(2)
      })

      test('a transaction that throws leaves neither rows nor events, and the log has no gap for it', async () => {
        await emit(1)
        const failing = db.tx(async (tx) => {
          await put(tx, 't-a', '1')
          tx.emit(event(2))
          throw new Error('changed my mind')
        })
        expect(failing).rejects.toThrow('changed my mind')
        await failing.catch(() => {})
        await emit(3)
        expect(await settings()).toEqual([])
        expect((await log()).map((e) => [e.sequence, e.aggregateId])).toEqual([
          [1, 'usr_1'],
          [2, 'usr_3'],
        ])
      })

      test('one that fails in a group takes nobody along, whichever way it fails', async () => {
        const jobs = [
          emit(1),
          db.tx(async (tx) => {
            await put(tx, 't-lost', '1')
            tx.emit(event(2))
            throw new Error('by itself')
          }),
          db.tx(async (tx) => {
            await put(tx, 't-kept', '1')
            tx.emit(event(3))
          }),
          db.tx(async (tx) => {
            tx.emit(event(4))
            await put(tx, 't-kept', 'again')
          }),
          db.tx(async (tx) => {
            tx.emit(event(5))
            await tx.q
              .update(db.t.settings)
              .set({ name: null as unknown as string })
              .where(eq(db.t.settings.name, 't-kept'))
          }),
          emit(6),
        ]
        const outcomes = await Promise.allSettled(jobs)
        expect(outcomes.map((o) => o.status)).toEqual([
          'fulfilled',
          'rejected',
          'fulfilled',
          'rejected',
          'rejected',
          'fulfilled',
        ])
        expect(await settings()).toEqual(['t-kept'])
        expect((await log()).map((e) => [e.sequence, e.aggregateId])).toEqual([
          [1, 'usr_1'],
          [2, 'usr_3'],
          [3, 'usr_6'],
        ])
      })

      test('a payload that is not JSON fails its own transaction only', async () => {
        const circle: Record<string, unknown> = {}
        circle.self = circle
        const bad = db.tx(async (tx) => tx.emit({ ...event(1), payload: circle }))
        const good = emit(2)
        expect((await Promise.allSettled([bad, good])).map((o) => o.status)).toEqual(['rejected', 'fulfilled'])
        expect((await log()).map((e) => e.aggregateId)).toEqual(['usr_2'])
      })

      test('a transaction sees what those before it did, so a counter loses no step', async () => {
        await db.tx((tx) => put(tx, 't-n', '0'))
        const { settings } = db.t
        const step = (): Promise<void> =>
          db.tx(async (tx) => {
            const [row] = await tx.q.select().from(settings).where(eq(settings.name, 't-n'))
            await tx.q
              .update(settings)
              .set({ value: String(Number(row!.value) + 1) })
              .where(eq(settings.name, 't-n'))
          })
        await Promise.all(Array.from({ length: 100 }, step))
        expect(await db.q.select().from(settings).where(eq(settings.name, 't-n'))).toEqual([
          { name: 't-n', value: '100' },
        ])
      })

      test('what is not committed is not seen from outside', async () => {
        const seen: number[] = []
        await db.tx(async (tx) => {
          await put(tx, 't-a', '1')
          seen.push((await settings()).length)
        })
        seen.push((await settings()).length)
        expect(seen).toEqual([0, 1])
      })
    })

    describe('the log', () => {
      test('200 parallel writers get one sequence each, without a gap, in the order of their commits', async () => {
        const heard: LogEvent[] = []
        let listening = true
        db.onCommit((events) => void (listening && heard.push(...events)))
        const finished: number[] = []
        await Promise.all(Array.from({ length: 200 }, (_, i) => emit(i).then((n) => finished.push(n))))
        const rows = await log()
        expect(rows.map((e) => e.sequence)).toEqual(Array.from({ length: 200 }, (_, i) => i + 1))
        expect(rows.map((e) => e.aggregateId)).toEqual(finished.map((n) => `usr_${n}`))
        expect(heard).toEqual(rows)
        listening = false
        expect(new Set(rows.map((e) => e.aggregateId)).size).toBe(200)
      })

      test('a reader that follows while writers run misses nothing', async () => {
        const writers = 200
        const state = { writing: true }
        const seen: number[] = []
        const follow = async (): Promise<void> => {
          while (state.writing || seen.length < writers) {
            const after = seen.at(-1) ?? 0
            const rows = await db.q
              .select({ n: db.t.events.sequence })
              .from(db.t.events)
              .where(gt(db.t.events.sequence, after))
              .orderBy(asc(db.t.events.sequence))
              .limit(7)
            seen.push(...rows.map((r) => r.n))
            await Bun.sleep(0)
          }
        }
        const reader = follow()
        for (let i = 0; i < writers; i += 20)
          await Promise.all(Array.from({ length: 20 }, async (_, k) => (await Bun.sleep(k % 3), emit(i + k))))
        state.writing = false
        await reader
        expect(seen).toEqual(Array.from({ length: writers }, (_, i) => i + 1))
      })

      test('the first events of a new log may come from many writers at once', async () => {
        const empty = await storage.scratch()
        const servers = await Promise.all([openDatabase(empty.dsn), openDatabase(empty.dsn)])
        await migrate(servers[0])
        await Promise.all(Array.from({ length: 30 }, (_, i) => servers[i % 2]!.tx(async (tx) => tx.emit(event(i)))))
        expect(await servers[0].head()).toBe(30)
        for (const server of servers) await server.close()
        await empty.drop()
      })

      test('two servers on one database number the log together', async () => {
        const other = await openDatabase(scratch.dsn)
        const theirs = (n: number): Promise<void> => other.tx(async (tx) => tx.emit(event(n)))
        await Promise.all(Array.from({ length: 60 }, (_, i) => (i % 2 ? emit(i) : theirs(i))))
        expect((await log()).map((e) => e.sequence)).toEqual(Array.from({ length: 60 }, (_, i) => i + 1))
        await other.close()
      })

      test('a listener that fails does not make a commit fail, and the next one still hears of it', async () => {
        const reported: unknown[] = []
        const other = await openDatabase(scratch.dsn, { report: (error) => void reported.push(error) })
        let heard = 0
        other.onCommit(() => Promise.reject(new Error('listener')))
        other.onCommit((events) => void (heard += events.length))
        await other.tx(async (tx) => tx.emit(event(1)))
        await other.close()
        expect(heard).toBe(1)
        expect(reported).toEqual([new Error('listener')])
        expect(await db.head()).toBe(1)
      })

      test('a listener hears of a commit before its caller goes on', async () => {
        const order: string[] = []
        const other = await openDatabase(scratch.dsn)
        other.onCommit(async () => {
          await Bun.sleep(5)
          order.push('heard')
        })
        await other.tx(async (tx) => tx.emit(event(1)))
        order.push('resolved')
        await other.close()
        expect(order).toEqual(['heard', 'resolved'])
      })
    })

    test('closing waits for what was asked for and takes nothing more', async () => {
      const other = await openDatabase(scratch.dsn)
      const jobs = Array.from({ length: 100 }, (_, i) => other.tx(async (tx) => tx.emit(event(i))))
      await other.close()
      await Promise.all(jobs)
      expect(await db.head()).toBe(100)
      expect(other.tx(async () => 1)).rejects.toMatchObject({ kind: 'unavailable' })
    })
  })

function approval(over: Partial<Row<'approvals'>>): Row<'approvals'> {
  return {
    id: 'apr_1',
    runId: 'run_1',
    stepId: 'step_1',
    agentId: 'agent_1',
    computerId: 'cmp_1',
    channelId: 'chn_1',
    target: '#general',
    threadId: null,
    requestId: '1',
    name: 'shell',
    kind: 'execute',
    title: 'Run a command',
    input: null,
    canRemember: false,
    state: 'pending',
    decidedBy: null,
    decidedAt: null,
    createdAt: 1,
    ...over,
  }
}

function computer(over: Partial<Row<'computers'>>): Row<'computers'> {
  return {
    id: 'cmp_1',
    daemonId: 'd',
    displayName: '',
    hostname: 'h',
    os: 'linux',
    arch: 'x64',
    version: '1',
    local: true,
    runtimes: [],
    inventoryVersion: '',
    resources: null,
    leaseId: null,
    lastSeenAt: null,
    announced: 'offline',
    ackedSequence: 0,
    removedAt: null,
    createdAt: 1,
    updatedAt: 1,
    ...over,
  }
}
