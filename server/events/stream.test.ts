import { afterAll, afterEach, beforeAll, describe, expect, test } from 'bun:test'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ErrorBody, type ServerEvent, ServerEventJson } from '@shared/contract'
import { createParser } from 'eventsource-parser'
import { SYSTEM } from '../access/principal'
import { type Caller, type TestServer, startTestServer } from '../testing'
import { eventStream } from './sse'

let server: TestServer
let owner: Caller
beforeAll(async () => {
  server = await startTestServer()
  owner = await server.as('owner')
})
afterAll(() => server.stop())

/** A message in #general by the owner; its text comes back in the events. */
const say = (content: string, target = '#general') => owner.call('POST /api/messages', { body: { target, content } })

/** Events that everybody sees, in one transaction. */
const emit = (count: number, audience = 'all') =>
  server.core.db.tx(async (tx) => {
    for (let i = 0; i < count; i++)
      tx.emit({
        kind: 'activity',
        operation: 'created',
        aggregateId: 'act_0',
        audience,
        actor: SYSTEM,
        payload: { id: 'act_0', agentId: 'agent_0', kind: 'test', message: 'x'.repeat(100) },
      })
  })

interface Got {
  /** Texts of the messages that arrived. */
  texts: string[]
  sequences: number[]
  lastId: string
  ended: boolean
}

const closing: (() => void)[] = []
afterEach(() => {
  for (const close of closing.splice(0)) close()
})

/** Follows the stream as `caller`. */
async function follow(caller: Pick<Caller, 'fetch'>, query = '', headers: Record<string, string> = {}) {
  const stop = new AbortController()
  closing.push(() => stop.abort())
  const response = await caller.fetch(`/api/server-events${query}`, { headers, signal: stop.signal })
  if (!response.ok) return { response, got: undefined, until: async () => {} }
  const got: Got = { texts: [], sequences: [], lastId: '', ended: false }
  const parser = createParser({
    onId: (id) => (got.lastId = id),
    onEvent: ({ data }) => take(got, data),
  })
  void (async () => {
    const decoder = new TextDecoder()
    try {
      for await (const chunk of response.body ?? []) parser.feed(decoder.decode(chunk, { stream: true }))
    } catch {
      // Closed by this test.
    }
    got.ended = true
  })()
  return { response, got, until: (done: (got: Got) => boolean) => eventually(() => done(got)) }
}

function take(got: Got, data: string): void {
  const event = ServerEventJson.parse(JSON.parse(data)) as ServerEvent
  got.sequences.push(event.sequence)
  if (event.kind === 'message') got.texts.push(event.payload.content)
}

async function eventually(done: () => boolean, ms = 5000): Promise<void> {
  for (const end = Date.now() + ms; !done(); await Bun.sleep(2))
    if (Date.now() > end) throw new Error('it did not happen')
}

describe('server-sent events', () => {
  test('start with the position, so that a client that saw no event yet can resume', async () => {
    const { response, until, got } = await follow(owner)
    expect(response.headers.get('content-type')).toBe('text/event-stream')
    expect(response.headers.get('cache-control')).toBe('no-store')
    await until((g) => g.lastId !== '')
    expect(got?.lastId).toBe(server.core.hub.cursor())
  })

  test('without a cursor tell what happens from now on, in order, each once', async () => {
    await say('before')
    const { got, until } = await follow(owner)
    const texts = Array.from({ length: 30 }, (_, i) => `now ${i}`)
    for (const text of texts) await say(text)
    await until((g) => g.texts.length >= 30)
    expect(got?.texts).toEqual(texts)
    expect(got?.sequences).toEqual(got?.sequences.toSorted((a, b) => a - b) ?? [])
  })

  test('resume after the cursor of the query or of Last-Event-ID, which wins', async () => {
    const start = server.core.hub.cursor()
    await say('one')
    const middle = server.core.hub.cursor()
    await say('two')
    const early = await follow(owner, `?cursor=${start}`)
    const late = await follow(owner, `?cursor=${start}`, { 'last-event-id': middle })
    await early.until((g) => g.texts.length === 2)
    await late.until((g) => g.texts.length === 1)
    expect(early.got?.texts).toEqual(['one', 'two'])
    expect(late.got?.texts).toEqual(['two'])
  })

  test('take the bare number of an event as a cursor', async () => {
    const sequence = await server.events()
    await say('numbered')
    const { got, until } = await follow(owner, `?cursor=${sequence}`)
    await until((g) => g.texts.length === 1)
    expect(got?.texts).toEqual(['numbered'])
  })

  test('catch up over more than what is in memory, with nothing missing', async () => {
    const start = server.core.hub.cursor()
    await emit(10_000)
    const { got, until } = await follow(owner, `?cursor=${start}`)
    await until((g) => g.sequences.length >= 10_000)
    const first = Number(start.split(':')[1]) + 1
    expect(got?.sequences).toEqual(Array.from({ length: 10_000 }, (_, i) => first + i))
  })

  test.each([
    ['of another server', () => `srv_${'0'.repeat(32)}:1`],
    ['beyond the end of the log', () => server.core.hub.cursor(server.core.hub.head + 1)],
    ['that is none', () => 'yesterday'],
  ])('refuse a cursor %s before anything is sent', async (_, cursor) => {
    for (const [query, headers] of [
      [`?cursor=${cursor()}`, {}],
      ['', { 'last-event-id': cursor() }],
    ] as const) {
      const { response } = await follow(owner, query, headers)
      expect(response.status).toBe(410)
      expect(ErrorBody.parse(await response.json())).toMatchObject({ code: 'cursor_gone', next: expect.any(String) })
    }
  })

  test('show each reader only what is for them', async () => {
    await owner.call('POST /api/channels', { body: { name: 'secret', visibility: 'private' } })
    const member = await follow(await server.as('member'))
    const own = await follow(owner)
    const robot = await follow(await server.agent())
    await say('for few', '#secret')
    await say('for all')
    for (const reader of [member, own, robot]) await reader.until((g) => g.texts.includes('for all'))
    expect(own.got?.texts).toEqual(['for few', 'for all'])
    expect(member.got?.texts).toEqual(['for all'])
    expect(robot.got?.texts).toEqual(['for all'])
  })

  test('of one target are of nothing else', async () => {
    await owner.call('POST /api/channels', { body: { name: 'side' } })
    const { got, until } = await follow(owner, '?target=%23side')
    await say('elsewhere')
    await say('here', '#side')
    await until((g) => g.texts.length > 0)
    expect(got?.texts).toEqual(['here'])
  })

  test('of a target that the caller may not see are refused', async () => {
    const { response } = await follow(await server.as('member'), '?target=%23secret')
    expect(response.status).toBe(404)
  })

  test('end when the token is revoked, and the token opens no other stream', async () => {
    const { token, id } = await owner.call('POST /api/tokens', { body: { name: 't', scopes: ['read'] } })
    const caller = {
      fetch: (path: string, init: RequestInit = {}) =>
        server.guest.fetch(path, { ...init, headers: { ...init.headers, authorization: `Bearer ${token}` } }),
    }
    const before = server.core.hub.readers
    const { got, until } = await follow(caller)
    await until((g) => g.lastId !== '')
    await owner.call('DELETE /api/tokens/{id}', { params: { id } })
    await say('too late')
    await until((g) => g.ended)
    expect(got?.texts).toEqual([])
    expect((await follow(caller)).response.status).toBe(401)
    expect(server.core.hub.readers).toBe(before)
  })

  test('end when the session ends by itself', async () => {
    const { db, credentials } = server.core
    const issued = await db.tx((tx) =>
      credentials.issue(tx, {
        kind: 'session',
        ownerId: owner.id,
        name: 's',
        csrf: 'c',
        expiresAt: Date.now() + 60_000,
      }),
    )
    const { until } = await follow({
      fetch: (path, init) =>
        server.guest.fetch(path, { ...init, headers: { authorization: `Bearer ${issued.token}` } }),
    })
    await until((g) => g.lastId !== '')
    await credentials.sweep(Date.now() + 61_000)
    await until((g) => g.ended)
  })

  test('of a client that goes away leave no reader behind', async () => {
    const before = server.core.hub.readers
    await follow(owner)
    expect(server.core.hub.readers).toBe(before + 1)
    for (const close of closing.splice(0)) close()
    await say('to nobody')
    await eventually(() => server.core.hub.readers === before)
  })

  test('are not opened by HEAD', async () => {
    const before = server.core.hub.readers
    const response = await owner.fetch('/api/server-events', { method: 'HEAD' })
    expect(response.headers.get('content-type')).toBe('text/event-stream')
    expect(server.core.hub.readers).toBe(before)
  })

  test('wait in the log, not in memory, for a client that does not read', async () => {
    const { hub } = server.core
    const revoked = new AbortController()
    const principal = {
      kind: 'user',
      id: owner.id,
      name: '',
      displayName: '',
      role: 'owner',
      scopes: null,
      csrf: null,
    } as const
    const start = hub.head
    const reader = hub.open({ principal: { ...principal, credentialId: '', revoked: revoked.signal }, after: start })
    const stream = eventStream(hub, reader)
    for (let i = 0; i < 20; i++) await emit(250)
    await Bun.sleep(20)
    expect(hub.head).toBe(start + 5000)
    expect(reader.position).toBeLessThanOrEqual(start + 500)
    await stream.cancel()
  })
})

describe('events as a list', () => {
  test('come after the cursor, oldest first, and page to the end', async () => {
    const start = server.core.hub.cursor()
    for (const text of ['a', 'b', 'c', 'd', 'e']) await say(text)
    const sequences: number[] = []
    let cursor = start
    for (let pages = 0; pages < 20; pages++) {
      const page = await owner.call('GET /api/events', { query: { cursor, limit: 2, target: '#general' } })
      sequences.push(...page.items.map((item) => item.sequence))
      cursor = page.cursor
      if (!page.items.length) break
    }
    expect(cursor).toBe(server.core.hub.cursor())
    expect(sequences.length).toBeGreaterThanOrEqual(5)
    expect(new Set(sequences).size).toBe(sequences.length)
    expect(sequences).toEqual(sequences.toSorted((a, b) => a - b))
  })

  test('hold nothing that the caller may not see', async () => {
    const start = server.core.hub.cursor()
    await say('for few', '#secret')
    await say('for all')
    const { items, cursor } = await (await server.as('member')).call('GET /api/events', { query: { cursor: start } })
    expect(JSON.stringify(items)).toContain('for all')
    expect(JSON.stringify(items)).not.toContain('for few')
    expect(cursor).toBe(server.core.hub.cursor())
  })
})

test('a request for events looks through a part of a long log, and says how far it came', async () => {
  const member = await server.as('member')
  let cursor = server.core.hub.cursor()
  await emit(10_500, 'admin')
  await say('at the end')
  const counts: number[] = []
  for (let last = ''; last !== cursor;) {
    last = cursor
    const page = await member.call('GET /api/events', { query: { cursor } })
    counts.push(page.items.length)
    cursor = page.cursor
  }
  expect(counts).toEqual([0, 1, 0])
  expect(cursor).toBe(server.core.hub.cursor())
})

test('a reader that looks through a long log in vain lets everybody else in between', async () => {
  const { hub, credentials } = server.core
  const after = hub.head
  await emit(10_500, 'admin')
  const reader = hub.open({ principal: await credentials.resolve((await server.as('member')).token), after })
  const found = reader.next()
  await new Promise((resolve) => setImmediate(resolve))
  expect(reader.position).toBeLessThan(hub.head)
  await say('at last')
  expect(await found).toMatchObject([{ kind: 'message' }])
  reader.close()
})

describe('over a restart of the server', () => {
  test('a client goes on where it was, with nothing missing and nothing twice', async () => {
    const dataDir = mkdtempSync(join(tmpdir(), 'nekode-test-'))
    try {
      const first = await startTestServer({ dataDir })
      const { token, id } = await first.as('owner')
      const as = (s: TestServer) => ({
        fetch: (path: string, init: RequestInit = {}) =>
          s.guest.fetch(path, { ...init, headers: { ...init.headers, authorization: `Bearer ${token}` } }),
      })
      const write = async (s: TestServer, content: string) => {
        const body = JSON.stringify({ target: '#general', content })
        const headers = { 'content-type': 'application/json' }
        expect((await as(s).fetch('/api/messages', { method: 'POST', headers, body })).status).toBe(201)
      }
      const before = await follow(as(first))
      await write(first, 'one')
      await before.until((g) => g.texts.length === 1)
      const serverId = first.core.serverId
      await first.stop()
      await before.until((g) => g.ended)
      await using second = await startTestServer({ dataDir })
      expect(second.core.serverId).toBe(serverId)
      expect(second.core.directory.user(id)?.username).toBe('owner')
      await write(second, 'two')
      const after = await follow(as(second), '', { 'last-event-id': before.got?.lastId ?? '' })
      await write(second, 'three')
      await after.until((g) => g.texts.length === 2)
      expect(after.got?.texts).toEqual(['two', 'three'])
    } finally {
      rmSync(dataDir, { recursive: true, force: true })
    }
  })
})
