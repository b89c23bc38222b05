import { afterEach, beforeEach, expect, test } from 'bun:test'
import { randomBytes } from 'node:crypto'
import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Secrets, loadKey } from './service'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'nekode-secrets-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const secrets = new Secrets(randomBytes(32))
const unreadable = expect.objectContaining({ code: 'secret_unreadable' })

test.each(['', 'a', 'sk-ant-0123456789', 'schlüssel 鍵 🔑', 'x'.repeat(100_000)])('%p is sealed and opened', (text) => {
  const sealed = secrets.seal(text, 'agent:1:KEY')
  expect(secrets.open(sealed, 'agent:1:KEY')).toBe(text)
  if (text.length > 5) expect(sealed).not.toContain(text.slice(0, 6))
})

test('the same text is sealed differently each time', () => {
  expect(secrets.seal('same', 'c')).not.toBe(secrets.seal('same', 'c'))
})

test('what was sealed for one place opens in no other', () => {
  expect(() => secrets.open(secrets.seal('text', 'agent:1:KEY'), 'agent:2:KEY')).toThrow(unreadable)
})

test('another key opens nothing', () => {
  expect(() => new Secrets(randomBytes(32)).open(secrets.seal('text', 'c'), 'c')).toThrow(unreadable)
})

test('a change of any byte is noticed', () => {
  const bytes = Buffer.from(secrets.seal('text', 'c').slice(3), 'base64url')
  for (let i = 0; i < bytes.length; i++) {
    const changed = Buffer.from(bytes)
    changed[i] = (changed[i] ?? 0) ^ 1
    expect(() => secrets.open(`v1.${changed.toString('base64url')}`, 'c')).toThrow(unreadable)
  }
})

test.each(['', 'v1.', 'v1.AAAA', 'v2.AAAA', 'plain text'])('%p is not a sealed text', (text) => {
  expect(() => secrets.open(text, 'c')).toThrow(unreadable)
})

test('the key is made at the first start, for its owner only, and stays', () => {
  const data = join(folder, 'data')
  const first = loadKey(data)
  expect(first).toHaveLength(32)
  expect(statSync(join(data, 'secret.key')).mode & 0o777).toBe(0o600)
  expect(loadKey(data)).toEqual(first)
  expect(loadKey(join(folder, 'other'))).not.toEqual(first)
})

test('a key from the environment is used instead, and none is written', () => {
  const key = randomBytes(32)
  for (const text of [key.toString('base64'), key.toString('base64url'), key.toString('hex')])
    expect(Buffer.from(loadKey(join(folder, 'data'), text))).toEqual(key)
  expect(() => statSync(join(folder, 'data'))).toThrow()
})

test.each(['short', 'x'.repeat(64), randomBytes(16).toString('base64')])('%p is no key', (text) => {
  const invalid = expect.objectContaining({
    code: 'config_invalid',
    message: expect.stringContaining('NEKODE_SECRET_KEY'),
  })
  expect(() => loadKey(folder, text)).toThrow(invalid)
})

test('a damaged key file is refused and not replaced', () => {
  const path = join(folder, 'secret.key')
  writeFileSync(path, 'damaged')
  expect(() => loadKey(folder)).toThrow(expect.objectContaining({ message: expect.stringContaining(path) }))
  expect(readFileSync(path, 'utf8')).toBe('damaged')
})

test('a data folder that cannot be written is told', () => {
  writeFileSync(join(folder, 'file'), '')
  chmodSync(join(folder, 'file'), 0o600)
  expect(() => loadKey(join(folder, 'file', 'data'))).toThrow(expect.objectContaining({ code: 'storage_unwritable' }))
})
