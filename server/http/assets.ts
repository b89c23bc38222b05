import { type Asset, type Encoding, type Manifest, encodingSuffix } from '@shared/assets'
import { NekodeError, errorText } from '@shared/errors'
import type { Context, Handler } from 'hono'
import { existsSync, readFileSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'

const ENCODINGS = ['br', 'gzip'] as const satisfies Encoding[]
const Size = z.number().int().nonnegative()
const Manifests = z.record(
  z.string(),
  z.object({
    type: z.string(),
    size: Size,
    etag: z.string(),
    immutable: z.boolean(),
    encodings: z.object({ br: Size.optional(), gzip: Size.optional() }),
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
  const read = reader(root)
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
    if (matches(c.req.header('if-none-match'), etag)) return new Response(null, { status: 304, headers })
    headers['content-length'] = String((encoding && asset.encodings[encoding]) ?? asset.size)
    if (encoding) headers['content-encoding'] = encoding
    if (c.req.method === 'HEAD') return new Response(null, { headers })
    return new Response(encoding ? read(path + encodingSuffix[encoding]) : plain(read, path, asset), { headers })
  }
}

/** For the few that take no compression, the plain file is made anew each time. */
const plain = (read: (name: string) => Uint8Array<ArrayBuffer>, path: string, asset: Asset): Uint8Array<ArrayBuffer> =>
  asset.encodings.gzip === undefined ? read(path) : Bun.gunzipSync(read(path + encodingSuffix.gzip))

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

/** The smallest encoding that the client takes; undefined for none. */
export function negotiate(header: string | undefined, asset: Asset): Encoding | undefined {
  if (!header) return undefined
  const quality = new Map<string, number>()
  for (const part of header.toLowerCase().split(',')) {
    const [name = '', ...parameters] = part.split(';').map((word) => word.trim())
    const q = parameters.find((word) => word.startsWith('q='))
    quality.set(name, q === undefined ? 1 : Number(q.slice(2)))
  }
  const accepted = (name: string): boolean => (quality.get(name) ?? quality.get('*') ?? 0) > 0
  return ENCODINGS.filter((name) => asset.encodings[name] !== undefined && accepted(name)).toSorted(
    (a, b) => (asset.encodings[a] ?? 0) - (asset.encodings[b] ?? 0),
  )[0]
}

const matches = (header: string | undefined, etag: string): boolean =>
  header !== undefined && header.split(',').some((tag) => tag.trim() === '*' || tag.trim().replace(/^W\//, '') === etag)

function reader(root: string): (name: string) => Uint8Array<ArrayBuffer> {
  const cache = new Map<string, Uint8Array<ArrayBuffer>>()
  return (name) => {
    const known = cache.get(name)
    if (known) return known
    const bytes = new Uint8Array(readFileSync(join(root, name)))
    cache.set(name, bytes)
    return bytes
  }
}

function readManifest(root: string): Manifest {
  const file = join(root, 'manifest.json')
  if (!existsSync(file)) return existsSync(root) ? scan(root) : {}
  try {
    // The schema allows undefined for a missing encoding, as the compiler's exact optional types do not.
    return Manifests.parse(JSON.parse(readFileSync(file, 'utf8'))) as Manifest
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
      encodings: {},
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
