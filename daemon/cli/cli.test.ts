import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { longFlags } from '@shared/cli/words'
import { FakeControl, until } from '../../test/fixtures/control'
import { settingArgs } from './settings'

const main = join(import.meta.dir, '../main.ts')
let home: string
let server: FakeControl
const children: Bun.Subprocess[] = []
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'nekode-cli-'))
  server = new FakeControl().start()
})
afterEach(async () => {
  for (const child of children.splice(0)) {
    child.kill('SIGKILL')
    await child.exited
  }
  await server.stop()
  rmSync(home, { recursive: true })
})

function start(words: string[], env: Record<string, string> = {}, input?: string) {
  const child = Bun.spawn([process.execPath, main, ...words], {
    env: { PATH: process.env.PATH, HOME: home, NEKODE_HOME: home, ...env },
    stdin: input === undefined ? 'ignore' : new Blob([input]),
    stdout: 'pipe',
    stderr: 'pipe',
  })
  children.push(child)
  return child
}

async function cli(words: string[], env: Record<string, string> = {}, input?: string) {
  const child = start(words, env, input)
  const [out, err] = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()])
  return { code: await child.exited, out, err }
}

const configPath = () => join(home, 'daemon.json')
const enrolled = (more: object = {}) =>
  writeFileSync(
    configPath(),
    JSON.stringify({ serverUrl: server.url, token: server.token, computerId: 'cmp_1', ...more }),
  )

describe('the command line', () => {
  test.each<[string, string[], number, string]>([
    ['help', ['--help'], 0, 'EXIT CODES'],
    ['help of a command', ['help', 'enroll'], 0, 'NEKODE_ENROLL_CODE'],
    ['help of a command, asked the other way', ['run', '-h'], 0, '--max-concurrent-runs'],
    ['the version', ['version'], 0, 'nekode-daemon dev'],
    ['a command that does not exist', ['fly'], 2, 'There is no command “nekode-daemon fly”'],
    ['flags without a command', ['--once'], 2, '--once is no option here'],
    ['an unknown flag', ['run', '--tokn', 'x'], 2, "Unknown option '--tokn'"],
    ['a word too many', ['version', 'x'], 2, '“x” is one word too many'],
    ['no token', ['run'], 3, 'not enrolled'],
    ['a wrong flag', ['run', '--run-timeout', 'soon', '--token', 'x'], 2, '--run-timeout must be a duration'],
  ])('%s', async (_, words, code, said) => {
    const result = await cli(words)
    expect(result.out + result.err).toContain(said)
    expect(result.code).toBe(code)
  })

  test('a corrupt configuration is named, and ends it with 3', async () => {
    writeFileSync(configPath(), '{"token": 7}')
    expect(await cli([])).toMatchObject({ code: 3, err: expect.stringContaining(`The key token of ${configPath()}`) })
    writeFileSync(configPath(), '{')
    expect(await cli([])).toMatchObject({ code: 3, err: expect.stringContaining(`${configPath()} is not JSON`) })
  })

  test.each([
    ['-token x --server=y --once', '--token=x --server=y --once'],
    ['-executor-arg a --executor-arg -b', '--executor-arg=a --executor-arg=-b'],
    ['--executor-arg --once', '--executor-arg=--once'],
    ['--token --once', '--token --once'],
    ['-display-name -mill word -- -token x', '--display-name=-mill word -- -token x'],
  ])('%s is what Go’s flags take, and means %s', (given, means) => {
    const args = { ...settingArgs(), once: { type: 'boolean' } as const }
    expect(longFlags(given.split(' '), args, ['executor-arg']).join(' ')).toBe(means)
  })

  test('one dash, another name of a flag, and a repeated flag reach the settings', async () => {
    enrolled({ token: '', serverUrl: 'http://127.0.0.1:1', executorArgs: ['first'] })
    const words = [
      'run',
      '-once',
      '-server',
      server.url,
      '-token',
      server.token,
      '-executor-arg',
      '-x',
      '-executor-arg=y',
    ]
    expect(await cli(words)).toMatchObject({ code: 0 })
    expect(server.calls).toContain('HeartbeatComputer')
  })
})

describe('run', () => {
  test('--once registers, sends one heartbeat, and ends', async () => {
    enrolled()
    expect(await cli(['run', '--once'])).toMatchObject({ code: 0 })
    expect(server.calls).toEqual(['GetServerInfo', 'RegisterComputer', 'HeartbeatComputer'])
  })

  test.each([
    ['refused', { token: 'ndt_revoked' }, 6],
    ['away', { serverUrl: 'http://127.0.0.1:1' }, 5],
  ])('--once says by its exit code that the server is %s', async (_, more, code) => {
    enrolled(more)
    expect((await cli(['run', '--once'])).code).toBe(code)
  })

  test('runs until SIGTERM and ends with 0; meanwhile a second one is told who runs', async () => {
    enrolled()
    const child = start(['run'])
    await until('it is registered', () => server.calls.includes('SubscribeServerEvents'))
    const second = await cli(['run'])
    expect(second.code).toBe(4)
    expect(second.err).toContain(`process ${child.pid}`)
    const status = await cli(['status', '--json'])
    expect(JSON.parse(status.out)).toMatchObject({
      running: true,
      pid: child.pid,
      enrolled: true,
      computerId: 'cmp_1',
      connection: { state: 'online' },
    })
    child.kill('SIGTERM')
    expect(await child.exited).toBe(0)
    expect((await cli(['status'])).code).toBe(1)
    const log = await new Response(child.stderr).text()
    expect(log).not.toContain(server.token)
    for (const line of log.trim().split('\n')) expect(JSON.parse(line)).toHaveProperty('level')
  }, 20_000)

  test('ends when the process that it was started for is gone', async () => {
    enrolled()
    const parent = Bun.spawn(['sleep', '60'])
    const child = start(['run'], { NEKODE_PARENT_PID: String(parent.pid) })
    await until('it is registered', () => server.calls.includes('RegisterComputer'))
    parent.kill('SIGKILL')
    await parent.exited
    expect(await child.exited).toBe(0)
  }, 20_000)
})

describe('enroll', () => {
  /** A server that knows one code, once. */
  function enrollment(code: string) {
    const bodies: unknown[] = []
    let used = false
    const http = Bun.serve({
      port: 0,
      async fetch(request) {
        const body = await request.json()
        bodies.push(body)
        if (new URL(request.url).pathname !== '/api/daemon/enrollments/den_1/redeem')
          return new Response('', { status: 404 })
        if (body.code !== code)
          return Response.json(
            { error: 'This code is wrong.', code: 'code_invalid', next: 'Ask again.' },
            { status: 403 },
          )
        if (used) return Response.json({ error: 'This code was used.', code: 'code_used' }, { status: 410 })
        used = true
        return Response.json({
          serverUrl: 'http://other',
          token: 'ndt_secret',
          computerId: 'cmp_7',
          displayName: 'Mill',
        })
      },
    })
    return { url: `http://127.0.0.1:${http.port}`, bodies, stop: () => http.stop(true) }
  }
  const words = (url: string) => ['enroll', '--server', `${url}/`, '--enrollment', 'den_1']

  test('exchanges the code for the token, which is in a file for this user only and nowhere else', async () => {
    const { url, bodies, stop } = enrollment('right')
    const result = await cli(words(url), { NEKODE_ENROLL_CODE: 'right' })
    expect(result).toMatchObject({ code: 0, err: '' })
    expect(result.out).toContain('Mill (cmp_7)')
    expect(result.out).not.toContain('ndt_secret')
    expect(JSON.parse(readFileSync(configPath(), 'utf8'))).toEqual({
      serverUrl: url,
      token: 'ndt_secret',
      computerId: 'cmp_7',
      displayName: 'Mill',
    })
    expect(statSync(configPath()).mode & 0o777).toBe(0o600)
    expect(bodies).toMatchObject([{ code: 'right', os: process.platform, arch: process.arch }])
    await stop()
  })

  test('takes the code from standard input too, and keeps what makes the computer itself', async () => {
    const { url, stop } = enrollment('right')
    writeFileSync(
      configPath(),
      JSON.stringify({ token: 'ndt_old', daemonId: 'daemon-mine', hostname: 'mill', idleTimeout: '5m' }),
    )
    expect((await cli(words(url), {}, 'right\n')).code).toBe(0)
    expect(JSON.parse(readFileSync(configPath(), 'utf8'))).toMatchObject({
      daemonId: 'daemon-mine',
      hostname: 'mill',
      idleTimeout: '5m',
      token: 'ndt_secret',
    })
    await stop()
  })

  test.each([
    ['wrong', 6, 'This code is wrong.'],
    ['', 2, 'The install code is missing.'],
  ])('with the code %p changes nothing', async (code, exit, said) => {
    const { url, stop } = enrollment('right')
    const result = await cli(words(url), code ? { NEKODE_ENROLL_CODE: code } : {}, '')
    expect(result.code).toBe(exit)
    expect(result.err).toContain(said)
    expect(existsSync(configPath())).toBe(false)
    await stop()
  })

  test('a code works once', async () => {
    const { url, stop } = enrollment('right')
    await cli(words(url), { NEKODE_ENROLL_CODE: 'right' })
    const before = readFileSync(configPath(), 'utf8')
    expect(await cli(words(url), { NEKODE_ENROLL_CODE: 'right' })).toMatchObject({ code: 6 })
    expect(readFileSync(configPath(), 'utf8')).toBe(before)
    await stop()
  })

  test('a server that is away, or a file that cannot be read, is said before the code is used', async () => {
    const { url, bodies, stop } = enrollment('right')
    expect((await cli(words('http://127.0.0.1:1'), { NEKODE_ENROLL_CODE: 'right' })).code).toBe(5)
    writeFileSync(configPath(), 'not json')
    expect((await cli(words(url), { NEKODE_ENROLL_CODE: 'right' })).code).toBe(3)
    expect(bodies).toEqual([])
    await stop()
  })
})

describe('doctor', () => {
  test('finds nothing wrong where nothing is', async () => {
    enrolled()
    const { out } = await cli(['doctor', '--json'])
    const results = Object.fromEntries(
      JSON.parse(out).map(({ name, result }: { name: string; result: string }) => [name, result]),
    )
    expect(results).toMatchObject({ configuration: 'warning', home: 'ok', server: 'ok', token: 'ok', demo: 'ok' })
  }, 20_000)

  test.each([
    ['a file that others can read', {}, 'configuration', 'warning', 'chmod 600'],
    ['a token that is refused', { token: 'ndt_revoked' }, 'token', 'failed', 'Enroll again'],
    ['a server that is away', { serverUrl: 'http://127.0.0.1:1' }, 'server', 'failed', 'Check the address'],
    ['a wrong setting', { runTimeout: 7 }, 'configuration', 'failed', 'Correct runTimeout'],
  ])(
    'names %s and what to do',
    async (_, more, name, result, next) => {
      enrolled(more)
      const { out } = await cli(['doctor', '--json'])
      const found = JSON.parse(out).find((check: { name: string; result: string }) => check.name === name)
      expect(found).toMatchObject({ result, next: expect.stringContaining(next) })
    },
    20_000,
  )
})
