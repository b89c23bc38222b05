import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'bun:test'
import { codeOf, stepAt } from '../secondfactor/totp'
import { PASSWORD, type TestServer, startTestServer } from '../testing'
import { writeAccount } from '@shared/cli/account'
import { TestHost } from './testing'

let server: TestServer
let host: TestHost
beforeAll(async () => {
  server = await startTestServer()
  await server.as('owner', 'ann')
})
afterAll(() => server.stop())
beforeEach(async () => {
  host = new TestHost()
  await writeAccount(host.env, { server: server.url, token: (await server.as('owner', 'ann')).token })
})
afterEach(() => host.remove())

async function ok(...argv: string[]) {
  expect([await host.run(...argv, '--json'), host.stderr]).toEqual([0, ''])
  return host.json()
}

test('an invite is a link on standard output, is listed, and is revoked', async () => {
  expect(await host.run('users', 'invite', '--role', 'viewer', '--note', 'Grace', '--expires', '1d')).toBe(0)
  expect(new URL(host.stdout.trim()).hash).toMatch(/^#nki_/)
  const [invite] = (await ok('users', 'invites')).items
  expect(invite).toMatchObject({ role: 'viewer', note: 'Grace', usedAt: null })
  await ok('users', 'uninvite', invite.id)
  expect((await ok('users', 'invites')).items).toEqual([])
})

test('roles change, people are removed and come back, and get links for new passwords', async () => {
  const bob = await server.as('member', 'bob')
  expect(await ok('users', 'role', 'bob', 'admin')).toMatchObject({ id: bob.id, role: 'admin' })
  await ok('users', 'role', 'owner', 'member')
  expect(await host.run('users', 'role', 'ann', 'member')).toBe(1)
  expect(host.stderr).toContain('no owner')
  expect(await host.run('users', 'reset-password', '@bob')).toBe(0)
  expect(new URL(host.stdout.trim()).pathname).toBe('/reset')
  expect(await ok('users', 'logout', 'bob')).toEqual({ ended: 1 })
  expect(await host.run('users', 'remove', 'bob')).toBe(2)
  await ok('users', 'remove', 'bob', '--yes')
  expect(await host.run('users', 'role', 'bob', 'member')).toBe(4)
  expect(await ok('users', 'restore', 'bob')).toMatchObject({ username: 'bob' })
})

test('a login asks for the second factor, on a terminal and from standard input', async () => {
  const eve = await server.as('member', 'eve')
  const { secret } = await eve.call('POST /api/auth/second-factor', { body: { password: PASSWORD } })
  const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'
  const bits = [...secret].map((c) => letters.indexOf(c).toString(2).padStart(5, '0')).join('')
  const bytes = Uint8Array.from(bits.match(/.{8}/g) ?? [], (byte) => Number.parseInt(byte, 2))
  const { recoveryCodes } = await eve.call('POST /api/auth/second-factor/confirm', {
    body: { code: codeOf(bytes, stepAt(Date.now())) },
  })
  host.tty = { in: true, out: true, err: true }
  host.answers = [PASSWORD, recoveryCodes[0] ?? '']
  expect(await host.run('login', '--server', server.url, '--username', 'eve')).toBe(0)
  expect(host.asked.map((each) => each.hidden)).toEqual([true, false])
  host.tty = { in: false, out: false, err: false }
  const login = ['login', '--server', server.url, '--username', 'eve', '--password-stdin']
  host.input = `${PASSWORD}\n${recoveryCodes[1]}\n`
  expect(await host.run(...login)).toBe(0)
  host.input = `${PASSWORD}\n`
  expect(await host.run(...login)).toBe(2)
  expect(host.stderr).toContain('second line')
})
