import { Database } from 'bun:sqlite'
import { afterEach, beforeEach, expect, test } from 'bun:test'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createLogger } from '@shared/log'
import { type Paths, pathsOf } from '../config/paths'
import { detour, keep, settle } from './boot'
import { replaceable } from './self'
import { place, previousOf, putBack } from './swap'
import { readTrial, type Trial, writeTrial } from './trial'

const log = createLogger({ write: () => undefined })
let paths: Paths
let program: string
beforeEach(() => {
  const home = mkdtempSync(join(tmpdir(), 'nekode-boot-'))
  paths = pathsOf(home)
  mkdirSync(paths.state)
  mkdirSync(join(home, 'bin'))
  program = join(home, 'bin/nekode-daemon')
  writeFileSync(program, 'new', { mode: 0o755 })
  writeFileSync(previousOf(program), 'old', { mode: 0o755 })
})
afterEach(() => rmSync(paths.home, { recursive: true }))

const text = (path: string): string => readFileSync(path, 'utf8')
const trial = (more: Partial<Trial> = {}): Trial => ({
  state: 'trial',
  from: '1.0.0',
  to: '2.0.0',
  program,
  previous: previousOf(program),
  startedAt: 1,
  starts: 0,
  ...more,
})

function store(name: string, version: number, rows: string[] = []): void {
  const database = new Database(join(paths.state, name), { create: true })
  database.run('PRAGMA journal_mode = WAL')
  database.run('CREATE TABLE IF NOT EXISTS told (word TEXT)')
  for (const row of rows) database.run('INSERT INTO told VALUES (?)', [row])
  database.run(`PRAGMA user_version = ${version}`)
  database.close()
}
function words(name: string): string[] {
  const database = new Database(join(paths.state, name))
  const all = database.query<{ word: string }, []>('SELECT word FROM told').all()
  database.close()
  return all.map(({ word }) => word)
}

test('without an upgrade a start goes on as it is', () => {
  expect(detour(paths, '1.0.0')).toBeUndefined()
  settle(paths, '1.0.0', log)
  keep(paths, '1.0.0', log)
  expect(readdirSync(paths.state)).toEqual([])
})

test('a new version has three starts; then the one before is put back and runs', () => {
  writeTrial(paths, trial())
  for (const starts of [1, 2, 3]) {
    expect(detour(paths, '2.0.0')).toBeUndefined()
    expect(readTrial(paths)?.starts).toBe(starts)
  }
  expect(detour(paths, '2.0.0')).toBe(program)
  expect(text(program)).toBe('old')
  expect(readTrial(paths)).toMatchObject({ state: 'rolled_back', reason: 'it did not come up in 3 starts' })
  // The version before goes on as itself.
  expect(detour(paths, '1.0.0')).toBeUndefined()
})

test('where the program cannot be replaced, the version before runs from where it was kept', () => {
  const elsewhere = { program: '/no/such/folder/nekode-daemon', previous: previousOf(program) }
  writeTrial(paths, trial({ ...elsewhere, state: 'rolled_back' }))
  expect(detour(paths, '2.0.0')).toBe(previousOf(program))
  expect(text(program)).toBe('new')
  // Without the version before there is only this one.
  writeTrial(paths, trial({ ...elsewhere, state: 'rolled_back', previous: '/no/such/previous' }))
  expect(detour(paths, '2.0.0')).toBeUndefined()
})

test('a version that came up is not questioned any more', () => {
  store('journal.db', 1)
  writeTrial(paths, trial())
  settle(paths, '2.0.0', log)
  keep(paths, '2.0.0', log)
  expect(readTrial(paths)?.state).toBe('kept')
  expect(existsSync(join(paths.state, 'before-upgrade'))).toBe(false)
  for (let start = 0; start < 10; start++) expect(detour(paths, '2.0.0')).toBeUndefined()
})

test('the same version again cannot be rolled back to itself for ever', () => {
  writeTrial(paths, trial({ from: '2.0.0' }))
  for (let start = 0; start < 10; start++) expect(detour(paths, '2.0.0')).toBeUndefined()
})

test('a store that the new version changed in form is set aside and the one of before is back; the others keep what they learned', () => {
  store('journal.db', 1, ['before'])
  store('jobs.db', 1, ['before'])
  store('cache.db', 1, ['before'])
  writeTrial(paths, trial())
  settle(paths, '2.0.0', log)
  store('journal.db', 2, ['later'])
  store('jobs.db', 1, ['later'])
  store('cache.db', 1, ['later'])
  // A second start of the new version must not take its own stores for those of before.
  settle(paths, '2.0.0', log)
  writeTrial(paths, trial({ state: 'rolled_back', reason: 'x' }))
  settle(paths, '1.0.0', log)
  expect(words('journal.db')).toEqual(['before'])
  expect(words('jobs.db')).toEqual(['before', 'later'])
  expect(words('cache.db')).toEqual(['before', 'later'])
  const aside = readdirSync(paths.state).find((name) => /^journal\.db\.newer-\d+$/.test(name)) ?? ''
  expect(words(aside)).toEqual(['before', 'later'])
  expect(existsSync(join(paths.state, 'before-upgrade'))).toBe(false)
})

test('an upgrade that was cut off before the new version ran leaves the one before in charge', () => {
  writeTrial(paths, trial())
  settle(paths, '1.0.0', log)
  expect(readTrial(paths)).toMatchObject({ state: 'rolled_back' })
})

test('a record that is damaged keeps nobody from starting', () => {
  writeFileSync(join(paths.state, 'upgrade.json'), '{"state": "tri')
  expect(detour(paths, '2.0.0')).toBeUndefined()
  settle(paths, '2.0.0', log)
})

test('a program is replaced whole, with its mode, and the one before is kept and can be put back', () => {
  chmodSync(program, 0o711)
  const staged = `${program}.staged`
  writeFileSync(staged, 'newer', { mode: 0o600 })
  place(program, staged)
  expect([text(program), text(previousOf(program))]).toEqual(['newer', 'new'])
  expect(statSync(program).mode & 0o777).toBe(0o711)
  expect(readdirSync(join(program, '..')).sort()).toEqual(['nekode-daemon', 'nekode-daemon.previous'])
  expect(putBack(program)).toBe(true)
  expect(text(program)).toBe('new')
  expect(putBack(program)).toBe(false)
})

test.each<[string, string[], Record<string, string>, string | { code: string }]>([
  ['an installed program', ['/usr/local/bin/nekode-daemon'], {}, '/usr/local/bin/nekode-daemon'],
  [
    'a part of a server',
    ['/srv/nekode'],
    { NEKODE_DAEMON_PROGRAM: '/srv/bin/nekode-daemon' },
    { code: 'upgraded_with_server' },
  ],
  [
    'a part of a server, called by hand',
    ['/usr/bin/nekode', '/srv/local-daemon/../main.ts'],
    {},
    { code: 'upgraded_with_server' },
  ],
  ['the sources', ['/usr/bin/bun', join(import.meta.dir, '../main.ts')], {}, { code: 'not_installed' }],
])('what an upgrade replaces: %s', (_, self, env, expected) => {
  const found = () => replaceable(self, env)
  if (typeof expected === 'string') return expect(found()).toBe(expected)
  let caught: unknown
  try {
    found()
  } catch (error) {
    caught = error
  }
  expect(caught).toMatchObject(expected)
})
