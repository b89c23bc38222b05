import { afterEach, beforeEach, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { FakeControl, until } from '../../test/fixtures/control'
import { canMount, smallDisk } from '../../test/disk'
import { loadConfig } from '../config/config'
import { findHolder } from '../config/lock'
import { logPath } from '../config/logfile'
import { makeFolders } from '../config/paths'
import { socketAddress, tokenPath } from '../local/place'
import { startApart } from './background'
import { type Check, checkLocal, checkMachine, checkServer } from './checks'

setDefaultTimeout(60_000)

let home: string
let server: FakeControl
const config = (more: object = {}, at = home) => {
  const settings = { serverUrl: server.url, token: server.token, computerId: 'cmp_1', localPort: '0', ...more }
  writeFileSync(join(at, 'daemon.json'), JSON.stringify(settings), { mode: 0o600 })
  const read = loadConfig({ env: { NEKODE_HOME: at } })
  makeFolders(read.paths)
  return read
}
const named = (checks: Check[], name: string) => checks.filter((check) => check.name === name)

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'nekode-checks-'))
  server = new FakeControl().start()
})
afterEach(async () => {
  const { paths } = config()
  const pid = findHolder(paths)?.pid
  if (pid !== undefined) process.kill(pid, 'SIGKILL')
  await until('no daemon is left', () => findHolder(paths) === undefined)
  await server.stop()
  rmSync(home, { recursive: true })
})

describe('of the computer', () => {
  test('a log that others can read, and a store that was set aside', async () => {
    const { paths } = config()
    writeFileSync(logPath(paths), '')
    chmodSync(logPath(paths), 0o644)
    writeFileSync(join(paths.state, 'jobs.db.damaged-1'), '')
    const checks = await checkMachine(config(), {})
    expect(named(checks, 'log')).toMatchObject([{ result: 'warning', next: `chmod 600 ${logPath(paths)}` }])
    expect(named(checks, 'stores')).toMatchObject([{ result: 'warning', detail: expect.stringContaining('jobs.db') }])
  })

  test.skipIf(!canMount())('a disk that is full', async () => {
    using disk = smallDisk('2m')!
    expect(named(await checkMachine(config({}, disk.path), {}), 'disk')).toMatchObject([{ result: 'failed' }])
  })

  test.each<[string, Record<string, string>, object[]]>([
    ['no proxy', {}, []],
    [
      'a proxy, without its password',
      { HTTPS_PROXY: 'http://u:geheim@proxy:3128' },
      [{ result: 'ok', detail: 'the server is reached through proxy:3128' }],
    ],
    ['a proxy that the server is reached without', { HTTPS_PROXY: 'http://proxy:3128', NO_PROXY: '.example' }, []],
    [
      'a proxy of a kind that is not spoken',
      { HTTPS_PROXY: 'socks5://proxy:1' },
      [{ result: 'failed', next: expect.stringContaining('Correct HTTPS_PROXY') }],
    ],
  ])('%s', async (_, env, expected) => {
    const settings = { ...config(), serverUrl: 'https://nekode.example' }
    expect(named(await checkMachine(settings, env), 'proxy')).toMatchObject(expected)
  })
})

describe('of a daemon that does not run', () => {
  test('whether its port is there for it', async () => {
    const other = createServer()
    const port = await new Promise<number>((resolve) =>
      other.listen(0, '127.0.0.1', () => {
        const address = other.address()
        resolve(typeof address === 'object' && address ? address.port : 0)
      }),
    )
    expect(await checkLocal(config({ localPort: port }))).toMatchObject([
      { result: 'warning', detail: expect.stringContaining(`Port ${port} is taken`) },
    ])
    await new Promise((resolve) => other.close(resolve))
    expect(await checkLocal(config({ localPort: port }))).toMatchObject([{ result: 'ok' }])
    expect(await checkLocal(config({ localPort: 'none' }))).toMatchObject([{ result: 'ok', detail: 'is turned off' }])
  })
})

describe('of a daemon that runs', () => {
  const start = async (more: object = {}) => {
    const settings = config(more)
    const env = { PATH: process.env.PATH, HOME: home, NEKODE_HOME: home }
    expect(await startApart({ config: settings, env, log: logPath(settings.paths) }, 30_000)).toHaveProperty('pid')
    return settings
  }

  test('that all of it answers', async () => {
    const checks = await checkLocal(await start())
    expect(checks.filter(({ result }) => result !== 'ok')).toEqual([])
    expect(checks.map(({ name }) => name)).toEqual(['local API', 'secrets', 'jobs', 'local HTTP'])
  })

  test('that others can reach it, and that its token is gone', async () => {
    const settings = await start()
    chmodSync(socketAddress(settings.paths), 0o666)
    chmodSync(tokenPath(settings.paths), 0o644)
    const open = await checkLocal(settings)
    expect(named(open, 'socket')).toMatchObject([
      { result: 'failed', next: `chmod go= ${socketAddress(settings.paths)}` },
    ])
    expect(named(open, 'local token')).toMatchObject([
      { result: 'failed', detail: expect.stringContaining('can read') },
    ])
    rmSync(tokenPath(settings.paths))
    expect(named(await checkLocal(settings), 'local token')).toMatchObject([
      { result: 'failed', detail: expect.stringContaining('is gone') },
    ])
  })

  test('that it hangs', async () => {
    const settings = await start()
    process.kill(findHolder(settings.paths)!.pid, 'SIGSTOP')
    const [answer] = named(await checkLocal(settings), 'local API')
    expect(answer).toMatchObject({ result: 'failed', next: expect.stringContaining('nekode-daemon restart') })
  })

  test('that another program has its port', async () => {
    using other = Bun.serve({ port: 0, hostname: '127.0.0.1', fetch: () => new Response('') })
    const checks = await checkLocal(await start({ localPort: other.port }))
    expect(named(checks, 'local HTTP')).toMatchObject([
      { result: 'warning', detail: expect.stringContaining(`Port ${other.port} is taken`) },
    ])
  })
})

describe('of the server', () => {
  const withClock = async (ms: number) => {
    using clock = Bun.serve({
      port: 0,
      fetch: () => new Response('', { headers: { date: new Date(Date.now() + ms).toUTCString() } }),
    })
    return await checkServer(config({ serverUrl: `http://127.0.0.1:${clock.port}` }), 'dev')
  }

  test.each<[number, string, string]>([
    [0, 'ok', 'server’s'],
    [-3_600_000, 'warning', 's before the server’s'],
    [3_600_000, 'warning', 's behind the server’s'],
  ])('a clock that differs by %d ms: %s', async (ms, result, detail) => {
    expect(await withClock(ms)).toMatchObject([{ name: 'clock', result, detail: expect.stringContaining(detail) }])
  })
})
