import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'bun:test'
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestServer, startTestServer } from '../testing'
import { writeAccount } from '@shared/cli/account'
import { TestHost } from './testing'
import { sizeText } from '@shared/cli/text'

let server: TestServer
let host: TestHost

beforeAll(async () => {
  server = await startTestServer()
})
afterAll(() => server.stop())
beforeEach(async () => {
  host = new TestHost()
  await writeAccount(host.env, { server: server.url, token: (await server.as('owner')).token })
})
afterEach(() => host.remove())

const file = (name: string, content: string | Uint8Array): string => {
  const path = join(host.home, name)
  writeFileSync(path, content)
  return path
}

test('a file goes up, along with a message, is shown with it, and comes down as it was', async () => {
  // More than one part of an upload.
  const bytes = Buffer.alloc(9 << 20, crypto.getRandomValues(new Uint8Array(4093)))
  expect(await host.run('upload', file('data.bin', bytes), '--target', 'general')).toBe(0)
  const id = host.stdout.trim()
  expect(id).toMatch(/^att_/)
  expect(await host.run('send', 'general', 'the data', '--attachment', id, '--attach', file('notes.md', '# hi'))).toBe(
    0,
  )
  expect(await host.run('messages', 'general', '--limit', '1')).toBe(0)
  expect(host.stdout).toContain(`data.bin, 9.0 MB  (${id})`)
  expect(host.stdout).toContain('notes.md, 4 B')
  const folder = join(host.home, 'down')
  mkdirSync(folder)
  expect(await host.run('download', id, '--output', folder)).toBe(0)
  expect(host.stdout.trim()).toBe(join(folder, 'data.bin'))
  expect(readFileSync(join(folder, 'data.bin')).equals(bytes)).toBe(true)
  expect(await host.run('download', id, '--output', folder)).toBe(2)
  expect(host.stderr).toContain('is there already')
  expect(await host.run('download', id, '--output', folder, '--force', '--json')).toBe(0)
  expect(host.json()).toMatchObject({ path: join(folder, 'data.bin'), file: { id } })
  expect(readdirSync(folder)).toEqual(['data.bin'])
})

test('a page is published, listed, and taken back', async () => {
  const page = file('report.html', '<h1>Figures</h1>')
  expect(await host.run('artifacts', 'publish', page, '--title', 'Figures', '--target', 'general', '--ttl', '2h')).toBe(
    0,
  )
  const id = /att_\w+/.exec(host.stdout)?.[0] ?? ''
  expect(host.stdout.trim()).toBe(`${server.url}/api/artifacts/${id}/open`)
  expect(await host.run('artifacts', '--json')).toBe(0)
  expect(host.json()).toMatchObject({ items: [{ id, title: 'Figures', kind: 'page', target: '#general' }] })
  expect(await host.run('artifacts')).toBe(0)
  expect(host.stdout).toContain('Figures')
  expect(await host.run('artifacts', 'link', id)).toBe(0)
  expect(host.stdout).toContain(`/artifacts/${id}?expires=`.replace('/artifacts', '/.nekode/artifacts'))
  expect(await host.run('artifacts', 'revoke', id)).toBe(0)
  expect(await host.run('artifacts', 'link', id)).not.toBe(0)
  for (const ttl of ['5', '91d', 'soon']) expect(await host.run('artifacts', 'publish', page, '--ttl', ttl)).toBe(2)
})

test('a message may be a file alone', async () => {
  expect(await host.run('send', 'general', '--attach', file('only.txt', ''), '--json')).toBe(0)
  expect(host.json()).toMatchObject({ message: { content: '', attachments: [{ filename: 'only.txt', sizeBytes: 0 }] } })
})

test.each([
  ['a file that is not there', ['upload', '/nonexistent/x', '--target', 'general'], 1, 'cannot be sent'],
  ['a folder', ['upload', '/tmp', '--target', 'general'], 1, 'is not a file'],
  ['no target', ['upload', '/etc/hostname'], 2, '--target is missing'],
  ['a file that nobody knows', ['download', 'att_0'], 4, 'no such file'],
  ['a key with a file to upload', ['send', 'general', 'x', '--attach', 'y', '--request-id', 'k'], 2, '--attachment'],
])('%s is said', async (_, argv, code, said) => {
  expect(await host.run(...argv)).toBe(code)
  expect(host.stderr).toContain(said)
})

test('a download that cannot be written leaves nothing', async () => {
  await host.run('upload', file('a.txt', 'a'), '--target', 'general')
  const id = host.stdout.trim()
  const place = join(host.home, 'missing', 'a.txt')
  expect(await host.run('download', id, '-o', place)).toBe(1)
  expect(host.stderr).toContain('cannot be written')
  expect(existsSync(join(host.home, 'missing'))).toBe(false)
})

test.each([
  [0, '0 B'],
  [1023, '1023 B'],
  [1536, '1.5 KB'],
  [150 << 20, '150 MB'],
  [3 * 2 ** 40, '3.0 TB'],
])('%d bytes are %s', (bytes, text) => {
  expect(sizeText(bytes)).toBe(text)
})
