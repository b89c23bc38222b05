import { afterEach, beforeEach, expect, test } from 'bun:test'
import { chmod, readdir, stat, writeFile } from 'node:fs/promises'
import { accountPath, connect, readAccount, resolveAccount, serverUrl, writeAccount } from './account'
import { TestHost } from './testing'

let host: TestHost
beforeEach(() => {
  host = new TestHost({ name: 'test', version: '', description: '', examples: [], commands: {} })
})
afterEach(() => host.remove())

const account = { server: 'https://a.example', token: 'nus_secret' }

test('a login is kept readable by its owner only, also over a file that was not', async () => {
  await writeFile(accountPath(host.env), '{}')
  await chmod(accountPath(host.env), 0o644)
  await writeAccount(host.env, account)
  expect((await stat(accountPath(host.env))).mode & 0o777).toBe(0o600)
  expect(await readAccount(host.env)).toEqual(account)
  expect(await readdir(host.home)).toEqual(['cli.json'])
})

test('without a login there is none', async () => {
  expect(await readAccount(host.env)).toBeUndefined()
  await expect(connect(host.env)).rejects.toMatchObject({ kind: 'unauthenticated', code: 'login_required' })
})

test.each(['', '{', '[]', '{"server":"https://a.example"}', '{"server":"nowhere","token":"x"}'])(
  'a damaged file (%s) says what to do',
  async (text) => {
    await writeFile(accountPath(host.env), text)
    await expect(readAccount(host.env)).rejects.toMatchObject({
      kind: 'unauthenticated',
      code: 'account_damaged',
      next: 'Log in again: nekode login',
    })
  },
)

test.each([
  ['the stored account', {}, { server: 'https://a.example', token: 'nus_secret' }],
  ['a token of the environment', { NEKODE_TOKEN: 'nup_env' }, { server: 'https://a.example', token: 'nup_env' }],
  [
    'a server of the environment that is the stored one',
    { NEKODE_SERVER_URL: 'https://a.example/' },
    { server: 'https://a.example', token: 'nus_secret' },
  ],
  [
    'another server of the environment, which must not get the stored token',
    { NEKODE_SERVER_URL: 'https://b.example' },
    { server: 'https://b.example', token: undefined },
  ],
  [
    'both from the environment',
    { NEKODE_SERVER_URL: 'b.example:8080', NEKODE_TOKEN: 'nup_env' },
    { server: 'http://b.example:8080', token: 'nup_env' },
  ],
])('%s', async (_, env, expected) => {
  await writeAccount(host.env, account)
  expect(await resolveAccount({ ...host.env, ...env })).toEqual(expected)
})

test.each([
  ['https://a.example/', 'https://a.example'],
  ['https://a.example/nekode/', 'https://a.example/nekode'],
  ['127.0.0.1:18790', 'http://127.0.0.1:18790'],
  ['HTTP://Host:80', 'http://host'],
  ['http://[::1]:18790', 'http://[::1]:18790'],
])('the address %s is %s', (text, url) => {
  expect(serverUrl(text)).toBe(url)
})

test.each(['', 'http://', 'a b', 'http://user:pw@host'])('the address “%s” is refused', (text) => {
  expect(() => serverUrl(text)).toThrow(/address/)
})
