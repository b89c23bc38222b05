import { afterEach, beforeEach, expect, test } from 'bun:test'
import { chmodSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createLogger } from '@shared/log'
import { type Paths, pathsOf } from '../config/paths'
import { AgentKeys } from '../local/keys'
import { Door, programFolder } from './door'

const log = createLogger({ level: 'error', write: () => undefined })
let home: string
let paths: Paths
let keys: AgentKeys
beforeEach(() => {
  // A name that a shell would take apart.
  home = mkdtempSync(join(tmpdir(), "nekode door's $HOME "))
  paths = pathsOf(home)
  keys = new AgentKeys()
})
afterEach(() => rmSync(home, { recursive: true }))

function door(options: Partial<ConstructorParameters<typeof Door>[0]> = {}): Door {
  const program = join(home, "it's the program")
  writeFileSync(program, '#!/bin/sh\nprintf "%s|" "$@"\n')
  chmodSync(program, 0o755)
  return new Door({ paths, keys, self: [program, 'a b'], log, ...options })
}

const run = (argv: string[], env: Record<string, string>) => Bun.spawnSync(argv, { env }).stdout.toString()

test.each([
  ['a shell', ['/bin/sh', '-c']],
  ['bash', ['bash', '-c']],
  ['a login shell, which begins with a PATH of its own', ['bash', '-lc']],
])('in %s the program is there by its name, and gets the words as they are', (_, shell) => {
  const env = door().into({ PATH: '/usr/bin:/bin', HOME: home }, 'agt_1')
  const line = `nekode-daemon send 'two  words' "" '$x'`
  expect(run([...shell, line], env)).toBe('a b|send|two  words||$x|')
})

test('an agent gets its own key, and where it is good', () => {
  const made = door()
  expect(made.into({ PATH: '/bin' }, 'agt_1').NEKODE_LOCAL_URL).toBeUndefined()
  made.url = 'http://127.0.0.1:1'
  const [one, other] = ['agt_1', 'agt_2'].map((id) => made.into({ PATH: '/bin', OWN: 'x' }, id))
  expect(one).toMatchObject({
    OWN: 'x',
    PATH: `${programFolder(paths)}:/bin`,
    NEKODE_LOCAL_URL: 'http://127.0.0.1:1',
    NEKODE_LOCAL_SOCKET: expect.any(String),
  })
  expect(keys.agentOf(one?.NEKODE_LOCAL_TOKEN ?? '')).toBe('agt_1')
  expect(keys.agentOf(other?.NEKODE_LOCAL_TOKEN ?? '')).toBe('agt_2')
  keys.revoke('agt_1')
  expect(keys.agentOf(one?.NEKODE_LOCAL_TOKEN ?? '')).toBeUndefined()
})

test('what is there for this user alone is written anew when the program is another', () => {
  const path = join(programFolder(paths), 'nekode-daemon')
  door().into({}, 'agt_1')
  expect(statSync(path).mode & 0o777).toBe(0o700)
  const { ino } = statSync(path)
  door().into({}, 'agt_2')
  expect(statSync(path).ino).toBe(ino)
  door({ self: ['/bin/echo', 'new'] }).into({}, 'agt_1')
  expect(run([path, 'x'], {})).toBe('new x\n')
})

test('the agent’s own file for shells is left to it', () => {
  expect(door().into({ BASH_ENV: '/mine' }, 'agt_1').BASH_ENV).toBe('/mine')
})

test('where nothing can be written, the agent starts all the same', () => {
  writeFileSync(join(home, 'daemon'), 'in the way')
  expect(door().into({ PATH: '/bin' }, 'agt_1').NEKODE_LOCAL_TOKEN).toBe(keys.keyOf('agt_1'))
})
