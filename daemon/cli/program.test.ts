import { afterEach, beforeEach, expect, test } from 'bun:test'
import type { CliCommand } from '@shared/cli/command'
import { resolve } from '@shared/cli/resolve'
import { TestHost } from '@shared/cli/testing'
import { commands } from './commands'
import { Exit, EXIT_CODES } from './exit'
import { program } from './program'

let host: TestHost
beforeEach(() => {
  host = new TestHost(program)
})
afterEach(() => host.remove())

async function tree(command: CliCommand, path: string[]): Promise<{ path: string[]; command: CliCommand }[]> {
  const children = Object.entries(await resolve(command.subCommands ?? {}))
  const below = await Promise.all(children.map(async ([name, child]) => tree(await resolve(child), [...path, name])))
  return [{ path, command }, ...below.flat()]
}
const all: { path: string; command: CliCommand }[] = []
for (const { path, command } of await tree({ subCommands: commands }, []))
  if (path.length > 0 && !(await resolve(command.meta ?? {})).hidden) all.push({ path: path.join(' '), command })

test.each(all.map(({ path }) => path))(
  'nekode-daemon %s --help shows an example of this program, the options and the exit codes',
  async (path) => {
    expect(await host.run(...path.split(' '), '--help')).toBe(0)
    expect(host.stderr).toBe('')
    expect(host.stdout).toContain(`(nekode-daemon ${path})`)
    expect(host.stdout).toMatch(new RegExp(`EXAMPLES\n\n(.*\n)*.*nekode-daemon ${path.split(' ')[0]}`))
    expect(host.stdout).toContain('EXIT CODES')
    expect(host.stdout).not.toContain('\u001b')
  },
)

test('what is for the daemon itself is not shown', async () => {
  await host.run('--help')
  expect(host.stdout).toContain('doctor')
  expect(host.stdout).not.toContain('mcp-bridge')
})

test.each(['bash', 'zsh', 'fish'])('the script for %s knows every command that is shown', async (shell) => {
  expect(await host.run('completion', shell)).toBe(0)
  for (const { path } of all) expect(host.stdout).toContain(path)
  expect(host.stdout).not.toContain('mcp-bridge')
})

test('bash completes with that script', async () => {
  await host.run('completion', 'bash')
  const script = `${host.stdout}\nCOMP_WORDS=(nekode-daemon run --server-u); COMP_CWORD=2; _nekode_daemon; printf '%s\\n' "\${COMPREPLY[@]}"`
  const shell = Bun.spawn(['bash', '--norc', '-c', script], { stdout: 'pipe', stderr: 'inherit' })
  expect(await new Response(shell.stdout).text()).toBe('--server-url\n')
})

test('every exit code is explained', () => {
  expect(EXIT_CODES.map(([code]) => code)).toEqual(Object.values(Exit))
})
