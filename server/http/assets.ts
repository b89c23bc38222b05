import { type Asset, BROTLI_SUFFIX, type Manifest } from '@shared/assets'
import { NekodeError, errorText } from '@shared/errors'
import type { Context, Handler } from 'hono'
import { existsSync, readFileSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { brotliDecompressSync } from 'node:zlib'
import { z } from 'zod'

/** How a body may be compressed, by the name that HTTP gives it; the best first. */
const ENCODINGS = ['br', 'gzip'] as const
type Encoding = (typeof ENCODINGS)[number]
type Read = (path: string, encoding: Encoding | undefined) => Uint8Array<ArrayBuffer>
/** The console's service worker, which is bound to the policy of its own answer: it fetches what it keeps, and does nothing else. */
const WORKER = '/sw.js'
const WORKER_POLICY = "default-src 'none'; connect-src 'self'; frame-ancestors 'none'"
const Size = z.number().int().nonnegative()
const Manifests = z.record(
  z.string(),
  z.object({
    type: z.string(),
    size: Size,
    etag: z.string(),
    immutable: z.boolean(),
    brotliBytes: Size.nullable(),
  }),
)

/** A folder that `build.ts` puts into the executable: beside the sources before that, inside it after. */
export const bundled = (name: string): string =>
  join(import.meta.dir, Bun.isStandaloneExecutable ? name : `../../dist/${name}`)

/**
 * Serves the files of a built console; addresses that are no file get `index.html`, because the console has its own routes.
 * @param root the folder; with a `manifest.json` when our own build made it
 */
export function consoleAssets(root: string): Handler {
  const files = readManifest(root)
  if (!files['/index.html']) return unbuilt
  const read = reader(root, files)
  return (c) => {
    const path = fileOf(files, c.req.path)
    const asset = path === undefined ? undefined : files[path]
    if (path === undefined || asset === undefined) return c.notFound()
    const encoding = negotiate(c.req.header('accept-encoding'), asset)
    const etag = `"${asset.etag}${encoding ? `-${encoding}` : ''}"`
    const headers: Record<string, string> = {
      etag,
      vary: 'accept-encoding',
      'cache-control': asset.immutable ? 'public, max-age=31536000, immutable' : 'no-cache',
    }
    // Also of a 304: it decides the security policy, and a browser takes over the headers of a 304 for what it has.
    headers['content-type'] = asset.type
    if (path === WORKER) headers['content-security-policy'] = WORKER_POLICY
    if (matches(c.req.header('if-none-match'), etag)) return new Response(null, { status: 304, headers })
    if (encoding) headers['content-encoding'] = encoding
    const isHead = c.req.method === 'HEAD'
    const body = isHead && encoding !== 'gzip' ? undefined : read(path, encoding)
    headers['content-length'] = String(body?.length ?? (encoding ? asset.brotliBytes : asset.size))
    return new Response(isHead ? null : body, { headers })
  }
}

/** The file for an address: itself, or the console's page for what looks like one of its routes. */
function fileOf(files: Manifest, address: string): string | undefined {
  let path: string
  try {
    path = decodeURIComponent(address)
  } catch {
    // Broken percent-encoding names no file.
    return undefined
  }
  if (path === '/') return '/index.html'
  if (Object.hasOwn(files, path)) return path
  // Files are in /assets or at the top; deeper down, a dot belongs to a name: `/c/release-1.0`.
  return /^\/(?:assets\/.*|[^/]+\.[A-Za-z0-9]+)$/.test(path) ? undefined : '/index.html'
}

/** The best encoding that the client takes; undefined for none. */
export function negotiate(header: string | undefined, { brotliBytes }: Asset): Encoding | undefined {
  if (!header || brotliBytes === null) return undefined
  const quality = new Map<string, number>()
  for (const part of header.toLowerCase().split(',')) {
    const [name = '', ...parameters] = part.split(';').map((word) => word.trim())
    const q = parameters.find((word) => word.startsWith('q='))
    quality.set(name, q === undefined ? 1 : Number(q.slice(2)))
  }
  const accepted = (name: string): boolean => (quality.get(name) ?? quality.get('*') ?? 0) > 0
  return ENCODINGS.find(accepted)
}

const matches = (header: string | undefined, etag: string): boolean =>
  header !== undefined && header.split(',').some((tag) => tag.trim() === '*' || tag.trim().replace(/^W\//, '') === etag)

/**
 * What is compressed lies there as brotli alone. The few clients that take only gzip get that, made once; for those that take neither, the
 * plain file is made anew each time.
 */
function reader(root: string, files: Manifest): Read {
  const cache = new Map<string, Uint8Array<ArrayBuffer>>()
  const once = (name: string, make: () => Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> => {
    const bytes = cache.get(name) ?? make()
    cache.set(name, bytes)
    return bytes
  }
  const file = (name: string) => once(name, () => new Uint8Array(readFileSync(join(root, name))))
  return (path, encoding) => {
    if ((files[path]?.brotliBytes ?? null) === null) return file(path)
    const packed = file(path + BROTLI_SUFFIX)
    if (encoding === 'br') return packed
    const plain = () => new Uint8Array(brotliDecompressSync(packed))
    return encoding === 'gzip' ? once(`${path} as gzip`, () => Bun.gzipSync(plain())) : plain()
  }
}

function readManifest(root: string): Manifest {
  const file = join(root, 'manifest.json')
  if (!existsSync(file)) return existsSync(root) ? scan(root) : {}
  try {
    return Manifests.parse(JSON.parse(readFileSync(file, 'utf8')))
  } catch (cause) {
    throw new NekodeError('invalid', `The console’s ${file} cannot be used: ${errorText(cause)}`, {
      code: 'config_invalid',
      next: 'Build the console again, or leave NEKODE_WEB_DIST_DIR out.',
      cause,
    })
  }
}

/** The files of a folder that something else built, as they are now. Not compressed. */
function scan(root: string): Manifest {
  const manifest: Manifest = {}
  for (const name of readdirSync(root, { recursive: true, encoding: 'utf8' })) {
    const path = join(root, name)
    const stat = statSync(path)
    if (!stat.isFile()) continue
    manifest[`/${name.replaceAll('\\', '/')}`] = {
      type: Bun.file(path).type,
      size: stat.size,
      etag: new Bun.CryptoHasher('sha256').update(readFileSync(path)).digest('base64url').slice(0, 22),
      immutable: false,
      brotliBytes: null,
    }
  }
  return manifest
}

const unbuilt = (c: Context): Response | Promise<Response> =>
  c.req.path === '/'
    ? new Response('The console is not built. Run “bun run build”, or “bun run dev” while you work on it.\n', {
        status: 503,
      })
    : c.notFound()
