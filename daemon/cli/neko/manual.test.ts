import { afterEach, beforeEach, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { commandOf } from '../../../test/e2e/program'
import { FakeNeko } from '../../../test/fixtures/neko'
import { Exit } from '../exit'

// Each command is a process of its own.
setDefaultTimeout(60_000)

let neko: FakeNeko
let home: string
let env: Record<string, string>

beforeEach(() => {
  neko = FakeNeko.start()
  home = mkdtempSync(join(tmpdir(), 'nekode-neko-'))
  env = {
    PATH: process.env.PATH ?? '',
    HOME: home,
    NEKODE_HOME: join(home, '.nekode'),
    NO_COLOR: '1',
    NEKO_URL: neko.url,
    NEKO_USER: 'ann',
    NEKO_PASS: 'neko',
  }
})
afterEach(async () => {
  await neko.kill()
  rmSync(home, { recursive: true, force: true })
})

const command = (...words: string[]): string[] => [...commandOf('nekode-daemon'), 'neko', 'manual', ...words]

/** Runs it with a text, or a file, as standard input. */
async function run(words: string[], input: string | Bun.BunFile = '') {
  const stdin = typeof input === 'string' ? new TextEncoder().encode(input) : input
  const child = Bun.spawn(command(...words), { env, stdin, stdout: 'pipe', stderr: 'pipe' })
  const [out, err] = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()])
  return { code: await child.exited, out, err }
}

/** The events that steer, in their order. */
const steered = () => neko.received.map(({ event }) => event).filter((event) => event.startsWith('control/'))

describe('a script on standard input', () => {
  test('steers, and lets go at the end', async () => {
    expect(await run([], 'size\ntap 10 20 # there\ntext Hi')).toEqual({
      code: Exit.ok,
      out: 'size 1280x720 normalized=false\n',
      err: '',
    })
    expect(steered()).toEqual([
      'control/request',
      'control/move',
      'control/buttonpress',
      'control/keydown',
      'control/keydown',
      'control/keyup',
      'control/keyup',
      'control/keypress',
      'control/release',
    ])
    expect(neko.sessions.size).toBe(0)
  })

  test('is read from a file too, to its end', async () => {
    const path = join(home, 'steps.txt')
    writeFileSync(path, 'copy\ncut\n')
    expect(await run(['--no-auto-host'], Bun.file(path))).toMatchObject({ code: Exit.ok, err: '' })
    expect(steered()).toEqual(['control/copy', 'control/cut'])
  })

  test('fails with the line that fails', async () => {
    expect(await run([], 'copy\nfly\ncut')).toEqual({
      code: Exit.failed,
      out: '',
      err: 'error: Line 2: There is no command “fly”.\nnext: See all of them: help\n',
    })
    expect(steered()).not.toContain('control/cut')
  })

  test('does not begin while somebody else steers', async () => {
    neko.setHost(neko.login('bob').id)
    const { code, err } = await run(['--wait', '1s', '--do', 'copy'])
    expect(code).toBe(Exit.failed)
    expect(err).toContain('bob steers, and did not let go within 1 s.')
    expect(new Set(steered())).toEqual(new Set(['control/request']))
  })

  test('lets go of keys when it is interrupted', async () => {
    const child = Bun.spawn(command('--do', 'keydown Shift', '--do', 'sleep 60'), {
      env,
      stdin: 'ignore',
      stderr: 'pipe',
    })
    await neko.next('control/keydown')
    child.kill('SIGINT')
    expect(await child.exited).toBe(Exit.interrupted)
    expect(steered().slice(-2)).toEqual(['control/keyup', 'control/release'])
  })
})

describe('the connection', () => {
  test.each<[string, Record<string, string>, number, string]>([
    ['a wrong password', { NEKO_PASS: 'wrong' }, Exit.refused, 'does not accept this name and password'],
    ['a server that is not there', { NEKO_URL: 'http://127.0.0.1:9' }, Exit.unreachable, 'cannot be reached'],
    ['no address', { NEKO_URL: '' }, Exit.usage, '--neko-url (NEKO_URL)'],
    ['no password', { NEKO_PASS: '' }, Exit.usage, 'The password is missing.'],
  ])('ends with %s', async (_name, other, code, text) => {
    Object.assign(env, other)
    const ended = await run(['--do', 'size'])
    expect(ended).toMatchObject({ code, out: '' })
    expect(ended.err).toContain(text)
  })

  test('is made with a token, which is in no output', async () => {
    const { token } = neko.login('bob')
    Object.assign(env, { NEKO_WS: neko.wsUrl(token), NEKO_URL: '', NEKO_PASS: '', NEKO_LOGLEVEL: 'debug' })
    const { code, out, err } = await run(['--json', '--norm', '--do', 'whoami', '--do', 'size'])
    expect(code).toBe(Exit.ok)
    expect(
      out
        .split('\n')
        .filter(Boolean)
        .map((line) => JSON.parse(line)),
    ).toMatchObject([
      { command: 'whoami', line: 1, result: { id: 'bob-00001' } },
      { command: 'size', line: 2, result: { normalized: true } },
    ])
    expect(out + err).not.toContain(token)
  })
})

describe('a person', () => {
  let screen = ''
  const sit = () => {
    screen = ''
    const decoder = new TextDecoder()
    return Bun.spawn(command(), {
      env: { ...env, TERM: 'xterm-256color' },
      terminal: { cols: 100, rows: 30, data: (_, bytes) => void (screen += decoder.decode(bytes, { stream: true })) },
    })
  }
  const shows = (text: string, count = 1) => neko.until(() => screen.split(text).length > count)

  test('types commands with completion, and leaves with Ctrl-C', async () => {
    const child = sit()
    await shows('neko> ')
    await shows('You steer.')
    child.terminal?.write('whoa')
    child.terminal?.write('\t')
    await shows('whoami')
    child.terminal?.write('\r')
    await shows('can_host=on')
    child.terminal?.write('fly\r')
    await shows('There is no command “fly”.')
    child.terminal?.write('sleep 60\r')
    child.terminal?.write('\x03')
    await shows('Interrupted.')
    child.terminal?.write('text hunter2\r')
    await neko.next('control/keypress', 'hunter2'.length)
    child.terminal?.write('\x03')
    expect(await child.exited).toBe(Exit.ok)
    expect(steered().at(-1)).toBe('control/release')
    expect(readFileSync(join(env.NEKODE_HOME ?? '', 'neko', 'history'), 'utf8')).toBe('whoami\nsleep 60\n')
  })

  test('is told what happens beside the commands, and types what nobody sees', async () => {
    const child = sit()
    await shows('You steer.')
    const bob = neko.login('bob')
    neko.chat(bob.id, 'look \x1b[31m here')
    await shows('bob: look ␛[31m here')
    neko.cut('ann-00001')
    await shows('The connection is gone')
    await shows('Connected again.')
    child.terminal?.write('secret\r')
    await shows('Text to type: ')
    child.terminal?.write('sesame\r')
    await neko.next('control/keypress', 'sesame'.length)
    neko.setHost(bob.id)
    await shows('bob steers.')
    child.terminal?.write('copy\r')
    await shows('bob steers at the moment.')
    child.terminal?.write('\x04')
    expect(await child.exited).toBe(Exit.ok)
    expect(screen).not.toContain('sesame')
  })
})
