import { join, posix } from 'node:path'
import { findCycles, type Import, readModules } from './modules'

/** A rule about one import. `broken` is asked about every import inside the repository, type-only ones too. */
interface Rule {
  broken: (edge: Import) => boolean
  says: string
  instead: string
}

const isTest = (path: string) => /\.test\.tsx?$/.test(path)
const isIn = (path: string, folder: string) => path === folder || path.startsWith(`${folder}/`)
const packages = ['shared', 'server', 'daemon', 'console', 'test']
const packageOf = (path: string) => packages.find((name) => isIn(path, name))
const fileName = (path: string) => posix.basename(path).replace(/\.tsx?$/, '')

/** A rule that files of `name` import, of the packages of this repository, only `name` itself and `allowed`. */
function onlyImports(name: string, allowed: string[], instead: string): Rule {
  return {
    broken: ({ from, to }) => {
      const target = packageOf(to)
      if (packageOf(from) !== name || target === undefined) return false
      if (target === name || allowed.includes(target)) return false
      // A unit test may use what the tests share; the code that ships may not.
      if (target === 'test') return !isTest(from)
      return !(from === 'server/dev.ts' && to === 'console/index.html')
    },
    says: `${name} imports only ${[name, ...allowed].join(' and ')}`,
    instead,
  }
}

const isContract = (path: string) => /^shared\/contract(\/|\.ts$|$)/.test(path)

const rules: Rule[] = [
  onlyImports('shared', [], 'move what it needs into shared/, or the code that needs it out of shared/'),
  onlyImports('server', ['shared'], 'move what both need into shared/, or talk over HTTP or RPC'),
  onlyImports('daemon', ['shared'], 'move what both need into shared/, or talk over HTTP or RPC'),
  {
    broken: ({ from, to }) =>
      isIn(from, 'console') &&
      !isIn(to, 'console') &&
      !isContract(to) &&
      !(isTest(from) && isIn(to, 'test')) &&
      // The build runs in Bun, not in the browser.
      !(isIn(from, 'console/build') && isIn(to, 'shared')),
    says: 'console imports nothing from outside but shared/contract',
    instead: 'put the type or schema that it needs into shared/contract',
  },
  {
    broken: ({ from, to }) => isIn(to, 'server') && fileName(to) === 'store' && !isIn(from, posix.dirname(to)),
    says: "a feature's store is its own",
    instead: "call the feature's service, and add a function there if none does it",
  },
  {
    broken: ({ from, to }) =>
      isIn(from, 'server') &&
      ['service', 'store'].includes(fileName(from)) &&
      isIn(to, 'server') &&
      ['routes', 'rpc'].includes(fileName(to)),
    says: 'a service or store knows none of its adapters',
    instead: 'move the rule out of routes or rpc into the service',
  },
]

/**
 * Checks who imports whom below `root` (the folder with shared/, server/, daemon/, console/ and test/) against the
 * architecture: package borders, features that keep their store, adapters above services, no circles. Type-only imports
 * count for everything except circles.
 *
 * @returns one line a violation, `path: what the rule is, what to do`; empty when all is well
 */
export async function checkImports(root: string): Promise<string[]> {
  const modules = await readModules(root)
  if (modules.files.length === 0) return [`${root}: has no package to check, give the root of the repository`]
  return [
    ...modules.unreadable.map(({ path, reason }) => `${path}: does not parse (${reason}), fix the syntax`),
    ...modules.imports.flatMap((edge) =>
      rules
        .filter((rule) => rule.broken(edge))
        .map((rule) => `${edge.from}: imports '${edge.specifier}', but ${rule.says}; ${rule.instead}`),
    ),
    ...findCycles(modules).map(
      (cycle) =>
        `${cycle[0]}: is in an import circle (${[...cycle, cycle[0]].join(' → ')}), but there are none; ` +
        'move what they share into a file of its own',
    ),
  ]
}

if (import.meta.main) {
  const violations = await checkImports(process.argv[2] ?? join(import.meta.dir, '../..'))
  for (const violation of violations) console.error(violation)
  if (violations.length > 0) process.exit(1)
}
