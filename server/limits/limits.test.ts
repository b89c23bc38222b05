import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { Code, ConnectError } from '@connectrpc/connect'
import { ErrorBody } from '@shared/contract'
import { rpcClient } from '../../test/fixtures/rpc'
import { type Caller, type TestServer, startTestServer } from '../testing'

const streams = (server: TestServer): number => server.core.limits.streams

async function eventually(done: () => boolean | Promise<boolean>): Promise<void> {
  for (const end = Date.now() + 5000; !(await done()); await Bun.sleep(2))
    if (Date.now() > end) throw new Error('it did not happen')
}

/** A stream of events that is held open until it is closed. */
async function open(caller: Pick<Caller, 'fetch'>) {
  const stop = new AbortController()
  const response = await caller.fetch('/api/server-events', { signal: stop.signal })
  return { response, close: () => stop.abort() }
}

async function refusal(response: Response): Promise<string> {
  const { code, next } = ErrorBody.parse(await response.json())
  expect(next).toBeString()
  return `${response.status} ${code} ${response.headers.get('retry-after')}`
}

describe('streams', () => {
  let server: TestServer
  let owner: Caller
  beforeAll(async () => {
    server = await startTestServer({
      env: { NEKODE_MAX_STREAMS: '2', NEKODE_MAX_STREAMS_PER_ADDRESS: '4', NEKODE_TRUST_PROXY: '1' },
    })
    owner = await server.as('owner')
  })
  afterAll(() => server.stop())

  test('of one login are so many and no more, until one of them is closed', async () => {
    const both = [await open(owner), await open(owner)]
    expect(both.map(({ response }) => response.status)).toEqual([200, 200])
    expect(await refusal((await open(owner)).response)).toBe('429 too_many_streams 5')
    expect(await (await server.guest.fetch('/metrics')).text()).toContain('nekode_refused_total{limit="streams"} 1')
    expect(streams(server)).toBe(2)
    both[0]!.close()
    await eventually(() => streams(server) === 1)
    const again = await open(owner)
    expect(again.response.status).toBe(200)
    for (const stream of [both[1]!, again]) stream.close()
    await eventually(() => streams(server) === 0)
  })

  test('are counted together, whatever they go over, and a browser can read why it got none', async () => {
    const { token } = owner
    const sse = await open(owner)
    const stop = new AbortController()
    const frames = rpcClient(server.url, token).subscribeActivity({}, { signal: stop.signal })[Symbol.asyncIterator]()
    await frames.next()
    expect(streams(server)).toBe(2)
    const another = rpcClient(server.url, token).subscribeActivity({})[Symbol.asyncIterator]()
    const refused = await another.next().catch((error: unknown) => ConnectError.from(error))
    expect(refused).toMatchObject({ code: Code.ResourceExhausted })
    expect((refused as ConnectError).metadata.get('nekode-error')).toBe('too_many_streams')
    expect((refused as ConnectError).metadata.get('retry-after')).toBe('5')
    // Headers are Bun's own option, which the types of browsers do not have.
    const options = { headers: { authorization: `Bearer ${token}` } } as unknown as string[]
    const socket = new WebSocket(`${server.url.replace('http', 'ws')}/api/ws`, options)
    const closed = await new Promise<CloseEvent>((resolve) => socket.addEventListener('close', resolve))
    expect(closed.code).toBe(4429)
    sse.close()
    stop.abort()
    await eventually(() => streams(server) === 0)
  })

  test('of one address are so many and no more, whoever opens them, and of another there are others', async () => {
    const at = (caller: Caller, address: string): Pick<Caller, 'fetch'> => ({
      fetch: (path, init) => caller.fetch(path, { ...init, headers: { 'x-forwarded-for': address } }),
    })
    const people = await Promise.all(['a', 'b', 'c'].map((name) => server.as('member', name)))
    const held = []
    for (const [i, person] of [people[0]!, people[0]!, people[1]!, people[1]!].entries())
      held.push(await open(at(person, `2001:db8::${i + 1}`)))
    expect(held.map(({ response }) => response.status)).toEqual([200, 200, 200, 200])
    expect(await refusal((await open(at(people[2]!, '2001:db8::9'))).response)).toBe('429 too_many_streams 5')
    const elsewhere = await open(at(people[2]!, '192.0.2.1'))
    expect(elsewhere.response.status).toBe(200)
    for (const stream of [...held, elsewhere]) stream.close()
    await eventually(() => streams(server) === 0)
  })

  test('that end with their credential give their places back', async () => {
    const { token, id } = await owner.call('POST /api/tokens', { body: { name: 't', scopes: ['read'] } })
    const caller: Pick<Caller, 'fetch'> = {
      fetch: (path, init) => server.guest.fetch(path, { ...init, headers: { authorization: `Bearer ${token}` } }),
    }
    await open(caller)
    await open(caller)
    expect(streams(server)).toBe(2)
    await owner.call('DELETE /api/tokens/{id}', { params: { id } })
    await eventually(() => streams(server) === 0)
  })
})

describe('requests', () => {
  let server: TestServer
  beforeAll(async () => {
    server = await startTestServer({
      env: { NEKODE_RATE_LIMIT: '1', NEKODE_GUEST_RATE_LIMIT: '1', NEKODE_TRUST_PROXY: '1' },
    })
    await server.as('owner')
  })
  afterAll(() => server.stop())

  const statuses = async (count: number, send: () => Promise<Response>): Promise<Set<number>> =>
    new Set((await Promise.all(Array.from({ length: count }, send))).map(({ status }) => status))

  test('of one login are refused when they come too fast, over HTTP and over RPC, and those of others are not', async () => {
    const [fast, other] = [await server.as('member', 'fast'), await server.as('member', 'other')]
    expect(await statuses(30, () => fast.fetch('/api/channels'))).toEqual(new Set([200, 429]))
    expect(await refusal(await fast.fetch('/api/channels'))).toBe('429 rate_limited 1')
    const error = await rpcClient(server.url, fast.token)
      .getServerInfo({})
      .catch((e: unknown) => ConnectError.from(e))
    expect(error).toMatchObject({ code: Code.ResourceExhausted })
    expect((error as ConnectError).metadata.get('retry-after')).toBe('1')
    expect((await other.fetch('/api/channels')).status).toBe(200)
  })

  test('of an admin may come much faster', async () => {
    const owner = await server.as('owner')
    expect(await statuses(100, () => owner.fetch('/api/channels'))).toEqual(new Set([200]))
  })

  test('without a login are refused by their address, a wrong token’s too, and people with a login are not', async () => {
    const address = { 'x-forwarded-for': '192.0.2.7' }
    const wrong = { ...address, authorization: 'Bearer nup_wrong' }
    expect(await statuses(30, () => server.guest.fetch('/api/channels', { headers: wrong }))).toEqual(
      new Set([401, 429]),
    )
    expect(await refusal(await server.guest.fetch('/api/auth/setup-status', { headers: address }))).toBe(
      '429 rate_limited 1',
    )
    const rpc = await server.guest.fetch('/nekode.daemon.v1.DaemonControlService/GetServerInfo', {
      method: 'POST',
      headers: { ...wrong, 'content-type': 'application/json' },
      body: '{}',
    })
    expect(rpc.status).toBe(429)
    const owner = await server.as('owner')
    expect((await owner.fetch('/api/channels', { headers: address })).status).toBe(200)
    const elsewhere = { 'x-forwarded-for': '192.0.2.8' }
    expect((await server.guest.fetch('/api/auth/setup-status', { headers: elsewhere })).status).toBe(200)
  })
})
