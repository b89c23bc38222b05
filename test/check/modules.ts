import { existsSync, statSync } from 'node:fs'
import { glob } from 'node:fs/promises'
import { join, posix } from 'node:path'
import { parseSync, Visitor } from 'oxc-parser'

/** One import of one file by another. Paths are relative to the repository, with forward slashes. */
export interface Import {
  from: string
  /** The file when it exists, otherwise the path that the specifier spells. */
  to: string
  specifier: string
  /** Gone after compilation: `import type`, `export type … from`, `import('…')` in a type. */
  typeOnly: boolean
}

export interface Modules {
  files: string[]
  imports: Import[]
  /** Files that the parser rejects, and why; their imports are unknown. */
  unreadable: { path: string; reason: string }[]
}

const sources = '{shared,server,daemon,console,test}/**/*.{ts,tsx}'
const excluded = ['**/node_modules/**', '**/dist/**']
const endings = ['', '.ts', '.tsx', '/index.ts', '/index.tsx']

/**
 * Reads every TypeScript file of the packages below `root` and the imports between them. A real parser, because
 * `Bun.Transpiler.scanImports` drops type-only imports and a type-only import crosses a package border like any other.
 * Imports of npm packages are left out; so is `import(path)` whose path is computed, which nobody can know here.
 */
export async function readModules(root: string): Promise<Modules> {
  const files = await Array.fromAsync(glob(sources, { cwd: root, exclude: excluded }), toPosix)
  files.sort()
  const modules: Modules = { files, imports: [], unreadable: [] }
  for (const path of files) {
    const parsed = parseSync(path, await Bun.file(join(root, path)).text())
    const [error] = parsed.errors
    if (error) modules.unreadable.push({ path, reason: error.message })
    for (const { specifier, typeOnly } of findSpecifiers(parsed.program)) {
      const to = resolve(root, path, specifier)
      if (to) modules.imports.push({ from: path, to, specifier, typeOnly })
    }
  }
  return modules
}

const toPosix = (path: string) => path.replaceAll('\\', '/')

function findSpecifiers(program: Parameters<Visitor['visit']>[0]): Pick<Import, 'specifier' | 'typeOnly'>[] {
  const found: Pick<Import, 'specifier' | 'typeOnly'>[] = []
  const add = (specifier: unknown, typeOnly: boolean) => {
    if (typeof specifier === 'string') found.push({ specifier, typeOnly })
  }
  new Visitor({
    // `import { type A }` is no type-only import here: verbatimModuleSyntax keeps the empty import at run time.
    ImportDeclaration: (node) => add(node.source.value, node.importKind === 'type'),
    ExportNamedDeclaration: (node) => add(node.source?.value, node.exportKind === 'type'),
    ExportAllDeclaration: (node) => add(node.source.value, node.exportKind === 'type'),
    ImportExpression: (node) => add(node.source.type === 'Literal' && node.source.value, false),
    TSImportType: (node) => add(node.source.value, true),
    TSExternalModuleReference: (node) => add(node.expression.value, false),
    CallExpression: (node) => {
      const [path] = node.arguments
      const isRequire = node.callee.type === 'Identifier' && node.callee.name === 'require'
      if (isRequire && path?.type === 'Literal') add(path.value, false)
    },
  }).visit(program)
  return found
}

function resolve(root: string, from: string, specifier: string): string | undefined {
  const isAlias = specifier.startsWith('@shared/')
  if (!isAlias && !specifier.startsWith('.')) return undefined
  const path = isAlias ? specifier.slice(1) : posix.join(posix.dirname(from), specifier)
  const file = endings.map((ending) => path + ending).find((candidate) => isFile(join(root, candidate)))
  return file ?? path
}

const isFile = (path: string) => existsSync(path) && statSync(path).isFile()

/**
 * The shortest circle through each file that is in one, as the list of its files; each circle once. Type-only imports do
 * not count: nothing of them is left at run time, so they cannot meet a module that has not been initialised.
 */
export function findCycles({ files, imports }: Pick<Modules, 'files' | 'imports'>): string[][] {
  const next = new Map<string, Set<string>>()
  for (const { from, to, typeOnly } of imports) {
    if (!typeOnly) next.set(from, (next.get(from) ?? new Set()).add(to))
  }
  const cycles: string[][] = []
  const reported = new Set<string>()
  for (const file of files) {
    if (reported.has(file)) continue
    const cycle = shortestCycle(file, next)
    if (!cycle) continue
    cycles.push(cycle)
    for (const member of cycle) reported.add(member)
  }
  return cycles
}

function shortestCycle(start: string, next: Map<string, Set<string>>): string[] | undefined {
  const importer = new Map<string, string>()
  const queue = [start]
  for (const file of queue) {
    for (const target of next.get(file) ?? []) {
      if (target === start) return pathTo(file, importer)
      if (importer.has(target)) continue
      importer.set(target, file)
      queue.push(target)
    }
  }
  return undefined
}

function pathTo(file: string, importer: Map<string, string>): string[] {
  const path: string[] = []
  for (let at: string | undefined = file; at !== undefined; at = importer.get(at)) path.unshift(at)
  return path
}
