import { afterAll, expect, test } from 'bun:test'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { providerSettings } from './provider'

const root = mkdtempSync(join(tmpdir(), 'nekode-provider-'))
afterAll(() => rmSync(root, { recursive: true }))

/** A home whose Codex has this configuration. */
function home(config?: string): string {
  const HOME = mkdtempSync(join(root, 'home-'))
  mkdirSync(join(HOME, '.codex'))
  if (config !== undefined) writeFileSync(join(HOME, '.codex/config.toml'), config)
  return HOME
}

const settings = (env: Record<string, string>) => Object.fromEntries(providerSettings(env))

test('an environment without endpoint and key leaves Codex to its login and its configuration', () => {
  expect(providerSettings({ HOME: home() })).toEqual([])
  expect(providerSettings({ HOME: home(), OPENAI_API_KEY: 'k', OPENAI_BASE_URL: '', CODEX_API_KEY: '' })).toEqual([])
})

const URL = 'http://127.0.0.1:8080/v1'
test.each<[string, Record<string, string>, string | undefined]>([
  ['its own key first', { CODEX_API_KEY: 'a', OPENAI_API_KEY: 'b' }, 'CODEX_API_KEY'],
  ['else the common one', { OPENAI_API_KEY: 'b' }, 'OPENAI_API_KEY'],
  ['or without a key', {}, undefined],
])('the endpoint of the environment is used with %s', (_, keys, expected) => {
  const found = settings({ HOME: home('model_provider = "theirs"'), OPENAI_BASE_URL: URL, ...keys })
  expect(found).toEqual({
    model_provider: 'nekode',
    'model_providers.nekode.name': 'OPENAI_BASE_URL',
    'model_providers.nekode.base_url': URL,
    'model_providers.nekode.wire_api': 'responses',
    ...(expected ? { 'model_providers.nekode.env_key': expected } : {}),
  })
})

test.each<[string, string | undefined, string]>([
  ['no configuration', undefined, 'https://api.openai.com/v1'],
  ['a configuration that cannot be read', 'model_provider = [', 'https://api.openai.com/v1'],
  ['an address in the configuration', `openai_base_url = "${URL}"`, URL],
])('a key alone is for OpenAI: %s', (_, config, url) => {
  const found = settings({ HOME: home(config), CODEX_API_KEY: 'a' })
  expect(found).toMatchObject({
    model_provider: 'nekode',
    'model_providers.nekode.base_url': url,
    'model_providers.nekode.env_key': 'CODEX_API_KEY',
  })
})

test('a key alone does not replace the provider that the configuration names, wherever that lies', () => {
  const HOME = home('model_provider = "theirs"')
  expect(providerSettings({ HOME, CODEX_API_KEY: 'a' })).toEqual([])
  expect(providerSettings({ HOME: home(), CODEX_HOME: join(HOME, '.codex'), CODEX_API_KEY: 'a' })).toEqual([])
})

test('no key is among the settings, which are seen by everybody on the computer', () => {
  const text = JSON.stringify(providerSettings({ HOME: home(), OPENAI_BASE_URL: URL, CODEX_API_KEY: 'sk-secret' }))
  expect(text).not.toContain('sk-secret')
})
