import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { api } from '@shared/contract'
import { z } from 'zod'
import { type TestServer, startTestServer } from '../testing'
import { Metrics } from './metrics'
import { diskCheck } from './status'

let server: TestServer
beforeAll(async () => {
  server = await startTestServer()
  await server.as('owner')
})
afterAll(() => server.stop())

test('health and version need no login', async () => {
  expect(await server.guest.call('GET /health')).toEqual({ status: 'ok', version: 'dev' })
  expect(await server.guest.call('GET /api/version')).toEqual({ version: 'dev', commit: '', buildTime: '' })
})

test('HEAD is answered like GET', async () => {
  const response = await server.guest.fetch('/health', { method: 'HEAD' })
  expect([response.status, await response.text()]).toEqual([200, ''])
})

test('the protocol is the one that deployed daemons know', async () => {
  expect(await server.guest.call('GET /api/protocol')).toMatchObject({
    name: 'nekode-daemon-v1',
    compatibility: { protocolVersion: 1, minProtocolVersion: 1, maxProtocolVersion: 1 },
  })
})

describe('ready', () => {
  test('says that storage answers', async () => {
    expect(await server.guest.call('GET /ready')).toEqual({
      status: 'ready',
      checks: [{ name: 'storage', ok: true, detail: 'sqlite' }],
    })
  })

  test('is 503 while the server stops', async () => {
    const other = await startTestServer()
    other.services.system.stop()
    const response = await other.guest.fetch('/ready')
    expect(response.status).toBe(503)
    expect(await response.json()).toMatchObject({ status: 'unavailable', checks: [{ ok: true }, { ok: false }] })
    await other.stop()
  })
})

describe('the status of the server', () => {
  test('tells admins what answers, how full it is and how busy, and when a backup was taken', async () => {
    const owner = await server.as('owner')
    const before = await owner.call('GET /api/server/status')
    expect(before).toMatchObject({
      version: 'dev',
      checks: [{ name: 'storage', ok: true }, { name: 'disk' }],
      database: { kind: 'sqlite' },
      files: { files: 0, bytes: 0 },
      backups: [],
    })
    expect(before.database.bytes).toBeGreaterThan(4096)
    expect(before.disk?.total).toBeGreaterThanOrEqual(before.disk?.available ?? Infinity)
    await (await owner.fetch('/api/backup')).arrayBuffer()
    const after = await owner.call('GET /api/server/status')
    expect(after.requests).toBeGreaterThan(before.requests)
    expect(after.p95).toBeGreaterThanOrEqual(after.p50 ?? Infinity)
    expect(after.backups).toEqual([{ at: expect.any(Number), by: 'owner' }])
  })

  test.each([
    ['half of it is free', { total: 100 * 2 ** 30, available: 50 * 2 ** 30 }, true],
    ['less than a twentieth is', { total: 100 * 2 ** 30, available: 4 * 2 ** 30 }, false],
    ['less than a GiB is', { total: 10 * 2 ** 30, available: 2 ** 29 }, false],
  ])('says of a disk whether there is room: %s', (_, disk, ok) => {
    expect(diskCheck(disk)).toMatchObject({ name: 'disk', ok })
  })
})

describe('metrics', () => {
  const read = async (headers: Record<string, string> = {}) => server.guest.fetch('/metrics', { headers })

  test('are for this machine, and elsewhere for a token that may read', async () => {
    expect((await read()).status).toBe(200)
    // A proxy on this machine passes on requests from anywhere.
    const through = { 'x-forwarded-for': '8.8.8.8' }
    expect((await read(through)).status).toBe(401)
    const { token } = await server.apiToken('read')
    expect((await read({ ...through, authorization: `Bearer ${token}` })).status).toBe(200)
    const writer = await server.apiToken('write')
    expect((await read({ ...through, authorization: `Bearer ${writer.token}` })).status).toBe(403)
    for (const { token } of [await server.agent(), await server.computer()])
      expect((await read({ ...through, authorization: `Bearer ${token}` })).status).toBe(401)
  })

  test('count requests by route and status, not by address', async () => {
    const owner = await server.as('owner')
    await owner.fetch('/api/channels/%23general')
    await owner.fetch('/api/channels/%23nothing')
    const text = await (await read()).text()
    expect(text).toContain('nekode_http_requests_total{method="GET",path="/api/channels/{target}",status="200"} 1')
    expect(text).toContain('nekode_http_requests_total{method="GET",path="/api/channels/{target}",status="404"} 1')
    expect(text).not.toContain('nothing')
  })

  test('are in the format of Prometheus', async () => {
    const response = await read()
    expect(response.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8')
    const text = await response.text()
    for (const line of text.trimEnd().split('\n'))
      expect(line).toMatch(/^(# (HELP|TYPE) [a-z_]+ .+|[a-z_]+(\{([a-z]+="[^"]*",?)+\})? [0-9.e+-]+)$/)
    for (const name of [
      'nekode_events_head',
      'nekode_event_readers',
      'nekode_transaction_seconds_count',
      'process_resident_memory_bytes',
    ])
      expect(text).toMatch(new RegExp(`^${name} [0-9]`, 'm'))
  })

  test('of durations are in buckets that add up', () => {
    const metrics = new Metrics()
    const observe = metrics.histogram('t', 'h')
    for (const ms of [0.5, 3, 3, 70, 9000]) observe(ms)
    const text = metrics.render()
    for (const line of [
      't_bucket{le="0.001"} 1',
      't_bucket{le="0.005"} 3',
      't_bucket{le="0.1"} 4',
      't_bucket{le="5"} 4',
      't_bucket{le="+Inf"} 5',
      't_count 5',
    ])
      expect(text).toContain(`${line}\n`)
  })

  test('escape the values of labels', () => {
    const metrics = new Metrics()
    metrics.counter('c', 'h')({ path: 'a"b\\c\nd' })
    expect(metrics.render()).toContain('c{path="a\\"b\\\\c\\nd"} 1\n')
  })
})

const Document = z.object({
  openapi: z.string(),
  paths: z.record(
    z.string(),
    z.record(z.string(), z.object({ operationId: z.string(), responses: z.record(z.string(), z.unknown()) })),
  ),
})

describe('the OpenAPI document', () => {
  test('has every route of the table once, each with an id of its own', async () => {
    const { openapi, paths } = Document.parse(await server.guest.call('GET /api/openapi.json'))
    expect(openapi).toBe('3.1.0')
    const operations = Object.entries(paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, { operationId }]) => ({
        key: `${method.toUpperCase()} ${path}`,
        operationId,
      })),
    )
    expect(operations.map(({ key }) => key).toSorted()).toEqual(Object.keys(api).toSorted())
    expect(new Set(operations.map(({ operationId }) => operationId)).size).toBe(operations.length)
  })
})

describe('its page', () => {
  test('has every route, and nothing that runs or comes from elsewhere', async () => {
    const response = await server.guest.fetch('/api/docs')
    expect(response.headers.get('content-type')).toBe('text/html; charset=utf-8')
    const html = await response.text()
    const ids = new Set<string | null>()
    const suspicious: string[] = []
    await new HTMLRewriter()
      .on('details', { element: (e) => void ids.add(e.getAttribute('id')) })
      .on('script, link, img, iframe, form', { element: (e) => void suspicious.push(e.tagName) })
      .on('[style], [onclick], [src]', { element: (e) => void suspicious.push(e.tagName) })
      .transform(new Response(html))
      .text()
    expect([...ids].toSorted()).toEqual(Object.keys(api).toSorted())
    expect(suspicious).toEqual([])
  })

  test('has the style that its policy names', async () => {
    const response = await server.guest.fetch('/api/docs')
    const style = /<style>([\s\S]*)<\/style>/.exec(await response.text())?.[1] ?? ''
    const hash = new Bun.CryptoHasher('sha256').update(style).digest('base64')
    expect(response.headers.get('content-security-policy')).toContain(`'sha256-${hash}'`)
  })
})
