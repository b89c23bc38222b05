import { afterAll, afterEach, beforeAll, describe, expect, test } from 'bun:test'
import type { Exchange } from '@shared/tunnel/exchange'
import type { Tunnel } from '@shared/contract'
import { Visitor } from '../../test/e2e/preview'
import { type Answering, FakeTunnel } from '../../test/fixtures/tunnel'
import { type Caller, type TestServer, startTestServer } from '../testing'
import { PREVIEW } from './limits'

let server: TestServer
let owner: Caller
let box: Caller
const DEN = '#den'
const opened: Disposable[] = []

beforeAll(async () => {
  server = await startTestServer()
  owner = await server.as('owner')
  box = await server.computer()
  await owner.call('POST /api/channels', { body: { name: 'den', visibility: 'private' } })
})
afterEach(() => {
  for (const one of opened.splice(0)) one[Symbol.dispose]()
})
afterAll(() => server.stop())

/** The computer of the tests, whose requests are answered like this. */
async function attached(answer: Answering, computer = box): Promise<FakeTunnel> {
  const tunnel = new FakeTunnel(server.url, computer.token, computer.id, answer)
  opened.push(tunnel)
  await tunnel.ready
  return tunnel
}

const hello: Answering = async (exchange) => {
  exchange.respond(200, [['content-type', 'text/plain']])
  await exchange.write(new TextEncoder().encode('hello'))
  await exchange.end()
}

/** An answer that begins and has no end. */
const endless: Answering = async (exchange: Exchange) => {
  exchange.respond(200, [['content-type', 'text/event-stream']])
  await exchange.write(new TextEncoder().encode('data: 1\n\n'))
}

let port = 30_000
const tunnelTo = (more: object = {}, computer = box): Promise<Tunnel> =>
  owner.call('POST /api/tunnels', { body: { computerId: computer.id, localPort: port++, target: DEN, ...more } })

let people = 0
/** Somebody who was put into the den. */
async function joined(): Promise<Caller> {
  const somebody = await server.as('member', `visitor-${people++}`)
  await owner.call('POST /api/channels/{target}/members', {
    params: { target: DEN },
    body: { kind: 'human', memberId: somebody.id },
  })
  return somebody
}

/** How soon something that is open ends. */
async function endsAfter(who: Caller, cause: () => Promise<unknown>): Promise<number> {
  const visitor = await Visitor.enter(who, await tunnelTo(), server.port)
  const stream = await visitor.open('/events')
  const over = Promise.withResolvers<number>()
  stream.on('data', () => undefined)
  stream.on('error', () => undefined)
  stream.on('close', () => over.resolve(performance.now()))
  const start = performance.now()
  await cause()
  const ms = (await over.promise) - start
  expect((await visitor.get('/')).status).toBeOneOf([401, 403])
  return ms
}

describe('access that ends takes what is open with it', () => {
  test('when somebody is taken out of the channel', async () => {
    await attached(endless)
    const who = await joined()
    const params = { target: DEN, kind: 'human' as const, memberId: who.id }
    // The promise to users is a second; what is measured is a push, and far from it.
    expect(
      await endsAfter(who, () => owner.call('DELETE /api/channels/{target}/members/{kind}/{memberId}', { params })),
    ).toBeLessThan(10_000)
  })

  test('when their login is ended', async () => {
    await attached(endless)
    const who = await joined()
    const { db, credentials } = server.core
    await endsAfter(who, () => db.tx((tx) => credentials.revoke(tx, { kind: 'session', ownerId: who.id })))
  })
})

describe('who comes without a daemon, or too often', () => {
  test('waits a moment for a daemon that is coming back', async () => {
    const lone = await server.computer()
    const visitor = await Visitor.enter(owner, await tunnelTo({}, lone), server.port)
    const answer = visitor.get('/')
    await attached(hello, lone)
    expect((await answer).text).toBe('hello')
  })

  test('is told when there is none', async () => {
    const lone = await server.computer()
    const visitor = await Visitor.enter(owner, await tunnelTo({}, lone), server.port)
    const { status, headers, text } = await visitor.get('/', { accept: 'text/html' })
    expect([status, headers['retry-after'], text.includes('not connected')]).toEqual([503, '2', true])
    expect(headers['content-security-policy']).toContain("default-src 'none'")
  }, 20_000)

  test('a later stream of the same computer takes over, and what was under way fails', async () => {
    const asked = Promise.withResolvers<void>()
    await attached(async () => asked.resolve())
    const visitor = await Visitor.enter(owner, await tunnelTo(), server.port)
    const stuck = visitor.get('/')
    await asked.promise
    await attached(hello)
    expect([(await stuck).status, (await visitor.get('/')).text]).toEqual([502, 'hello'])
  })

  test('is held to a rate, a tunnel at a time', async () => {
    await attached(hello)
    const [busy, quiet] = [await tunnelTo(), await tunnelTo()]
    const visitor = await Visitor.enter(owner, busy, server.port)
    const statuses: number[] = []
    for (let i = 0; i < PREVIEW.burst * 3 && statuses.at(-1) !== 429; i += 50)
      for (const { status } of await Promise.all(Array.from({ length: 50 }, () => visitor.get('/'))))
        statuses.push(status)
    const other = await Visitor.enter(owner, quiet, server.port)
    expect([statuses.includes(429), (await other.get('/')).status]).toEqual([true, 200])
  })
})

test('a second port is an origin of its own, where the cookie tells which preview', async () => {
  await using second = await startTestServer({
    flags: { 'preview-addr': '127.0.0.1:0', 'base-url': 'http://nekode.example:18790' },
  })
  const [person, computer] = [await second.as('owner'), await second.computer()]
  using tunnel = new FakeTunnel(second.url, computer.token, computer.id, hello)
  await tunnel.ready
  const { id, url } = await person.call('POST /api/tunnels', { body: { computerId: computer.id, localPort: 3000 } })
  const { previewPort = 0 } = second
  expect(url).toBe(`http://nekode.example:${previewPort}`)
  const ticket = await person.call('POST /api/tunnels/{id}/ticket', { params: { id }, body: { path: '/a?b' } })
  const entry = new URL(ticket.url)
  const visitor = new Visitor(previewPort, entry.host)
  const entered = await visitor.get(entry.pathname + entry.search)
  expect([entered.status, entered.headers.location, entered.headers['clear-site-data']]).toEqual([
    303,
    '/a?b',
    '"cache", "storage"',
  ])
  visitor.cookie = (entered.headers['set-cookie']?.[0] ?? '').split(';', 1)[0] ?? ''
  expect((await visitor.get('/a?b')).text).toBe('hello')
  expect((await new Visitor(previewPort, entry.host).get('/api/auth/me')).status).toBe(404)
  // The console's own port knows nothing of the preview's cookie.
  const console = await new Visitor(second.port, entry.host).get('/a?b', { cookie: visitor.cookie })
  expect(console.text).not.toBe('hello')
})

test.each(['', '.', ':80', '.:80', ':'])(
  'a preview’s host is that with %j behind it too, and answers nothing of the console',
  async (end) => {
    const visitor = new Visitor(server.port, `${'0'.repeat(32)}.LocalHost${end}`)
    for (const path of ['/', '/api/version', '/health']) expect((await visitor.get(path)).status).toBe(404)
  },
)

test('a server without an address for previews says so', async () => {
  await using plain = await startTestServer({ flags: { 'base-url': 'https://nekode.example' } })
  const [person, computer] = [await plain.as('owner'), await plain.computer()]
  const { id, url } = await person.call('POST /api/tunnels', { body: { computerId: computer.id, localPort: 3000 } })
  expect(url).toBeNull()
  const refused = await person.fetch(`/api/tunnels/${id}/ticket`, {
    method: 'POST',
    body: '{}',
    headers: { 'content-type': 'application/json' },
  })
  expect([refused.status, (await refused.json()).code]).toEqual([412, 'previews_off'])
})

describe('the way in from the console', () => {
  test('leads a browser with a login to the preview, and asks one without to log in', async () => {
    const { id, url } = await tunnelTo()
    const go = (who: Pick<Caller, 'fetch'>, path = ''): Promise<Response> =>
      who.fetch(`/api/tunnels/${id}/open${path}`, { redirect: 'manual' })
    const led = await go(owner, '?path=%2Fx')
    expect([led.status, led.headers.get('location')?.startsWith(`${url}/.nekode/enter?ticket=npt_`)]).toEqual([
      303,
      true,
    ])
    const page = await go(server.guest)
    expect([page.status, (await page.text()).includes('Log in')]).toEqual([200, true])
    expect((await go(await server.as('member', 'nobody'))).status).toBe(404)
    for (const path of ['//evil.example', '/\t/evil.example', '/\\evil.example', '/\n/evil.example', '/日本'])
      expect((await go(owner, `?path=${encodeURIComponent(path)}`)).status).toBe(400)
  })
})
