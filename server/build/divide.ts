import { rmSync } from 'node:fs'
import { join, resolve } from 'node:path'
import type { BuildMetafile, BunPlugin } from 'bun'
import { embedWasm } from './wasm'

/** A program in parts: what it is compiled from, and what is put beside that as it is. */
export interface Divided {
  /** Files that are compiled to bytecode; the program's own is the first. Each keeps its name, by which the rare ones import it. */
  entrypoints: string[]
  /** The folder that they are in. */
  root: string
  /** Files that are put into the executable unchanged. */
  rare: string[]
  /** Leaves the imports of the rare ones for when they run. */
  plugin: BunPlugin
}

export interface DivideOptions {
  entrypoint: string
  /** For the parts; emptied first. */
  folder: string
  define?: Record<string, string>
  /** Whether a module that is loaded with `import()` is needed too rarely for bytecode, by its path from the working folder. */
  isRare(path: string): boolean
}

/** What every server loads, for its first answer. All else that it loads with `import()` comes once, to who asks for it. */
const USUAL = new Set(['server/cli/serve.ts', 'server/db/open.ts'])

export const isRareInServer = (path: string): boolean => !USUAL.has(path)

/** What every daemon that works loads: itself, and what agents are run with. Its commands and most of its services come to who asks for them. */
const USUAL_IN_DAEMON = new Set([
  'daemon/cli/run.ts',
  'daemon/runtimes/index.ts',
  'daemon/runtimes/acp/session.ts',
  'daemon/mcp/server.ts',
  'daemon/tools/tools.ts',
])

export const isRareInDaemon = (path: string): boolean => !USUAL_IN_DAEMON.has(path)

const named = (path: string): string => path.replace(/^\.\//, '')

/**
 * Divides a program at its `import()`s. Bytecode is five times the size of the code that it is made of, and only start-up gains by it: so
 * what is loaded rarely, with all that nothing else loads, goes into the executable as the bundler wrote it. Both kinds share the modules
 * that both need.
 */
export async function divide({ entrypoint, folder, define = {}, isRare }: DivideOptions): Promise<Divided> {
  rmSync(folder, { recursive: true, force: true })
  const { metafile } = await Bun.build({
    entrypoints: [entrypoint],
    outdir: folder,
    target: 'bun',
    format: 'esm',
    minify: true,
    splitting: true,
    metafile: true,
    naming: { entry: '[name].[ext]', chunk: '[name]-[hash].[ext]' },
    define,
    plugins: [embedWasm],
  })
  if (!metafile) throw new Error('the bundler did not say what it made')
  const usual = reached(metafile, isRare)
  const parts = Object.keys(metafile.outputs).map(named)
  const rare = parts.filter((part) => !usual.has(part))
  return {
    entrypoints: [...usual].map((part) => resolve(folder, part)),
    root: resolve(folder),
    rare: rare.map((part) => join(folder, part)),
    plugin: {
      name: 'rare parts',
      setup(build) {
        build.onResolve({ filter: /\.js$/ }, ({ path }) =>
          rare.includes(named(path)) ? { path: `./${named(path)}`, external: true } : undefined,
        )
      },
    },
  }
}

/** The parts that the program needs without its rare ones, its own first. */
function reached({ outputs }: BuildMetafile, isRare: (path: string) => boolean): Set<string> {
  const parts = new Map(Object.entries(outputs).map(([path, output]) => [named(path), output]))
  const found = new Set<string>()
  const add = (part: string): void => {
    const output = parts.get(part)
    if (!output || found.has(part)) return
    found.add(part)
    for (const { path, kind } of output.imports) {
      const next = named(path)
      if (kind === 'dynamic-import' && isRare(parts.get(next)?.entryPoint ?? '')) continue
      add(next)
    }
  }
  for (const [part, { entryPoint }] of parts) if (entryPoint !== undefined && !part.includes('-')) add(part)
  return found
}
