import { afterEach, beforeEach, expect, test } from 'bun:test'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { type World, createWorld } from '../../test/world'
import { folderName, parseSums } from '@shared/release/names'
import { isMusl, packExecutable } from './pack'

let world: World
let dropped: string
let beside: string
beforeEach(async () => {
  world = await createWorld()
  dropped = join(world.folder, 'data', 'artifacts')
  beside = join(world.folder, 'bin')
})
afterEach(() => world.close())

const put = (path: string, content: string | Uint8Array = path): string => {
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, content)
  return path
}
const sha256 = (content: string | Uint8Array): string => new Bun.CryptoHasher('sha256').update(content).digest('hex')
const get = (name: string) => world.call(`GET /api/daemon/artifacts/${name}`, undefined)
const fetchSums = async () => parseSums((await get('SHA256SUMS.txt')).text)

const LINUX = 'nekode-daemon_1.2.3_linux_amd64.tar.gz'
const WINDOWS = 'nekode-daemon_1.2.3_windows_arm64.zip'
const own = folderName('1.2.3', { os: process.platform, arch: process.arch, musl: false })!

test('a server without daemons has an empty list, and says so for a name', async () => {
  const list = await get('SHA256SUMS.txt')
  expect([list.status, list.text]).toEqual([200, ''])
  expect(list.headers.get('content-type')).toBe('text/plain; charset=utf-8')
  const answer = await get(LINUX)
  expect(answer.status).toBe(404)
  expect(answer.body.code).toBe('artifact_unknown')
})

test('archives from the data folder and from the release folder are served with their checksums', async () => {
  put(join(dropped, LINUX), 'from the operator')
  put(join(beside, 'release', LINUX), 'from the release')
  put(join(beside, 'release', WINDOWS), 'windows')
  expect((await get('SHA256SUMS.txt')).text).toBe(
    `${sha256('from the operator')}  ${LINUX}\n${sha256('windows')}  ${WINDOWS}\n`,
  )
  const answer = await get(LINUX)
  expect(answer.text).toBe('from the operator')
  expect(answer.headers.get('content-type')).toBe('application/octet-stream')
  expect(answer.headers.get('x-content-type-options')).toBe('nosniff')
})

test('a list that came with a release is believed over what lies there, so that a changed archive is refused', async () => {
  put(join(dropped, LINUX), 'tampered')
  put(join(dropped, 'SHA256SUMS.txt'), `${sha256('genuine')}  ${LINUX}\r\nnonsense\n`)
  expect((await fetchSums()).get(LINUX)).toBe(sha256('genuine'))
})

test('a replaced archive has a new checksum', async () => {
  put(join(dropped, LINUX), 'one')
  expect((await fetchSums()).get(LINUX)).toBe(sha256('one'))
  put(join(dropped, LINUX), 'another')
  expect((await fetchSums()).get(LINUX)).toBe(sha256('another'))
})

test.each([
  'secret.key',
  '..%2Fnekode.db',
  '..',
  '.env',
  'nekode-daemon',
  'nekode-daemon_1.2.3_linux_amd64.tar.gz.part',
  'nekode-daemon_1.2.3_plan9_amd64.tar.gz',
  'nekode-daemon_..%2F..%2Fx_linux_amd64.tar.gz',
  'SHA256SUMS.txt%00',
])('%s is not served, though it may be there', async (name) => {
  for (const file of ['secret.key', '.env', 'nekode-daemon', 'nekode-daemon_1.2.3_linux_amd64.tar.gz.part'])
    put(join(dropped, file))
  put(join(world.folder, 'data', 'nekode.db'))
  const { status, text } = await get(name)
  expect([400, 404]).toContain(status)
  expect(text).not.toContain(world.folder)
})

test('a folder or a dangling link with the name of an archive is passed over', async () => {
  mkdirSync(join(dropped, LINUX), { recursive: true })
  symlinkSync('/nowhere', join(dropped, WINDOWS))
  expect((await get('SHA256SUMS.txt')).text).toBe('')
})

test('the daemon beside the server is packed when it is first asked for, once, and again when it changed', async () => {
  const program = put(join(beside, 'nekode-daemon'), '#!/bin/sh\necho one\n')
  chmodSync(program, 0o755)
  const [first, second] = await Promise.all([fetchSums(), fetchSums()])
  expect([...first.keys()]).toEqual([`${own}.tar.gz`])
  expect(second).toEqual(first)
  const packed = join(dropped, 'packed')
  const path = join(packed, readdirSync(packed)[0]!, `${own}.tar.gz`)
  const made = statSync(path).mtimeMs
  const archive = readFileSync(path)
  expect(first.get(`${own}.tar.gz`)).toBe(sha256(archive))
  expect((await get(`${own}.tar.gz`)).status).toBe(200)
  expect(statSync(path).mtimeMs).toBe(made)

  put(program, '#!/bin/sh\necho another one\n')
  const changed = await fetchSums()
  expect(changed.get(`${own}.tar.gz`)).not.toBe(first.get(`${own}.tar.gz`))
  expect(readdirSync(packed)).toHaveLength(1)
})

test('an archive in the data folder wins over one that the server would pack', async () => {
  put(join(beside, 'nekode-daemon'))
  put(join(dropped, `${own}.tar.gz`), 'chosen')
  expect((await fetchSums()).get(`${own}.tar.gz`)).toBe(sha256('chosen'))
})

test.each([0, 1, 511, 512, 513, 3_000_001])('tar unpacks a daemon of %i bytes as it was, executable', async (size) => {
  const content = new Uint8Array(size).map((_, i) => (i * 31) % 251)
  const program = put(join(world.folder, 'program'), content)
  const archive = join(world.folder, 'a.tar.gz')
  await packExecutable(program, 'folder_1.2.3/nekode-daemon', archive)
  const out = join(world.folder, 'out')
  mkdirSync(out)
  expect(Bun.spawnSync(['tar', '-xzf', archive, '-C', out]).exitCode).toBe(0)
  const unpacked = join(out, 'folder_1.2.3', 'nekode-daemon')
  expect(readFileSync(unpacked).equals(content)).toBe(true)
  expect(statSync(unpacked).mode & 0o777).toBe(0o755)
  expect(existsSync(join(out, 'folder_1.2.3'))).toBe(true)
})

test('a program is told apart by the C library that it is linked against', () => {
  const loader = (name: string): Uint8Array => Buffer.concat([Buffer.alloc(700, 1), Buffer.from(`\0${name}\0`)])
  expect(isMusl(put(join(world.folder, 'musl'), loader('/lib/ld-musl-x86_64.so.1')))).toBe(true)
  expect(isMusl(put(join(world.folder, 'glibc'), loader('/lib64/ld-linux-x86-64.so.2')))).toBe(false)
  expect(isMusl(put(join(world.folder, 'empty'), ''))).toBe(false)
})

test.each([
  ['linux', 'x64', false, 'nekode-daemon_1_linux_amd64'],
  ['linux', 'arm64', true, 'nekode-daemon_1_linux_arm64_musl'],
  ['darwin', 'arm64', false, 'nekode-daemon_1_darwin_arm64'],
  ['win32', 'x64', false, 'nekode-daemon_1_windows_amd64'],
  ['freebsd', 'x64', false, undefined],
  ['linux', 'riscv64', false, undefined],
] as const)('on %s %s (musl: %p) the archive is called %p', (os, arch, musl, name) => {
  expect(folderName('1', { os, arch, musl })).toBe(name)
})
