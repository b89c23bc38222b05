import { afterEach, beforeEach, expect, test } from 'bun:test'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Platform } from '@shared/release/names'
import { download, unpack } from './fetch'
import { compareVersions, findRelease } from './release'

const LINUX: Platform = { os: 'linux', arch: 'x64', musl: false }
const sum = (fill: string): string => fill.repeat(64)
const line = (version: string, system = 'linux_amd64', end = 'tar.gz', fill = 'a'): string =>
  `${sum(fill)}  nekode-daemon_${version}_${system}.${end}\n`

let folder: string
let server: Bun.Server<undefined>
let files: Record<string, string>
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'nekode-release-'))
  files = {}
  server = Bun.serve({
    port: 0,
    hostname: '127.0.0.1',
    fetch: (request) => {
      const file = files[new URL(request.url).pathname]
      return file === undefined ? new Response('no', { status: 404 }) : new Response(file)
    },
  })
})
afterEach(async () => {
  await server.stop(true)
  rmSync(folder, { recursive: true })
})

const at = (path: string): string => `http://127.0.0.1:${server.port}${path}`
const find = (env: Record<string, string> = {}, version?: string, platform = LINUX) =>
  findRelease({ serverUrl: at(''), env, platform }, version)
const wants = (version: string): void => {
  files['/api/daemon/release'] = JSON.stringify({ version, baseUrl: at(`/releases/v${version}`) })
}

test('the server’s own archive of the version that it wants comes first', async () => {
  wants('1.2.0')
  files['/api/daemon/artifacts/SHA256SUMS.txt'] = line('1.2.0') + line('9.9.9')
  files['/releases/v1.2.0/SHA256SUMS.txt'] = line('1.2.0', 'linux_amd64', 'tar.gz', 'b')
  expect(await find()).toEqual({
    version: '1.2.0',
    place: at('/api/daemon/artifacts'),
    name: 'nekode-daemon_1.2.0_linux_amd64.tar.gz',
    sha256: sum('a'),
  })
})

test('what the server does not have comes from the release folder that it names, also another version', async () => {
  wants('1.2.0')
  files['/api/daemon/artifacts/SHA256SUMS.txt'] = line('1.2.0', 'darwin_arm64')
  files['/releases/v1.2.0/SHA256SUMS.txt'] = line('1.2.0')
  files['/releases/v1.1.0/SHA256SUMS.txt'] = line('1.1.0')
  expect((await find()).place).toBe(at('/releases/v1.2.0'))
  expect((await find({}, 'v1.1.0')).place).toBe(at('/releases/v1.1.0'))
  expect((await find({ NEKODE_DAEMON_VERSION: '1.1.0' })).version).toBe('1.1.0')
})

test('of a folder that the environment names the newest counts, and nothing else is asked', async () => {
  wants('1.2.0')
  files['/mine/SHA256SUMS.txt'] = line('1.9.0') + line('1.10.0') + line('1.10.0-beta.2') + line('2.0.0', 'linux_arm64')
  const env = { NEKODE_DAEMON_DOWNLOAD_BASE_URL: at('/mine/') }
  expect(await find(env)).toMatchObject({ version: '1.10.0', place: at('/mine') })
  writeFileSync(join(folder, 'SHA256SUMS.txt'), line('1.3.0'))
  expect((await find({ NEKODE_DAEMON_DOWNLOAD_BASE_URL: folder })).version).toBe('1.3.0')
})

test('a server of before says nothing about releases; its own archives still count', async () => {
  files['/api/daemon/artifacts/SHA256SUMS.txt'] = line('0.9.0')
  expect((await find()).version).toBe('0.9.0')
})

test.each<[string, Platform, string]>([
  ['musl', { os: 'linux', arch: 'arm64', musl: true }, 'nekode-daemon_1.0.0_linux_arm64_musl.tar.gz'],
  ['macOS', { os: 'darwin', arch: 'arm64', musl: false }, 'nekode-daemon_1.0.0_darwin_arm64.tar.gz'],
  ['Windows', { os: 'win32', arch: 'x64', musl: false }, 'nekode-daemon_1.0.0_windows_amd64.zip'],
])('%s has an archive of its own', async (_, platform, name) => {
  files['/mine/SHA256SUMS.txt'] =
    line('1.0.0') +
    line('1.0.0', 'linux_arm64_musl') +
    line('1.0.0', 'darwin_arm64') +
    line('1.0.0', 'windows_amd64', 'zip')
  expect((await find({ NEKODE_DAEMON_DOWNLOAD_BASE_URL: at('/mine') }, undefined, platform)).name).toBe(name)
})

test.each<[string, string | undefined, Platform, object]>([
  ['nowhere to be had', '7.7.7', LINUX, { code: 'release_not_found', message: expect.stringContaining('7.7.7') }],
  ['no version', '../../etc', LINUX, { code: 'usage' }],
  [
    'no daemon for the system',
    undefined,
    { os: 'freebsd', arch: 'x64', musl: false },
    { code: 'platform_unsupported' },
  ],
])('%s is told', async (_, version, platform, error) => {
  wants('1.2.0')
  expect(await find({}, version, platform).catch((caught: unknown) => caught)).toMatchObject(error)
})

test.each([
  ['1.10.0', '1.9.0', 1],
  ['1.0.0', '1.0.0', 0],
  ['1.0.0-beta.1', '1.0.0', -1],
  ['dev', '0.0.1', -1],
])('%s against %s', (a, b, order) => {
  expect(Math.sign(compareVersions(a, b))).toBe(order)
})

const release = (name: string, sha256: string) => ({ version: '1.0.0', place: at(''), name, sha256 })
const sources = { serverUrl: '', env: {}, platform: LINUX }

test('a download is kept only with its checksum, and half of one not at all', async () => {
  const target = join(folder, 'archive')
  files['/a.tar.gz'] = 'whole'
  const good = new Bun.CryptoHasher('sha256').update('whole').digest('hex')
  await download(release('a.tar.gz', good), target, sources)
  expect(await Bun.file(target).text()).toBe('whole')
  const refused = download(release('a.tar.gz', sum('0')), target, sources)
  expect(await refused.catch((error: unknown) => error)).toMatchObject({ code: 'checksum_mismatch' })
  expect(await Bun.file(target).exists()).toBe(false)
})

test('an archive is unpacked to the one program in it, whatever else it holds', async () => {
  const work = join(folder, 'nekode-daemon_1_linux_amd64')
  await Bun.write(join(work, 'README'), 'x')
  await Bun.write(join(work, 'nekode-daemon'), 'program')
  const archive = join(folder, 'a.tar.gz')
  Bun.spawnSync(['tar', '-C', folder, '-czf', archive, 'nekode-daemon_1_linux_amd64'])
  await unpack(archive, join(folder, 'out'))
  expect(await Bun.file(join(folder, 'out')).text()).toBe('program')
  Bun.spawnSync(['tar', '-C', work, '-czf', archive, 'README'])
  for (const [path, why] of [
    [archive, 'it holds no nekode-daemon'],
    [join(work, 'README'), 'cannot be unpacked'],
  ] as const) {
    const failure = await unpack(path, join(folder, 'none')).catch((error: unknown) => error)
    expect(failure).toMatchObject({ code: 'archive_invalid', message: expect.stringContaining(why) })
    expect(await Bun.file(join(folder, 'none')).exists()).toBe(false)
  }
})
