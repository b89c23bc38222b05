import { afterEach, beforeEach, describe, expect, setDefaultTimeout, test } from 'bun:test'
import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { FakeControl, until } from '../../test/fixtures/control'
import { findHolder } from '../config/lock'
import { logPath } from '../config/logfile'
import { pathsOf } from '../config/paths'
import { answering } from '../upgrade/running'

setDefaultTimeout(60_000)

const main = join(import.meta.dir, '../main.ts')
let home: string
let server: FakeControl
const children: Bun.Subprocess[] = []
const paths = () => pathsOf(home)
const log = () => readFileSync(logPath(paths()), 'utf8')
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'nekode-life-'))
  server = new FakeControl().start()
  enrolled()
})
afterEach(async () => {
  for (const child of children.splice(0)) child.kill('SIGKILL')
  const pid = findHolder(paths())?.pid
  if (pid !== undefined) process.kill(pid, 'SIGKILL')
  await until('no daemon is left', () => findHolder(paths()) === undefined)
  await server.stop()
  rmSync(home, { recursive: true })
})

function enrolled(more: object = {}): void {
  const settings = { serverUrl: server.url, token: server.token, computerId: 'cmp_1', localPort: '0', ...more }
  writeFileSync(join(home, 'daemon.json'), JSON.stringify(settings), { mode: 0o600 })
}

const spawn = (...words: string[]) => spawnIn({}, ...words)
const cli = (...words: string[]) => cliIn({}, ...words)

function spawnIn(env: Record<string, string>, ...words: string[]) {
  const child = Bun.spawn([process.execPath, main, ...words], {
    // No service manager is asked: `systemctl` is not on this PATH.
    env: { PATH: '/nowhere', HOME: home, NEKODE_HOME: home, NO_COLOR: '1', ...env },
    stdin: 'ignore',
    stdout: 'pipe',
    stderr: 'pipe',
  })
  children.push(child)
  return child
}

async function cliIn(env: Record<string, string>, ...words: string[]) {
  const child = spawnIn(env, ...words)
  const [out, err] = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()])
  return { code: await child.exited, out, err }
}
const json = async (...words: string[]) => JSON.parse((await cli(...words, '--json')).out)

describe('start', () => {
  test('leaves a daemon behind that answers, with a log for this user alone', async () => {
    const started = await json('start')
    expect(started).toMatchObject({ running: true, started: true, log: logPath(paths()) })
    expect(findHolder(paths())?.pid).toBe(started.pid)
    expect(await answering(paths())).toBe('dev')
    expect(statSync(logPath(paths())).mode & 0o777).toBe(0o600)
    expect(log()).toContain('nekode-daemon starts')
    await until('it is registered', () => server.calls.includes('RegisterComputer'))
    expect(log()).not.toContain(server.token)
  })

  test('a second time says who runs, and changes nothing', async () => {
    const { pid } = await json('start')
    expect(await cli('start')).toMatchObject({ code: 0, out: `It runs already (process ${pid}).\n` })
    expect(findHolder(paths())?.pid).toBe(pid)
  })

  test('of a daemon that ends at once says why, with its exit code and what it logged', async () => {
    writeFileSync(join(paths().home, 'daemon'), 'a file where the folder is to be')
    const { code, err } = await cli('start')
    expect(code).toBe(3)
    expect(err).toContain('cannot be written')
    rmSync(join(paths().home, 'daemon'))
    mkdirSync(paths().state, { recursive: true })
    mkdirSync(paths().journal)
    const second = await cli('start')
    expect(second.code).toBe(3)
    expect(second.err).toContain('The daemon was started and ended with 3.')
    expect(second.err).toContain('journal')
    expect(second.err).toContain('nekode-daemon doctor')
  })

  test('without an enrollment says so', async () => {
    rmSync(join(home, 'daemon.json'))
    expect(await cli('start')).toMatchObject({ code: 3, err: expect.stringContaining('not enrolled') })
  })
})

describe('stop', () => {
  test('ends it in order, and says when there is nothing to stop', async () => {
    await cli('start')
    expect(await cli('stop')).toMatchObject({ code: 0, out: 'The daemon has stopped.\n' })
    expect(findHolder(paths())).toBeUndefined()
    expect(log()).toContain('nekode-daemon stops')
    expect(await cli('stop')).toMatchObject({ code: 0, out: 'It does not run.\n' })
  })

  test('of a daemon that hangs gives up in time, and ends it when told to', async () => {
    const { pid } = await json('start')
    process.kill(pid, 'SIGSTOP')
    const { code, err } = await cli('stop', '--timeout', '300ms')
    expect(code).toBe(8)
    expect(err).toContain('nekode-daemon stop --force')
    expect(await cli('stop', '--timeout', '300ms', '--force')).toMatchObject({ code: 0 })
    expect(findHolder(paths())).toBeUndefined()
  })
})

describe('restart', () => {
  test('starts it anew as it was started, in the same process', async () => {
    const { pid } = await json('start')
    const since = findHolder(paths())?.since ?? 0
    expect(await cli('restart')).toMatchObject({ code: 0 })
    const holder = findHolder(paths())
    expect(holder?.pid).toBe(pid)
    expect(holder?.since).toBeGreaterThan(since)
    expect(log().match(/nekode-daemon starts/g)).toHaveLength(2)
  })

  test('starts one that does not run', async () => {
    expect(await json('restart')).toMatchObject({ running: true, started: true })
  })
})

describe('where a service is installed', () => {
  /** What systemd does with the unit: starts the daemon apart, ends it by a signal, says whether it runs, and shows its output. */
  const systemctl = `#!/bin/sh
echo "$*" >> "$HOME/calls"
pid=$(cat "$HOME/service.pid" 2>/dev/null)
case "$2" in
  is-active) kill -0 "$pid" 2>/dev/null ;;
  start) setsid ${process.execPath} ${main} run >"$HOME/journal" 2>&1 </dev/null & echo $! > "$HOME/service.pid" ;;
  stop) kill "$pid" ; while kill -0 "$pid" 2>/dev/null; do sleep 0.05; done; rm "$HOME/service.pid" ;;
  restart) "$0" "$1" stop "$3"; "$0" "$1" start "$3" ;;
esac
`
  const journalctl = '#!/bin/sh\necho "the journal: $*"\n'
  const env = () => ({
    PATH: `${home}/bin:${process.env.PATH}`,
    NEKODE_DAEMON_SERVICE_MANAGER: 'systemd',
    NEKODE_DAEMON_USER: 'x',
  })
  const calls = () =>
    readFileSync(join(home, 'calls'), 'utf8')
      .trim()
      .split('\n')
      .filter((line) => !line.includes('is-active'))
  beforeEach(() => {
    mkdirSync(join(home, 'bin'))
    for (const [name, text] of Object.entries({ systemctl, journalctl }))
      writeFileSync(join(home, 'bin', name), text, { mode: 0o755 })
    mkdirSync(join(home, '.config/systemd/user'), { recursive: true })
    writeFileSync(join(home, '.config/systemd/user/nekode-daemon.service'), '[Service]')
  })

  test('its manager starts, restarts and stops the daemon, and shows its log', async () => {
    const here = (...words: string[]) => cliIn(env(), ...words)
    expect(await here('start')).toMatchObject({
      code: 0,
      out: expect.stringContaining('journalctl --user -u nekode-daemon'),
    })
    const first = findHolder(paths())?.pid
    expect(String(first)).toBe(readFileSync(join(home, 'service.pid'), 'utf8').trim())
    expect((await here('logs', '-n', '7')).out).toBe('the journal: --user --no-pager --unit nekode-daemon --lines=7\n')
    expect(await here('restart')).toMatchObject({ code: 0 })
    expect(findHolder(paths())?.pid).not.toBe(first)
    expect(await here('stop')).toMatchObject({ code: 0, out: 'The daemon has stopped.\n' })
    expect(findHolder(paths())).toBeUndefined()
    expect(calls()).toEqual(['start', 'restart', 'stop', 'start', 'stop'].map((word) => `--user ${word} nekode-daemon`))
  })

  test('a daemon that somebody started beside it is stopped without it', async () => {
    const child = Bun.spawn([process.execPath, main, 'run'], {
      env: { PATH: '/nowhere', HOME: home, NEKODE_HOME: home },
      stdio: ['ignore', 'ignore', 'ignore'],
    })
    children.push(child)
    await until('it runs', () => findHolder(paths())?.pid === child.pid)
    expect(await cliIn(env(), 'stop')).toMatchObject({ code: 0 })
    expect(await child.exited).toBe(0)
    expect(calls()).toEqual([])
  })
})

describe('run --dry-run', () => {
  /** Without what the runtime keeps of the sources that it runs. */
  const files = () =>
    readdirSync(home, { recursive: true })
      .filter((path) => !String(path).startsWith('.bun'))
      .toSorted()

  test('shows what would be done, and does nothing of it', async () => {
    server.addAgent('ada')
    const run = server.assign('ada', 'hello')
    const before = files()
    const found = await json('run', '--dry-run')
    expect(found).toMatchObject({
      computerId: 'cmp_1',
      heldBy: null,
      runs: [{ id: run.runId, agentId: 'ada', target: '#general' }],
      jobs: [],
      watches: [],
    })
    expect(server.calls.toSorted()).toEqual(['FetchAssignedRuns', 'GetServerInfo'])
    expect(files()).toEqual(before)
  })

  test('beside a daemon that runs says so, with its jobs and watches', async () => {
    const { pid } = await json('start')
    const project = join(home, 'project')
    mkdirSync(project)
    await json('watch', 'add', project, '--name', 'notes')
    await cli('jobs', 'add', 'daily at 3:00', '--name', 'nightly', '--', 'true')
    const { code, out } = await cli('run', '--dry-run')
    expect(code).toBe(4)
    expect(out).toContain(`process ${pid} runs in this home`)
    expect(out).toContain('would watch    notes')
    expect(out).toContain('would run      the jobs nightly')
  })

  test('says by its exit code that the server is away', async () => {
    enrolled({ serverUrl: 'http://127.0.0.1:1' })
    expect((await cli('run', '--dry-run')).code).toBe(5)
  })
})

describe('logs', () => {
  const lines = (count: number, from = 1) => Array.from({ length: count }, (_, i) => `line ${from + i}`)
  const write = (path: string, some: string[]) => {
    mkdirSync(paths().state, { recursive: true })
    appendFileSync(path, `${some.join('\n')}\n`)
  }

  test('shows the last lines, from the file before too', async () => {
    write(`${logPath(paths())}.1`, lines(30))
    write(logPath(paths()), lines(5, 31))
    expect((await cli('logs')).out).toBe(`${lines(20, 16).join('\n')}\n`)
    expect((await cli('logs', '-n', '3')).out).toBe('line 33\nline 34\nline 35\n')
    expect((await cli('logs', '-n', '1', '--json')).out).toBe('{"line":"line 35"}\n')
    expect((await cli('logs', '-n', '0')).out).toBe('')
  })

  test('finds lines that are longer than what is read at a time', async () => {
    const long = ['ä'.repeat(100_000), 'b'.repeat(70_000), 'c']
    write(logPath(paths()), long)
    expect((await cli('logs', '-n', '2')).out).toBe(`${long.slice(1).join('\n')}\n`)
    expect((await cli('logs')).out).toBe(`${long.join('\n')}\n`)
  })

  test('goes on with what comes, over a rotation, until Ctrl-C', async () => {
    const path = logPath(paths())
    write(path, ['first'])
    const child = spawn('logs', '-f')
    let out = ''
    void (async () => {
      for await (const piece of child.stdout) out += new TextDecoder().decode(piece)
    })()
    await until('the first', () => out.includes('first\n'))
    appendFileSync(path, 'seco')
    appendFileSync(path, 'nd\n')
    await until('the second', () => out.includes('second\n'))
    appendFileSync(path, 'third\n')
    renameSync(path, `${path}.1`)
    writeFileSync(path, 'fourth\n')
    await until('the fourth', () => out.includes('fourth\n'))
    appendFileSync(path, 'fifth\n')
    await until('the fifth', () => out.includes('fifth\n'))
    expect(out).toBe('first\nsecond\nthird\nfourth\nfifth\n')
    child.kill('SIGINT')
    expect(await child.exited).toBe(0)
  })

  test('says when there is none, and what makes one', async () => {
    expect(await cli('logs')).toMatchObject({
      code: 7,
      err: expect.stringContaining('nekode-daemon start keeps a log'),
    })
  })
})
