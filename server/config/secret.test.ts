import { afterAll, describe, expect, test } from 'bun:test'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { NekodeError } from '@shared/errors'
import { loadConfig } from './config'
import { holdsPassword } from './secret'

const folder = mkdtempSync(join(tmpdir(), 'nekode-dsn-'))
afterAll(() => rmSync(folder, { recursive: true }))

const PASSWORD = 'hunter2'
const addresses: [address: string, holds: boolean][] = [
  [`postgres://nekode:${PASSWORD}@db.example/nekode`, true],
  [`postgresql://:${PASSWORD}@db.example/nekode`, true],
  [`postgres://db.example/nekode?user=nekode&password=${PASSWORD}`, true],
  [`postgres://nekode:${PASSWORD}/#?@db.example/nekode`, true],
  [`mysql://nekode:${PASSWORD}@db.example/nekode`, true],
  [`nekode:${PASSWORD}@tcp(db.example:3306)/nekode`, true],
  [`host=db.example user=nekode password=${PASSWORD}`, true],
  [`password = '${PASSWORD}' host=db.example`, true],
  ['postgres://nekode@db.example/nekode', false],
  ['postgres://nekode:@db.example:5432/nekode?sslmode=require', false],
  ['postgres://nekode@[::1]:5432/nekode', false],
  ['mysql://nekode@db.example/nekode', false],
  ['nekode@tcp(db.example:3306)/nekode', false],
  ['host=db.example user=nekode', false],
  ['/srv/nekode.db', false],
  ['sqlite:/srv/nekode.db', false],
  ['sqlite://C:/srv/nekode.db', false],
  ['file:nekode.db?mode=rwc', false],
]

const failure = (work: () => unknown): NekodeError => {
  try {
    work()
  } catch (error) {
    if (error instanceof NekodeError) return error
    throw error
  }
  throw new Error('it was accepted')
}

describe('an address on the command line', () => {
  test.each(addresses)('%s holds a password: %p', (address, holds) => {
    expect(holdsPassword(address)).toBe(holds)
  })

  test.each(addresses.filter(([, holds]) => holds))('is refused without saying the password: %s', (address) => {
    const { code, message, next } = failure(() => loadConfig({ flags: { 'db-dsn': address }, env: {} }))
    expect(code).toBe('config_invalid')
    expect(`${next}`).toContain('NEKODE_DB_DSN')
    expect(`${message} ${next}`).not.toContain(PASSWORD)
  })

  test('is taken without one, and with one from the environment', () => {
    const flags = { 'db-dsn': 'postgres://nekode@db.example/nekode' }
    expect(loadConfig({ flags, env: {} }).dsn).toBe(flags['db-dsn'])
    const dsn = `postgres://nekode:${PASSWORD}@db.example/nekode`
    expect(loadConfig({ env: { NEKODE_DB_DSN: dsn } }).dsn).toBe(dsn)
  })
})

describe('an address in a file', () => {
  const dsn = `postgres://nekode:${PASSWORD}@db.example/nekode`
  const file = (text: string): string => {
    const path = join(folder, `${Bun.hash(text)}`)
    writeFileSync(path, text, { mode: 0o600 })
    return path
  }

  test.each([
    ['by the flag', { flags: { 'db-dsn-file': file(`${dsn}\n`) }, env: {} }],
    ['by the variable', { env: { NEKODE_DB_DSN_FILE: file(dsn) } }],
    ['in the configuration file', { flags: { config: file(JSON.stringify({ dbDsnFile: file(dsn) })) }, env: {} }],
  ])('is read when it is named %s', (_, sources) => {
    expect(loadConfig(sources).dsn).toBe(dsn)
  })

  test.each([
    ['there is none', () => join(folder, 'none'), 'cannot be read'],
    ['it is empty', () => file('\n'), 'one line'],
    ['it is something else', () => file(`${dsn}\nand more`), 'one line'],
  ])('is refused by the name of the file when %s', (_, path, said) => {
    const { code, message } = failure(() => loadConfig({ env: { NEKODE_DB_DSN_FILE: path() } }))
    expect(code).toBe('config_invalid')
    expect(message).toContain(said)
    expect(message).toContain(folder)
    expect(message).not.toContain(PASSWORD)
  })

  test('and in NEKODE_DB_DSN is one too many', () => {
    const env = { NEKODE_DB_DSN: 'a.db', NEKODE_DB_DSN_FILE: file(dsn) }
    expect(failure(() => loadConfig({ env })).message).toContain('both')
  })
})
