import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { folderName, formatSums } from '@shared/release/names'
import { packExecutable } from '../../server/artifacts/pack'
import { type Caller, Place, type ServerUnderTest, commandOf, eventually, startServer } from './harness'

// A daemon has a hundred megabytes; packing, unpacking and copying it takes a while on a slow disk.
setDefaultTimeout(120_000)

const place = new Place()
const version = '7.7.7'
const name = folderName(version, { os: process.platform, arch: process.arch, musl: false }) ?? ''
const archive = join(place.dir, `${name}.tar.gz`)
const nobody = { uid: 65_534, gid: 65_534 }
const asRoot = process.getuid?.() === 0

let server: ServerUnderTest
let admin: Caller

beforeAll(async () => {
  // The agents of other users have to pass through it.
  chmodSync(place.dir, 0o755)
  await packExecutable(await daemonExecutable(), `${name}/nekode-daemon`, archive)
  server = await startServer(place, { env: { NEKODE_DAEMON_DOWNLOAD_VERSION: version } })
  admin = await server.admin()
})
afterAll(async () => {
  await place[Symbol.asyncDispose]()
})

/** The built daemon; made from its source when this run has built nothing. */
async function daemonExecutable(): Promise<string> {
  const [program = '', source] = commandOf('nekode-daemon')
  if (source === undefined) return program
  const outfile = join(place.dir, 'nekode-daemon')
  const built = await Bun.build({ entrypoints: [source], compile: { outfile }, throw: false })
  if (!built.success) throw new AggregateError(built.logs, 'the daemon does not compile')
  return outfile
}

const sha256 = (path: string): string => new Bun.CryptoHasher('sha256').update(readFileSync(path)).digest('hex')

/** What the server hands out. */
function publish(content: Uint8Array = readFileSync(archive), sum = sha256(archive)): void {
  const folder = join(server.dataDir, 'artifacts')
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, `${name}.tar.gz`), content)
  writeFileSync(join(folder, 'SHA256SUMS.txt'), formatSums([[`${name}.tar.gz`, sum]]))
}
const unpublish = (): void => rmSync(join(server.dataDir, 'artifacts'), { recursive: true, force: true })

interface Ran {
  code: number
  out: string
}

/** A machine of its own, as far as the scripts can tell: every path that they touch is below one folder. */
class Sandbox {
  readonly dir: string
  readonly env: Record<string, string>
  readonly bin: string
  readonly config: string
  readonly pidFile: string
  readonly temp: string

  constructor(
    label: string,
    readonly user?: { uid: number; gid: number },
  ) {
    this.dir = join(place.dir, label)
    this.bin = join(this.dir, 'usr local/bin/nekode-daemon')
    this.config = join(this.dir, 'etc/nekode/daemon.json')
    this.pidFile = join(this.dir, 'run/nekode-daemon.pid')
    this.temp = join(this.dir, 'tmp')
    mkdirSync(this.temp, { recursive: true })
    mkdirSync(join(this.dir, 'home'))
    this.env = {
      PATH: process.env.PATH ?? '',
      HOME: join(this.dir, 'home'),
      TMPDIR: this.temp,
      NEKODE_HOME: join(this.dir, 'home/.nekode'),
      NEKODE_DAEMON_SERVICE_MANAGER: 'none',
      // No user is made for it on the machine that runs the tests.
      ...(asRoot && !user ? { NEKODE_DAEMON_USER: 'root' } : {}),
      NEKODE_DAEMON_BIN_PATH: this.bin,
      NEKODE_DAEMON_CONFIG_PATH: this.config,
      NEKODE_DAEMON_PID_PATH: this.pidFile,
      NEKODE_DAEMON_LOG_PATH: join(this.dir, 'log/nekode-daemon.log'),
    }
    if (user) for (const path of [this.dir, this.temp, this.env.HOME ?? '']) chownSync(path, user.uid, user.gid)
  }

  async run(script: string, env: Record<string, string> = {}, ...args: string[]): Promise<Ran> {
    const child = Bun.spawn(['bash', '-c', script, 'nekode', ...args], {
      cwd: this.dir,
      env: { ...this.env, ...env },
      stdout: 'pipe',
      stderr: 'pipe',
      ...this.user,
    })
    const [out, err, code] = await Promise.all([
      new Response(child.stdout).text(),
      new Response(child.stderr).text(),
      child.exited,
    ])
    return { code, out: out + err }
  }

  /** A management script, fetched from the server. */
  async manage(script: string, env?: Record<string, string>): Promise<Ran> {
    return this.run(await (await fetch(`${server.url}/api/daemon/scripts/${script}`)).text(), env)
  }

  pid(): number {
    return Number(readFileSync(this.pidFile, 'utf8'))
  }

  settings(): Record<string, string> {
    return JSON.parse(readFileSync(this.config, 'utf8'))
  }

  /** Every file below it, but for what the daemon keeps in its home. */
  files(): string[] {
    const all = readdirSync(this.dir, { recursive: true, withFileTypes: true })
    return all
      .filter((entry) => !entry.isDirectory())
      .map((entry) => join(entry.parentPath, entry.name).slice(this.dir.length + 1))
      .filter((path) => !path.startsWith('home/'))
      .sort()
  }
}

/** A process that ended and that nobody has asked about yet is still listed, without a command. */
const isRunning = (pid: number): boolean =>
  existsSync(`/proc/${pid}/cmdline`) && readFileSync(`/proc/${pid}/cmdline`, 'utf8') !== ''
const mode = (path: string): string => (statSync(path).mode & 0o777).toString(8)

async function enroll(computerId?: string) {
  const body = { displayName: "Ann's $(mill)", ...(computerId === undefined ? {} : { computerId }) }
  const { enrollment, commands } = await admin.call('POST /api/daemon/enrollments', { body })
  const url = /'(http[^']+)'/.exec(commands.shell)?.[1] ?? ''
  return { ...enrollment, url, command: commands.shell.replace(/^sudo /, ''), script: await (await fetch(url)).text() }
}
const statusOf = async (id: string): Promise<string> =>
  (await admin.call('GET /api/daemon/enrollments/{id}', { params: { id } })).status
const connected = (id: string): Promise<true> =>
  eventually(async () => (await statusOf(id)) === 'connected' || undefined, { what: 'the computer connects' })

describe('from the command in the console to a computer that is online', () => {
  const box = new Sandbox('machine')
  let enrollment: Awaited<ReturnType<typeof enroll>>
  let firstPid: number

  beforeAll(async () => {
    publish()
    enrollment = await enroll()
  })

  test('the pasted command installs the daemon, and the computer connects', async () => {
    const { code, out } = await box.run(enrollment.command)
    expect(out).toContain('nekode: the checksum matches')
    expect(out).toContain('nekode: done: the daemon runs as')
    expect(code).toBe(0)
    await connected(enrollment.id)
    const computer = await admin.call('GET /api/computers/{id}', { params: { id: enrollment.computerId } })
    expect(computer).toMatchObject({ status: 'online', displayName: "Ann's $(mill)" })
    firstPid = box.pid()
  })

  test('only its owner can read the token, and nobody saw it on the way', async () => {
    const { token } = box.settings()
    expect(token).toMatch(/^ndt_/)
    expect(mode(box.config)).toBe('600')
    expect(mode(join(box.config, '..'))).toBe('700')
    expect(mode(box.bin)).toBe('755')
    expect(readFileSync(`/proc/${firstPid}/cmdline`, 'utf8')).not.toContain(token)
    expect(readFileSync(`/proc/${firstPid}/environ`, 'utf8')).not.toMatch(/nd[ti]_/)
  })

  test('nothing is left lying around', () => {
    expect(box.files()).toEqual([
      'etc/nekode/daemon.json',
      'log/nekode-daemon.log',
      'run/nekode-daemon.pid',
      'usr local/bin/nekode-daemon',
    ])
  })

  test('the command does nothing a second time: its code is used up', async () => {
    const before = [box.settings(), statSync(box.bin).mtimeMs]
    expect((await box.run(enrollment.command)).out).toContain('410')
    const page = await fetch(enrollment.url)
    expect(page.status).toBe(410)
    expect(await page.text()).toContain('has been used already')
    // A copy of the script that somebody kept.
    const { code, out } = await box.run(enrollment.script)
    expect(code).toBe(1)
    expect(out).toContain('nekode: error: this computer could not be enrolled, so nothing was installed.')
    expect([box.settings(), statSync(box.bin).mtimeMs]).toEqual(before)
    expect(isRunning(firstPid)).toBe(true)
    expect(readdirSync(box.temp)).toEqual([])
  })

  test('a new code for the same computer runs over the installation: same identity, new token, one daemon', async () => {
    const before = box.settings()
    const again = await enroll(enrollment.computerId)
    const { code, out } = await box.run(again.command)
    expect(out).toContain('nekode: done')
    expect(code).toBe(0)
    await connected(again.id)
    expect(box.settings().computerId).toBe(before.computerId!)
    expect(box.settings().token).not.toBe(before.token)
    expect(box.pid()).not.toBe(firstPid)
    expect(isRunning(firstPid)).toBe(false)
    expect(await statusOf(enrollment.id)).toBe('revoked')
  })

  test.each(['upgrade.sh', 'reinstall.sh'])(
    '%s replaces the program, keeps the configuration and restarts',
    async (script) => {
      const [settings, pid, inode] = [box.settings(), box.pid(), statSync(box.bin).ino]
      const { code, out } = await box.manage(script)
      expect(out).toContain('running')
      expect(code).toBe(0)
      expect(box.settings()).toEqual(settings)
      expect(statSync(box.bin).ino).not.toBe(inode)
      expect(isRunning(pid)).toBe(false)
      expect(isRunning(box.pid())).toBe(true)
    },
  )

  test('an upgrade with a wrong checksum leaves the running daemon alone', async () => {
    const [pid, inode, files] = [box.pid(), statSync(box.bin).ino, box.files()]
    publish(Buffer.concat([readFileSync(archive), Buffer.from('x')]))
    const { code, out } = await box.manage('upgrade.sh')
    publish()
    expect(out).toContain('does not match')
    expect(code).toBe(1)
    expect([box.pid(), statSync(box.bin).ino, box.files()]).toEqual([pid, inode, files])
    expect(isRunning(pid)).toBe(true)
  })

  test('an upgrade to a daemon that does not stay up brings the one before back', async () => {
    const inode = statSync(box.bin).ino
    const broken = join(place.dir, 'broken')
    writeFileSync(broken, '#!/bin/sh\n[ "$1" = version ] && echo 7.7.8 && exit 0\nexit 1\n', { mode: 0o755 })
    const packed = join(place.dir, 'broken.tar.gz')
    await packExecutable(broken, `${name}/nekode-daemon`, packed)
    publish(readFileSync(packed), sha256(packed))
    const { code, out } = await box.manage('upgrade.sh')
    publish()
    expect(out).toContain('the version before runs again')
    expect(code).toBe(1)
    expect(statSync(box.bin).ino).toBe(inode)
    expect(isRunning(box.pid())).toBe(true)
  })

  test('uninstall.sh stops and removes the daemon and keeps its configuration, until it is told not to', async () => {
    const pid = box.pid()
    const { code, out } = await box.manage('uninstall.sh')
    expect(out).toContain('kept')
    expect(code).toBe(0)
    expect(isRunning(pid)).toBe(false)
    expect(box.files()).toEqual(['etc/nekode/daemon.json', 'log/nekode-daemon.log'])
    expect((await box.manage('reinstall.sh')).code).toBe(0)
    expect(isRunning(box.pid())).toBe(true)
    expect((await box.manage('uninstall.sh', { NEKODE_PURGE_CONFIG: '1' })).code).toBe(0)
    expect(box.files()).toEqual(['log/nekode-daemon.log'])
    expect(await box.manage('uninstall.sh')).toEqual({
      code: 0,
      out: 'nekode: no daemon is installed here; nothing to do\n',
    })
  })
})

test('an archive that was tampered with is refused, nothing stays behind, and the code is still good', async () => {
  const box = new Sandbox('tampered')
  const bytes = readFileSync(archive)
  bytes[bytes.length >> 1]! ^= 1
  publish(bytes)
  const enrollment = await enroll()
  const { code, out } = await box.run(enrollment.command)
  publish()
  expect(code).toBe(1)
  expect(out).toContain(`nekode: error: the checksum of ${name}.tar.gz does not match, so nothing was installed.`)
  expect(out).toContain(`expected ${sha256(archive)}`)
  expect(box.files()).toEqual([])
  expect(await statusOf(enrollment.id)).toBe('pending')
})

test('an archive without a daemon that runs is refused, and the code is still good', async () => {
  const box = new Sandbox('garbage')
  const garbage = join(place.dir, 'garbage-daemon')
  writeFileSync(garbage, '\x7fELF is not enough')
  const packed = join(place.dir, 'garbage.tar.gz')
  await packExecutable(garbage, `${name}/nekode-daemon`, packed)
  publish(readFileSync(packed), sha256(packed))
  const enrollment = await enroll()
  const { code, out } = await box.run(enrollment.command)
  publish()
  expect(code).toBe(1)
  expect(out).toContain('the downloaded daemon does not run on this machine')
  expect(box.files()).toEqual([])
  expect(await statusOf(enrollment.id)).toBe('pending')
})

test('without an archive on the server the release folder is used, and without that the script says what to do', async () => {
  unpublish()
  const files: Record<string, () => BodyInit> = {
    [`/daemons/${name}.tar.gz`]: () => Bun.file(archive),
    '/daemons/SHA256SUMS.txt': () => formatSums([[`${name}.tar.gz`, sha256(archive)]]),
  }
  const releases = Bun.serve({
    port: 0,
    hostname: '127.0.0.1',
    fetch: (request) => {
      const file = files[new URL(request.url).pathname]
      return file ? new Response(file()) : new Response('no', { status: 404 })
    },
  })
  const box = new Sandbox('released')
  const enrollment = await enroll()
  const base = { NEKODE_DAEMON_DOWNLOAD_BASE_URL: `${releases.url.origin}/none` }
  const nowhere = await box.run(enrollment.command, base)
  expect(nowhere.code).toBe(1)
  expect(nowhere.out).toContain(`${name}.tar.gz is nowhere to be had.`)
  expect(nowhere.out).toContain('NEKODE_DAEMON_DOWNLOAD_BASE_URL')
  expect(box.files()).toEqual([])

  base.NEKODE_DAEMON_DOWNLOAD_BASE_URL = `${releases.url.origin}/daemons/`
  const there = await box.run(enrollment.command, base)
  await releases.stop(true)
  publish()
  expect(there.out).toContain(`downloading ${name}.tar.gz from ${releases.url.origin}/daemons`)
  expect(there.code).toBe(0)
  await connected(enrollment.id)
  expect((await box.manage('uninstall.sh', { NEKODE_PURGE_CONFIG: '1' })).code).toBe(0)
})

test('where there is no curl, wget does', async () => {
  const box = new Sandbox('wget')
  const tools = join(box.dir, 'tools')
  mkdirSync(tools)
  for (const folder of ['/usr/sbin', '/usr/bin', '/bin', '/sbin'])
    for (const file of readdirSync(folder))
      if (file !== 'curl' && !existsSync(join(tools, file))) symlinkSync(join(folder, file), join(tools, file))
  const enrollment = await enroll()
  const { code, out } = await box.run(enrollment.script, { PATH: tools })
  expect(out).toContain('nekode: done')
  expect(code).toBe(0)
  await connected(enrollment.id)
  expect((await box.manage('uninstall.sh', { NEKODE_PURGE_CONFIG: '1' })).code).toBe(0)
})

// Other users can only be had by root.
for (const user of asRoot ? [nobody] : []) {
  test('an ordinary user gets an installation of his own, in his home', async () => {
    const box = new Sandbox('ordinary', user)
    const home = box.env.HOME ?? ''
    for (const variable of ['BIN_PATH', 'CONFIG_PATH', 'PID_PATH', 'LOG_PATH'])
      delete box.env[`NEKODE_DAEMON_${variable}`]
    delete box.env.NEKODE_HOME
    const enrollment = await enroll()
    const { code, out } = await box.run(enrollment.command)
    expect(out).toContain('run as root to install for the whole machine')
    expect(code).toBe(0)
    await connected(enrollment.id)
    expect(mode(join(home, '.nekode/daemon.json'))).toBe('600')
    expect(existsSync(join(home, '.local/bin/nekode-daemon'))).toBe(true)
    const pid = Number(readFileSync(join(home, '.nekode/nekode-daemon.pid'), 'utf8'))
    expect(readFileSync(`/proc/${pid}/status`, 'utf8')).toContain(`Uid:\t${user.uid}`)
    expect((await box.manage('uninstall.sh', { NEKODE_PURGE_CONFIG: '1' })).code).toBe(0)
    expect(isRunning(pid)).toBe(false)
  })

  test('installed with sudo, the daemon runs as the person who called it and owns its configuration', async () => {
    const box = new Sandbox('sudo')
    delete box.env.NEKODE_DAEMON_USER
    chownSync(box.env.HOME ?? '', user.uid, user.gid)
    const enrollment = await enroll()
    const { code, out } = await box.run(enrollment.command, { SUDO_USER: 'nobody' })
    expect(out).toContain('the daemon runs as nobody')
    expect(code).toBe(0)
    await connected(enrollment.id)
    expect(readFileSync(`/proc/${box.pid()}/status`, 'utf8')).toContain(`Uid:\t${user.uid}`)
    expect([statSync(box.config).uid, mode(box.config)]).toEqual([user.uid, '600'])
    expect(statSync(box.bin).uid).toBe(0)
    expect((await box.manage('uninstall.sh', { NEKODE_PURGE_CONFIG: '1', SUDO_USER: 'nobody' })).code).toBe(0)
    expect(existsSync(box.bin)).toBe(false)
  })
}
