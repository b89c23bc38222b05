import { afterEach, expect, mock, test } from 'bun:test'
import type { ServerEvent } from '@shared/contract'
import { follow, waitMs, type StreamOptions } from './stream'

const realFetch = globalThis.fetch
let stop: (() => void) | undefined
afterEach(() => {
  stop?.()
  globalThis.fetch = realFetch
})

const body = (...chunks: string[]) =>
  new ReadableStream<Uint8Array>({
    start(controller) {
      for (const chunk of chunks) controller.enqueue(new TextEncoder().encode(chunk))
      controller.close()
    },
  })

/** Answers the connections in turn; the last one stays open for ever. */
function server(...answers: (() => Response)[]): string[] {
  const asked: string[] = []
  const fetch = (url: string | URL | Request): Promise<Response> => {
    asked.push(String(url))
    const answer = answers[asked.length - 1]
    return answer ? Promise.resolve(answer()) : new Promise(() => {})
  }
  globalThis.fetch = Object.assign(mock(fetch), { preconnect: realFetch.preconnect })
  return asked
}

function listen(cursor: () => string, extra: Partial<StreamOptions> = {}) {
  const events: ServerEvent[] = []
  const states: string[] = []
  stop = follow({
    cursor,
    onEvents: (batch) => events.push(...batch),
    onState: (state) => states.push(state),
    onGone: () => states.push('gone'),
    onLoggedOut: () => states.push('logged out'),
    ...extra,
  })
  return { events, states }
}

const until = async (done: () => boolean) => {
  for (let tries = 0; tries < 400 && !done(); tries++) await Bun.sleep(5)
  expect(done()).toBe(true)
}

test('events are taken out of the stream however it is cut, and the next connection goes on after the last', async () => {
  let cursor = 'srv_1:4'
  const asked = server(
    () =>
      new Response(body(': hi\n\nid: srv_1:5\nda', 'ta: {"sequence":5}\n\nid: srv_1:6\ndata: {"seq', 'uence":6}\n\n')),
  )
  const { events, states } = listen(() => cursor, {
    onEvents: (batch) => {
      events.push(...batch)
      cursor = `srv_1:${batch.at(-1)?.sequence}`
    },
  })
  await until(() => asked.length === 2)
  expect(events.map((event) => event.sequence)).toEqual([5, 6])
  expect(asked).toEqual([
    '/api/server-events?notes=true&cursor=srv_1%3A4',
    '/api/server-events?notes=true&cursor=srv_1%3A6',
  ])
  expect(states.slice(0, 2)).toEqual(['connecting', 'live'])
})

test('a cursor that the server does not know ends the stream: the page starts over', async () => {
  const asked = server(() => Response.json({ error: 'gone', code: 'cursor_gone' }, { status: 410 }))
  const { states } = listen(() => 'srv_old:4')
  await until(() => states.includes('gone'))
  expect(asked).toHaveLength(1)
})

test('a session that is over ends the stream: the page shows the login', async () => {
  server(() => new Response('', { status: 401 }))
  const { states } = listen(() => 'srv_1:4')
  await until(() => states.includes('logged out'))
})

test('a server that fails is asked again, and a reader is told only when it fails twice', async () => {
  const asked = server(
    () => new Response('', { status: 503 }),
    () => new Response('', { status: 503 }),
  )
  const { states } = listen(() => 'srv_1:4')
  await until(() => asked.length === 3)
  expect(states).toEqual(['connecting', 'connecting', 'offline'])
})

test('the pause doubles up to fifteen seconds and is never quite the same', () => {
  expect([0, 1, 2, 3].map((attempt) => waitMs(attempt, 0.5))).toEqual([500, 1000, 2000, 4000])
  expect(waitMs(20, 0)).toBe(11_250)
  expect(waitMs(20, 1)).toBe(18_750)
})
