import { afterAll, afterEach, beforeAll, describe, expect, test } from 'bun:test'
import { Note } from '@shared/contract'
import { PRESENCE } from '@shared/limits'
import { createParser } from 'eventsource-parser'
import type { UserPrincipal } from '../access/principal'
import { type Caller, type TestServer, startTestServer } from '../testing'
import { Presence } from './service'

let server: TestServer
let owner: Caller
beforeAll(async () => {
  server = await startTestServer()
  owner = await server.as('owner')
})
afterAll(() => server.stop())

const closing: (() => void)[] = []
afterEach(() => {
  for (const close of closing.splice(0)) close()
})

async function eventually(done: () => boolean | Promise<boolean>, ms = 5000): Promise<void> {
  for (const end = Date.now() + ms; !(await done()); await Bun.sleep(2))
    if (Date.now() > end) throw new Error('it did not happen')
}

/** Follows as `caller`: the notes that come, and how many events. */
async function follow(caller: Pick<Caller, 'fetch'>, query = '?notes=true') {
  const stop = new AbortController()
  closing.push(() => stop.abort())
  const response = await caller.fetch(`/api/server-events${query}`, { signal: stop.signal })
  const got = { notes: [] as Note[], events: 0, started: false }
  const parser = createParser({
    onId: () => (got.started = true),
    onEvent({ event, data }) {
      if (event === 'note') got.notes.push(Note.parse(JSON.parse(data)))
      else if (data) got.events++
    },
  })
  void (async () => {
    const decoder = new TextDecoder()
    try {
      for await (const chunk of response.body ?? []) parser.feed(decoder.decode(chunk, { stream: true }))
    } catch {
      // Closed by this test.
    }
  })()
  await eventually(() => got.started)
  return { got, stop: () => stop.abort() }
}

const type = (caller: Caller, target: string, threadId?: string) =>
  caller.call('POST /api/channels/{target}/typing', { params: { target }, body: threadId ? { threadId } : {} })
const typing = ({ notes }: { notes: Note[] }) => notes.filter((note) => note.kind === 'typing')

describe('who is writing', () => {
  test('is heard by those who take notes, with an end, and stands in no log', async () => {
    const writer = await server.as('member', 'writer-a')
    const { got } = await follow(owner)
    const plain = await follow(owner, '')
    const before = await server.events()
    await type(writer, '#general')
    await eventually(() => typing(got).length === 1)
    const [note] = typing(got)
    expect(note).toMatchObject({ kind: 'typing', target: '#general', threadId: null })
    expect(note!.until).toBeGreaterThan(Date.now())
    await type(writer, '#general', 'msg_thread')
    await eventually(() => typing(got).length === 2)
    expect(typing(got)[1]).toMatchObject({ threadId: 'msg_thread' })
    expect(await server.events()).toBe(before)
    expect(plain.got).toMatchObject({ notes: [], events: 0 })
  })

  test('in a private channel is heard by its members only', async () => {
    const inside = await server.as('member', 'inside-a')
    const outside = await server.as('member', 'outside-a')
    await inside.call('POST /api/channels', { body: { name: 'quiet-a', visibility: 'private' } })
    const member = await follow(inside)
    const stranger = await follow(outside)
    const other = await follow(inside, '?notes=true&target=%23general')
    await type(inside, '#quiet-a')
    await eventually(() => typing(member.got).length === 1)
    // What comes later has come, so what was before would have.
    await type(inside, '#general')
    await eventually(() => typing(stranger.got).length === 1 && typing(other.got).length === 1)
    expect(typing(stranger.got).map(({ target }) => target)).toEqual(['#general'])
    expect(typing(other.got).map(({ target }) => target)).toEqual(['#general'])
  })

  test('is heard over a WebSocket too, as a frame without a sequence', async () => {
    const headers = { authorization: `Bearer ${owner.token}` }
    // Headers are Bun's own option, which the types of browsers do not have.
    const socket = new WebSocket(`${server.url.replace('http', 'ws')}/api/ws?notes=true`, {
      headers,
    } as unknown as string[])
    closing.push(() => socket.close())
    const frames: Record<string, unknown>[] = []
    socket.addEventListener('message', ({ data }) => frames.push(JSON.parse(String(data))))
    const writer = await server.as('member', 'writer-c')
    await eventually(async () => {
      await type(writer, '#general')
      return frames.some(({ kind }) => kind === 'typing')
    })
    expect(frames.find(({ kind }) => kind === 'typing')).not.toHaveProperty('sequence')
  })

  test('is refused where the caller may not write, and not heard when it is said too often', async () => {
    const viewer = await server.as('viewer', 'viewer-a')
    const body = { method: 'POST', body: '{}', headers: { 'content-type': 'application/json' } }
    expect((await viewer.fetch('/api/channels/%23general/typing', body)).status).toBe(403)
    const writer = await server.as('member', 'writer-b')
    const { got } = await follow(owner)
    for (let i = 0; i < PRESENCE.rate.burst * 3; i++) await type(writer, '#general')
    await owner.call('POST /api/channels/{target}/typing', {
      params: { target: '#general' },
      body: { threadId: 'msg_end' },
    })
    await eventually(() => typing(got).some(({ threadId }) => threadId === 'msg_end'))
    const heard = typing(got).length - 1
    expect(heard).toBeGreaterThanOrEqual(PRESENCE.rate.burst)
    expect(heard).toBeLessThan(PRESENCE.rate.burst * 3)
  })
})

describe('who is here', () => {
  test('is online once a console follows, and listed', async () => {
    const person = await server.as('member', 'comer')
    const { id } = await person.call('GET /api/auth/me')
    const { got } = await follow(owner)
    await follow(person)
    await eventually(() => got.notes.some((note) => note.kind === 'presence' && note.userId === id))
    expect(got.notes.find((note) => note.userId === id)).toEqual({ kind: 'presence', userId: id, state: 'online' })
    expect((await owner.call('GET /api/presence')).items).toContainEqual({ userId: id, state: 'online' })
    expect(await person.call('POST /api/presence', { body: {} })).toEqual({ ok: true })
  })
})

/** A service of its own with a clock that the test moves. */
function alone(graceMs = 5) {
  let now = 1_000_000
  const notes: string[] = []
  let change: (userId: string, by: 1 | -1) => void = () => {}
  const hub = {
    onNoteReader: (then: typeof change) => (change = then),
    whisper: (_audience: string, _target: string | null, json: string) => {
      const note = Note.parse(JSON.parse(json))
      if (note.kind === 'presence') notes.push(`${note.userId} ${note.state}`)
    },
    stopping: new AbortController().signal,
  }
  const core = { ...server.core, hub: hub as unknown as TestServer['core']['hub'] }
  const presence = new Presence(core, () => now, { ...PRESENCE, graceMs })
  const p = { kind: 'user', id: 'user_1' } as UserPrincipal
  return {
    presence,
    notes,
    p,
    came: () => change('user_1', 1),
    went: () => change('user_1', -1),
    wait: (ms: number) => (now += ms),
  }
}

describe('somebody', () => {
  test('who gives no sign is away until the next one', () => {
    const { presence, notes, p, came, wait } = alone()
    came()
    wait(PRESENCE.activeMs - 1)
    presence.sweep()
    expect(notes).toEqual(['user_1 online'])
    wait(1)
    presence.sweep()
    presence.active(p)
    expect(notes).toEqual(['user_1 online', 'user_1 away', 'user_1 online'])
  })

  test('with two consoles is here until both have closed, and a page that is loaded again never left', async () => {
    const { presence, notes, came, went } = alone()
    came()
    came()
    went()
    went()
    came()
    went()
    expect(presence.list().items).toEqual([{ userId: 'user_1', state: 'online' }])
    await eventually(() => notes.length === 2)
    expect(notes).toEqual(['user_1 online', 'user_1 offline'])
    expect(presence.list().items).toEqual([])
  })

  test('without a console is nobody to show', () => {
    const { presence, notes, p } = alone()
    presence.active(p)
    expect(notes).toEqual([])
  })
})
