import { afterEach, beforeEach, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createLogger } from '@shared/log'
import { makeFolders, type Paths, pathsOf } from '../../config/paths'
import { LocalClient } from '../../local/client'
import type { Local } from '../../local/contract'
import { LocalEvents } from '../../local/events'
import { type LocalApi, startLocal } from '../../local/local'
import type { Input } from '../../local/operation'
import { readToken, socketAddress } from '../../local/place'
import { SECRETS } from './contract'
import { SecretService } from './service'

// A key from a passphrase, and a helper process, take seconds on a machine that does much else.
setDefaultTimeout(60_000)

const ADA = `agent_${'a'.repeat(32)}`
let home: string
let paths: Paths
let env: Record<string, string | undefined>
let api: LocalApi
let service: SecretService
let events: LocalEvents
const lines: string[] = []
const clients: LocalClient[] = []
beforeEach(async () => {
  home = mkdtempSync(join(tmpdir(), 'nekode-secrets-'))
  paths = pathsOf(home)
  makeFolders(paths)
  env = { MISTRAL_API_KEY: 'from-env' }
  await start()
})
afterEach(async () => {
  await stop()
  rmSync(home, { recursive: true, force: true })
})

async function start(): Promise<void> {
  const log = createLogger({ level: 'debug', write: (line) => lines.push(line) })
  events = new LocalEvents()
  service = new SecretService({
    paths,
    log,
    events,
    env,
    place: 'auto',
    helper: [],
    agent: (text) => (text === 'ada' || text === ADA ? { id: ADA, name: 'ada' } : undefined),
  })
  try {
    service.start()
  } catch (error) {
    log.error('not started', { error })
  }
  api = await startLocal({
    paths,
    version: '1',
    log,
    events,
    serve: () => service.serve(),
    services: ['secrets'],
    port: 0,
    agentOf: (token) => (token === 'agent-key' ? ADA : undefined),
    shutdown: () => undefined,
    restart: () => undefined,
  })
}
async function stop(): Promise<void> {
  for (const client of clients.splice(0)) client.close()
  await api.stop()
  service.stop()
}

async function client(token: string | undefined = readToken(paths)): Promise<LocalClient> {
  const opened = await LocalClient.open({ address: socketAddress(paths), ...(token === '' ? {} : { token }) })
  clients.push(opened)
  return opened
}
const codeOf = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'no error',
    (error: { code: string }) => error.code,
  )

const INPUTS: { [Name in keyof typeof SECRETS]: Input<Local[Name]> } = {
  GetSecret: { provider: 'A' },
  HasSecret: { provider: 'A' },
  ListSecrets: {},
  SetSecret: { provider: 'A', key: 'b' },
  DeleteSecret: { provider: 'A' },
  ImportSecrets: { entries: [] },
  GetSecretEnvironment: {},
  RotateVaultKey: {},
  ListProviderStatus: {},
}
const NAMES = Object.keys(INPUTS) as (keyof typeof INPUTS)[]
const askFor = <Name extends keyof typeof SECRETS>(ask: LocalClient, name: Name) => ask.call(name, INPUTS[name])
const FREE = new Set(['HasSecret', 'ListSecrets', 'ListProviderStatus'])

describe('who may ask', () => {
  test('every operation has a row here', () => {
    expect(Object.keys(SECRETS).toSorted()).toEqual(NAMES.toSorted())
  })

  test.each(NAMES)('%s: the socket alone does only for what tells no value and changes nothing', async (name) => {
    const outcome = await codeOf(askFor(await client(''), name))
    expect(outcome).toBe(FREE.has(name) ? 'no error' : 'auth_required')
  })

  test.each(NAMES)('%s: with the token of the daemon', async (name) => {
    expect(await codeOf(askFor(await client(), name))).toBe('no error')
  })

  test.each(NAMES)('%s: an agent gets nothing of it, a wrong token nothing either', async (name) => {
    expect(await codeOf(askFor(await client('agent-key'), name))).toBe('not_for_agents')
    expect(await codeOf(askFor(await client('f'.repeat(64)), name))).toBe('auth_required')
  })

  test.each(NAMES)('%s: over HTTP nobody without the token, an agent never', async (name) => {
    const ask = (token?: string) =>
      fetch(`${api.url}/v1/${name}`, {
        method: 'POST',
        body: JSON.stringify(INPUTS[name]),
        headers: { 'content-type': 'application/json', ...(token ? { authorization: `Bearer ${token}` } : {}) },
      })
    expect((await ask()).status).toBe(401)
    expect((await ask('agent-key')).status).toBe(403)
    expect((await ask(readToken(paths))).status).toBe(200)
  })
})

test('a secret goes through its life, as the tables of requests and answers have it', async () => {
  const ask = await client()
  expect(await ask.call('GetSecret', { provider: 'groq' })).toEqual({ type: 'Secret', value: null })
  const kept = await ask.call('SetSecret', { provider: 'groq', key: 'gsk-0123456789' })
  expect(kept).toMatchObject({ type: 'SecretStored', provider: 'groq', source: 'Vault', replaced: false, hidden: true })
  expect(await ask.call('GetSecret', { provider: 'GROQ_API_KEY' })).toEqual({ type: 'Secret', value: 'gsk-0123456789' })
  expect(await ask.call('HasSecret', { provider: 'groq' })).toEqual({ type: 'SecretExists', exists: true })
  expect(await ask.call('SetSecret', { provider: 'PIN', key: '1234', agent_id: 'ada' })).toMatchObject({
    hidden: false,
  })
  const { providers, place } = await ask.call('ListSecrets', {})
  expect(place).toBe('Vault')
  expect(providers.map(({ provider, source, agent_id }) => [provider, source, agent_id])).toEqual([
    ['PIN', 'Vault', ADA],
    ['groq', 'Vault', undefined],
    ['mistral', 'Env', undefined],
    ...['anthropic', 'openai', 'deepseek', 'gemini', 'xai'].map((name) => [name, 'NotFound', undefined]),
  ])
  expect(JSON.stringify(providers)).not.toContain('gsk-')
  expect(await ask.call('DeleteSecret', { provider: 'groq' })).toEqual({ type: 'SecretDeleted', existed: true })
  expect(await ask.call('HasSecret', { provider: 'groq' })).toEqual({ type: 'SecretExists', exists: false })
})

test('providers are listed with where their keys are', async () => {
  const ask = await client()
  await ask.call('SetSecret', { provider: 'openai', key: 'sk-1' })
  await ask.call('SetSecret', { provider: 'gemini', key: 'of-ada', agent_id: 'ada' })
  const { providers } = await ask.call('ListProviderStatus', {})
  expect(providers.map(({ id, has_key, source }) => [id, has_key, source])).toEqual([
    ['anthropic', false, 'NotFound'],
    ['openai', true, 'Vault'],
    ['mistral', true, 'Env'],
    ['groq', false, 'NotFound'],
    ['deepseek', false, 'NotFound'],
    ['gemini', false, 'NotFound'],
    ['xai', false, 'NotFound'],
  ])
  expect(providers[1]).toEqual({
    id: 'openai',
    name: 'OpenAI',
    has_key: true,
    source: 'Vault',
    category: 'llm',
    env_var: 'OPENAI_API_KEY',
  })
})

test('a program gets what it names, or all that is for the whole computer', async () => {
  const ask = await client()
  await ask.call('ImportSecrets', {
    entries: [
      { name: 'A', value: '1' },
      { name: 'b.c', value: '2' },
    ],
  })
  await ask.call('SetSecret', { provider: 'A', key: 'of ada', agent_id: ADA })
  await ask.call('SetSecret', { provider: 'OWN', key: 'hers', agent_id: ADA })
  expect(await ask.call('GetSecretEnvironment', {})).toEqual({
    type: 'SecretEnvironment',
    variables: { A: '1', B_C: '2', MISTRAL_API_KEY: 'from-env' },
    missing: [],
  })
  expect(await ask.call('GetSecretEnvironment', { names: ['A', 'NONE'], agent_id: ADA })).toEqual({
    type: 'SecretEnvironment',
    variables: { A: 'of ada' },
    missing: ['NONE'],
  })
})

test.each([
  ['an agent that is not here', { provider: 'A', key: 'x', agent_id: 'eve' }, 'agent_unknown'],
  ['a name that is none', { provider: 'a b', key: 'x' }, 'SECRET-004'],
  ['an empty value', { provider: 'A', key: '' }, 'SECRET-002'],
  ['a value that is too long', { provider: 'A', key: 'x'.repeat(70_000) }, 'SECRET-002'],
])('%s is refused', async (_, input, code) => {
  expect(await codeOf((await client()).call('SetSecret', input))).toBe(code)
  expect(await codeOf((await client()).call('GetSecret', { provider: 'A' }))).toBe('no error')
})

test('an agent that the daemon does not know yet is taken by its whole id', async () => {
  const ask = await client()
  const other = `agent_${'0'.repeat(32)}`
  await ask.call('SetSecret', { provider: 'A', key: 'x', agent_id: other })
  expect((await ask.call('ListSecrets', {})).providers[0]).toMatchObject({ provider: 'A', agent_id: other })
})

test('what changes is told to those who listen, without values', async () => {
  const stop = new AbortController()
  const told = events.listen(stop.signal)
  await (await client()).call('SetSecret', { provider: 'A', key: 'sk-told', agent_id: ADA })
  expect((await told.next()).value).toEqual({ type: 'SecretChanged', provider: 'A', agent_id: ADA })
  stop.abort()
})

describe('the passphrase of the vault', () => {
  test('is taken out of the environment that other programs may get', async () => {
    await stop()
    env = { NEKODE_VAULT_PASSPHRASE: 'correct horse' }
    await start()
    expect(env).not.toHaveProperty('NEKODE_VAULT_PASSPHRASE')
    await (await client()).call('SetSecret', { provider: 'A', key: 'x' })
    await stop()
    env = { NEKODE_VAULT_PASSPHRASE: 'wrong' }
    await start()
    expect(await codeOf((await client()).call('GetSecret', { provider: 'A' }))).toBe('SECRET-001')
    const { providers, problem } = await (await client()).call('ListSecrets', {})
    expect(problem).toContain('The passphrase is not the one of the vault')
    expect(providers.every(({ source }) => source !== 'Vault')).toBe(true)
    expect((await (await client()).call('ListProviderStatus', {})).problem).toBe(problem)
  })

  test('may be in a file, and one that cannot be read is told', async () => {
    await stop()
    const file = join(home, 'passphrase')
    writeFileSync(file, 'correct horse\n')
    env = { NEKODE_VAULT_PASSPHRASE_FILE: file }
    await start()
    expect(await (await client()).call('RotateVaultKey', {})).toMatchObject({ protection: 'argon2id' })
    await stop()
    env = { NEKODE_VAULT_PASSPHRASE_FILE: join(home, 'nothing') }
    await start()
    for (const name of NAMES) {
      const outcome = await codeOf(askFor(await client(), name))
      expect([name, outcome]).toEqual([name, 'SECRET-001'])
    }
  })
})

test('a damaged index is set aside, and the vault is there as before', async () => {
  await (await client()).call('SetSecret', { provider: 'A', key: 'in the vault' })
  await stop()
  for (const end of ['', '-wal', '-shm']) rmSync(`${paths.state}/secrets.db${end}`, { force: true })
  writeFileSync(join(paths.state, 'secrets.db'), 'not a database at all, for sure')
  await start()
  expect(await (await client()).call('GetSecret', { provider: 'A' })).toMatchObject({ value: 'in the vault' })
  expect(existsSync(join(paths.state, 'secrets', 'vault.json'))).toBe(true)
})

test('no value was ever written to the log', () => {
  expect(lines.join('\n')).not.toMatch(/gsk-0123456789|sk-told|correct horse/)
})
