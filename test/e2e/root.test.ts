import { afterAll, beforeAll, expect, setDefaultTimeout, test } from 'bun:test'
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { folderName, formatSums } from '@shared/release/names'
import { packExecutable } from '../../server/artifacts/pack'
import { find } from '../setup/system'
import { type Caller, eventually, Place, type ServerUnderTest, startServer } from './harness'

// A daemon of a hundred megabytes is packed, unpacked and started, several times.
setDefaultTimeout(180_000)

/**
 * A root of its own with nothing but busybox, useradd (Debian's busybox has none) and the C library in it: no systemd, no bash, no curl,
 * no tools of GNU. The scripts run in it by chroot, as root, with the paths that they have on a real machine.
 */
const place = new Place()
const root = join(place.dir, 'root')
const at = (path: string): string => join(root, path)
const version = '7.7.7'
const folder = folderName(version, { os: process.platform, arch: process.arch, musl: false }) ?? ''
const busybox = find('busybox')
const useradd = find('useradd')
const canRun =
  process.platform === 'linux' && process.getuid?.() === 0 && busybox !== undefined && useradd !== undefined

let server: ServerUnderTest
let admin: Caller

/** A daemon that knows its version, as one of a release does. */
async function daemonExecutable(): Promise<string> {
  const outfile = join(place.dir, 'nekode-daemon')
  const built = await Bun.build({
    entrypoints: [join(import.meta.dir, '../../daemon/main.ts')],
    compile: { outfile, autoloadBunfig: false, autoloadDotenv: false },
    define: { NEKODE_VERSION: JSON.stringify(version) },
    throw: false,
  })
  if (!built.success) throw new AggregateError(built.logs, 'the daemon does not compile')
  return outfile
}

const output = (...argv: string[]): string => Bun.spawnSync(argv).stdout.toString()

/** Libraries that a program is linked to. */
const libraries = (program: string): string[] =>
  [...output('ldd', program).matchAll(/(\/\S+) \(0x/g)].flatMap(([, path]) => path ?? [])

function makeRoot(daemon: string): void {
  for (const path of ['bin', 'dev', 'proc', 'etc', 'tmp', 'var/log', 'releases'])
    mkdirSync(at(path), { recursive: true })
  chmodSync(root, 0o755)
  chmodSync(place.dir, 0o755)
  chmodSync(at('tmp'), 0o1777)
  copyFileSync(busybox ?? '', at('bin/busybox'))
  for (const name of output(busybox ?? '', '--list')
    .trim()
    .split('\n'))
    if (name !== 'busybox') symlinkSync('busybox', at(`bin/${name}`))
  copyFileSync(useradd ?? '', at('bin/useradd'))
  for (const path of new Set([daemon, at('bin/busybox'), at('bin/useradd')].flatMap(libraries))) {
    mkdirSync(dirname(at(path)), { recursive: true })
    copyFileSync(path, at(path))
  }
  writeFileSync(at('etc/passwd'), 'root:x:0:0:root:/root:/bin/sh\n')
  writeFileSync(at('etc/group'), 'root:x:0:\n')
  mkdirSync(at('root'), { mode: 0o700 })
}

function publish(archive: string): void {
  copyFileSync(archive, at(`releases/${folder}.tar.gz`))
  const sum = new Bun.CryptoHasher('sha256').update(readFileSync(archive)).digest('hex')
  writeFileSync(at('releases/SHA256SUMS.txt'), formatSums([[`${folder}.tar.gz`, sum]]))
}

/** Runs a command in the root; what it starts in the background goes on. */
async function inside(script: string, env: Record<string, string> = {}): Promise<{ code: number; out: string }> {
  // Mounts of this call only: they go with the last process that sees them.
  const mounts = 'mount --rbind /proc "$1/proc" && mount --rbind /dev "$1/dev" && exec chroot "$1" /bin/sh -c "$2"'
  const child = Bun.spawn(['unshare', '--mount', 'sh', '-c', mounts, 'root', root, script], {
    env: { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', HOME: '/root', ...env },
    stdout: 'pipe',
    stderr: 'pipe',
  })
  const [out, err] = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()])
  return { code: await child.exited, out: out + err }
}

const manage = (name: string, env: Record<string, string> = {}) =>
  inside(`sh -c "$(wget -q -O - ${server.url}/api/daemon/scripts/${name})"`, {
    NEKODE_DAEMON_DOWNLOAD_BASE_URL: '/releases',
    ...env,
  })

const pid = (): number => Number(readFileSync(at('var/run/nekode-daemon.pid'), 'utf8'))
const commandLine = (): string => {
  const path = `/proc/${pid()}/cmdline`
  return existsSync(path) ? readFileSync(path, 'utf8') : ''
}
const uidOf = (id: number): string => /^Uid:\t(\d+)/m.exec(readFileSync(`/proc/${id}/status`, 'utf8'))?.[1] ?? ''

let archive: string
let enrollmentId: string

beforeAll(async () => {
  if (!canRun) return
  const daemon = await daemonExecutable()
  makeRoot(daemon)
  archive = join(place.dir, `${folder}.tar.gz`)
  await packExecutable(daemon, `${folder}/nekode-daemon`, archive)
  publish(archive)
  server = await startServer(place, { env: { NEKODE_DAEMON_DOWNLOAD_VERSION: version } })
  admin = await server.admin()
})
afterAll(async () => {
  await place[Symbol.asyncDispose]()
})

const connected = () =>
  eventually(
    async () =>
      (await admin.call('GET /api/daemon/enrollments/{id}', { params: { id: enrollmentId } })).status === 'connected',
    { what: 'the computer connects' },
  )

// Other roots can only be had by root; `bun run test` installs busybox, or says by name that it could not.
for (const _ of canRun ? ['root'] : []) {
  test('in a root without systemd, bash and curl the daemon is installed from a local folder, as a user of its own', async () => {
    const { enrollment, commands } = await admin.call('POST /api/daemon/enrollments', { body: { displayName: 'Bare' } })
    enrollmentId = enrollment.id
    const url = /'(http[^']+)'/.exec(commands.shell)?.[1] ?? ''
    const { code, out } = await inside(`sh -c "$(wget -q -O - '${url}')"`, {
      NEKODE_DAEMON_DOWNLOAD_BASE_URL: '/releases',
    })
    expect(out).toContain('made the user nekode for the daemon')
    expect(out).toContain('nekode: done: the daemon runs as nekode')
    expect(code).toBe(0)
    await connected()
    expect(commandLine()).toStartWith('/usr/local/bin/nekode-daemon\0run\0')
    expect(uidOf(pid())).not.toBe('0')
    expect(uidOf(pid())).toBe(String(statSync(at('etc/nekode/daemon.json')).uid))
    expect(statSync(at('usr/local/bin/nekode-daemon')).uid).toBe(0)
    expect(existsSync(at('var/lib/nekode/.nekode/daemon/journal.db'))).toBe(true)
  })

  test('upgrade.sh replaces it, and keeps configuration and user', async () => {
    const [before, inode] = [pid(), statSync(at('usr/local/bin/nekode-daemon')).ino]
    const config = readFileSync(at('etc/nekode/daemon.json'), 'utf8')
    // Somebody else works on the machine this time.
    const { code, out } = await manage('upgrade.sh', { SUDO_USER: 'root' })
    expect(out).toContain('the checksum matches')
    expect(out).toContain(`upgraded to ${version} and running`)
    expect(code).toBe(0)
    expect(statSync(at('usr/local/bin/nekode-daemon')).ino).not.toBe(inode)
    expect(pid()).not.toBe(before)
    expect(uidOf(pid())).not.toBe('0')
    expect(readFileSync(at('etc/nekode/daemon.json'), 'utf8')).toBe(config)
  })

  test('upgrade.sh refuses a wrong checksum and leaves what runs alone', async () => {
    const before = pid()
    writeFileSync(at('releases/SHA256SUMS.txt'), formatSums([[`${folder}.tar.gz`, '0'.repeat(64)]]))
    const { code, out } = await manage('upgrade.sh')
    publish(archive)
    expect(out).toContain('does not match, so nothing was installed')
    expect(code).toBe(1)
    expect(pid()).toBe(before)
    expect(commandLine()).not.toBe('')
  })

  test('upgrade.sh brings the version before back when the new one does not stay up', async () => {
    const broken = join(place.dir, 'broken')
    writeFileSync(broken, '#!/bin/sh\n[ "$1" = version ] && exit 0\nexit 1\n', { mode: 0o755 })
    const packed = join(place.dir, 'broken.tar.gz')
    await packExecutable(broken, `${folder}/nekode-daemon`, packed)
    publish(packed)
    const { code, out } = await manage('upgrade.sh')
    publish(archive)
    expect(out).toContain('the version before runs again')
    expect(code).toBe(1)
    expect(statSync(at('usr/local/bin/nekode-daemon')).size).toBeGreaterThan(1_000_000)
    expect(commandLine()).toStartWith('/usr/local/bin/nekode-daemon\0run\0')
  })

  test('root replaces the daemon of the other user from the command line too, and it goes on as the same process', async () => {
    const [before, uid, inode] = [pid(), uidOf(pid()), statSync(at('usr/local/bin/nekode-daemon')).ino]
    const { code, out } = await inside('nekode-daemon reinstall', { NEKODE_DAEMON_DOWNLOAD_BASE_URL: '/releases' })
    expect(out).toContain(`Installed ${version} anew.`)
    expect(code).toBe(0)
    expect(statSync(at('usr/local/bin/nekode-daemon')).ino).not.toBe(inode)
    expect([pid(), uidOf(pid())]).toEqual([before, uid])
    expect(commandLine()).toStartWith('/usr/local/bin/nekode-daemon\0run\0')
    expect(statSync(at('var/lib/nekode/.nekode/daemon/upgrade.json')).uid).toBe(Number(uid))
  })

  test('reinstall.sh installs it anew', async () => {
    const before = pid()
    const { code, out } = await manage('reinstall.sh')
    expect(out).toContain(`reinstalled version ${version}, and it is running`)
    expect(code).toBe(0)
    expect(pid()).not.toBe(before)
  })

  test('uninstall.sh leaves the configuration, and with NEKODE_PURGE_CONFIG=1 nothing', async () => {
    const before = pid()
    const { code, out } = await manage('uninstall.sh')
    expect(out).toContain('kept /etc/nekode/daemon.json')
    expect(code).toBe(0)
    expect(existsSync(`/proc/${before}/exe`) && readFileSync(`/proc/${before}/cmdline`, 'utf8')).toBeFalsy()
    expect(existsSync(at('usr/local/bin/nekode-daemon'))).toBe(false)
    expect(existsSync(at('var/run/nekode-daemon.pid'))).toBe(false)
    expect((await manage('uninstall.sh', { NEKODE_PURGE_CONFIG: '1' })).code).toBe(0)
    expect(existsSync(at('etc/nekode'))).toBe(false)
    expect((await manage('uninstall.sh')).out).toContain('no daemon is installed here; nothing to do')
  })
}
