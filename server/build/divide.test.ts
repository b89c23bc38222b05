import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { basename, join, relative } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'bun:test'
import { type Divided, divide, isRareInDaemon, isRareInServer } from './divide'

// Below the folder that the build runs in, as the program's own parts are: the bundler names them by that.
const dist = join(import.meta.dir, '../../dist')
mkdirSync(dist, { recursive: true })
const folder = mkdtempSync(join(dist, 'divide-'))
const outfile = join(folder, 'program')
let parts: Divided

const SOURCES = {
  'shared.ts': `export class Wrong extends Error {}\nexport const state = { loaded: ['shared'] }`,
  'usual.ts': `import { state } from './shared'\nstate.loaded.push('usual')\nexport const usual = 'usual'`,
  'deep.ts': `import { state } from './shared'\nstate.loaded.push('deep')\nexport default 'deep'`,
  'only.ts': `import { state } from './shared'\nstate.loaded.push('only')\nexport const only = 'only'`,
  'rare.ts': `import { Wrong, state } from './shared'
import { only } from './only'
state.loaded.push('rare')
export const fail = () => new Wrong(only)
export const deep = async () => (await import('./deep')).default`,
  'main.ts': `import { Wrong, state } from './shared'
const { usual } = await import('./usual')
if (Bun.argv[2] === 'rare') {
  const { fail, deep } = await import('./rare')
  console.log(JSON.stringify([usual, fail() instanceof Wrong, fail().message, await deep(), state.loaded, WORD]))
} else console.log(JSON.stringify(state.loaded))`,
}

beforeAll(async () => {
  for (const [name, text] of Object.entries(SOURCES)) writeFileSync(join(folder, name), text)
  writeFileSync(join(folder, 'other.txt'), 'other')
  parts = await divide({
    entrypoint: join(folder, 'main.ts'),
    folder: relative('.', join(folder, 'parts')),
    define: { WORD: '"defined"' },
    isRare: (path) => path.endsWith('/rare.ts'),
  })
  await Bun.build({
    entrypoints: parts.entrypoints,
    root: parts.root,
    compile: { outfile, assets: [join(folder, 'other.txt'), ...parts.rare] },
    format: 'esm',
    minify: true,
    bytecode: true,
    splitting: true,
    plugins: [parts.plugin],
  })
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** Starts it where none of its parts lies about. */
async function start(...args: string[]): Promise<unknown> {
  const child = Bun.spawn([outfile, ...args], { cwd: '/', stdout: 'pipe', stderr: 'pipe' })
  const [text, problems] = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()])
  expect(problems).toBe('')
  return JSON.parse(text)
}

test('rare parts run in the executable, with the modules that the rest of it has', async () => {
  const loaded = ['shared', 'usual', 'only', 'rare', 'deep']
  expect(await start('rare')).toEqual(['usual', true, 'only', 'deep', loaded, 'defined'])
})

test('what is not asked for is not loaded', async () => {
  expect(await start()).toEqual(['shared', 'usual'])
})

test('what only a rare module loads is rare too, and what others load as well is not', async () => {
  const rare = await Promise.all(parts.rare.map((path) => Bun.file(path).text()))
  const has = (word: string) => rare.filter((text) => text.includes(`push("${word}")`)).length
  expect(['only', 'rare', 'deep', 'usual', 'shared'].map(has)).toEqual([1, 1, 1, 0, 0])
  expect(parts.entrypoints.map((path) => basename(path))[0]).toBe('main.js')
})

test.each([
  ['server/cli/serve.ts', false],
  ['server/db/open.ts', false],
  ['server/cli/users.ts', true],
  ['server/rpc/router.ts', true],
  ['node_modules/tar-stream/index.js', true],
])('in the server, %s is rare: %p', (path, rare) => {
  expect(existsSync(path)).toBe(true)
  expect(isRareInServer(path)).toBe(rare)
})

test.each([
  ['daemon/cli/run.ts', false],
  ['daemon/runtimes/index.ts', false],
  ['daemon/runtimes/acp/session.ts', false],
  ['daemon/mcp/server.ts', false],
  ['daemon/tools/tools.ts', false],
  ['daemon/cli/doctor.ts', true],
  ['shared/cli/send.ts', true],
])('in the daemon, %s is rare: %p', (path, rare) => {
  expect(existsSync(path)).toBe(true)
  expect(isRareInDaemon(path)).toBe(rare)
})
