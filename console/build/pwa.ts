import { cpSync, readFileSync, readdirSync } from 'node:fs'
import { resolve } from 'node:path'

const root = resolve(import.meta.dir, '..')
/** What a start without a network needs; fonts of other alphabets come when a text needs them. */
const SHELL = /\.(?:js|css)$|latin-.*\.woff2$|^icon-192\.png$|^favicon.*\.svg$/

/** What `index.html` says of the installed application. */
export const appTags =
  '<link rel="manifest" href="/manifest.webmanifest"><link rel="apple-touch-icon" href="/apple-touch-icon.png">'

/**
 * Puts the icons, the manifest and the service worker into a console that is built but not compressed yet. The worker knows every file of
 * this build by name and hash, so each build has a worker of its own, by which browsers notice an update.
 */
export async function addWorker(outdir: string, minify: boolean): Promise<void> {
  cpSync(`${root}/public`, outdir, { recursive: true })
  const names = readdirSync(outdir, { recursive: true, encoding: 'utf8' })
    .map((name) => name.replaceAll('\\', '/'))
    .filter((name) => SHELL.test(name))
    .toSorted()
  const page = readFileSync(`${outdir}/index.html`)
  const version = Bun.hash.xxHash64(page).toString(36) + Bun.hash.xxHash64(names.join('\n')).toString(36)
  const built = await Bun.build({
    entrypoints: [`${root}/src/pwa/worker.ts`],
    outdir,
    target: 'browser',
    format: 'iife',
    minify,
    naming: { entry: 'sw.js' },
    define: { SHELL_VERSION: JSON.stringify(version), SHELL_FILES: JSON.stringify(names.map((name) => `/${name}`)) },
  })
  if (!built.success) throw new Error('the service worker was not built')
}
