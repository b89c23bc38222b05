import { describe, expect, test } from 'bun:test'
import { Hono } from 'hono'
import { type AddressOptions, Addresses } from './address'

/** What `Addresses` makes of a request that comes from `peer`. */
async function seen(
  options: Partial<AddressOptions>,
  headers: Record<string, string>,
  { peer = '10.0.0.9', tls = false } = {},
) {
  const addresses = new Addresses({ baseUrl: undefined, trustProxy: 0, fallback: 'http://localhost:18790', ...options })
  const app = new Hono().get('/', (c) =>
    c.json({
      client: addresses.client(c),
      local: addresses.isLocal(c),
      origin: addresses.origin(c),
      url: addresses.publicUrl(c),
      secure: addresses.isSecure(c),
    }),
  )
  return (await app.request('/', { headers }, { peer, tls })).json()
}

const spoofed = {
  host: 'nekode.example',
  'x-forwarded-for': '1.1.1.1',
  'x-forwarded-proto': 'https',
  'x-forwarded-host': 'evil.example',
}

test('headers of a proxy mean nothing unless there is one', async () => {
  expect(await seen({}, spoofed)).toMatchObject({ client: '10.0.0.9', origin: 'http://nekode.example', secure: false })
})

test('behind a proxy its headers count', async () => {
  expect(await seen({ trustProxy: 1 }, { ...spoofed, 'x-forwarded-host': 'public.example' })).toMatchObject({
    client: '1.1.1.1',
    origin: 'https://public.example',
    secure: true,
  })
})

test.each([
  [1, '6.6.6.6, 1.1.1.1', '1.1.1.1'],
  [2, '6.6.6.6, 1.1.1.1, 10.0.0.2', '1.1.1.1'],
  [2, '1.1.1.1', '10.0.0.9'],
  [1, '', '10.0.0.9'],
])(
  'behind %p proxies the caller of %p is %p: what stands before was made up',
  async (trustProxy, forwarded, client) => {
    expect(await seen({ trustProxy }, { host: 'h', 'x-forwarded-for': forwarded })).toMatchObject({ client })
  },
)

describe('the address for others to use', () => {
  test('is the configured one, whatever the request says', async () => {
    const result = await seen({ baseUrl: 'https://nekode.example/sub', trustProxy: 1 }, spoofed)
    expect(result.url).toBe('https://nekode.example/sub')
  })

  test('is the one that the caller uses when none is configured', async () => {
    expect((await seen({}, { host: '192.168.1.5:18790' })).url).toBe('http://192.168.1.5:18790')
    expect((await seen({}, { host: '[fe80::1]:18790' }, { tls: true })).url).toBe('https://[fe80::1]:18790')
  })

  test.each(["a'b", 'a b', '$(id)', 'a/b', 'a@b', '<x>', 'a:b', '"', '-a', 'a,b', ''])(
    'is never made of the host %p, which is none',
    async (host) => {
      expect((await seen({}, { host })).url).toBe('http://localhost:18790')
    },
  )
})

test('https ends at a proxy that is not declared, and the browser sees it all the same', async () => {
  const options = { baseUrl: 'https://nekode.example' }
  expect((await seen(options, { host: 'nekode.example' })).secure).toBe(true)
  expect((await seen(options, { host: '10.0.0.1:18790' })).secure).toBe(false)
})

test.each([
  ['127.0.0.1', {}, true],
  ['127.8.8.8', {}, true],
  ['::1', {}, true],
  ['10.0.0.9', {}, false],
  ['', {}, false],
  ['127.0.0.1', { 'x-forwarded-for': '8.8.8.8' }, false],
  ['127.0.0.1', { forwarded: 'for=8.8.8.8' }, false],
  ['127.0.0.1', { via: '1.1 proxy' }, false],
  ['127.0.0.1', { host: '127.0.0.1:18790' }, true],
  ['127.0.0.1', { host: 'rebound.example:18790' }, false],
])('a caller from %p with %p is on this machine: %p', async (peer, headers, local) => {
  expect(await seen({}, { host: 'localhost:18790', ...headers }, { peer })).toMatchObject({ local })
})

test('a proxy that nobody declared is told once', async () => {
  let told = 0
  const addresses = new Addresses({ baseUrl: undefined, trustProxy: 0, fallback: '', onProxy: () => told++ })
  const app = new Hono().get('/', (c) => c.text(addresses.client(c)))
  for (const headers of [{}, spoofed, spoofed]) await app.request('/', { headers }, { peer: '10.0.0.9' })
  expect(told).toBe(1)
})
