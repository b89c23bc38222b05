import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { brotliCompressSync, brotliDecompressSync, gunzipSync } from 'node:zlib'
import { type Asset, BROTLI_SUFFIX, type Manifest } from '@shared/assets'
import { Hono } from 'hono'
import { consoleAssets, negotiate } from './assets'

const asset = (brotliBytes: Asset['brotliBytes']): Asset => ({
  type: 't',
  size: 100,
  etag: 'e',
  immutable: false,
  brotliBytes,
})

test.each([
  [undefined, 30, undefined],
  ['', 30, undefined],
  ['gzip, deflate, br, zstd', 30, 'br'],
  ['gzip', 30, 'gzip'],
  ['br;q=0, gzip', 30, 'gzip'],
  ['br;q=0.1, gzip;q=1', 30, 'br'],
  ['*', 30, 'br'],
  ['*;q=0', 30, undefined],
  ['*, br;q=0', 30, 'gzip'],
  ['identity', 30, undefined],
  ['GZIP', 30, 'gzip'],
  ['br, gzip', null, undefined],
])('of %p, where brotli takes %p bytes, the encoding is %p', (header, brotliBytes, chosen) => {
  expect(negotiate(header, asset(brotliBytes))).toBe(chosen as never)
})

const folders: string[] = []
const temporary = (): string => {
  const folder = mkdtempSync(join(tmpdir(), 'nekode-assets-'))
  folders.push(folder)
  return folder
}
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true })
})
const serve = (root: string) => {
  const app = new Hono().get('*', consoleAssets(root))
  return (path: string, headers: Record<string, string> = {}, method = 'GET') =>
    app.request(path, { method, headers: { 'accept-encoding': 'identity', ...headers } })
}

/** A folder as the console's build makes it: a page, and a script whose name holds a hash. */
function built(): { root: string; script: string } {
  const root = temporary()
  const manifest: Manifest = {}
  mkdirSync(join(root, 'assets'))
  const add = (path: string, type: string, text: string): void => {
    const bytes = Buffer.from(text)
    const packed = brotliCompressSync(bytes)
    writeFileSync(join(root, path + BROTLI_SUFFIX), packed)
    manifest[path] = {
      type,
      size: bytes.length,
      etag: new Bun.CryptoHasher('sha256').update(bytes).digest('base64url').slice(0, 22),
      immutable: path.startsWith('/assets'),
      brotliBytes: packed.length,
    }
  }
  add('/index.html', 'text/html;charset=utf-8', `<div id="root"></div>${'<!-- -->'.repeat(50)}`)
  const script = '/assets/app-0123abcd.js'
  add(script, 'text/javascript;charset=utf-8', 'console.log("hello");'.repeat(100))
  writeFileSync(join(root, 'manifest.json'), JSON.stringify(manifest))
  return { root, script }
}

describe('the built console', () => {
  let get: ReturnType<typeof serve>
  let script = ''
  beforeAll(() => {
    const console = built()
    script = console.script
    get = serve(console.root)
  })

  test('is the page at /, and at every address that is no file', async () => {
    const page = await (await get('/')).text()
    expect(page).toContain('<div id="root">')
    for (const path of ['/agents', '/channels/%23general', '/a/b/c']) expect(await (await get(path)).text()).toBe(page)
  })

  test('has each encoding of a file under a tag of its own, and all are the same content', async () => {
    const plain = Buffer.from(await (await get(script)).bytes())
    const tags = new Set<string | null>()
    for (const [encoding, decode] of [
      ['br', brotliDecompressSync],
      ['gzip', gunzipSync],
    ] as const) {
      const response = await get(script, { 'accept-encoding': encoding })
      expect(response.headers.get('content-encoding')).toBe(encoding)
      expect(response.headers.get('vary')).toBe('accept-encoding')
      const bytes = await response.bytes()
      expect(response.headers.get('content-length')).toBe(String(bytes.length))
      expect(Buffer.from(decode(bytes)).equals(plain)).toBe(true)
      tags.add(response.headers.get('etag'))
    }
    expect(tags.size).toBe(2)
  })

  test('may be kept for ever where the name changes with the content, and is asked for again elsewhere', async () => {
    expect((await get(script)).headers.get('cache-control')).toBe('public, max-age=31536000, immutable')
    for (const path of ['/', '/agents']) expect((await get(path)).headers.get('cache-control')).toBe('no-cache')
  })

  test('is not sent again to who has it', async () => {
    const etag = (await get('/')).headers.get('etag') ?? ''
    for (const header of [etag, `W/${etag}`, `"other", ${etag}`, '*']) {
      const response = await get('/', { 'if-none-match': header })
      expect([response.status, await response.text(), response.headers.get('etag')]).toEqual([304, '', etag])
    }
    expect((await get('/', { 'if-none-match': '"other"' })).status).toBe(200)
    expect((await get('/', { 'if-none-match': etag, 'accept-encoding': 'br' })).status).toBe(200)
  })

  test('answers HEAD like GET, without the body', async () => {
    for (const encoding of ['identity', 'gzip', 'br']) {
      const headers = { 'accept-encoding': encoding }
      const [head, whole] = [await get(script, headers, 'HEAD'), await get(script, headers)]
      expect(Object.fromEntries(head.headers)).toEqual(Object.fromEntries(whole.headers))
      expect(await head.text()).toBe('')
    }
  })

  test.each([
    '/missing.js',
    '/assets/gone-abc123.css',
    '/manifest.json',
    '/../package.json',
    '/%2e%2e/package.json',
    '/%ff',
    '/__proto__.js',
  ])('has nothing at %s', async (path) => {
    expect((await get(path)).status).toBe(404)
  })

  test('says types that browsers take', async () => {
    expect((await get('/')).headers.get('content-type')).toStartWith('text/html')
    expect((await get(script)).headers.get('content-type')).toStartWith('text/javascript')
  })
})

test('a folder that something else built is served as it is', async () => {
  const root = temporary()
  mkdirSync(join(root, 'js'))
  writeFileSync(join(root, 'index.html'), '<p>other</p>')
  writeFileSync(join(root, 'js', 'app.js'), 'x()')
  const get = serve(root)
  expect(await (await get('/anything')).text()).toBe('<p>other</p>')
  const response = await get('/js/app.js', { 'accept-encoding': 'br' })
  expect([await response.text(), response.headers.get('cache-control')]).toEqual(['x()', 'no-cache'])
})

test('without a built console the page says how to build one', async () => {
  const get = serve(join(temporary(), 'nothing'))
  const response = await get('/')
  expect([response.status, (await response.text()).includes('bun run build')]).toEqual([503, true])
  expect((await get('/x.js')).status).toBe(404)
})

test.each(['{', '[]', '{"/index.html":{"size":1}}'])('a damaged manifest %p is refused by name', (text) => {
  const root = temporary()
  writeFileSync(join(root, 'manifest.json'), text)
  const error = expect.objectContaining({ code: 'config_invalid', message: expect.stringContaining('manifest.json') })
  expect(() => consoleAssets(root)).toThrow(error)
})
