import { afterEach, beforeEach, expect, test } from 'bun:test'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { checkImports } from './imports'

let root: string
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'nekode-imports-'))
})
afterEach(() => rm(root, { recursive: true }))

/** Writes the files of a small repository and checks it. */
async function check(files: Record<string, string>): Promise<string[]> {
  await Promise.all(Object.entries(files).map(([path, text]) => Bun.write(join(root, path), text)))
  return checkImports(root)
}

const sharedOnly =
  'shared imports only shared; move what it needs into shared/, or the code that needs it out of shared/'
const serverOnly = 'server imports only server and shared; move what both need into shared/, or talk over HTTP or RPC'
const daemonOnly = 'daemon imports only daemon and shared; move what both need into shared/, or talk over HTTP or RPC'
const contractOnly =
  'console imports nothing from outside but shared/contract; put the type or schema that it needs into shared/contract'
const ownStore = "a feature's store is its own; call the feature's service, and add a function there if none does it"
const noAdapters = 'a service or store knows none of its adapters; move the rule out of routes or rpc into the service'

test('a repository in which every arrow points the right way passes', async () => {
  const violations = await check({
    'package.json': '{}',
    'shared/ids.ts': "import { z } from 'zod'",
    'shared/contract/message.ts': "import '../ids'",
    'server/version.ts': "import '../package.json'",
    'server/dev.ts': "import index from '../console/index.html'",
    'server/messages/routes.ts': "import './service'; import '@shared/contract/message'",
    'server/messages/rpc.ts': "import './service'",
    'server/messages/service.ts': "import './store'; import '../tasks/service'",
    'server/messages/store.ts': "import '@shared/ids'",
    'server/messages/store.test.ts': "import './store'; import '../../test/fixtures/server'",
    'server/tasks/service.ts': "import './store'; import type { Post } from '../messages/service'",
    'server/tasks/store.ts': '',
    'daemon/main.ts': "import '@shared/ids'",
    'console/index.html': '<script src="src/main.tsx"></script>',
    'console/src/main.tsx': "import '@shared/contract/message'; import './app'",
    'console/src/app.tsx': 'export const App = () => <p />',
    'test/fixtures/server.ts': "import '../../server/messages/service'; import '../../daemon/main'",
    'test/node_modules/x/index.ts': "import '../../../server/nowhere/store'",
  })
  expect(violations).toEqual([])
})

test.each([
  ['a value import', "import { a } from '../server/a'"],
  ['a type-only import', "import type { A } from '../server/a'"],
  ['an inline type import', "import { type A } from '../server/a'"],
  ['a side-effect import', "import '../server/a'"],
  ['a re-export', "export { a } from '../server/a'"],
  ['a type-only re-export', "export type { A } from '../server/a'"],
  ['a re-export of everything', "export * from '../server/a'"],
  ['a dynamic import', "export const load = () => import('../server/a')"],
  ['an import within a type', "export let a: import('../server/a').A"],
  ['an import assignment', "import a = require('../server/a')"],
  ['a require', "export const a = require('../server/a')"],
])('%s is an import', async (_, code) => {
  expect(await check({ 'shared/ids.ts': code, 'server/a.ts': '' })).toEqual([
    `shared/ids.ts: imports '../server/a', but ${sharedOnly}`,
  ])
})

test('a specifier in a comment or a string is no import', async () => {
  const code = "// import '../server/a'\nexport const text = `import '../server/a'`"
  expect(await check({ 'shared/ids.ts': code, 'server/a.ts': '' })).toEqual([])
})

test.each([
  ['shared', 'daemon', 'shared/a.ts', '../daemon/b', sharedOnly],
  ['shared', 'console', 'shared/a.ts', '../console/src/b', sharedOnly],
  ['shared', 'test', 'shared/a.ts', '../test/b', sharedOnly],
  ['server', 'daemon', 'server/x/a.ts', '../../daemon/b', serverOnly],
  ['server', 'console', 'server/x/a.ts', '../../console/src/b', serverOnly],
  ['server', "the console's page outside of dev.ts", 'server/main.ts', '../console/index.html', serverOnly],
  ['server', 'test', 'server/a.ts', '../test/b', serverOnly],
  ['a server test', 'daemon', 'server/a.test.ts', '../daemon/b', serverOnly],
  ['daemon', 'server', 'daemon/a.ts', '../server/b', daemonOnly],
  ['daemon', 'console', 'daemon/a.ts', '../console/src/b', daemonOnly],
  ['console', 'shared outside of its contract', 'console/src/a.tsx', '@shared/log', contractOnly],
  ['console', 'a neighbour of the contract', 'console/src/a.tsx', '@shared/contracts/b', contractOnly],
  ['console', 'server', 'console/src/a.tsx', '../../server/b', contractOnly],
  ['console', 'daemon', 'console/src/a.tsx', '../../daemon/b', contractOnly],
  ['console', 'package.json', 'console/src/a.tsx', '../../package.json', contractOnly],
])('%s may not import %s', async (_importer, _imported, path, specifier, rule) => {
  expect(await check({ [path]: `import '${specifier}'` })).toEqual([`${path}: imports '${specifier}', but ${rule}`])
})

test.each([
  ['another feature', 'server/tasks/service.ts', '../messages/store'],
  ["another feature's test", 'server/tasks/service.test.ts', '../messages/store'],
  ['the root of the server', 'server/main.ts', './messages/store'],
  ['a cross-process test', 'test/e2e/a.test.ts', '../../server/messages/store'],
])('a store may not be imported by %s', async (_, path, specifier) => {
  const violations = await check({ [path]: `import type { Row } from '${specifier}'`, 'server/messages/store.ts': '' })
  expect(violations).toEqual([`${path}: imports '${specifier}', but ${ownStore}`])
})

test.each([
  ['service', 'routes'],
  ['service', 'rpc'],
  ['store', 'routes'],
  ['store', 'rpc'],
])('a %s may not import %s', async (importer, adapter) => {
  const violations = await check({
    [`server/tasks/${importer}.ts`]: `import './${adapter}'`,
    [`server/tasks/${adapter}.ts`]: '',
  })
  expect(violations).toEqual([`server/tasks/${importer}.ts: imports './${adapter}', but ${noAdapters}`])
})

const circle = (...files: string[]) =>
  `${files[0]}: is in an import circle (${files.join(' → ')}), but there are none; ` +
  'move what they share into a file of its own'

test('a circle is reported once, with the files it runs through', async () => {
  const violations = await check({
    'daemon/a.ts': "import './b'",
    'daemon/b.ts': "import './c'; import './d'",
    'daemon/c/index.ts': "export const later = () => import('../a')",
    'daemon/d.ts': '',
    'daemon/self.ts': "import './self'",
  })
  expect(violations).toEqual([
    circle('daemon/a.ts', 'daemon/b.ts', 'daemon/c/index.ts', 'daemon/a.ts'),
    circle('daemon/self.ts', 'daemon/self.ts'),
  ])
})

test('a circle that types alone close is none', async () => {
  expect(await check({ 'daemon/a.ts': "import './b'", 'daemon/b.ts': "import type { A } from './a'" })).toEqual([])
})

test('an inline type import does close a circle, because the empty import stays at run time', async () => {
  const violations = await check({ 'daemon/a.ts': "import './b'", 'daemon/b.ts': "import { type A } from './a'" })
  expect(violations).toEqual([circle('daemon/a.ts', 'daemon/b.ts', 'daemon/a.ts')])
})

test('a file that does not parse is reported, not passed over', async () => {
  const [violation, ...others] = await check({ 'shared/a.ts': 'import {' })
  expect(violation).toStartWith('shared/a.ts: does not parse (')
  expect(others).toEqual([])
})

test('a folder without packages is a mistake of the caller', async () => {
  expect(await check({ 'docs/a.md': '' })).toEqual([
    `${root}: has no package to check, give the root of the repository`,
  ])
})

test('the command prints every violation and fails, and is silent when there is none', async () => {
  const run = async () => {
    const command = Bun.spawn([process.execPath, join(import.meta.dir, 'imports.ts'), root], { stderr: 'pipe' })
    return { printed: await new Response(command.stderr).text(), exitCode: await command.exited }
  }
  await Bun.write(join(root, 'shared/a.ts'), "import '../server/b'; import '../daemon/c'")
  expect(await run()).toEqual({
    printed:
      `shared/a.ts: imports '../server/b', but ${sharedOnly}\n` +
      `shared/a.ts: imports '../daemon/c', but ${sharedOnly}\n`,
    exitCode: 1,
  })
  await Bun.write(join(root, 'shared/a.ts'), "import './b'")
  expect(await run()).toEqual({ printed: '', exitCode: 0 })
})
