import { mkdirSync, readdirSync, rmSync, statSync } from 'node:fs'
import { basename, dirname, resolve } from 'node:path'
import type { BuildMetafile, BunPlugin } from 'bun'
import { brotliCompressSync, constants } from 'node:zlib'
import { BROTLI_SUFFIX, type Asset, type Manifest } from '@shared/assets'
import { iconsPlugin } from './icons'
import { mergeScripts } from './merge'
import { addWorker, appTags } from './pwa'
import { solidPlugin } from './solid'
import { checkTexts } from './texts'
import { unoPlugin } from './uno'

export interface ConsoleOptions {
  /** Folder for the result; emptied first. */
  outdir: string
  /** Default true. */
  minify?: boolean
}

const root = resolve(import.meta.dir, '..')
const hashed = 'assets/[name]-[hash].[ext]'

/**
 * Builds the console into `outdir`: the files, compressed where that is smaller, and `manifest.json`.
 * @returns the manifest
 */
export async function buildConsole({ outdir, minify = true }: ConsoleOptions): Promise<Manifest> {
  await checkTexts()
  rmSync(outdir, { recursive: true, force: true })
  mkdirSync(outdir, { recursive: true })
  const built = await Bun.build({
    entrypoints: [`${root}/index.html`],
    root,
    outdir,
    target: 'browser',
    publicPath: '/',
    minify,
    splitting: true,
    minChunkSize: 4096,
    sourcemap: 'none',
    metafile: true,
    naming: { chunk: hashed, asset: hashed, entry: '[dir]/[name].[ext]' },
    define: { 'process.env.NODE_ENV': '"production"' },
    plugins: [solidPlugin(), unoPlugin(), iconsPlugin(), fontPlugin(outdir)],
  })
  const { first: scripts } = await mergeScripts(outdir, built.metafile ? firstScreen(built.metafile) : [])
  await finishPage(outdir, [await bootScript(outdir, minify), fontTag(outdir), appTags, ...scripts.map(preload)])
  await addWorker(outdir, minify)
  const manifest: Manifest = {}
  for (const name of readdirSync(outdir, { recursive: true, encoding: 'utf8' })) {
    const path = `${outdir}/${name}`
    if (statSync(path).isFile()) manifest[`/${name.replaceAll('\\', '/')}`] = await compress(path, name)
  }
  await Bun.write(`${outdir}/manifest.json`, JSON.stringify(manifest))
  const bytes = scripts.reduce((sum, path) => sum + (manifest[path]?.brotliBytes ?? manifest[path]?.size ?? 0), 0)
  console.log(`console: ${(bytes / 1000).toFixed(1)} kB of JavaScript (brotli) until a conversation shows`)
  return manifest
}

/** Fonts as files: inlined, every reader would load every alphabet, and the content security policy would refuse them. */
const fontPlugin = (outdir: string): BunPlugin => ({
  name: 'fonts',
  setup(build) {
    build.onResolve({ filter: /\.woff2$/ }, async ({ path, importer }) => {
      const file = Bun.file(resolve(dirname(importer), path))
      const name = `assets/${basename(path, '.woff2')}-${Bun.hash.xxHash32(await file.bytes()).toString(36)}.woff2`
      await Bun.write(`${outdir}/${name}`, file)
      return { path: `/${name}`, external: true }
    })
  },
})

/** The scripts that a conversation needs: the entry's and the screen's own, with all that they import. */
function firstScreen({ outputs }: BuildMetafile): string[] {
  const entries = Object.entries(outputs).filter(
    ([path, { entryPoint = '' }]) =>
      path.endsWith('.js') && (entryPoint.endsWith('index.html') || entryPoint.endsWith('src/channels/page.tsx')),
  )
  const found = new Set<string>()
  const add = (path: string) => {
    if (found.has(path)) return
    found.add(path)
    for (const { path: next, kind } of outputs[path]?.imports ?? []) if (kind === 'import-statement') add(next)
  }
  for (const [path] of entries) add(path)
  return [...found].map((path) => path.replace(/^\.?\/?/, '/'))
}

/** The letters of the first screen: without it they are asked for once the first text is laid out, which is then laid out again. */
function fontTag(outdir: string): string {
  const name = readdirSync(`${outdir}/assets`).find((file) => file.startsWith('inter-latin-wght-normal-'))
  if (name === undefined) throw new Error('the font was not built')
  return `<link rel="preload" as="font" type="font/woff2" crossorigin href="/assets/${name}">`
}

const preload = (path: string) => `<link rel="modulepreload" crossorigin href="${path}">`

/**
 * A chosen theme has to be known before the first paint, and the first questions to the server are asked while the other scripts are on
 * their way. The bundler makes every script a module, which runs too late, and the content security policy allows no inline script: so
 * this one is a small file of its own that blocks.
 */
async function bootScript(outdir: string, minify: boolean): Promise<string> {
  const built = await Bun.build({
    entrypoints: [`${root}/src/boot.ts`],
    outdir,
    target: 'browser',
    format: 'iife',
    minify,
    naming: { entry: hashed },
  })
  const [script] = built.outputs
  if (!script) throw new Error('the first script was not built')
  return `<script src="/assets/${basename(script.path)}"></script>`
}

async function finishPage(outdir: string, tags: string[]): Promise<void> {
  const page = `${outdir}/index.html`
  const html = new HTMLRewriter()
    .on('title', {
      element(title) {
        title.after(tags.join(''), { html: true })
      },
    })
    .transform(await Bun.file(page).text())
  await Bun.write(page, html)
}

async function compress(path: string, name: string): Promise<Asset> {
  const bytes = Buffer.from(await Bun.file(path).arrayBuffer())
  const packed = brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } })
  // A font or a picture is compressed already: packed again it would only have to be unpacked.
  const isSmaller = packed.length <= bytes.length * 0.95
  if (isSmaller) {
    await Bun.write(path + BROTLI_SUFFIX, packed)
    rmSync(path)
  }
  return {
    type: Bun.file(path).type,
    size: bytes.length,
    etag: new Bun.CryptoHasher('sha256').update(bytes).digest('base64url').slice(0, 22),
    immutable: name.startsWith('assets'),
    brotliBytes: isSmaller ? packed.length : null,
  }
}

if (import.meta.main) {
  const outdir = Bun.argv[2] ?? resolve(root, '../dist/console')
  const manifest = await buildConsole({ outdir })
  console.log(`console: ${Object.keys(manifest).length} files in ${outdir}`)
}
