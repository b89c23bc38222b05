import { afterEach, beforeEach, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createLogger } from '@shared/log'
import { RuntimeFailure } from '../../runtimes/failure'
import { Keychain } from './keychain'
import { MAX_VALUE, secretName, variableOf } from './names'
import { referencesOf, resolveReferences, revisionOf } from './references'
import { SecretRegister } from './register'
import { SecretStore } from './secrets'
import { Desktop, HELPER, hasSecretService } from './testing'
import { Vault } from './vault'

// A key from a passphrase, and a helper process, take seconds on a machine that does much else.
setDefaultTimeout(60_000)

let home: string
let now: number
let changed: string[]
let lines: string[]
const registers: SecretRegister[] = []
const log = createLogger({ level: 'debug', write: (line) => lines.push(line) })
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'nekode-secrets-'))
  now = 1000
  changed = []
  lines = []
})
afterEach(() => {
  for (const register of registers.splice(0)) register.close()
  rmSync(home, { recursive: true, force: true })
})

interface Parts {
  env?: Record<string, string>
  place?: 'auto' | 'keychain' | 'vault'
  desktop?: Record<string, string>
}

function open({ env = {}, place = 'auto', desktop }: Parts = {}): SecretStore {
  const register = SecretRegister.open(home, log)
  registers.push(register)
  return new SecretStore({
    register,
    vault: new Vault({
      folder: join(home, 'secrets'),
      log,
      passphrase: undefined,
      exclusive: (work) => register.exclusive(work),
    }),
    keychain: new Keychain({
      helper: desktop ? HELPER : [],
      service: 'nekode',
      env: desktop ?? {},
      log,
      patienceMs: 60_000,
    }),
    place,
    env,
    log,
    onChange: ({ name, agentId }) => changed.push(`${agentId}/${name}`),
    now: () => now,
  })
}
const codeOf = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'no error',
    (error: { code: string; message: string }) => `${error.code}: ${error.message}`,
  )

describe('names', () => {
  test.each([
    ['anthropic', 'anthropic', 'ANTHROPIC_API_KEY'],
    ['ANTHROPIC_API_KEY', 'anthropic', 'ANTHROPIC_API_KEY'],
    ['xai', 'xai', 'XAI_API_KEY'],
    ['ACME_API_KEY', 'ACME_API_KEY', 'ACME_API_KEY'],
    ['GITHUB_TOKEN', 'GITHUB_TOKEN', 'GITHUB_TOKEN'],
    ['github.token-2', 'github.token-2', 'GITHUB_TOKEN_2'],
    ['lower', 'lower', 'lower'],
  ])('%s is the secret %s and goes into %s', (given, name, variable) => {
    expect(secretName(given)).toBe(name)
    expect(variableOf(name)).toBe(variable)
  })

  test.each(['', ' ', '1A', 'a b', 'a/b', '../x', 'a=b', 'a\nb', 'é', '-x', 'x'.repeat(129), '__proto__ '])(
    'what cannot be a name is refused: %p',
    async (name) => {
      expect(await codeOf(open().set(name, 'x'))).toMatch(/^SECRET-004/)
      expect(await codeOf(open().get(name))).toMatch(/^SECRET-004/)
    },
  )

  test('names that mean something to JavaScript are names like others', async () => {
    const store = open()
    for (const name of ['__proto__', 'constructor', 'toString']) await store.set(name, `value of ${name}`)
    expect(await store.get('__proto__')).toBe('value of __proto__')
    expect((await store.list()).secrets.map(({ name }) => name)).toEqual(['__proto__', 'constructor', 'toString'])
  })
})

test.each([
  ['empty', ''],
  ['with a NUL', 'a\0b'],
  ['too long', 'x'.repeat(MAX_VALUE + 1)],
  ['too long in bytes', '好'.repeat(MAX_VALUE / 2)],
])('a value that is %s is refused', async (_, value) => {
  expect(await codeOf(open().set('A', value))).toMatch(/^SECRET-002/)
  expect((await open().list()).secrets).toEqual([])
})

describe('in the vault', () => {
  test('a secret is set, found, changed and deleted, and its times are kept', async () => {
    const store = open()
    expect(await store.set('GITHUB_TOKEN', 'one')).toMatchObject({ replaced: false, source: 'Vault', createdAt: 1000 })
    expect(await store.get('GITHUB_TOKEN')).toBe('one')
    now = 2000
    expect(await store.set('GITHUB_TOKEN', 'two')).toMatchObject({ replaced: true, createdAt: 1000, changedAt: 2000 })
    now = 3000
    expect(await open().get('GITHUB_TOKEN')).toBe('two')
    const { secrets } = await store.list()
    expect(secrets).toEqual([
      {
        name: 'GITHUB_TOKEN',
        agentId: '',
        source: 'Vault',
        variable: 'GITHUB_TOKEN',
        createdAt: 1000,
        changedAt: 2000,
        usedAt: 3000,
      },
    ])
    expect(await store.delete('GITHUB_TOKEN')).toBe(true)
    expect(await store.delete('GITHUB_TOKEN')).toBe(false)
    expect(await store.get('GITHUB_TOKEN')).toBeUndefined()
    expect((await store.list()).secrets).toEqual([])
    expect(changed).toEqual(['/GITHUB_TOKEN', '/GITHUB_TOKEN', '/GITHUB_TOKEN'])
  })

  test("an agent's own comes before the computer's, and is nobody else's", async () => {
    const store = open()
    await store.set('TOKEN', 'for all')
    await store.set('TOKEN', 'for ada', 'agent_ada')
    expect(await store.get('TOKEN')).toBe('for all')
    expect(await store.get('TOKEN', { agentId: 'agent_ada' })).toBe('for ada')
    expect(await store.get('TOKEN', { agentId: 'agent_bob' })).toBe('for all')
    await store.delete('TOKEN')
    expect(await store.get('TOKEN', { agentId: 'agent_bob' })).toBeUndefined()
    expect(await store.get('TOKEN', { agentId: 'agent_ada' })).toBe('for ada')
    expect(await store.has('TOKEN', 'agent_ada')).toBe(true)
    expect(await store.has('TOKEN')).toBe(false)
  })

  test('a name of one agent cannot be made to look like that of another', async () => {
    const store = open()
    await store.set('b', 'of a', 'a')
    expect(await codeOf(store.get('a/b'))).toMatch(/^SECRET-004/)
  })

  test('nothing of a value is in the index or a log', async () => {
    const store = open()
    await store.set('TOKEN', 'sk-visible-0123456789')
    await store.get('TOKEN')
    await store.list()
    for (const register of registers.splice(0)) register.close()
    expect(readFileSync(join(home, 'secrets.db')).includes('sk-visible')).toBe(false)
    expect(lines.join()).not.toContain('sk-visible')
  })
})

describe('providers', () => {
  test('what is in the environment comes before what is stored, and cannot be deleted', async () => {
    const store = open({ env: { ANTHROPIC_API_KEY: 'from env', ACME_TOKEN: 'no provider' } })
    expect(await store.get('anthropic')).toBe('from env')
    expect(await store.get('ACME_TOKEN')).toBeUndefined()
    expect(await codeOf(store.delete('anthropic'))).toMatch(/^SECRET-003/)
    await store.set('ANTHROPIC_API_KEY', 'stored')
    expect(await store.get('anthropic')).toBe('from env')
    expect(await open().get('anthropic')).toBe('stored')
    expect((await store.list()).secrets.map(({ name, source }) => [name, source])).toEqual([
      ['anthropic', 'Env'],
      ['anthropic', 'Vault'],
    ])
    expect(await store.delete('anthropic')).toBe(true)
  })

  test("an empty variable is none; an agent's own comes before the environment", async () => {
    const store = open({ env: { OPENAI_API_KEY: '', XAI_API_KEY: 'from env' } })
    expect(await store.get('openai')).toBeUndefined()
    await store.set('xai', 'of ada', 'agent_ada')
    expect(await store.get('xai', { agentId: 'agent_ada' })).toBe('of ada')
  })
})

describe('import', () => {
  test('takes what is new and leaves what is there, unless it is to be overwritten', async () => {
    const store = open({ env: { GROQ_API_KEY: 'from env' } })
    await store.set('A', 'old')
    const entries = [
      { name: 'A', value: 'new' },
      { name: 'B', value: '1' },
      { name: 'B', value: '2' },
      { name: 'GROQ_API_KEY', value: 'stored' },
    ]
    expect(await store.import(entries)).toEqual({ taken: ['B', 'groq'], replaced: [], skipped: ['A'] })
    expect([await store.get('A'), await store.get('B')]).toEqual(['old', '2'])
    expect(await store.import(entries, { overwrite: true })).toEqual({
      taken: [],
      replaced: ['A', 'B', 'groq'],
      skipped: [],
    })
    expect(await store.get('A')).toBe('new')
  })

  test('takes all or nothing', async () => {
    const store = open()
    const entries = [
      { name: 'A', value: '1' },
      { name: 'B', value: 'x\0' },
    ]
    expect(await codeOf(store.import(entries))).toMatch(/^SECRET-002/)
    expect((await store.list()).secrets).toEqual([])
  })
})

describe.skipIf(!hasSecretService)('in a real keychain', () => {
  test('a secret is set, found, moved and deleted', async () => {
    await using desktop = await Desktop.start()
    await open({ place: 'vault' }).set('TOKEN', 'in the vault')
    const store = open({ desktop: desktop.env })
    now = 2000
    expect(await store.set('TOKEN', 'in the keychain')).toMatchObject({ replaced: true, source: 'Keychain' })
    expect(await desktop.look('nekode', 'TOKEN')).toBe('in the keychain')
    expect((await store.list()).secrets.map(({ name, source }) => [name, source])).toEqual([['TOKEN', 'Keychain']])
    expect(await store.get('TOKEN')).toBe('in the keychain')
    await store.import([
      { name: 'ONE', value: '1' },
      { name: 'TWO', value: '2' },
    ])
    expect((await store.find(['TWO', 'NONE', 'ONE'])).map((one) => one?.value)).toEqual(['2', undefined, '1'])
    await store.delete('TOKEN')
    expect(await desktop.look('nekode', 'TOKEN')).toBe('')
    expect(await store.get('TOKEN')).toBeUndefined()
    // Back in the vault, the keychain keeps nothing.
    const back = open({ desktop: desktop.env, place: 'vault' })
    expect(await back.set('ONE', 'again')).toMatchObject({ replaced: true, source: 'Vault' })
    expect(await desktop.look('nekode', 'ONE')).toBe('')
    expect(await back.get('ONE')).toBe('again')
  })

  test('one that was removed with other programs is told as what it is', async () => {
    await using desktop = await Desktop.start()
    const store = open({ desktop: desktop.env })
    await store.set('TOKEN', 'value')
    Bun.spawnSync(['secret-tool', 'clear', 'service', 'nekode', 'account', 'TOKEN'], { env: desktop.env })
    expect(await codeOf(store.get('TOKEN'))).toMatch(/^SECRET-001: .* does not give out the secret TOKEN/)
    await store.delete('TOKEN')
    expect(await store.get('TOKEN')).toBeUndefined()
  })

  test('that takes nothing the vault is used, unless only the keychain is wanted', async () => {
    await using desktop = await Desktop.start({ unlocked: false })
    const store = open({ desktop: desktop.env })
    expect(await store.set('TOKEN', 'value')).toMatchObject({ source: 'Vault' })
    expect(await store.get('TOKEN')).toBe('value')
    expect(await codeOf(open({ desktop: desktop.env, place: 'keychain' }).set('B', '1'))).toMatch(/^SECRET-001/)
    expect((await store.list()).secrets).toHaveLength(1)
  })
})

describe('references in an environment', () => {
  const hide = (value: string) => void hidden.push(value)
  let hidden: string[] = []
  beforeEach(() => {
    hidden = []
  })

  test('become the values, and nothing else is changed', async () => {
    const store = open()
    await store.set('TOKEN', 'for all')
    await store.set('TOKEN', 'for ada', 'agent_ada')
    await store.set('openai', 'sk-openai')
    const env = { A: 'secret:TOKEN', B: 'plain', C: 'secret:OPENAI_API_KEY', D: 'not secret:TOKEN', E: 'secret:TOKEN' }
    const resolve = (agentId: string) => resolveReferences(store, { env, agentId, hide })
    expect(await resolve('agent_ada')).toEqual({ ...env, A: 'for ada', C: 'sk-openai', E: 'for ada' })
    expect(hidden.toSorted()).toEqual(['for ada', 'sk-openai'])
    expect(await resolve('agent_bob')).toMatchObject({ A: 'for all' })
    expect(env.A).toBe('secret:TOKEN')
  })

  test.each([
    ['secret:NONE', '“secret:NONE”'],
    ['secret:', 'cannot be the name of a secret'],
    ['secret:a b', 'cannot be the name of a secret'],
    ['secret:../../etc', 'cannot be the name of a secret'],
  ])('that nobody can resolve fail the start with a reason: %s', async (value, says) => {
    const failed = resolveReferences(open(), { env: { A: value }, agentId: 'a', hide })
    await expect(failed).rejects.toBeInstanceOf(RuntimeFailure)
    await expect(failed).rejects.toMatchObject({ failure: { reason: 'secret_unavailable' } })
    await expect(failed).rejects.toThrow(says)
  })

  test('into a vault that cannot be opened fail the start with that reason', async () => {
    await open().set('TOKEN', 'x')
    writeFileSync(join(home, 'secrets', 'vault.json'), 'rubbish')
    const failed = resolveReferences(open(), { env: { A: 'secret:TOKEN' }, agentId: 'a', hide })
    await expect(failed).rejects.toMatchObject({ failure: { reason: 'secret_unavailable' } })
    await expect(failed).rejects.toThrow('set aside')
  })

  test('change their revision with the secret, so that the agent is started anew', async () => {
    const store = open()
    const env = { A: 'secret:TOKEN', B: 'x' }
    await store.set('TOKEN', '1')
    const before = revisionOf(store, env, 'agent_ada')
    expect(revisionOf(store, env, 'agent_ada')).toBe(before)
    await store.set('OTHER', '1')
    expect(revisionOf(store, env, 'agent_ada')).toBe(before)
    await store.set('TOKEN', '2')
    const after = revisionOf(store, env, 'agent_ada')
    expect(after).not.toBe(before)
    await store.set('TOKEN', '3', 'agent_ada')
    expect(revisionOf(store, env, 'agent_ada')).not.toBe(after)
    expect(revisionOf(store, { B: 'x' }, 'agent_ada')).toBe('')
    const alias = { A: 'secret:OPENAI_API_KEY' }
    const unset = revisionOf(store, alias, 'agent_ada')
    await store.set('openai', '1')
    expect(revisionOf(store, alias, 'agent_ada')).not.toBe(unset)
    expect(referencesOf(env)).toEqual(['TOKEN'])
  })
})
