import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { BunPlugin } from 'bun'

/**
 * What few requests need, by the name of its file. It is put into the executable as it is: bytecode is five times the size of the code that
 * it was made from, and pays only for what is loaded at each start. Only packages that are loaded with `import()`, or by a file that is.
 */
const PLAIN: Record<string, string[]> = {
  busboy: ['@fastify/busboy'],
  chrono: ['chrono-node/en', 'chrono-node/zh/hans'],
  filetype: ['file-type'],
  oauth: ['oauth4webapi'],
  rrule: ['rrule-temporal'],
  tar: ['tar-stream'],
}

/** A namespace's name in its file, by the place of its package in the list. */
const exported = (i: number): string => `package${i}`

/**
 * Bundles each of those packages into a file in `folder`.
 * @returns what makes `Bun.build` load them from there, out of the executable
 */
export async function plainPackages(folder: string): Promise<BunPlugin> {
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  const modules = new Map<string, string>()
  for (const [name, packages] of Object.entries(PLAIN)) {
    const path = await bundle(folder, name, packages)
    for (const [i, specifier] of packages.entries()) modules.set(specifier, await standIn(path, specifier, i))
  }
  return {
    name: 'plain packages',
    setup(build) {
      const names = [...modules.keys()].map((name) => name.replaceAll(/[/.]/g, '\\$&'))
      build.onResolve({ filter: new RegExp(`^(?:${names.join('|')})$`) }, ({ path }) => ({ path, namespace: 'plain' }))
      build.onLoad({ filter: /.*/, namespace: 'plain' }, ({ path }) => ({
        contents: modules.get(path) ?? '',
        loader: 'js',
      }))
    },
  }
}

async function bundle(folder: string, name: string, packages: string[]): Promise<string> {
  const entry = join(folder, `${name}.entry.js`)
  await Bun.write(entry, packages.map((from, i) => `export * as ${exported(i)} from '${from}'\n`).join(''))
  const path = join(folder, `${name}.js`)
  await Bun.build({ entrypoints: [entry], outdir: folder, naming: `${name}.js`, target: 'bun', minify: true })
  return path
}

/** The source of a module that exports what the package does, and has the file in the executable. */
async function standIn(path: string, specifier: string, i: number): Promise<string> {
  const found: unknown = await import(specifier)
  const names = Object.keys(Object(found))
  const named = names.filter((name) => name !== 'default')
  return [
    `import path from ${JSON.stringify(path)} with { type: 'file' }`,
    `const { ${exported(i)}: all } = await import(path)`,
    named.length ? `export const { ${named.join(', ')} } = all` : '',
    names.includes('default') ? 'export default all.default' : '',
  ].join('\n')
}
