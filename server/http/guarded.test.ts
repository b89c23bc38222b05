import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { NekodeError } from '@shared/errors'
import { GuardedFetch, type GuardedRequest, isReachable, parseBlock, parseUrl } from './guarded'

const loopback = [parseBlock('127.0.0.1')]

test.each([
  ['93.184.216.34', true],
  ['2606:2800:220:1:248:1893:25c8:1946', true],
  ['127.0.0.1', false],
  ['127.9.9.9', false],
  ['0.0.0.0', false],
  ['10.1.2.3', false],
  ['172.16.0.1', false],
  ['192.168.1.1', false],
  ['100.100.100.200', false],
  ['169.254.169.254', false],
  ['168.63.129.16', false],
  ['192.0.0.192', false],
  ['224.0.0.1', false],
  ['255.255.255.255', false],
  ['240.0.0.1', false],
  ['198.18.0.1', false],
  ['::', false],
  ['::1', false],
  ['::ffff:127.0.0.1', false],
  ['::ffff:10.0.0.1', false],
  ['64:ff9b::a00:1', false],
  ['2002:a00:1::', false],
  ['2001:0:a00:1::', false],
  ['fe80::1', false],
  ['fd00:ec2::254', false],
  ['ff02::1', false],
  ['not an address', false],
])('%s may be reached: %p', (address, expected) => {
  expect(isReachable(address)).toBe(expected)
})

test('what is allowed besides is allowed by its block, and nothing next to it', () => {
  const allow = [parseBlock('10.1.0.0/16'), parseBlock('fd00::/64')]
  expect(['10.1.200.1', '::ffff:10.1.0.9', 'fd00::7', '8.8.8.8'].map((a) => isReachable(a, allow))).toEqual(
    Array(4).fill(true),
  )
  expect(['10.2.0.1', 'fd00:0:0:1::7', '127.0.0.1'].map((a) => isReachable(a, allow))).toEqual(Array(3).fill(false))
})

test.each([
  'ftp://x.example/',
  'file:///etc/passwd',
  'http://me:secret@x.example/',
  'x.example',
  '',
  `http://x/${'a'.repeat(2000)}`,
])('%p is no address for a request', (text) => {
  expect(() => parseUrl(text)).toThrow('http:// or https://')
})

describe('a request', () => {
  let server: Bun.Server<undefined>
  let base: string
  /** Paths that were asked for, with what came. */
  let seen: { path: string; method: string; host: string | null; auth: string | null; body: string }[] = []

  beforeAll(() => {
    server = Bun.serve({
      port: 0,
      hostname: '127.0.0.1',
      fetch: async (request) => {
        const { pathname, searchParams } = new URL(request.url)
        const { headers, method } = request
        seen.push({
          path: pathname,
          method,
          host: headers.get('host'),
          auth: headers.get('authorization'),
          body: await request.text(),
        })
        if (pathname === '/never') return new Promise<Response>(() => undefined)
        if (pathname === '/endless')
          return new Response(new ReadableStream({ pull: (c) => c.enqueue(new Uint8Array(1024).fill(97)) }))
        const to = searchParams.get('to')
        if (to !== null)
          return new Response(null, { status: Number(searchParams.get('with') ?? 307), headers: { location: to } })
        return new Response('here', { headers: { 'x-mark': 'yes' } })
      },
    })
    base = `http://127.0.0.1:${server.port}`
  })
  afterAll(() => server.stop(true))

  const guarded = new GuardedFetch({ allow: loopback })
  const send = (url: string, more: Partial<GuardedRequest> = {}) => guarded.fetch({ method: 'POST', url, ...more })
  const code = async (work: Promise<unknown>): Promise<string> => {
    const error = await work.then(
      () => undefined,
      (e: unknown) => e,
    )
    expect(error).toBeInstanceOf(NekodeError)
    return error instanceof NekodeError ? error.code : ''
  }

  test('to an allowed address arrives whole, and its answer comes back', async () => {
    seen = []
    const answer = await send(`${base}/x?y=1`, { headers: { authorization: 'Bearer x' }, body: 'hällo' })
    expect(answer).toMatchObject({ status: 200, text: 'here', headers: { 'x-mark': 'yes' } })
    expect(seen).toEqual([
      { path: '/x', method: 'POST', host: `127.0.0.1:${server.port}`, auth: 'Bearer x', body: 'hällo' },
    ])
  })

  test('to a private address is refused without a connection', async () => {
    seen = []
    const strict = new GuardedFetch()
    for (const url of [
      `${base}/x`,
      `http://localhost:${server.port}/`,
      `http://[::1]:${server.port}/`,
      'http://0x7f.1/',
    ])
      expect(await code(strict.fetch({ method: 'POST', url }))).toBe('address_forbidden')
    expect(seen).toEqual([])
  })

  test('to a name goes to the very address that was checked, under its name', async () => {
    seen = []
    let asked = 0
    const rebinding = new GuardedFetch({
      allow: loopback,
      // The second answer would be another one: a name that is looked up once cannot change in between.
      resolve: async () => (asked++ === 0 ? ['127.0.0.1'] : ['127.0.0.2']),
    })
    const url = `http://hook.example:${server.port}/named`
    expect((await rebinding.fetch({ method: 'POST', url })).status).toBe(200)
    expect(seen.map((s) => s.host)).toEqual([`hook.example:${server.port}`])
    expect(await code(rebinding.fetch({ method: 'POST', url }))).toBe('address_forbidden')
    const mixed = new GuardedFetch({ resolve: async () => ['93.184.216.34', '10.0.0.1'] })
    expect(await code(mixed.fetch({ method: 'POST', url }))).toBe('address_forbidden')
  })

  test('follows a redirect that keeps the method, and checks where it leads', async () => {
    seen = []
    expect((await send(`${base}/a?to=/b`, { body: 'again' })).text).toBe('here')
    expect(seen.map(({ path, body }) => `${path} ${body}`)).toEqual(['/a again', '/b again'])
    for (const to of ['http://127.0.0.2/', 'http://169.254.169.254/latest/meta-data/', 'http://[::1]/'])
      expect(await code(send(`${base}/a?to=${encodeURIComponent(to)}`))).toBe('address_forbidden')
    expect((await send(`${base}/a?to=/b&with=302`)).status).toBe(302)
  })

  test('does not take credentials along to somewhere else', async () => {
    const named = new GuardedFetch({ allow: loopback, resolve: async () => ['127.0.0.1'] })
    seen = []
    const elsewhere = encodeURIComponent(`http://other.example:${server.port}/b`)
    await named.fetch({ method: 'POST', url: `${base}/a?to=${elsewhere}`, headers: { authorization: 'Bearer x' } })
    expect(seen.map((s) => s.auth)).toEqual(['Bearer x', null])
  })

  test('ends after too many redirects, in time, and with as much of the answer as is wanted', async () => {
    const loop = `${base}/a?to=${encodeURIComponent('/a?to=/b')}`
    expect(await code(send(loop, { maxRedirects: 1 }))).toBe('too_many_redirects')
    expect(await code(send(`${base}/never`, { timeoutMs: 100 }))).toBe('timeout')
    expect((await send(`${base}/endless`, { maxBytes: 5000 })).text).toBe('a'.repeat(5000))
  })

  test('that fails does not tell the path of its address, which may be a secret', async () => {
    const gone = Bun.serve({ port: 0, hostname: '127.0.0.1', fetch: () => new Response() })
    const { port } = gone
    await gone.stop(true)
    for (const work of [send(`http://127.0.0.1:${port}/s3cret`), send(`${base}/never?s3cret`, { timeoutMs: 50 })]) {
      const error = await work.catch((e: unknown) => e)
      expect(String(error)).toContain('127.0.0.1:')
      expect(Bun.inspect(error)).not.toContain('/s3cret"')
      expect(String(error)).not.toContain('s3cret')
    }
  })
})
