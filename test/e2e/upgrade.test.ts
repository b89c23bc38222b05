import { afterAll, beforeAll, expect, setDefaultTimeout, test } from 'bun:test'
import { Database } from 'bun:sqlite'
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { folderName, formatSums } from '@shared/release/names'
import { LocalClient } from '../../daemon/local/client'
import { readToken, socketAddress } from '../../daemon/local/place'
import { pathsOf } from '../../daemon/config/paths'
import { times } from '../fault/counts'
import { carrying, kill } from '../setup/processes'
import { type Caller, enroll, eventually, Place, type Program, type ServerUnderTest, startServer } from './harness'

// Programs of a hundred megabytes are packed, unpacked and started.
setDefaultTimeout(240_000)

const place = new Place()
const releases = join(place.dir, 'releases')
const built = (version: string) => join(place.dir, `daemon-${version}`)
const folderOf = (version: string) =>
  folderName(version, { os: process.platform, arch: process.arch, musl: false }) ?? ''
const sha256 = (path: string): string => new Bun.CryptoHasher('sha256').update(readFileSync(path)).digest('hex')

/** Changes of a source file by its path: a daemon of some later day. */
type Changes = Record<string, (text: string) => string>

const OLD = '7.0.0'
const NEW = '7.1.0'
/** It brings the journal to a form that the old one cannot read, and then finds no way to the server. */
const MIGRATES = '7.2.0'
/** Answers what it is, and ends with an error when it is to run. */
const DIES = '7.3.0'
/** Answers what it is, and does nothing when it is to run. */
const HANGS = '7.4.0'

async function build(version: string, changes: Changes = {}): Promise<void> {
  const result = await Bun.build({
    entrypoints: [join(import.meta.dir, '../../daemon/main.ts')],
    compile: { outfile: built(version), autoloadBunfig: false, autoloadDotenv: false },
    minify: true,
    define: { NEKODE_VERSION: JSON.stringify(version), 'process.env.NODE_ENV': '"production"' },
    throw: false,
    plugins: [
      {
        name: 'changes',
        setup(builder) {
          for (const [path, change] of Object.entries(changes))
            builder.onLoad({ filter: new RegExp(`${path.replaceAll('.', '\\.')}$`) }, async ({ path: file }) => {
              const text = await Bun.file(file).text()
              const contents = change(text)
              if (contents === text) throw new Error(`${path} is not what it was: the change finds nothing to change`)
              return { contents, loader: 'ts' }
            })
        },
      },
    ],
  })
  if (!result.success) throw new AggregateError(result.logs, 'the daemon does not compile')
}

const script = (version: string, run: string): void =>
  writeFileSync(
    built(version),
    `#!/bin/sh\nif [ "$1" = version ]; then echo '{"version":"${version}"}'; exit 0; fi\n${run}\n`,
    { mode: 0o755 },
  )

/** An archive as a release has it. */
async function pack(version: string): Promise<void> {
  const folder = folderOf(version)
  const work = join(place.dir, 'pack', folder)
  mkdirSync(work, { recursive: true })
  copyFileSync(built(version), join(work, 'nekode-daemon'))
  const tar = Bun.spawn([
    'tar',
    '-C',
    join(work, '..'),
    '-I',
    'gzip -1',
    '-cf',
    join(releases, `${folder}.tar.gz`),
    folder,
  ])
  expect(await tar.exited).toBe(0)
  rmSync(work, { recursive: true })
}

/** The release folder says that it has these, the last one being the newest. */
function publish(versions: string[], sums: Record<string, string> = {}): void {
  const lines = versions.map((version): [string, string] => {
    const name = `${folderOf(version)}.tar.gz`
    return [name, sums[version] ?? sha256(join(releases, name))]
  })
  writeFileSync(join(releases, 'SHA256SUMS.txt'), formatSums(lines))
}

let server: ServerUnderTest
let admin: Caller

beforeAll(async () => {
  mkdirSync(releases)
  await Promise.all([
    build(OLD),
    build(NEW),
    build(MIGRATES, {
      'daemon/control/journal.ts': (text) =>
        text.replace(/\n\]\n/, "\n  'CREATE TABLE later (id INTEGER) STRICT',\n]\n"),
      'daemon/control/client.ts': (text) =>
        text.replace(/export async function dial\(.*\{\n/, "$&  throw new Error('this version finds no way')\n"),
    }),
  ])
  script(DIES, 'exit 1')
  script(HANGS, 'exec sleep 3600')
  for (const version of [OLD, NEW, MIGRATES, DIES, HANGS]) await pack(version)
  server = await startServer(place, { env: { NEKODE_DAEMON_DOWNLOAD_VERSION: NEW } })
  admin = await server.admin()
})
afterAll(async () => {
  await place[Symbol.asyncDispose]()
})

/** A computer with an installed daemon, and somebody at its terminal. */
class Machine {
  readonly home: string
  readonly program: string
  readonly env: Record<string, string>
  computerId = ''

  constructor(readonly name: string) {
    this.home = join(place.dir, name)
    this.program = join(this.home, 'bin', 'nekode-daemon')
    this.env = {
      NEKODE_HOME: this.home,
      HOME: this.home,
      NEKODE_DAEMON_DOWNLOAD_BASE_URL: releases,
      NEKODE_LOCAL_PORT: 'none',
    }
    mkdirSync(join(this.home, 'bin'), { recursive: true })
    this.install(OLD)
  }

  install(version: string): void {
    copyFileSync(built(version), this.program)
  }

  async join(): Promise<void> {
    const { id, code } = await enroll(server, this.name)
    const { token, computerId } = await server.guest().call('POST /api/daemon/enrollments/{id}/redeem', {
      params: { id },
      body: { code: decodeURIComponent(code), hostname: this.name },
    })
    this.computerId = computerId
    const config = { serverUrl: server.url, token, computerId, displayName: this.name, logFormat: 'text' }
    writeFileSync(join(this.home, 'daemon.json'), JSON.stringify(config), { mode: 0o600 })
  }

  start(): Program {
    return place.start([this.program, 'run'], { name: this.name, env: this.env })
  }

  /** What a service manager does: the daemon is started again whenever it ends. */
  keepRunning(): Program {
    const loop = 'while :; do "$0" run; sleep 0.2; done'
    return place.start(['sh', '-c', loop, this.program], { name: `${this.name} (kept)`, env: this.env })
  }

  cli(words: string[], env: Record<string, string> = {}): Program {
    return place.start([this.program, ...words], { name: words.join(' '), env: { ...this.env, ...env } })
  }

  async say(...words: string[]): Promise<{ code: number; output: string }> {
    const program = this.cli(words)
    const code = await program.exited
    return { code, output: program.output }
  }

  async answers(): Promise<string | undefined> {
    const paths = pathsOf(this.home)
    try {
      const client = await LocalClient.open({
        address: socketAddress(paths),
        token: readToken(paths),
        patienceMs: 2000,
      })
      const { version } = await client.call('Ping', {})
      client.close()
      return version
    } catch {
      return undefined
    }
  }

  /** This version runs, and its computer is online. */
  async runs(version: string): Promise<void> {
    await eventually(async () => (await this.answers()) === version, { what: `${version} answers`, seconds: 60 })
    await eventually(
      async () =>
        (await admin.call('GET /api/computers/{id}', { params: { id: this.computerId } })).status === 'online',
      { what: 'the computer is online', seconds: 60 },
    )
  }

  /** What lies beside the program. */
  files(): string[] {
    return readdirSync(join(this.home, 'bin')).sort()
  }

  async end(): Promise<void> {
    for (const { pid } of carrying(this.home)) kill(pid, 'SIGKILL')
    await eventually(async () => carrying(this.home).length === 0, { what: 'nothing runs any more' })
  }
}

async function machine(name: string): Promise<Machine> {
  const made = new Machine(name)
  await made.join()
  return made
}

test('from the server: the daemon is replaced, goes on as the same process, and gets its session back', async () => {
  const mill = await machine('mill')
  delete mill.env.NEKODE_DAEMON_DOWNLOAD_BASE_URL
  const artifacts = join(server.dataDir, 'artifacts')
  mkdirSync(artifacts, { recursive: true })
  copyFileSync(join(releases, `${folderOf(NEW)}.tar.gz`), join(artifacts, `${folderOf(NEW)}.tar.gz`))
  const daemon = mill.start()
  await mill.runs(OLD)
  const before = await mill.say('upgrade', '--check', '--json')
  expect(JSON.parse(before.output)).toMatchObject({ version: OLD, available: NEW, newer: true })
  const { code, output } = await mill.say('upgrade', '--json')
  expect(output).toContain(`"to": "${NEW}"`)
  expect(code).toBe(0)
  await mill.runs(NEW)
  expect(daemon.ended).toBe(false)
  expect(mill.files()).toEqual(['nekode-daemon', 'nekode-daemon.previous'])
  expect(sha256(join(mill.home, 'bin/nekode-daemon.previous'))).toBe(sha256(built(OLD)))
  const again = await mill.say('upgrade', '--json')
  expect(JSON.parse(again.output)).toMatchObject({ changed: false })
  // On purpose there is a way back, also to an earlier version.
  publish([OLD, NEW])
  mill.env.NEKODE_DAEMON_DOWNLOAD_BASE_URL = releases
  expect((await mill.say('upgrade', '--version', OLD)).code).toBe(0)
  await mill.runs(OLD)
  expect((await mill.say('reinstall', '--json')).code).toBe(0)
  await mill.runs(OLD)
  await mill.end()
})

test('an archive with another checksum is refused, and nothing has changed', async () => {
  const box = await machine('tampered')
  publish([NEW], { [NEW]: '0'.repeat(64) })
  box.start()
  await box.runs(OLD)
  const inode = statSync(box.program).ino
  const { code, output } = await box.say('upgrade')
  expect(output).toContain('does not match, so nothing was changed')
  expect(code).toBe(1)
  expect([statSync(box.program).ino, box.files()]).toEqual([inode, ['nekode-daemon']])
  expect(existsSync(join(box.home, 'daemon/upgrade.json'))).toBe(false)
  await box.runs(OLD)
  await box.end()
})

test.each([
  [DIES, 'it did not answer'],
  [HANGS, 'it did not answer'],
  [MIGRATES, 'it did not get its connection to the server back'],
])('a version that does not come up (%s) is rolled back, with its reason', async (version, why) => {
  const box = await machine(`bad-${version}`)
  publish([version])
  const daemon = box.start()
  await box.runs(OLD)
  // As the installer leaves it where there is no service manager.
  const noted = join(box.home, 'nekode-daemon.pid')
  writeFileSync(noted, `${daemon.pid}\n`)
  const { code, output } = await box.say('upgrade', '--timeout', '5s')
  expect(output).toContain(`Version ${version} was rolled back: ${why}`)
  expect(output).toContain(`Version ${OLD} runs again`)
  expect(code).toBe(1)
  await box.runs(OLD)
  expect(sha256(box.program)).toBe(sha256(built(OLD)))
  const holder: unknown = JSON.parse(readFileSync(join(box.home, 'daemon/daemon.pid'), 'utf8'))
  expect(holder).toMatchObject({ pid: Number(readFileSync(noted, 'utf8')) })
  expect(carrying(box.home).filter(({ command }) => command.includes('sleep'))).toEqual([])
  expect((await box.say('doctor')).output).toContain(`version ${version} was rolled back: ${why}`)
  await box.end()
})

test('a journal that a newer version has changed is set aside, and the one of before is back', async () => {
  const box = await machine('journal')
  publish([MIGRATES])
  box.start()
  await box.runs(OLD)
  const formOf = (path: string) => {
    const database = new Database(path, { readonly: true })
    const form = database.query<{ user_version: number }, []>('PRAGMA user_version').get()?.user_version
    database.close()
    return form
  }
  const state = join(box.home, 'daemon')
  const before = formOf(join(state, 'journal.db'))
  expect((await box.say('upgrade', '--timeout', '3s')).code).toBe(1)
  await box.runs(OLD)
  expect(formOf(join(state, 'journal.db'))).toBe(before)
  const aside = readdirSync(state).find((name) => /^journal\.db\.newer-\d+$/.test(name)) ?? ''
  expect(formOf(join(state, aside))).toBe((before ?? 0) + 1)
  await box.end()
})

const KILLS = times(8)

test(`killed at ${KILLS} moments, an upgrade leaves a daemon that works`, async () => {
  const box = await machine('killed')
  publish([NEW])
  box.keepRunning()
  await box.runs(OLD)
  for (let round = 0; round < KILLS; round++) {
    const upgrading = box.cli(['upgrade', '--version', NEW])
    const marks = [/downloading/, /the checksum matches/, /restarting/]
    const mark = marks[round % marks.length]
    if (mark) await upgrading.line(mark).catch(() => undefined)
    await Bun.sleep(Math.random() * 300)
    await upgrading.killHard()
    const version = await eventually(() => box.answers(), { what: 'a daemon answers', seconds: 60 })
    expect([OLD, NEW]).toContain(version)
    await box.runs((await box.answers()) ?? version)
    const told = await box.say('version', '--json')
    expect(told.code).toBe(0)
    // Where it is the new one already, on with the old one.
    if (told.output.includes(NEW)) {
      publish([OLD, NEW])
      await box.say('upgrade', '--version', OLD)
      await box.runs(OLD)
    }
  }
  expect((await box.say('upgrade', '--version', NEW)).code).toBe(0)
  await box.runs(NEW)
  await box.end()
})

test('when nobody is left to roll it back, a version that does not start goes back by itself', async () => {
  const box = await machine('alone')
  const broken = '7.5.0'
  await build(broken, {
    'daemon/daemon.ts': (text) =>
      text.replace('  makeFolders(config.paths)\n', "  throw new Error('this version cannot start')\n"),
  })
  await pack(broken)
  publish([broken])
  box.keepRunning()
  await box.runs(OLD)
  const upgrading = box.cli(['upgrade', '--timeout', '2m'])
  const record = () => JSON.parse(readFileSync(join(box.home, 'daemon/upgrade.json'), 'utf8'))
  await upgrading.line(/restarting/)
  await eventually(async () => record().starts > 0, { what: 'the new version is started' })
  await upgrading.killHard()
  await box.runs(OLD)
  expect(sha256(box.program)).toBe(sha256(built(OLD)))
  expect(record()).toMatchObject({
    state: 'rolled_back',
    reason: 'it did not come up in 3 starts',
  })
  await box.end()
})

test('uninstall ends the daemon and takes its program away; with --purge also what the daemon kept, and no workspace', async () => {
  const box = await machine('gone')
  const workspace = join(box.home, 'agents/ann/workspace')
  mkdirSync(workspace, { recursive: true })
  writeFileSync(join(workspace, 'work.md'), 'work')
  const daemon = box.start()
  await box.runs(OLD)
  const kept = await box.say('uninstall', '--json')
  expect(kept.code).toBe(0)
  expect(JSON.parse(kept.output)).toMatchObject({ paths: [box.program], notes: [] })
  expect(await daemon.exited).toBe(0)
  expect(box.files()).toEqual([])
  expect(existsSync(join(box.home, 'daemon.json'))).toBe(true)
  box.install(OLD)
  expect((await box.say('uninstall', '--purge')).code).toBe(0)
  expect(readdirSync(box.home).filter((name) => name.startsWith('daemon'))).toEqual([])
  expect(readFileSync(join(workspace, 'work.md'), 'utf8')).toBe('work')
})
