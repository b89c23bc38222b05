import { afterEach, beforeEach, expect, test } from 'bun:test'
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { loadConfig, normalizeUrl, type Sources } from './config'
import { FIELDS, flagOf } from './fields'
import { readJsonObject, writePrivate } from './file'

let home: string
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'nekode-config-'))
})
afterEach(() => rmSync(home, { recursive: true }))

function load({ flags, env }: Sources, file?: unknown) {
  if (file !== undefined)
    writeFileSync(join(home, 'daemon.json'), typeof file === 'string' ? file : JSON.stringify(file))
  return loadConfig({ flags: flags ?? {}, env: { NEKODE_HOME: home, ...env } })
}

test('every setting that deployed daemons use has its flag, its variables and its key', () => {
  const table = Object.fromEntries(FIELDS.map((field) => [flagOf(field), [field.env, field.key]]))
  expect(table).toMatchObject({
    'server-url': [['NEKODE_DAEMON_SERVER_URL', 'NEKODE_SERVER_URL'], 'serverUrl'],
    token: [['NEKODE_DAEMON_TOKEN'], 'token'],
    'daemon-id': [['NEKODE_DAEMON_ID'], 'daemonId'],
    'computer-id': [['NEKODE_COMPUTER_ID'], 'computerId'],
    'display-name': [['NEKODE_COMPUTER_NAME'], 'displayName'],
    hostname: [['NEKODE_HOSTNAME'], 'hostname'],
    'heartbeat-interval': [[], 'heartbeatInterval'],
    'agent-id': [['NEKODE_AGENT_ID'], 'agentId'],
    'runtime-kind': [['NEKODE_RUNTIME_KIND'], 'runtimeKind'],
    target: [['NEKODE_DAEMON_TARGET'], 'target'],
    'run-poll-interval': [['NEKODE_RUN_POLL_INTERVAL'], 'runPollInterval'],
    'run-timeout': [['NEKODE_RUN_TIMEOUT'], 'runTimeout'],
    'max-concurrent-runs': [['NEKODE_MAX_CONCURRENT_RUNS'], 'maxConcurrentRuns'],
    'executor-command': [['NEKODE_EXECUTOR_COMMAND'], 'executorCommand'],
    'executor-arg': [['NEKODE_EXECUTOR_ARGS'], 'executorArgs'],
  })
})

test.each([
  ['the environment alone', { env: { NEKODE_SERVER_URL: 'a:1' } }, {}, 'http://a:1'],
  [
    "the daemon's own variable before the common one",
    { env: { NEKODE_SERVER_URL: 'a:1', NEKODE_DAEMON_SERVER_URL: 'b:1' } },
    {},
    'http://b:1',
  ],
  ['the file before the environment', { env: { NEKODE_SERVER_URL: 'a:1' } }, { serverUrl: 'c:1' }, 'http://c:1'],
  [
    'the flag before the file',
    { flags: { 'server-url': 'd:1' }, env: { NEKODE_SERVER_URL: 'a:1' } },
    { serverUrl: 'c:1' },
    'http://d:1',
  ],
  [
    'an empty text as not set',
    { flags: { 'server-url': '' }, env: { NEKODE_SERVER_URL: '' } },
    { serverUrl: '' },
    'http://localhost:18790',
  ],
])('the server address takes %s', (_, sources: Sources, file, url) => {
  expect(load(sources, file).serverUrl).toBe(url)
})

test('a computer without settings has names made from its hostname, and no time limit on runs', () => {
  const config = load({ env: { NEKODE_HOSTNAME: 'mill' } })
  expect(config).toMatchObject({
    daemonId: 'daemon-mill',
    computerId: 'computer-mill',
    displayName: 'mill',
    path: join(home, 'daemon.json'),
    warnings: [],
  })
  expect(config.runTimeout).toBeUndefined()
  expect(config.paths.journal).toBe(join(home, 'daemon', 'journal.db'))
})

test('durations are in the syntax that old files have, arguments add up over the sources', () => {
  const config = load(
    { flags: { 'executor-arg': ['-x', 'two words'] }, env: { NEKODE_RUN_POLL_INTERVAL: '5s' } },
    { runTimeout: '1h30m', executorArgs: ['--json'] },
  )
  expect(config).toMatchObject({ runPollInterval: 5000, runTimeout: 5_400_000 })
  expect(config.executorArgs).toEqual(['--json', '-x', 'two words'])
})

test.each([
  ['runTimeout', { runTimeout: 'soon' }, 'must be a duration above 0'],
  ['heartbeatInterval', { heartbeatInterval: '0s' }, 'must be a duration above 0'],
  ['maxConcurrentRuns', { maxConcurrentRuns: 0 }, 'must be a whole number above 0'],
  ['maxConcurrentRuns', { maxConcurrentRuns: '2' }, 'must be a whole number above 0'],
  ['token', { token: 7 }, 'must be a text'],
  ['executorArgs', { executorArgs: 'a b' }, 'must be a list of texts'],
  ['logLevel', { logLevel: 'loud' }, 'must be one of debug, info, warn, error'],
])('a wrong %s in the file is refused by file and key', (key, file, why) => {
  expect(() => load({}, file)).toThrow(`The key ${key} of ${join(home, 'daemon.json')} ${why}`)
})

test.each([
  ['{"token": ', 'is not JSON'],
  ['[]', 'must hold one JSON object'],
  ['null', 'must hold one JSON object'],
])('a corrupt file %p is refused by name', (file, why) => {
  expect(() => load({}, file)).toThrow(`The file ${join(home, 'daemon.json')} ${why}`)
})

test('a wrong flag is refused; a wrong variable is passed over with a warning, as deployed daemons expect', () => {
  expect(() => load({ flags: { 'run-timeout': 'soon' } })).toThrow('The flag --run-timeout must be a duration')
  const config = load({ env: { NEKODE_MAX_CONCURRENT_RUNS: 'many' } })
  expect(config.maxConcurrentRuns).toBe(32)
  expect(config.warnings).toEqual([
    'The variable NEKODE_MAX_CONCURRENT_RUNS must be a whole number above 0; it is ignored.',
  ])
})

test('keys that are not known are passed over with a warning', () => {
  expect(load({}, { tokne: 'x' }).warnings).toEqual([`The key tokne of ${join(home, 'daemon.json')} is not known.`])
})

test.each([
  ['localhost:18790', 'http://localhost:18790'],
  ['https://nekode.example//', 'https://nekode.example'],
  ['HTTP://a', 'HTTP://a'],
])('the address %p is %p', (url, whole) => {
  expect(normalizeUrl(url)).toBe(whole)
})

test('a private file is readable by its owner only, whatever the umask, and replaces the old one whole', () => {
  const path = join(home, 'deep', 'daemon.json')
  const umask = process.umask(0)
  try {
    writePrivate(path, '{"a":1}')
    writePrivate(path, '{"b":2}')
  } finally {
    process.umask(umask)
  }
  expect(statSync(path).mode & 0o777).toBe(0o600)
  expect(readJsonObject(path)).toEqual({ b: 2 })
})
