import { afterEach, beforeEach, expect, test } from 'bun:test'
import { writeFile } from 'node:fs/promises'
import { accountPath } from '@shared/cli/account'
import { commands } from './commands'
import { resolve } from '@shared/cli/resolve'
import type { CliCommand } from '@shared/cli/command'
import { Exit } from '@shared/cli/exit'
import { TestHost } from './testing'

let host: TestHost
beforeEach(() => {
  host = new TestHost()
})
afterEach(() => host.remove())

async function tree(command: CliCommand, path: string[]): Promise<{ path: string[]; command: CliCommand }[]> {
  const children = Object.entries(await resolve(command.subCommands ?? {}))
  const below = await Promise.all(children.map(async ([name, child]) => tree(await resolve(child), [...path, name])))
  return [{ path, command }, ...below.flat()]
}
const all = (await tree({ subCommands: commands }, [])).filter(({ path }) => path.length > 0)

test.each(all.map(({ path }) => path.join(' ')))(
  'nekode %s --help shows an example, the options and the exit codes',
  async (path) => {
    expect(await host.run(...path.split(' '), '--help')).toBe(0)
    expect(host.stderr).toBe('')
    expect(host.stdout).toContain(`(nekode ${path})`)
    expect(host.stdout).toMatch(new RegExp(`EXAMPLES\n\n(.*\n)*.*nekode ${path.split(' ')[0]}`))
    expect(host.stdout).toContain('EXIT CODES')
    expect(host.stdout).not.toContain('\u001b')
  },
)

test.each<[string, string[], number, string]>([
  ['an unknown command', ['sned'], 2, 'There is no command “nekode sned”.'],
  ['an unknown command of a group', ['channels', 'crate'], 2, 'There is no command “nekode channels crate”.'],
  ['an unknown option', ['whoami', '--jsno'], 2, "Unknown option '--jsno'."],
  ['an unknown option of a group’s default', ['channels', '--jsno'], 2, "Unknown option '--jsno'."],
  ['an unknown short option', ['messages', 'general', '-x'], 2, "Unknown option '-x'."],
  ['an option without its value', ['messages', 'general', '--limit'], 2, 'The value of --limit is missing.'],
  ['a value for an option that takes none', ['whoami', '--json=yes'], 2, 'does not take an argument'],
  ['a missing argument', ['channels', 'invite', 'general'], 2, 'MEMBER is missing.'],
  ['a target that the shell took for a comment', ['messages'], 2, 'TARGET is missing.'],
  ['words too many', ['send', 'general', 'two', 'words'], 2, '“words” is one word too many.'],
  ['a number that is none', ['messages', 'general', '--limit', 'many'], 2, '--limit is a whole number'],
  ['a missing message', ['send', 'general'], 2, 'There is no message.'],
  ['a message twice', ['send', 'general', 'text', '--file', 'x'], 2, 'not both'],
  ['an unknown action', ['run-action', 'run_1', 'explode'], 2, 'ACTION is one of interrupt, kill, restart, retry'],
  ['an agent without a runtime', ['agents', 'create', 'a'], 2, '--runtime is missing.'],
  ['a password on a pipe and a token too', ['login', '--password-stdin', '--token-stdin'], 2, 'can hold one thing'],
  ['a command that needs a login', ['whoami'], 3, 'You are not logged in to http://127.0.0.1:18790.'],
  ['a file that is not there', ['send', 'general', '--file', '/nonexistent/file'], 1, 'cannot be sent'],
])('%s', async (_, argv, code, message) => {
  expect(await host.run(...argv)).toBe(code)
  expect(host.stdout).toBe('')
  expect(host.stderr).toContain('error: ')
  expect(host.stderr).toContain(message)
  // The same for programs: one line of JSON with the same sentence.
  expect(await host.run(...argv, '--json')).toBe(code)
  expect(host.stdout).toBe('')
  const error = JSON.parse(host.stderr)
  expect(error.error).toContain(message)
  expect(error.code).toBeString()
})

test('a server that is not there has an exit code of its own, and the message says where it was looked for', async () => {
  const closed = Bun.serve({ port: 0, fetch: () => new Response() })
  const address = `http://127.0.0.1:${closed.port}`
  await closed.stop(true)
  await writeFile(accountPath(host.env), JSON.stringify({ server: address, token: 'nus_x' }))
  expect(await host.run('whoami')).toBe(5)
  expect(host.stderr).toContain(`error: The server at ${address} cannot be reached`)
  expect(host.stderr).toContain('next: ')
})

test('a message of the server cannot do anything to the terminal', async () => {
  const server = Bun.serve({
    port: 0,
    fetch: () => Response.json({ error: 'no\u001b[2J\nerror: yes', code: 'x', next: 'a\rb' }, { status: 409 }),
  })
  await writeFile(accountPath(host.env), JSON.stringify({ server: `http://127.0.0.1:${server.port}`, token: 'nus_x' }))
  expect(await host.run('whoami')).toBe(1)
  await server.stop(true)
  expect(host.stderr).toBe('error: no␛[2J error: yes\nnext: a␍b\n')
})

test('help is shown for a command that is missing, on standard error, with the code for wrong usage', async () => {
  expect(await host.run()).toBe(2)
  expect(host.stdout).toBe('')
  expect(host.stderr).toContain('USAGE nekode')
})

test('help and version can be asked for in every usual way', async () => {
  for (const argv of [['--help'], ['-h'], ['help']]) {
    expect(await host.run(...argv)).toBe(0)
    expect(host.stdout).toContain('COMMANDS')
  }
  expect(await host.run('help', 'channels', 'create')).toBe(0)
  expect(host.stdout).toContain('(nekode channels create)')
  expect(await host.run('--version')).toBe(0)
  expect(host.stdout).toBe('0.0.0-test\n')
})

test('colour is for terminals, and NO_COLOR turns it off', async () => {
  await host.run('whoami')
  expect(host.stderr).not.toContain('\u001b')
  host.tty.err = true
  await host.run('whoami')
  expect(host.stderr).toContain('\u001b[31m')
  host.env.NO_COLOR = '1'
  await host.run('whoami')
  expect(host.stderr).not.toContain('\u001b')
})

test('the page about the command line knows every command and every exit code', async () => {
  const page = await Bun.file(new URL('../../docs/cli.md', import.meta.url)).text()
  for (const { path } of all) for (const word of path) expect(page).toMatch(new RegExp(`\`${word}[\` ]`))
  for (const code of Object.values(Exit)) expect(page).toMatch(new RegExp(`^\\| ${code} +\\|`, 'm'))
})
