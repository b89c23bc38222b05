import { existsSync } from 'node:fs'

/** Tests that run in one `bun test` process. */
export interface Suite {
  name: string
  paths: string[]
  flags?: string[]
  timeoutMinutes: number
  /** Drives the built executables and programs that the set-up installs. */
  heavy?: boolean
  /** It runs at the same time as the suite before it: both wait for other programs most of the time. */
  beside?: boolean
}

/** In the order in which they run: what fails fast comes first. */
export const suites: Suite[] = [
  { name: 'rules', paths: ['test/check', 'test/setup'], timeoutMinutes: 5 },
  { name: 'shared', paths: ['shared'], timeoutMinutes: 5 },
  { name: 'server', paths: ['server'], timeoutMinutes: 10 },
  { name: 'daemon', paths: ['daemon'], timeoutMinutes: 10, beside: true },
  {
    name: 'console',
    paths: ['console'],
    // Components run as a browser would run them: Solid's client build, compiled by the console's own plugin.
    flags: ['--conditions=browser', '--preload', './console/build/test-preload.ts'],
    timeoutMinutes: 10,
  },
  { name: 'interop', paths: ['test/interop'], timeoutMinutes: 15, heavy: true },
  { name: 'neko', paths: ['test/neko'], timeoutMinutes: 15, heavy: true },
  { name: 'e2e', paths: ['test/e2e'], timeoutMinutes: 20, heavy: true },
  { name: 'fault', paths: ['test/fault'], timeoutMinutes: 25, heavy: true, beside: true },
]

/** Suites that run at the same time, in the order of these groups. */
export function inGroups(suites: readonly Suite[]): Suite[][] {
  const groups: Suite[][] = []
  for (const suite of suites) {
    const last = groups.at(-1)
    if (suite.beside && last) last.push(suite)
    else groups.push([suite])
  }
  return groups
}

const within = (path: string, folder: string): boolean => path === folder || path.startsWith(`${folder}/`)

/** The suites that have tests, or with `only` (paths of folders or files) what of them lies there. */
export function selected(only: string[]): { suites: Suite[]; unknown: string[] } {
  const chosen: Suite[] = []
  const wanted = only.map((path) => path.replace(/^\.\//, '').replace(/\/+$/, ''))
  const used = new Set<string>()
  for (const suite of suites) {
    const paths = wanted.length
      ? wanted.flatMap((path) =>
          suite.paths.flatMap((own) => (within(path, own) ? [path] : within(own, path) ? [own] : [])),
        )
      : suite.paths
    for (const path of wanted) if (suite.paths.some((own) => within(path, own) || within(own, path))) used.add(path)
    const present = paths.filter((path) => existsSync(path) && hasTests(path))
    if (present.length) chosen.push({ ...suite, paths: present })
  }
  return { suites: chosen, unknown: wanted.filter((path) => !used.has(path) || !existsSync(path)) }
}

const hasTests = (path: string): boolean =>
  /\.test\.tsx?$/.test(path) || [...new Bun.Glob('**/*.test.{ts,tsx}').scanSync(path)].length > 0
