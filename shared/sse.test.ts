import { afterEach, expect, test } from 'bun:test'
import { ApiError } from './contract/client'
import { type SseItem, type SseOptions, followSse } from './sse'

type Answer = (request: Request) => Response | Promise<Response>

const cleanup: (() => unknown)[] = []
afterEach(async () => {
  for (const undo of cleanup.splice(0)) await undo()
})

/** A real HTTP server that answers each connection with the next of the given answers, the last one for ever. */
function serve(...answers: Answer[]): { url: string; seen: Headers[] } {
  const seen: Headers[] = []
  const server = Bun.serve({
    port: 0,
    idleTimeout: 0,
    fetch: (request) => {
      // Bun reads headers late, and a request that is over has none.
      seen.push(new Headers([...request.headers]))
      const answer = answers[Math.min(seen.length, answers.length) - 1]
      return answer!(request)
    },
  })
  cleanup.push(() => server.stop(true))
  return { url: server.url.href, seen }
}

/** A stream of the given texts that then ends or stays open. */
const stream =
  (texts: string[], then: 'end' | 'stay'): Answer =>
  () =>
    new Response(
      new ReadableStream({
        async start(controller) {
          for (const text of texts) controller.enqueue(new TextEncoder().encode(text))
          await Bun.sleep(1)
          if (then === 'end') controller.close()
        },
      }),
      { headers: { 'content-type': 'text/event-stream' } },
    )

/** Follows until `count` items have arrived. */
async function collect(count: number, options: SseOptions): Promise<SseItem[]> {
  const items: SseItem[] = []
  for await (const item of followSse({ retryMs: 1, ...options })) {
    items.push(item)
    if (items.length === count) break
  }
  return items
}

const data = (items: SseItem[]): string[] => items.flatMap((item) => (item.type === 'event' ? [item.data] : []))
const kinds = (items: SseItem[]): string[] => items.map((item) => item.type)

test('events arrive with their id, name and lines, however the bytes are cut', async () => {
  const { url } = serve(
    stream(['id: 1\nda', 'ta: grü', 'ße\ndata: zwei\n\nevent: tick\nid: 2\ndata: {}\n', '\n'], 'stay'),
  )
  const items = await collect(3, { url })
  expect(items).toEqual([
    { type: 'open', resumed: false },
    { type: 'event', id: '1', name: 'message', data: 'grüße\nzwei' },
    { type: 'event', id: '2', name: 'tick', data: '{}' },
  ])
})

test('a stream that ends is resumed after the last event', async () => {
  const { url, seen } = serve(
    stream(['id: s:7\ndata: a\n\n', ': ping\nid: s:9\n\n'], 'end'),
    stream(['id: s:10\ndata: b\n\n'], 'stay'),
  )
  const items = await collect(5, { url, headers: () => ({ authorization: 'Bearer t' }) })
  expect(kinds(items)).toEqual(['open', 'event', 'lost', 'open', 'event'])
  expect(items[3]).toEqual({ type: 'open', resumed: true })
  expect(data(items)).toEqual(['a', 'b'])
  expect(seen.map((headers) => headers.get('last-event-id'))).toEqual([null, 's:9'])
  expect(seen[1]!.get('authorization')).toBe('Bearer t')
})

test('a connection that is cut in the middle of an event is resumed without it coming twice or half', async () => {
  const head = 'HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n'
  const chunk = (text: string): string => `${text.length.toString(16)}\r\n${text}\r\n`
  const requests: string[] = []
  const server = Bun.listen({
    hostname: '127.0.0.1',
    port: 0,
    socket: {
      data: async (socket, bytes) => {
        requests.push(bytes.toString())
        if (requests.length > 1) return void socket.write(head + chunk('id: 2\ndata: b\n\n'))
        socket.write(head + chunk('id: 1\ndata: a\n\nid: 2\nda'))
        await Bun.sleep(5)
        socket.terminate()
      },
    },
  })
  cleanup.push(() => server.stop(true))
  const items = await collect(5, { url: `http://127.0.0.1:${server.port}/` })
  expect(kinds(items)).toEqual(['open', 'event', 'lost', 'open', 'event'])
  expect(data(items)).toEqual(['a', 'b'])
  expect(requests[1]?.toLowerCase()).toContain('last-event-id: 1\r\n')
})

test('a stream that broke before any position was known says that it starts over', async () => {
  const { url } = serve(stream([': hello\n\n'], 'end'), stream(['data: b\n\n'], 'stay'))
  const items = await collect(4, { url })
  expect(items.filter((i) => i.type === 'open').map((i) => i.resumed)).toEqual([false, false])
})

test('a position that the server no longer knows starts over at once', async () => {
  const gone = (): Response => Response.json({ error: 'gone', code: 'cursor_gone' }, { status: 410 })
  const { url, seen } = serve(stream(['id: 1\n\n'], 'end'), gone, stream(['data: b\n\n'], 'stay'))
  const items = await collect(4, { url })
  expect(kinds(items)).toEqual(['open', 'lost', 'open', 'event'])
  expect(items[2]).toEqual({ type: 'open', resumed: false })
  expect(seen.map((headers) => headers.get('last-event-id'))).toEqual([null, '1', null])
})

test('a server that is down or overloaded is tried again', async () => {
  const busy: Answer = () => new Response('busy', { status: 503 })
  const { url } = serve(busy, () => new Response('slow down', { status: 429 }), stream(['data: x\n\n'], 'stay'))
  expect(kinds(await collect(4, { url }))).toEqual(['lost', 'lost', 'open', 'event'])
  const closed = Bun.serve({ port: 0, fetch: () => new Response() })
  const nowhere = closed.url.href
  await closed.stop(true)
  const items = await collect(2, { url: nowhere })
  expect(kinds(items)).toEqual(['lost', 'lost'])
})

test.each([
  [401, 'token_invalid'],
  [403, 'forbidden'],
  [404, 'not_found'],
])('a refusal with status %d ends it with the server’s own error', async (status, code) => {
  const { url, seen } = serve(() => Response.json({ error: 'No.', code, next: 'Ask.' }, { status }))
  const refusal = await collect(1, { url }).catch((e: unknown) => e)
  expect(refusal).toBeInstanceOf(ApiError)
  expect(refusal).toMatchObject({ status, code, message: 'No.', next: 'Ask.' })
  expect(seen.length).toBe(1)
})

test('an answer that is no event stream ends it with a sentence', async () => {
  const { url } = serve(() => new Response('<html>', { headers: { 'content-type': 'text/html' } }))
  await expect(collect(1, { url })).rejects.toMatchObject({ code: 'not_events' })
})

test('a connection that stays silent is given up and opened again', async () => {
  const { url } = serve(stream(['data: a\n\n'], 'stay'))
  const items = await collect(4, { url, idleMs: 20 })
  expect(kinds(items)).toEqual(['open', 'event', 'lost', 'open'])
})

test('the signal ends it: while it reads, while it pauses, and before it starts', async () => {
  const { url } = serve(stream(['data: a\n\n'], 'stay'))
  for (const when of ['event', 'lost'] as const) {
    const stop = new AbortController()
    const items: string[] = []
    const target = when === 'event' ? url : 'http://127.0.0.1:1/'
    for await (const item of followSse({ url: target, signal: stop.signal, retryMs: 60_000 })) {
      items.push(item.type)
      // A moment later, when the generator is reading or pausing again.
      if (item.type === when) setTimeout(() => stop.abort(), 5)
    }
    expect(items.at(-1)).toBe(when)
  }
  const items: string[] = []
  for await (const item of followSse({ url, signal: AbortSignal.abort() })) items.push(item.type)
  expect(items).toEqual([])
})

test('whoever stops iterating closes the connection', async () => {
  const closed = Promise.withResolvers<string>()
  const { url } = serve((request) => {
    request.signal.addEventListener('abort', () => closed.resolve('closed'))
    return stream(['data: a\n\n'], 'stay')(request)
  })
  await collect(2, { url })
  expect(await closed.promise).toBe('closed')
})

test('each pause is longer than the one before until data arrives, and the server may set the first', async () => {
  const busy: Answer = () => new Response('busy', { status: 503 })
  const { url } = serve(busy, busy, busy, stream(['retry: 3\ndata: a\n\n'], 'end'), busy)
  const items = await collect(8, { url, retryMs: 8 })
  const pauses = items.flatMap((item) => (item.type === 'lost' ? [item.retryMs] : []))
  // Jitter takes at most half, and the pauses double.
  const ranges = [
    [4, 8],
    [8, 16],
    [16, 32],
    [2, 3],
    [3, 6],
  ]
  for (const [i, [least, most]] of ranges.entries()) {
    expect(pauses[i]).toBeGreaterThanOrEqual(least!)
    expect(pauses[i]).toBeLessThanOrEqual(most!)
  }
})
