import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'bun:test'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { type TestServer, startTestServer } from '../testing'
import { TestHost } from './testing'

const PASSPHRASE = 'four words and some more'

let server: TestServer
let host: TestHost
beforeAll(async () => {
  server = await startTestServer()
  await server.as('owner', 'ann')
})
afterAll(() => server.stop())
beforeEach(() => {
  host = new TestHost()
})
afterEach(() => host.remove())

test('a server that runs is saved into a file and restored into another folder, the key included', async () => {
  const file = join(host.home, 'a.backup')
  host.input = `${PASSPHRASE}\n`
  const save = ['backup', '--out', file, '--data-dir', server.dataDir, '--passphrase-stdin']
  expect([await host.run(...save, '--json'), host.stderr]).toEqual([0, ''])
  expect(host.json()).toMatchObject({ file, key: true, blobs: 0 })
  const target = join(host.home, 'restored')
  const restore = ['restore', file, '--data-dir', target, '--passphrase-stdin']
  expect([await host.run(...restore), host.stderr]).toEqual([0, 'The secret key is restored.\n'])
  expect(host.stdout).toMatch(/^Restored \d+ rows and 0 files/)
  expect(await Bun.file(join(target, 'secret.key')).text()).toBe(
    await Bun.file(join(server.dataDir, 'secret.key')).text(),
  )
  expect(await host.run(...restore)).toBe(1)
  expect(host.stderr).toContain('--force')
})

test('without the key the command says what else has to be kept', async () => {
  const file = join(host.home, 'b.backup')
  expect(await host.run('backup', '--out', file, '--data-dir', server.dataDir)).toBe(0)
  expect(host.stderr).toContain('warning: the secret key is not in it')
  expect(await host.run('restore', file, '--data-dir', join(host.home, 'x'))).toBe(0)
  expect(host.stderr).toContain('warning: the secret key is missing')
})

test('whoever runs the server lets an owner in again who has lost the password', async () => {
  expect(await host.run('recover', 'ann', '--data-dir', server.dataDir, '--second-factor')).toBe(0)
  const { hash, pathname } = new URL(host.stdout.trim())
  expect(pathname).toBe('/reset')
  const body = { code: hash.slice(1), password: 'a brand new password' }
  // The server that runs takes it at once.
  await server.guest.call('POST /api/auth/reset', { body })
  await server.guest.call('POST /api/auth/login', { body: { username: 'ann', password: body.password } })
  expect(await host.run('recover', 'nobody', '--data-dir', server.dataDir)).toBe(4)
})

test('a restore that replaces asks first, and changes nothing without a yes', async () => {
  const file = join(host.home, 'c.backup')
  await host.run('backup', '--out', file, '--data-dir', server.dataDir)
  host.tty = { in: true, out: true, err: true }
  host.answers = ['no']
  const target = join(host.home, 'y')
  expect(await host.run('restore', file, '--data-dir', target, '--force')).not.toBe(0)
  expect(existsSync(target)).toBe(false)
})

test('where no server keeps its data backup and recover say so, and leave nothing behind', async () => {
  const nowhere = join(host.home, 'nowhere')
  for (const words of [
    ['backup', '--out', join(host.home, 'd.backup')],
    ['recover', 'ann'],
  ]) {
    expect(await host.run(...words, '--data-dir', nowhere)).toBe(4)
    expect(host.stderr).toContain('There is no server’s data here')
    expect(host.stderr).toContain('--data-dir DIR')
  }
  expect(existsSync(nowhere)).toBe(false)
})
