import { afterEach, beforeEach, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { TestHost } from '@shared/cli/testing'
import { FakeControl, until } from '../../test/fixtures/control'
import { DaemonHere } from '../../test/fixtures/daemon'
import { pathsOf } from '../config/paths'
import { LocalClient } from '../local/client'
import { readToken, socketAddress } from '../local/place'
import { Exit } from './exit'
import { program } from './program'

// A key from a passphrase, and a helper process, take seconds on a machine that does much else.
setDefaultTimeout(60_000)

const MAIN = join(import.meta.dir, '../main.ts')
let server: FakeControl
let here: DaemonHere
let host: TestHost
beforeEach(async () => {
  server = new FakeControl().start()
  server.addAgent('ada')
  here = new DaemonHere(server, { localPort: '0' }, { env: { PATH: process.env.PATH, MISTRAL_API_KEY: 'from-env' } })
  await here.start()
  host = new TestHost(program)
  host.env.NEKODE_HOME = here.home
})
afterEach(async () => {
  host.remove()
  await here.clean()
  await server.stop()
})

/** Sets a value as a script does. */
async function put(value: string, ...words: string[]): Promise<number> {
  host.input = value
  return host.run('secrets', 'set', ...words)
}
const reveal = async (...words: string[]) => {
  await host.run('secrets', 'get', ...words, '--reveal')
  return host.stdout
}

describe('set and get', () => {
  test('a value comes from standard input, without the newline at its end', async () => {
    expect(await put('sk-0123456789\n', 'anthropic')).toBe(0)
    expect(host.stdout).toBe('anthropic is set in the vault.\n')
    expect(await reveal('ANTHROPIC_API_KEY')).toBe('sk-0123456789\n')
    expect(await put('-----BEGIN\nline\n-----END\r\n', 'KEY')).toBe(0)
    expect(await reveal('KEY')).toBe('-----BEGIN\nline\n-----END\n')
  })

  test('or from a prompt that shows nothing', async () => {
    host.tty = { in: true, out: true, err: true }
    host.answers = ['typed-by-hand']
    expect(await host.run('secrets', 'set', 'GITHUB_TOKEN')).toBe(0)
    expect(host.asked).toEqual([{ question: 'Value of GITHUB_TOKEN: ', hidden: true }])
    expect(await reveal('GITHUB_TOKEN')).toBe('typed-by-hand\n')
  })

  test('but never from the command line', async () => {
    expect(await host.run('secrets', 'set', 'GITHUB_TOKEN', 'sk-0123456789')).toBe(Exit.usage)
    expect(await host.run('secrets', 'set', 'GITHUB_TOKEN', '--value', 'sk-0123456789')).toBe(Exit.usage)
    await host.run('secrets', 'list', '--json')
    expect(host.stdout).not.toContain('GITHUB_TOKEN')
  })

  test('a value is not shown without --reveal', async () => {
    await put('sk-0123456789', 'GITHUB_TOKEN')
    for (const words of [['get', 'GITHUB_TOKEN'], ['list'], []])
      for (const more of [[], ['--json']]) {
        expect(await host.run('secrets', ...words, ...more)).toBe(0)
        expect(host.stdout).toContain('GITHUB_TOKEN')
        expect(host.stdout + host.stderr).not.toContain('sk-0123456789')
      }
    expect(await host.run('secrets', 'get', 'GITHUB_TOKEN', '--reveal', '--json')).toBe(0)
    expect(host.json()).toEqual({ name: 'GITHUB_TOKEN', value: 'sk-0123456789' })
  })

  test('of one agent is its own', async () => {
    // The daemon hears of its agents when it reaches the server.
    while ((await put('hers-0123', 'TOKEN', '--agent', 'ada')) !== 0) await Bun.sleep(5)
    await put('of-all-0123', 'TOKEN')
    expect(await reveal('TOKEN')).toBe('of-all-0123\n')
    expect(await reveal('TOKEN', '--agent', '@ada')).toBe('hers-0123\n')
    await host.run('secrets', 'list', '--agent', 'ada')
    expect(host.stdout).toContain('@ada')
    expect(host.stdout).not.toContain('whole computer')
    expect(await host.run('secrets', 'get', 'TOKEN', '--agent', 'ada', '--json')).toBe(0)
    expect(host.json()).toMatchObject({ provider: 'TOKEN', agent_name: 'ada', source: 'Vault' })
    expect(await put('x', 'TOKEN', '--agent', 'eve')).toBe(Exit.failed)
    expect(host.stderr).toContain('There is no agent “eve” on this computer')
  })

  test.each([
    ['a name that is none', ['get', 'a b'], Exit.notFound],
    ['a secret that is not there', ['get', 'NONE'], Exit.notFound],
    ['a secret that is not there, revealed', ['get', 'NONE', '--reveal'], Exit.notFound],
    ['to delete what is not there', ['delete', 'NONE', '--yes'], Exit.notFound],
    ['to delete what is in the environment', ['delete', 'mistral', '--yes'], Exit.failed],
    ['to delete without a word of consent', ['delete', 'NONE'], Exit.usage],
  ])('%s is refused with an exit code', async (_, words, code) => {
    expect(await host.run('secrets', ...words)).toBe(code)
    expect(host.stdout).toBe('')
  })

  test('what is so short that it cannot be hidden is told to be', async () => {
    await put('1234', 'PIN')
    expect(host.stderr).toContain('so short that it is not taken out of what agents say')
  })

  test('a secret that was deleted is gone', async () => {
    await put('sk-0123456789', 'GITHUB_TOKEN')
    expect(await host.run('secrets', 'delete', 'GITHUB_TOKEN', '--yes')).toBe(0)
    expect(await host.run('secrets', 'get', 'GITHUB_TOKEN')).toBe(Exit.notFound)
  })
})

test('whoever has another token than the owner gets nothing of it', async () => {
  await put('sk-0123456789', 'GITHUB_TOKEN')
  // With a token that is not the owner's, whosever it is.
  host.env.NEKODE_LOCAL_TOKEN = 'nkm_of-an-agent'
  for (const words of [['list'], ['get', 'GITHUB_TOKEN', '--reveal'], ['run', '--', 'env']]) {
    expect(await host.run('secrets', ...words)).toBe(Exit.refused)
    expect(host.stdout).toBe('')
  }
})

test('without a daemon the commands say how to start it', async () => {
  await here.stop()
  expect(await host.run('secrets', 'list')).toBe(Exit.unreachable)
  expect(host.stderr).toContain('nekode-daemon start')
})

describe('import', () => {
  const FILE = [
    '# of the project',
    'export GITHUB_TOKEN="ghp-0123456789"',
    "OPENAI_API_KEY='sk-openai-0123'",
    'EMPTY=',
    'just words',
    'KEY="-----BEGIN',
    'two',
    '-----END"',
    `LONG=${'x'.repeat(70_000)}`,
  ].join('\n')

  test('takes the variables of an .env file, and says what it leaves and why', async () => {
    const file = join(host.home, '.env')
    writeFileSync(file, FILE)
    await put('old-0123456789', 'GITHUB_TOKEN')
    expect(await host.run('secrets', 'import', file, '--dry-run', '--json')).toBe(0)
    const planned = host.json()
    expect(await reveal('openai')).toBe('')
    expect(await host.run('secrets', 'import', file, '--json')).toBe(0)
    expect(host.json()).toEqual(planned)
    expect(planned).toEqual({
      taken: ['openai', 'KEY'],
      replaced: [],
      skipped: [
        { name: 'EMPTY', line: 4, why: 'it has no value' },
        { line: 5, why: 'there is no “=” behind the name' },
        { name: 'LONG', line: 9, why: 'The value of the secret LONG is longer than 64 KiB' },
        { name: 'GITHUB_TOKEN', why: 'it is there already; --overwrite changes it' },
      ],
    })
    expect(await reveal('GITHUB_TOKEN')).toBe('old-0123456789\n')
    expect(await reveal('KEY')).toBe('-----BEGIN\ntwo\n-----END\n')
    expect(await host.run('secrets', 'import', file, '--overwrite')).toBe(0)
    expect(host.stdout).toContain('changed   GITHUB_TOKEN')
    expect(host.stderr).toContain('The file still has the values')
    expect(host.stdout + host.stderr).not.toMatch(/0123456789|sk-openai|BEGIN/)
    expect(await reveal('GITHUB_TOKEN')).toBe('ghp-0123456789\n')
  })

  test('reads standard input, and refuses what is no file', async () => {
    host.input = 'A=from-input'
    expect(await host.run('secrets', 'import', '-')).toBe(0)
    expect(await reveal('A')).toBe('from-input\n')
    expect(await host.run('secrets', 'import', host.home)).toBe(Exit.failed)
    expect(await host.run('secrets', 'import', join(host.home, 'nothing'))).toBe(Exit.failed)
    expect(host.stderr).toContain('cannot be read')
  })
})

describe('rotate', () => {
  const vault = () => readFileSync(join(here.home, 'daemon/secrets/vault.json'), 'utf8')

  test('gives the vault a new key, and everything is still there', async () => {
    await put('sk-0123456789', 'A')
    const before = vault()
    expect(await host.run('secrets', 'rotate')).toBe(0)
    expect(host.stdout).toBe('The vault has a new key, from a new key file.\n')
    expect(vault()).not.toBe(before)
    expect(await reveal('A')).toBe('sk-0123456789\n')
  })

  test('protects it by a passphrase that the next start has to know', async () => {
    await put('sk-0123456789', 'A')
    host.input = 'correct horse battery\n'
    expect(await host.run('secrets', 'rotate', '--passphrase')).toBe(0)
    expect(vault()).toContain('argon2id')
    expect(await reveal('A')).toBe('sk-0123456789\n')
    await here.stop()
    await here.start()
    expect(await host.run('secrets', 'get', 'A', '--reveal')).toBe(Exit.failed)
    expect(host.stderr).toContain('is protected by a passphrase')
    await host.run('secrets', 'list')
    expect(host.stderr).toContain('is protected by a passphrase')
    await here.stop()
    here.more.env = { PATH: process.env.PATH, NEKODE_VAULT_PASSPHRASE: 'correct horse battery' }
    await here.start()
    expect(await reveal('A')).toBe('sk-0123456789\n')
  })

  test('and a daemon that starts itself anew knows it still, though no program of it can inherit it', async () => {
    await here.stop()
    const env = { PATH: process.env.PATH, HOME: here.home, NEKODE_HOME: here.home }
    const daemon = Bun.spawn([process.execPath, MAIN, 'run'], {
      env: { ...env, NEKODE_VAULT_PASSPHRASE: 'correct horse battery' },
      stdout: 'ignore',
      stderr: 'ignore',
    })
    try {
      const paths = pathsOf(here.home)
      const tokenOtherThan = (old: string | undefined) =>
        until(
          'the daemon runs',
          () => {
            const token = readToken(paths)
            return token !== old && existsSync(socketAddress(paths)) ? token : undefined
          },
          50,
        )
      const first = await tokenOtherThan(undefined)
      expect(await put('sk-0123456789', 'A')).toBe(0)
      expect(vault()).toContain('argon2id')
      const client = await LocalClient.open({ address: socketAddress(paths), token: first })
      await client.call('Restart', {})
      client.close()
      await tokenOtherThan(first)
      expect(await reveal('A')).toBe('sk-0123456789\n')
    } finally {
      daemon.kill('SIGTERM')
      await daemon.exited
    }
  })

  test('asks for it twice at a terminal', async () => {
    host.tty = { in: true, out: true, err: true }
    host.answers = ['correct horse', 'correct hrose']
    expect(await host.run('secrets', 'rotate', '--passphrase')).toBe(Exit.failed)
    expect(host.stderr).toContain('differ')
    expect(existsSync(join(here.home, 'daemon/secrets/vault.json'))).toBe(false)
  })
})

describe('run', () => {
  const children: Bun.Subprocess[] = []
  afterEach(async () => {
    for (const child of children.splice(0)) {
      child.kill('SIGKILL')
      await child.exited
    }
  })

  /** The command line as a process of its own. */
  function start(...words: string[]) {
    const child = Bun.spawn([process.execPath, MAIN, 'secrets', 'run', ...words], {
      env: { PATH: process.env.PATH, HOME: here.home, NEKODE_HOME: here.home, FROM_SHELL: 'kept' },
      stdin: new Blob(['read by the program\n']),
      stdout: 'pipe',
      stderr: 'pipe',
    })
    children.push(child)
    return child
  }
  async function result(child: ReturnType<typeof start>) {
    const [out, err] = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()])
    await child.exited
    return { out, err, code: child.exitCode, signal: child.signalCode }
  }

  test('gives a program all secrets of the computer, and the rest of its environment, input and output as it is', async () => {
    await put('sk-0123456789', 'GITHUB_TOKEN')
    await put('two\nlines', 'github.key')
    const { out, code } = await result(start('--', 'sh', '-c', 'read line; echo "$line"; env; exit 7'))
    expect(code).toBe(7)
    for (const line of [
      'read by the program',
      'GITHUB_TOKEN=sk-0123456789',
      'GITHUB_KEY=two\nlines',
      'MISTRAL_API_KEY=from-env',
      'FROM_SHELL=kept',
    ])
      expect(out).toContain(line)
  })

  test('gives it only what was named, and runs nothing when that is not there', async () => {
    await put('sk-0123456789', 'A')
    await put('sk-other-0123', 'B')
    const { out } = await result(start('--only', 'A', '--only', 'mistral', '--', 'env'))
    expect(out).toContain('A=sk-0123456789')
    expect(out).toContain('MISTRAL_API_KEY=from-env')
    expect(out).not.toContain('sk-other-0123')
    const mark = join(here.home, 'ran')
    expect(await result(start('--only', 'NONE', '--', 'touch', mark))).toMatchObject({ code: Exit.notFound, out: '' })
    expect(existsSync(mark)).toBe(false)
  })

  test('no value is on a command line', async () => {
    await put('sk-0123456789', 'A')
    const { out } = await result(start('--', 'sh', '-c', 'cat /proc/$PPID/cmdline /proc/$$/cmdline | tr "\\0" " "'))
    expect(out).toContain('secrets run')
    expect(out).not.toContain('sk-0123456789')
  })

  test.each<[string, string[], number]>([
    ['a program that is not there', ['--', 'no-such-program-here'], 127],
    ['a program that may not be run', ['--', '/etc/hostname'], 126],
    ['no program', [], Exit.usage],
    ['a program without the dashes', ['env'], Exit.usage],
  ])('%s has an exit code of its own', async (_, words, code) => {
    const ended = await result(start(...words))
    expect(ended.code).toBe(code)
    expect(ended.out).toBe('')
    expect(ended.err).not.toBe('')
  })

  test.each(['SIGTERM', 'SIGHUP', 'SIGINT', 'SIGUSR1'] as const)(
    '%s goes to the program, which may take it',
    async (signal) => {
      const name = signal.slice(3)
      const child = start(
        '--',
        'sh',
        '-c',
        `trap "echo got ${name}; exit 42" ${name}; echo ready; while :; do sleep 0.05; done`,
      )
      const reader = child.stdout.getReader()
      expect(new TextDecoder().decode((await reader.read()).value)).toBe('ready\n')
      child.kill(signal)
      let rest = ''
      for (;;) {
        const { value, done } = await reader.read()
        if (done) break
        rest += new TextDecoder().decode(value)
      }
      expect(rest).toBe(`got ${name}\n`)
      expect(await child.exited).toBe(42)
    },
  )

  test('ends by the signal that ended the program', async () => {
    expect(await result(start('--', 'sh', '-c', 'kill -KILL $$'))).toMatchObject({ signal: 'SIGKILL' })
    expect(await result(start('--', 'sh', '-c', 'kill -TERM $$'))).toMatchObject({ signal: 'SIGTERM' })
  })
})

test('nothing of a value is in the log of the daemon', async () => {
  await put('sk-0123456789', 'A')
  await reveal('A')
  await host.run('secrets', 'rotate')
  await host.run('secrets', 'delete', 'A', '--yes')
  expect(here.lines.join('\n')).not.toContain('sk-0123456789')
})
