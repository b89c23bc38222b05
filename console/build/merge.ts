import { basename, resolve } from 'node:path'
import { readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { rolldown } from 'rolldown'
import type { parseAst } from 'rolldown/parseAst'

/** What Bun's bundler puts into the page for scripts that are no more after this. */
const PRELOAD_LINK = /<link rel="modulepreload"[^>]* href="\/assets\/[^"]+">/g

export interface Merged {
  /** What each script that was there before is in now, by URL path. */
  scripts: Map<string, string>
  /** URL paths of the scripts that the first screen needs. */
  first: string[]
}

/**
 * Puts the scripts of the first screen into one. Bun's bundler makes a script of its own for whatever a different set of pages shares, which
 * with many pages that are loaded on demand are a hundred small ones: each is a request, and small files compress badly.
 * @param outdir the built console
 * @param first URL paths of the scripts that the first screen needs
 */
export async function mergeScripts(outdir: string, first: readonly string[]): Promise<Merged> {
  const folder = resolve(outdir, 'assets')
  const before = readdirSync(folder).filter((name) => name.endsWith('.js'))
  const needed = new Set(first.map((path) => resolve(folder, basename(path))))
  const html = `${outdir}/index.html`
  const page = readFileSync(html, 'utf8')
  const entry = /<script[^>]* src="\/assets\/([^"]+\.js)"/.exec(page)?.[1]
  if (entry === undefined) throw new Error('the page has no script')
  const bundle = await rolldown({
    input: { index: resolve(folder, entry) },
    platform: 'browser',
    treeshake: false,
    plugins: [
      {
        name: 'built scripts',
        resolveId: (id) => (id.startsWith('/assets/') ? resolve(folder, basename(id)) : null),
        transform(code) {
          const preloads = findPreloads(this.parse(code))
          return preloads ? code.slice(0, preloads.start) + code.slice(preloads.end) : null
        },
      },
    ],
  })
  const { output } = await bundle.generate({
    format: 'es',
    minify: true,
    entryFileNames: 'assets/[name]-[hash].js',
    chunkFileNames: 'assets/[name]-[hash].js',
    codeSplitting: { groups: [{ name: 'first', test: (id) => needed.has(id) }] },
  })
  await bundle.close()
  for (const name of before) rmSync(resolve(folder, name))
  const chunks = output.filter((file) => file.type === 'chunk')
  const scripts = new Map<string, string>()
  for (const { fileName, code, moduleIds } of chunks) {
    writeFileSync(resolve(outdir, fileName), code)
    for (const id of moduleIds) scripts.set(`/assets/${basename(id)}`, `/${fileName}`)
  }
  const start = chunks.find(({ isEntry }) => isEntry)
  if (!start) throw new Error('the scripts have no start')
  writeFileSync(html, page.replace(PRELOAD_LINK, '').replace(`/assets/${entry}`, `/${start.fileName}`))
  // A page that is loaded on demand keeps a script of its own, if only one that leads to where it is now.
  const facades = chunks.filter(({ facadeModuleId }) => facadeModuleId !== null && needed.has(facadeModuleId))
  const now = new Set([
    `/${start.fileName}`,
    ...first.flatMap((path) => scripts.get(path) ?? []),
    ...facades.map(({ fileName }) => `/${fileName}`),
  ])
  return { scripts, first: [...now] }
}

/**
 * Where Bun's bundler says which scripts each page needs, so that they are preloaded: a call with a table, such as
 * `register(import.meta.url, ["…"], [["/assets/page-….js", 7, 9], …], 1)`. The table names scripts that are no more.
 */
function findPreloads({ body }: ReturnType<typeof parseAst>): { start: number; end: number } | undefined {
  return body.find((statement) => {
    if (statement.type !== 'ExpressionStatement' || statement.expression.type !== 'CallExpression') return false
    return statement.expression.arguments.some((table) => {
      const row = table.type === 'ArrayExpression' ? table.elements[0] : undefined
      const path = row?.type === 'ArrayExpression' ? row.elements[0] : undefined
      return path?.type === 'Literal' && typeof path.value === 'string' && path.value.startsWith('/assets/')
    })
  })
}
