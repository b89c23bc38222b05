import { afterEach, describe, expect, test } from 'bun:test'
import { readdirSync, readFileSync } from 'node:fs'
import { createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import { type Block, type ModelEndpoint, script, startModelEndpoint } from '../../../test/fixtures/model-endpoint'
import { MAX_ANSWER } from './flight'
import { type Stage, startStage } from './testing'

const ends: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const end of ends.splice(0).toReversed()) await end()
})

async function stage(...args: Parameters<typeof startStage>): Promise<Stage> {
  const made = await startStage(...args)
  ends.push(() => made.stop())
  return made
}

function model(options: Parameters<typeof startModelEndpoint>[0] = {}): ModelEndpoint {
  const endpoint = startModelEndpoint(options)
  ends.push(() => endpoint.stop())
  return endpoint
}

/** An endpoint that answers with bytes of the test's choice. */
function endpoint(answer: (request: Request, count: number) => Response | Promise<Response>) {
  const seen: { url: string; headers: Headers }[] = []
  const server = Bun.serve({
    hostname: '127.0.0.1',
    port: 0,
    idleTimeout: 0,
    fetch(request) {
      // What is kept of a request is gone once it is answered.
      seen.push({ url: request.url, headers: new Headers([...request.headers]) })
      return answer(request, seen.length)
    },
  })
  ends.push(() => server.stop(true))
  return { url: `http://127.0.0.1:${server.port}`, seen }
}

const chat = (text = 'hi', more: object = {}) => ({ model: 'm', messages: [{ role: 'user', content: text }], ...more })
const TOOLS = { tools: [{ type: 'function', function: { name: 'f', parameters: {} } }] }
const WHOLE = {
  choices: [{ index: 0, finish_reason: 'stop', message: { content: 'yes' } }],
  usage: { prompt_tokens: 7 },
}

interface Ask {
  key?: string
  headers?: Record<string, string>
  path?: string
  signal?: AbortSignal
}

async function ask(
  at: Stage,
  body: unknown,
  { key, headers = {}, path = '/openai/v1/chat/completions', signal }: Ask = {},
) {
  const response = await fetch(at.url + path, {
    method: 'POST',
    headers: { 'x-nekode-key': key ?? at.token, authorization: 'Bearer sk-upstream', ...headers },
    body: JSON.stringify(body),
    redirect: 'manual',
    ...(signal ? { signal } : {}),
  })
  return {
    status: response.status,
    how: response.headers.get('x-nekode-cache'),
    type: response.headers.get('content-type'),
    response,
    bytes: async () => Buffer.from(await response.arrayBuffer()).toString('latin1'),
  }
}

/** Asks and reads to the end. */
async function answered(...args: Parameters<typeof ask>) {
  const answer = await ask(...args)
  return { ...answer, body: await answer.bytes() }
}

const until = async (isSo: () => boolean): Promise<void> => {
  while (!isSo()) await Bun.sleep(2)
}

describe('the proxy', () => {
  test.each([
    ['chat completions', '/openai/v1/chat/completions', chat('Grüße', { stream: true })],
    ['responses', '/openai/v1/responses', { model: 'm', stream: true, input: [{ role: 'user', content: 'Grüße' }] }],
    ['messages', '/anthropic/v1/messages?beta=true', chat('Grüße', { stream: true })],
  ])('replays a stream of %s with the same events, byte for byte', async (_, path, body) => {
    const blocks: Block[] = [{ think: 'let me see' }, { say: 'Grüße, 😀 und mehr', chunks: 9, delayMs: 1 }]
    const at = await stageFor(model({ decide: () => blocks }))
    const first = await answered(at, body, { path })
    const second = await answered(at, body, { path })
    expect([first.how, second.how]).toEqual(['miss', 'hit'])
    expect(second.body).toBe(first.body)
    expect(second.type).toBe('text/event-stream')
    expect(first.body.split('\n\n').length).toBeGreaterThan(9)
  })

  test('passes on exactly what the endpoint sent, however it was cut into pieces', async () => {
    const text = `data: ${JSON.stringify({ choices: [{ index: 0, finish_reason: 'stop', delta: { content: 'ä😀'.repeat(500) } }] })}\r\n\r\n: beat\n\ndata: [DONE]\n\n`
    const bytes = new TextEncoder().encode(text)
    const upstream = endpoint(() => {
      const body = new ReadableStream({
        async start(controller) {
          for (let at = 0; at < bytes.length; at += 7) {
            controller.enqueue(bytes.slice(at, at + 7))
            if (at % 70 === 0) await Bun.sleep(0)
          }
          controller.close()
        },
      })
      return new Response(body, { headers: { 'content-type': 'text/event-stream; charset=utf-8' } })
    })
    const at = await stageAt(upstream.url)
    const answers = [await answered(at, chat('x', { stream: true })), await answered(at, chat('x', { stream: true }))]
    for (const { body } of answers) expect(Buffer.from(body, 'latin1').equals(bytes)).toBe(true)
    expect(answers.map(({ how, type }) => [how, type])).toEqual([
      ['miss', 'text/event-stream; charset=utf-8'],
      ['hit', 'text/event-stream; charset=utf-8'],
    ])
    expect(upstream.seen.length).toBe(1)
  })

  test('answers what is no call of a model by the endpoint, each time', async () => {
    const upstream = model()
    const at = await stageFor(upstream)
    for (let i = 0; i < 2; i++) {
      const response = await fetch(`${at.url}/openai/v1/models?limit=2`, { headers: { 'x-nekode-key': at.token } })
      expect(response.headers.get('x-nekode-cache')).toBe('pass')
      expect(await response.json()).toMatchObject({ data: [{ id: 'scripted' }] })
    }
    expect(upstream.seen.map(({ path }) => path)).toEqual(['/v1/models', '/v1/models'])
  })

  test('keeps embeddings, whatever the settings say about sampling', async () => {
    const upstream = endpoint(() => Response.json({ data: [{ embedding: [1] }], usage: { prompt_tokens: 3 } }))
    const at = await stageAt(upstream.url)
    const body = { model: 'e', input: ['a', 'b'] }
    const path = '/openai/v1/embeddings'
    expect((await answered(at, body, { path })).how).toBe('miss')
    expect((await answered(at, body, { path })).how).toBe('hit')
    expect((await answered(at, { ...body, input: ['b', 'a'] }, { path })).how).toBe('miss')
  })
})

async function stageFor(upstream: ModelEndpoint, settings: Parameters<typeof startStage>[0] = {}): Promise<Stage> {
  return stageAt(upstream.url, settings)
}

function stageAt(url: string, ...[settings = {}, more = {}]: Parameters<typeof startStage>): Promise<Stage> {
  return stage({ upstreams: [`openai=${url}`, `anthropic=${url}`], ...settings }, more)
}

describe('never kept is', () => {
  test.each<[string, () => Response]>([
    ['an error', () => Response.json({ error: { message: 'no' } }, { status: 500 })],
    ['a refusal', () => Response.json(WHOLE, { status: 429, headers: { 'retry-after': '3' } })],
    ['an answer with another status', () => Response.json(WHOLE, { status: 201 })],
    ['an error that calls itself fine', () => Response.json({ error: { message: 'no' } })],
    ['a page', () => new Response('<html>', { headers: { 'content-type': 'text/html' } })],
  ])('%s', async (_, answer) => {
    const upstream = endpoint(answer)
    const at = await stageAt(upstream.url)
    const expected = answer()
    for (let i = 0; i < 2; i++) {
      const got = await answered(at, chat())
      expect([got.status, got.how, got.body]).toEqual([expected.status, 'miss', await answer().text()])
      expect(got.response.headers.get('retry-after')).toBe(expected.headers.get('retry-after'))
    }
    expect(upstream.seen.length).toBe(2)
    expect((await at.service.stats()).entries).toBe(0)
  })

  test.each<[string, string]>([
    [
      'a stream without its end',
      'Transfer-Encoding: chunked\r\n\r\n40\r\ndata: {"choices":[{"index":0,"finish_reason":null}]}\r\n',
    ],
    ['a stream that ends between two events', 'Transfer-Encoding: chunked\r\n\r\n8\r\ndata: {}\r\n'],
    ['a body that is shorter than it says', 'Content-Length: 1000\r\n\r\n{"choices":[{"finish_reason":"stop"}]}'],
  ])('%s', async (_, rest) => {
    const sockets = new Set<Socket>()
    const server = createServer((socket) => {
      sockets.add(socket)
      socket.on('error', () => undefined)
      socket.once('data', () => {
        const type = rest.startsWith('Content') ? 'application/json' : 'text/event-stream'
        socket.end(`HTTP/1.1 200 OK\r\nContent-Type: ${type}\r\n${rest}`)
      })
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    ends.push(async () => {
      for (const socket of sockets) socket.destroy()
      server.close()
    })
    const address = server.address()
    const at = await stageAt(`http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`)
    for (let i = 0; i < 2; i++) {
      // What is cut off for us is cut off for the caller, in the middle or at once.
      expect(await answered(at, chat('x', { stream: true })).catch(() => 'cut off')).toBe('cut off')
    }
    expect(await at.service.stats()).toMatchObject({ entries: 0, hits: 0, misses: 2 })
  })

  test('an answer that is too long; it is passed on whole', async () => {
    const long = { ...WHOLE, more: 'x'.repeat(MAX_ANSWER + 3_000_000) }
    const upstream = endpoint(() => Response.json(long))
    const at = await stageAt(upstream.url)
    for (let i = 0; i < 2; i++) expect((await answered(at, chat())).body).toBe(JSON.stringify(long))
    expect(upstream.seen.length).toBe(2)
    expect((await at.service.stats()).entries).toBe(0)
  })
})

describe('what is looked up', () => {
  const plain = endpointOf(() => Response.json(WHOLE))
  test.each<[string, object, Parameters<typeof startStage>[0], [string, string]]>([
    ['a request without tools', chat(), {}, ['miss', 'hit']],
    ['one with tools', chat('x', TOOLS), {}, ['pass', 'pass']],
    ['one with tools, when they are turned on', chat('x', TOOLS), { mode: 'tools' }, ['miss', 'hit']],
    ['one with an empty list of tools', chat('x', { tools: [] }), {}, ['miss', 'hit']],
    ['one that goes on after a tool', { model: 'm', messages: [{ role: 'tool', content: 'x' }] }, {}, ['pass', 'pass']],
    ['one with temperature 0', chat('x', { temperature: 0 }), {}, ['miss', 'hit']],
    ['one with temperature 0.7', chat('x', { temperature: 0.7 }), {}, ['pass', 'pass']],
    [
      'one with temperature 0.7, when that is turned on',
      chat('x', { temperature: 0.7 }),
      { sampled: true },
      ['miss', 'hit'],
    ],
    [
      'one with a number that cannot be read',
      JSON.parse('{"model":"m","messages":[],"seed":9007199254740993}'),
      {},
      ['pass', 'pass'],
    ],
    ['one without messages', { model: 'm' }, {}, ['pass', 'pass']],
  ])('%s', async (_, body, settings, how) => {
    const at = await stageAt(plain().url, settings)
    expect([(await answered(at, body)).how, (await answered(at, body)).how]).toEqual(how)
  })

  test.each<[string, object, string]>([
    ['goes on with a stored response', { model: 'm', input: 'x', previous_response_id: 'r' }, '/openai/v1/responses'],
    ['is of a stored conversation', { model: 'm', input: 'x', conversation: 'c' }, '/openai/v1/responses'],
    ['works in the background', { model: 'm', input: 'x', background: true }, '/openai/v1/responses'],
    ['holds the output of a tool', { model: 'm', input: [{ type: 'function_call_output' }] }, '/openai/v1/responses'],
    [
      'holds the result of a tool',
      chat('x', { messages: [{ role: 'user', content: [{ type: 'tool_result' }] }] }),
      '/anthropic/v1/messages',
    ],
    ['uses servers of tools', chat('x', { mcp_servers: [{}] }), '/anthropic/v1/messages'],
    ['counts tokens', chat('x'), '/anthropic/v1/messages/count_tokens'],
  ])('not what %s', async (_, body, path) => {
    const at = await stageAt(plain().url)
    expect((await answered(at, body, { path })).how).toBe('pass')
  })

  test('nothing when the caller forbids it; with no-cache the answer is asked for anew and kept', async () => {
    const upstream = endpoint((_, count) => Response.json({ ...WHOLE, count }))
    const at = await stageAt(upstream.url)
    const how = async (control?: string) => {
      const { how, body } = await answered(at, chat(), control ? { headers: { 'cache-control': control } } : {})
      return [how, JSON.parse(body).count]
    }
    expect(await how('no-store')).toEqual(['pass', 1])
    expect(await how()).toEqual(['miss', 2])
    expect(await how('max-age=0, No-Store')).toEqual(['pass', 3])
    expect(await how('no-cache')).toEqual(['miss', 4])
    expect(await how()).toEqual(['hit', 4])
  })

  test('a request whose body is no JSON is left to the endpoint', async () => {
    const at = await stageAt(endpoint(async (request) => new Response(await request.text(), { status: 400 })).url)
    const response = await fetch(`${at.url}/openai/v1/chat/completions`, {
      method: 'POST',
      headers: { 'x-nekode-key': at.token },
      body: '{"model": ',
    })
    expect([response.status, response.headers.get('x-nekode-cache'), await response.text()]).toEqual([
      400,
      'pass',
      '{"model": ',
    ])
  })
})

function endpointOf(answer: Parameters<typeof endpoint>[0]) {
  return () => endpoint(answer)
}

describe('equal requests at the same time', () => {
  test('are one call of the endpoint, and each gets all of its stream', async () => {
    const upstream = model({ decide: () => [{ say: 'one answer for all of them', chunks: 12, delayMs: 4 }] })
    const at = await stageFor(upstream)
    const answers = await Promise.all(Array.from({ length: 12 }, () => answered(at, chat('x', { stream: true }))))
    expect(upstream.seen.length).toBe(1)
    expect(new Set(answers.map(({ body }) => body)).size).toBe(1)
    expect(answers[0]?.body).toContain('[DONE]')
    expect(answers.filter(({ how }) => how === 'miss').length).toBe(1)
    expect(await at.service.stats()).toMatchObject({ hits: 11, misses: 1, entries: 1 })
  })

  test('of callers with other credentials are calls of their own', async () => {
    const upstream = model({ decide: () => [{ say: 'x', chunks: 1, delayMs: 20 }] })
    const at = await stageFor(upstream)
    const of = (secret: string) => answered(at, chat('x', { stream: true }), { headers: { authorization: secret } })
    await Promise.all([of('Bearer a'), of('Bearer b')])
    expect(upstream.seen.map(({ headers }) => headers.authorization).sort()).toEqual(['Bearer a', 'Bearer b'])
  })

  test('a failure is told to all of them, and is no hit', async () => {
    const upstream = endpoint(async () => {
      await Bun.sleep(20)
      return Response.json({ error: 'busy' }, { status: 503 })
    })
    const at = await stageAt(upstream.url)
    const answers = await Promise.all([1, 2, 3].map(() => answered(at, chat())))
    expect(answers.map(({ status, how }) => [status, how])).toEqual([
      [503, 'miss'],
      [503, 'miss'],
      [503, 'miss'],
    ])
    expect(upstream.seen.length).toBe(1)
    expect((await at.service.stats()).hits).toBe(0)
  })

  test('a caller that goes away cancels the call when nobody else waits, before and within the answer', async () => {
    for (const hang of [{ hang: 20_000 } as const, undefined]) {
      const blocks: Block[] = hang ? [hang] : [{ say: 'x'.repeat(1000), chunks: 1000, delayMs: 20 }]
      const upstream = model({ decide: () => blocks })
      const at = await stageFor(upstream)
      const gone = new AbortController()
      const asked = ask(at, chat('x', { stream: true }), { signal: gone.signal })
      const read = asked.then(({ bytes }) => bytes())
      read.catch(() => undefined)
      if (hang) await until(() => upstream.seen.length > 0)
      else await asked
      gone.abort()
      await until(() => upstream.seen[0]?.aborted === true)
      expect((await at.service.stats()).entries).toBe(0)
    }
  })

  test('a caller that goes away leaves the call to those who still wait', async () => {
    const upstream = model({ decide: () => [{ say: 'still for you', chunks: 10, delayMs: 15 }] })
    const at = await stageFor(upstream)
    const gone = new AbortController()
    const leaving = answered(at, chat('x', { stream: true }), { signal: gone.signal })
    leaving.catch(() => undefined)
    await until(() => upstream.seen.length > 0)
    const staying = await ask(at, chat('x', { stream: true }))
    gone.abort()
    expect(await staying.bytes()).toContain('[DONE]')
    expect(upstream.seen.length).toBe(1)
    expect(upstream.seen[0]?.aborted).toBeUndefined()
    expect((await answered(at, chat('x', { stream: true }))).how).toBe('hit')
  })
})

describe('who may', () => {
  test('use it: nobody without a key of this daemon, and no key of this daemon goes to the endpoint', async () => {
    const upstream = endpoint(() => Response.json(WHOLE))
    const at = await stageAt(upstream.url)
    const agentKey = at.keys.keyOf('agent_1')
    const call = async (headers: Record<string, string>) => {
      const response = await fetch(`${at.url}/openai/v1/chat/completions`, {
        method: 'POST',
        headers,
        body: JSON.stringify(chat(JSON.stringify(headers))),
      })
      return response.status
    }
    expect(await call({})).toBe(401)
    expect(await call({ authorization: 'Bearer sk-upstream' })).toBe(401)
    expect(await call({ 'x-nekode-key': 'wrong', authorization: `Bearer ${at.token}` })).toBe(401)
    expect(upstream.seen.length).toBe(0)
    expect(await call({ authorization: `Bearer ${at.token}` })).toBe(200)
    expect(await call({ 'x-api-key': agentKey })).toBe(200)
    expect(await call({ 'x-nekode-key': agentKey, 'x-api-key': 'sk-mine', cookie: 'a=b' })).toBe(200)
    at.keys.revoke('agent_1')
    expect(await call({ 'x-api-key': agentKey })).toBe(401)
    const sent = upstream.seen.map(({ headers }) => JSON.stringify([...headers]))
    expect(sent.join()).not.toContain(at.token)
    expect(sent.join()).not.toContain(agentKey)
    expect(sent.join()).not.toContain('a=b')
    expect(sent[2]).toContain('sk-mine')
  })

  test('get an answer: only who asked for it, unless the computer shares them', async () => {
    const upstream = endpoint(() => Response.json(WHOLE))
    const at = await stageAt(upstream.url)
    const [ann, bob] = [at.keys.keyOf('agent_a'), at.keys.keyOf('agent_b')]
    const how = async (on: Stage, key?: string) => (await answered(on, chat(), key ? { key } : {})).how
    expect([await how(at, ann), await how(at, ann), await how(at, bob), await how(at), await how(at, bob)]).toEqual([
      'miss',
      'hit',
      'miss',
      'miss',
      'hit',
    ])
    expect(at.hits.map(({ agentId, hit }) => [agentId, hit.usage.input])).toEqual([
      ['agent_a', 7],
      ['agent_b', 7],
    ])
    const shared = await stageAt(upstream.url, { shared: true })
    expect([await how(shared, shared.keys.keyOf('x')), await how(shared)]).toEqual(['miss', 'hit'])
  })

  test('turn it on: an agent that is not cached gets nothing out of the cache by asking for it', async () => {
    const at = await stageAt(endpoint(() => Response.json(WHOLE)).url, { mode: 'off' })
    const key = at.keys.keyOf('agent_1')
    const wish = { headers: { 'x-nekode-cache': 'tools' } }
    expect((await answered(at, chat(), { key, ...wish })).how).toBe('pass')
    expect((await answered(at, chat())).how).toBe('miss')
    expect((await answered(at, chat('x', TOOLS), wish)).how).toBe('miss')
    at.service.environment('agent_1', 'claude', { NEKODE_MODEL_CACHE: 'on' }, key)
    expect((await answered(at, chat(), { key })).how).toBe('miss')
    expect((await answered(at, chat('x', TOOLS), { key, ...wish })).how).toBe('pass')
    expect((await answered(at, chat(), { key, headers: { 'x-nekode-cache': 'off' } })).how).toBe('pass')
  })

  test('reach what: only endpoints of the settings, on their own hosts, and no redirect is followed', async () => {
    const other = endpoint(() => new Response('internal'))
    const upstream = endpoint((request) =>
      request.url.includes('redirect')
        ? Response.redirect(`${other.url}/x`, 307)
        : new Response(new URL(request.url).pathname),
    )
    const at = await stageAt(upstream.url)
    const get = async (path: string) => {
      const response = await fetch(at.url + path, { headers: { 'x-nekode-key': at.token }, redirect: 'manual' })
      return [response.status, await response.text()] as const
    }
    expect((await get('/elsewhere/v1/models'))[0]).toBe(404)
    expect((await get(`/${encodeURIComponent(other.url)}/v1/models`))[0]).toBe(404)
    expect((await get('/openai'))[0]).toBe(404)
    expect((await get('/openai//127.0.0.1:1/x'))[1]).toEndWith('/127.0.0.1:1/x')
    expect((await get('/openai/@127.0.0.1:1/x'))[1]).toBe('/@127.0.0.1:1/x')
    expect((await get('/openai/redirect'))[0]).toBe(307)
    expect(other.seen.length).toBe(0)
    const foreign = await fetch(`${at.url}/openai/v1/models`, {
      headers: { 'x-nekode-key': at.token, origin: 'http://evil.example' },
    })
    expect(foreign.status).toBe(403)
  })
})

describe('what is passed on', () => {
  test('may be large: it is sent on while it comes, and a call of a model that is too long is refused', async () => {
    let longest = 0
    const upstream = endpoint(async (request) => {
      for await (const piece of request.body ?? []) longest = Math.max(longest, piece.length)
      return Response.json({ ok: true })
    })
    const at = await stageAt(upstream.url)
    const headers = { 'x-nekode-key': at.token }
    const body = new Uint8Array(40 * 1024 * 1024)
    const file = await fetch(`${at.url}/openai/v1/files`, { method: 'POST', headers, body })
    expect([file.status, file.headers.get('x-nekode-cache')]).toEqual([200, 'pass'])
    expect(longest).toBeGreaterThan(0)
    expect(longest).toBeLessThan(body.length)
    const call = await fetch(`${at.url}/openai/v1/chat/completions`, { method: 'POST', headers, body })
    expect([call.status, (await call.json()).error.type]).toEqual([413, 'request_too_large'])
    // Without saying so before.
    const stream = new Blob([body]).stream()
    const unsaid = await fetch(`${at.url}/openai/v1/chat/completions`, { method: 'POST', headers, body: stream })
    expect(unsaid.status).toBe(413)
    const small = new Blob([JSON.stringify(chat())]).stream()
    const fine = await fetch(`${at.url}/openai/v1/chat/completions`, { method: 'POST', headers, body: small })
    expect(fine.headers.get('x-nekode-cache')).toBe('miss')
  })

  test('is canceled when the caller goes away', async () => {
    const upstream = model({ decide: () => [{ say: 'x'.repeat(1000), chunks: 1000, delayMs: 20 }] })
    const at = await stageFor(upstream)
    const gone = new AbortController()
    const asked = await ask(at, chat('x', { stream: true, ...TOOLS }), { signal: gone.signal })
    expect(asked.how).toBe('pass')
    gone.abort()
    await until(() => upstream.seen[0]?.aborted === true)
  })
})

test('keys of callers are in no file, no log, no answer and no event', async () => {
  const upstream = endpoint(() => Response.json(WHOLE))
  const at = await stageAt(upstream.url)
  const key = at.keys.keyOf('agent_1')
  for (let i = 0; i < 2; i++) await answered(at, chat(), { key, headers: { authorization: 'Bearer sk-very-secret' } })
  await answered(at, chat('x', TOOLS), { key, headers: { authorization: 'Bearer sk-very-secret' } })
  await at.service.stop()
  const files = readdirSync(at.paths.state).filter((name) => name.startsWith('cache.db'))
  expect(files.length).toBeGreaterThan(0)
  const texts = [
    ...files.map((name) => readFileSync(join(at.paths.state, name), 'latin1')),
    ...at.logged,
    JSON.stringify(at.events),
  ]
  for (const text of texts) for (const secret of ['sk-very-secret', key, at.token]) expect(text).not.toContain(secret)
  expect(at.events.filter(({ type }) => type.startsWith('Cache')).map(({ type }) => type)).toEqual([
    'CacheMiss',
    'CacheHit',
  ])
})

test('an endpoint with a key of its own gets that, in the place of the caller’s key at this daemon', async () => {
  const upstream = endpoint(() => Response.json(WHOLE))
  const asked: unknown[] = []
  const at = await stage(
    { upstreams: [`openai=${upstream.url}/v1,secret:MY_KEY`] },
    {
      secret: async (...asking) => {
        asked.push(asking)
        return 'sk-stored'
      },
    },
  )
  const key = at.keys.keyOf('agent_1')
  const call = (headers: Record<string, string>) =>
    fetch(`${at.url}/openai/v1/chat/completions`, {
      method: 'POST',
      headers,
      body: JSON.stringify(chat(JSON.stringify(headers))),
    })
  await call({ authorization: `Bearer ${at.token}` })
  await call({ 'x-api-key': key })
  await call({ 'x-nekode-key': key, authorization: 'Bearer sk-own' })
  expect(upstream.seen.map(({ headers }) => [headers.get('authorization'), headers.get('x-api-key')])).toEqual([
    ['Bearer sk-stored', null],
    [null, 'sk-stored'],
    ['Bearer sk-own', null],
  ])
  expect(asked).toEqual([
    ['MY_KEY', undefined],
    ['MY_KEY', 'agent_1'],
  ])
  expect(new URL(upstream.seen[0]!.url).pathname).toBe('/v1/chat/completions')
})

test('an endpoint that is not there is told as such, in the form that the SDKs read', async () => {
  const at = await stageAt('http://127.0.0.1:1')
  const { status, body } = await answered(at, chat())
  expect(status).toBe(502)
  expect(JSON.parse(body)).toMatchObject({
    type: 'error',
    error: { type: 'api_error', message: expect.stringContaining('openai') },
  })
})

test('an answer comes from the file after a restart of the daemon, and is asked for again after its time', async () => {
  let now = Date.now()
  const upstream = endpoint(() => Response.json(WHOLE))
  const at = await stageAt(upstream.url, { ttlMs: 1000, memoryBytes: 0 }, { now: () => now })
  const send = () => answered(at, chat(JSON.stringify(script([{ say: 'x' }]))))
  expect((await send()).how).toBe('miss')
  expect((await send()).how).toBe('hit')
  now += 1000
  expect((await send()).how).toBe('miss')
})
