import { afterEach, beforeEach, expect, test } from 'bun:test'
import { TestHost } from './testing'

let host: TestHost
beforeEach(() => {
  host = new TestHost()
})
afterEach(() => host.remove())

/** What a shell offers after some words, the last of which is being typed. */
async function offered(...words: string[]): Promise<string[]> {
  await host.run('completion', 'bash')
  const line = ['nekode', ...words].map((word) => `'${word}'`).join(' ')
  const script = `${host.stdout}\nCOMP_WORDS=(${line}); COMP_CWORD=${words.length}; _nekode; printf '%s\\n' "\${COMPREPLY[@]}"`
  const shell = Bun.spawn(['bash', '--norc', '-c', script], { stdout: 'pipe', stderr: 'inherit' })
  return (await new Response(shell.stdout).text()).trim().split('\n')
}

test.each([
  [['ch'], ['channels']],
  [
    ['agents', 'c'],
    ['create', 'control'],
  ],
  [['agents', 'create', '--mo'], ['--model']],
  [['agents', 'create', 'list', '--appr'], ['--approvals']],
  [['--he'], ['--help']],
  [['run'], ['runs', 'run-action']],
  [['completion', 'x'], ['']],
])('bash offers for %j', async (words, expected) => {
  expect(await offered(...words)).toEqual(expected)
})

test.each(['bash', 'zsh', 'fish'])('the script for %s knows every command', async (shell) => {
  expect(await host.run('completion', shell)).toBe(0)
  for (const word of ['serve', 'run-action', 'invite', 'revoke', 'password-stdin']) expect(host.stdout).toContain(word)
})
