import { afterEach, beforeEach, expect, test } from 'bun:test'
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createLogger } from '@shared/log'
import { type TestServer, startTestServer } from '../testing'
import { LocalDaemon, type LocalDaemonOptions } from './daemon'
import { daemonProgram } from './program'
import { descendants } from './tree'

let server: TestServer
let daemon: LocalDaemon | undefined
const lines: string[] = []
beforeEach(async () => {
  server = await startTestServer()
  lines.length = 0
})
afterEach(async () => {
  await daemon?.stop()
  daemon = undefined
  await server.stop()
})

/** A program in the daemon's place that notes how it was started, and then does `then`. */
function start(then: string, options: Partial<LocalDaemonOptions> = {}): LocalDaemon {
  const script = join(server.dataDir, 'stand-in.ts')
  writeFileSync(
    script,
    `const { appendFileSync } = await import('node:fs')
     appendFileSync('${noted()}', JSON.stringify({ argv: process.argv.slice(2), env: process.env, pid: process.pid }) + '\\n')
     ${then}`,
  )
  const { enrollments, computers } = server.services
  const log = createLogger({ level: 'info', write: (line) => lines.push(line) })
  daemon = new LocalDaemon({
    dataDir: server.dataDir,
    log,
    enrollments,
    computers,
    env: { PATH: process.env.PATH, HOME: server.dataDir },
    program: { argv: [process.execPath, script], env: { ADDED: 'yes' } },
    graceMs: 300,
    firstDelayMs: 10,
    ...options,
  })
  return daemon
}
const noted = (): string => join(server.dataDir, 'noted')
interface Note {
  argv: string[]
  env: Record<string, string>
  pid: number
}
const notes = (): Note[] =>
  existsSync(noted())
    ? readFileSync(noted(), 'utf8')
        .split('\n')
        // What comes after the last line's end is empty, or still being written.
        .slice(0, -1)
        .map((line) => JSON.parse(line))
    : []

async function eventually(done: () => boolean | Promise<boolean>, ms = 10_000): Promise<void> {
  for (const end = Date.now() + ms; !(await done()); await Bun.sleep(5))
    if (Date.now() > end) throw new Error(`it did not happen\n${lines.join('\n')}`)
}
const alive = (pid: number): boolean => {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}
const FOREVER = 'setInterval(() => {}, 1000)'

test('the daemon gets a private file with a token of its own, and is a computer that is marked as local', async () => {
  await start(FOREVER).start(server.url)
  await eventually(() => notes().length === 1)
  const [note] = notes()
  const path = join(server.dataDir, 'local-daemon', 'daemon.json')
  expect(note?.argv).toEqual(['run', '--config', path])
  expect(statSync(path).mode & 0o777).toBe(0o600)
  const config = JSON.parse(readFileSync(path, 'utf8'))
  expect(config).toEqual({
    serverUrl: server.url,
    token: expect.stringMatching(/^ndt_/),
    computerId: expect.stringMatching(/^cmp_/),
    displayName: expect.any(String),
    hostname: expect.any(String),
  })
  expect(JSON.stringify(note)).not.toContain(config.token)
  const owner = await server.as('owner')
  expect((await owner.call('GET /api/computers')).items).toMatchObject([{ id: config.computerId, local: true }])
  const principal = await server.core.credentials.resolve(config.token)
  expect(principal).toMatchObject({ kind: 'computer', id: config.computerId })
})

test('the daemon knows its server’s process and nothing of its secrets', async () => {
  const env = {
    PATH: process.env.PATH,
    NEKODE_SECRET_KEY: 'secret-1',
    NEKODE_BOOTSTRAP_ADMIN_PASSWORD: 'secret-2',
    NEKODE_DB_DSN: 'postgres://u:secret-3@h/n',
    NEKODE_CACHE_REDIS_PASSWORD: 'secret-4',
    NEKODE_TOKEN: 'secret-5',
    NEKODE_LOG_LEVEL: 'debug',
    ANTHROPIC_API_KEY: 'for the agents',
  }
  await start(FOREVER, { env }).start(server.url)
  await eventually(() => notes().length === 1)
  const given = notes()[0]?.env ?? {}
  expect(JSON.stringify(given)).not.toContain('secret-')
  expect(given).toMatchObject({
    NEKODE_PARENT_PID: String(process.pid),
    NEKODE_HOME: join(server.dataDir, 'local-daemon'),
    NEKODE_LOG_LEVEL: 'debug',
    ANTHROPIC_API_KEY: 'for the agents',
    ADDED: 'yes',
  })
})

test('it has a home of its own, whatever the home of the server is', async () => {
  await start(FOREVER, { env: { PATH: process.env.PATH, NEKODE_HOME: server.dataDir } }).start(server.url)
  await eventually(() => notes().length === 1)
  expect(notes()[0]?.env.NEKODE_HOME).toBe(join(server.dataDir, 'local-daemon'))
})

test('a daemon that ends is started again, each time after a longer pause', async () => {
  await start('process.exit(7)').start(server.url)
  await eventually(() => notes().length >= 4)
  await daemon?.stop()
  const pauses = lines.map((line) => /code=7 afterMs=(\d+)/.exec(line)?.[1]).filter((ms) => ms !== undefined)
  expect(pauses.slice(0, 3)).toEqual(['10', '20', '40'])
})

test('a computer keeps its identity over starts, and an earlier token stops working', async () => {
  const read = () => JSON.parse(readFileSync(join(server.dataDir, 'local-daemon', 'daemon.json'), 'utf8'))
  await start(FOREVER).start(server.url)
  const before = read()
  await daemon?.stop()
  await start(FOREVER).start(server.url)
  const after = read()
  expect(after.computerId).toBe(before.computerId)
  expect(after.token).not.toBe(before.token)
  expect(server.core.credentials.resolve(before.token)).rejects.toMatchObject({ code: 'token_invalid' })
})

test('a computer that an admin removed is not started again', async () => {
  await start(`await Bun.sleep(50); process.exit(1)`).start(server.url)
  await eventually(() => notes().length === 1)
  const owner = await server.as('owner')
  const [computer] = (await owner.call('GET /api/computers')).items
  await owner.call('DELETE /api/computers/{id}', { params: { id: computer?.id ?? '' } })
  await eventually(() => lines.some((line) => line.includes('its daemon stays off')))
  const started = notes().length
  await Bun.sleep(100)
  expect(notes().length).toBe(started)
})

test('a stop lets the daemon end by itself', async () => {
  const done = join(server.dataDir, 'done')
  await start(
    `process.on('SIGTERM', async () => { await Bun.write('${done}', 'x'); process.exit(0) }); ${FOREVER}`,
  ).start(server.url)
  await eventually(() => notes().length === 1)
  await daemon?.stop()
  expect(existsSync(done)).toBe(true)
  expect(alive(notes()[0]?.pid ?? 0)).toBe(false)
  expect(lines.join()).not.toContain('killed')
})

test('a daemon that does not stop is killed, with what it started in sessions of their own', async () => {
  const child = `Bun.spawn(['sleep', '300'], { detached: true })`
  await start(`process.on('SIGTERM', () => {}); ${child}; ${FOREVER}`).start(server.url)
  await eventually(() => notes().length === 1)
  const pid = notes()[0]?.pid ?? 0
  await eventually(async () => (await descendants(pid)).length === 1)
  const all = [pid, ...(await descendants(pid))]
  await daemon?.stop()
  await eventually(() => !all.some(alive))
})

test('agents find a nekode-daemon that starts this very daemon', async () => {
  const folder = join(server.dataDir, 'program')
  const { env } = daemonProgram(folder)
  expect(env.NEKODE_DAEMON_PROGRAM).toBe(join(folder, 'nekode-daemon'))
  expect(statSync(join(folder, 'nekode-daemon')).mode & 0o777).toBe(0o700)
  const version = Bun.spawn([join(folder, 'nekode-daemon'), 'version'], { stderr: 'pipe' })
  expect(await version.exited).toBe(0)
})
