import { expect, test } from 'bun:test'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { manualSettings, openLog } from './settings'

const account = { NEKO_URL: 'https://neko', NEKO_USER: 'ada', NEKO_PASS: 'pw' }
const usage = (text: string) => expect.objectContaining({ code: 'usage', message: expect.stringContaining(text) })

test.each<[string, Record<string, string>, Record<string, string>, object]>([
  ['variables', {}, account, { url: 'https://neko', username: 'ada', password: 'pw' }],
  [
    'flags before variables',
    { 'neko-url': 'http://other', username: 'bob', password: 'x' },
    account,
    { url: 'http://other', username: 'bob', password: 'x' },
  ],
  [
    'an address with a token before an account',
    {},
    { ...account, NEKO_WS: 'wss://n/api/ws?token=t' },
    { ws: 'wss://n/api/ws?token=t' },
  ],
  [
    'no password',
    { 'neko-url': 'http://n', username: 'bob' },
    {},
    { url: 'http://n', username: 'bob', password: undefined },
  ],
])('the connection is of %s', (_name, flags, env, connection) => {
  expect(manualSettings(flags, env).connection).toEqual(connection as never)
})

test('a password can be in a file', () => {
  const home = mkdtempSync(join(tmpdir(), 'nekode-settings-'))
  const path = join(home, 'password')
  writeFileSync(path, 'p w\n')
  const env = { NEKO_URL: 'http://n', NEKO_USER: 'ada', NEKO_PASS_FILE: path }
  expect(manualSettings({}, env).connection).toMatchObject({ password: 'p w' })
  rmSync(home, { recursive: true })
  expect(() => manualSettings({}, env)).toThrow(usage('NEKO_PASS_FILE'))
})

test('what is missing is named', () => {
  expect(() => manualSettings({}, {})).toThrow(usage('--neko-url (NEKO_URL) and --username (NEKO_USER)'))
  expect(() => manualSettings({ username: 'ada' }, {})).toThrow(usage('--neko-url'))
  expect(() => manualSettings({ size: '12' }, account)).toThrow(usage('1920x1080'))
})

test('the servers that help to find a way are those of the agent', () => {
  expect(manualSettings({}, account).ice).toEqual({ policy: 'strict', stun: 'stun:stun.l.google.com:19302' })
  const env = {
    NEKO_ICE_POLICY: 'all',
    NEKO_STUN_URL: 'stun:s',
    NEKO_TURN_URL: 'turn:t',
    NEKO_TURN_USER: 'u',
    NEKO_TURN_PASS: 'p',
  }
  expect(manualSettings({}, { ...account, ...env }).ice).toEqual({
    policy: 'all',
    stun: 'stun:s',
    turn: { url: 'turn:t', user: 'u', pass: 'p' },
  })
  expect(() => manualSettings({}, { ...account, NEKO_ICE_POLICY: 'none' })).toThrow(usage('strict or all'))
})

test('a secret on the command line is warned of', () => {
  expect(manualSettings({ password: 'x' }, account).warnings).toEqual([expect.stringContaining('NEKO_PASS_FILE')])
  expect(manualSettings({ ws: 'ws://n/api/ws?token=x' }, {}).warnings).toEqual([expect.stringContaining('NEKO_WS')])
  expect(manualSettings({}, account).warnings).toEqual([])
})

test.each<[Record<string, string>, string, number]>([
  [{}, 'warn', 0],
  [{ NEKO_LOGLEVEL: 'DEBUG' }, 'debug', 0],
  [{ NEKO_LOGLEVEL: 'Warning' }, 'warn', 0],
  [{ NEKO_LOGFILE: '/tmp/x.log' }, 'info', 0],
  [{ NEKO_LOGLEVEL: 'constructor' }, 'warn', 1],
])('%p logs from %s on', (env, level, warnings) => {
  const settings = manualSettings({}, { ...account, ...env })
  expect([settings.log.level as string, settings.warnings.length]).toEqual([level, warnings])
})

test('the log goes to the end of its file', () => {
  const home = mkdtempSync(join(tmpdir(), 'nekode-settings-'))
  const file = join(home, 'a.log')
  writeFileSync(file, 'before\n')
  openLog({ level: 'info', file }, () => undefined).info('after')
  expect(readFileSync(file, 'utf8')).toMatch(/^before\n.* INFO {2}after\n$/)
  expect(() => openLog({ level: 'info', file: home }, () => undefined)).toThrow(usage('NEKO_LOGFILE'))
  rmSync(home, { recursive: true })
})
