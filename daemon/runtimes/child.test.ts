import { afterAll, describe, expect, test } from 'bun:test'
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { eventually, running, uniqueSleep } from '../../test/agents/contract'
import { Child, type ChildOptions, DAEMON_MARK } from './child'
import type { ProcessEnd } from './failure'
import { reapStale } from './reap'

const home = mkdtempSync(join(tmpdir(), 'nekode-child-'))
afterAll(() => rmSync(home, { recursive: true, force: true }))
const PATH = '/usr/bin:/bin'

/** Without our standard streams, so that a test that fails leaves nothing that holds them. */
const quiet = (argv: string[], env: Record<string, string>) =>
  Bun.spawn(argv, { env, stdio: ['ignore', 'ignore', 'ignore'] })

function start(script: string, extra: Partial<ChildOptions> = {}) {
  const lines: string[] = []
  const errors: string[] = []
  const ends: ProcessEnd[] = []
  const child = new Child({
    argv: ['sh', '-c', script],
    cwd: home,
    env: { PATH },
    onLine: (line) => void lines.push(line),
    onStderr: (line) => errors.push(line),
    onExit: (end) => ends.push(end),
    ...extra,
  })
  return { child, lines, errors, ends }
}

describe('a child', () => {
  test('gets the environment that it is given and nothing else, and its marks', async () => {
    process.env.NEKODE_DAEMON_TOKEN = 'secret-of-the-daemon'
    const mark = { id: 'm1', pidDir: join(home, 'env-pids') }
    const { child, lines } = start('env | sort', { mark, env: { PATH, MINE: '1' } })
    await child.exited
    delete process.env.NEKODE_DAEMON_TOKEN
    const names = lines
      .map((line) => line.split('=')[0])
      .filter((name) => !['PWD', 'SHLVL', '_', 'OLDPWD'].includes(name!))
    expect(names).toEqual(['MINE', 'NEKODE_DAEMON_MARK', 'NEKODE_RUN', 'PATH'])
    expect(lines).toContain(`NEKODE_RUN=${child.run}`)
    expect(lines).toContain('NEKODE_DAEMON_MARK=m1')
    expect(readdirSync(mark.pidDir)).toEqual([])
  })

  test('is talked to in lines, and its end is reported after its last line', async () => {
    const { child, lines, errors, ends } = start('while read x; do echo "got $x"; done; echo bye >&2; exit 7')
    expect(child.write('one')).toBe(true)
    child.write('two')
    child.closeInput()
    await child.exited
    expect(lines).toEqual(['got one', 'got two'])
    expect(errors).toEqual(['bye'])
    expect(child.lastWords).toBe('bye')
    expect(ends).toEqual([{ code: 7, signal: null, overflow: false, garbage: false }])
    expect(child.write('late')).toBe(false)
  })

  test('that floods its output is stopped', async () => {
    const { child, ends } = start("head -c 10000000 /dev/zero | tr '\\0' x; sleep 60", { maxLine: 100_000 })
    await child.exited
    expect(ends).toEqual([{ code: null, signal: 'SIGKILL', overflow: true, garbage: false }])
  })

  test('is refused when the workspace or the program is missing', () => {
    expect(() => start('true', { cwd: join(home, 'nowhere') })).toThrow('does not exist')
    expect(() => start('true', { argv: ['no-such-program-here'] })).toThrow('not installed')
    writeFileSync(join(home, 'text'), 'not a program', { mode: 0o644 })
    expect(() => start('true', { argv: [join(home, 'text')] })).toThrow('could not be executed')
  })

  test('a line whose handling throws does not stop the reading', async () => {
    const seen: string[] = []
    const { child, errors } = start('echo a; echo b', {
      onLine: (line) => {
        seen.push(line)
        throw new Error('oops')
      },
    })
    await child.exited
    expect(seen).toEqual(['a', 'b'])
    expect(errors.join()).toContain('oops')
  })
})

describe('stopping a child', () => {
  const trees: [string, (sleep: string) => string][] = [
    ['that listens', (sleep) => `${sleep} & ${sleep} & wait`],
    ['that ignores SIGTERM', (sleep) => `trap '' TERM; ${sleep} & ${sleep} & while :; do wait; done`],
    ['whose commands are in sessions of their own', (sleep) => `setsid ${sleep} & setsid ${sleep} & wait`],
    ['whose commands were handed to init', (sleep) => `(setsid ${sleep} &) ; (setsid ${sleep} &) ; cat`],
  ]
  for (const [what, script] of trees)
    test(`${what} leaves none of its processes`, async () => {
      const sleep = uniqueSleep()
      const { child, ends } = start(script(sleep))
      await eventually('it runs', () => running(sleep) === 2)
      await Promise.all([child.stop(300), child.stop(300)])
      expect(running(sleep)).toBe(0)
      expect(ends.length).toBe(1)
    })

  test('is not needed for what it leaves behind when it ends or is killed by itself', async () => {
    const sleep = uniqueSleep()
    const ended = start(`setsid ${sleep} >/dev/null 2>&1 & sleep 0.2; exit 0`)
    const killed = start(`setsid ${sleep} & cat`)
    await eventually('both run', () => running(sleep) === 2)
    process.kill(killed.child.pid, 'SIGKILL')
    await Promise.all([ended.child.exited, killed.child.exited])
    expect(running(sleep)).toBe(0)
  })

  test('20 times over leaves nothing', async () => {
    const sleep = uniqueSleep()
    const mark = { id: 'twenty', pidDir: join(home, 'twenty') }
    for (let round = 0; round < 20; round++) {
      const { child } = start(`setsid ${sleep} & (setsid ${sleep} &); cat`, { mark })
      await eventually('it runs', () => running(sleep) === 2)
      await child.stop(round % 2 ? 20 : 300)
      expect(running(sleep)).toBe(0)
    }
    expect(readdirSync(mark.pidDir)).toEqual([])
  }, 60_000)
})

describe('at the start of a daemon', () => {
  /** A daemon that starts a child with a tree of commands, says when it runs, and hangs. */
  const daemon = (script: string, id: string, pidDir: string) => `
    import { Child } from '${import.meta.dir}/child'
    new Child({
      argv: ['sh', '-c', ${JSON.stringify(script)}], cwd: '/tmp', env: { PATH: '${PATH}' },
      mark: { id: '${id}', pidDir: '${pidDir}' }, onLine() {}, onStderr() {}, onExit() {},
    })
    setInterval(() => {}, 1000)`

  test('what a killed daemon left is reaped, with counts, and a stranger is not', async () => {
    const pidDir = join(home, 'stale')
    const sleep = uniqueSleep()
    const stranger = uniqueSleep()
    const other = quiet(['sh', '-c', `exec ${stranger}`], { PATH, [DAEMON_MARK]: 'someone-else' })
    const script = `trap '' TERM HUP; setsid ${sleep} & (setsid ${sleep} &); ${sleep} & while :; do wait; done`
    const dead = quiet([process.execPath, '-e', daemon(script, 'stale-mark', pidDir)], { PATH })
    await eventually(
      'the agent runs',
      () => running(sleep) === 3 && existsSync(pidDir) && readdirSync(pidDir).length === 1,
    )
    dead.kill('SIGKILL')
    await dead.exited
    expect(running(sleep)).toBe(3)
    // The shell itself and its three commands.
    expect(await reapStale({ id: 'stale-mark', pidDir })).toBe(4)
    expect(running(sleep)).toBe(0)
    expect(readdirSync(pidDir)).toEqual([])
    expect(running(stranger)).toBe(1)
    other.kill()
    expect(await reapStale({ id: 'stale-mark', pidDir })).toBe(0)
  }, 30_000)

  test('a cut-off pid file, and one whose pid was given to another process, harm nobody', async () => {
    const pidDir = join(home, 'odd')
    expect(await reapStale({ id: 'odd-mark', pidDir })).toBe(0)
    const sleep = uniqueSleep()
    const other = quiet(['sh', '-c', `exec ${sleep}`], { PATH })
    await Bun.write(join(pidDir, 'cut.json'), '{"pid": 1')
    await Bun.write(join(pidDir, 'reused.json'), JSON.stringify({ pid: other.pid, start: '1', run: 'none' }))
    expect(await reapStale({ id: 'odd-mark', pidDir })).toBe(0)
    expect(other.exitCode).toBeNull()
    expect(existsSync(join(pidDir, 'cut.json'))).toBe(false)
    other.kill()
  })
})
