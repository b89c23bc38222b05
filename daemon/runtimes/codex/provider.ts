import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'

/** The id under which these settings define the model's provider. */
export const PROVIDER = 'nekode'
const OPENAI_URL = 'https://api.openai.com/v1'
const KEYS = ['CODEX_API_KEY', 'OPENAI_API_KEY']

const ConfigFile = z.looseObject({ model_provider: z.string().optional(), openai_base_url: z.string().optional() })

/**
 * Settings by which Codex takes endpoint and key from its environment, or none when that says nothing about them. `codex exec`
 * knows CODEX_API_KEY, but `codex app-server` (0.169) sends no key that was not stored by `codex login`, and neither of them
 * knows OPENAI_BASE_URL.
 *
 * - OPENAI_BASE_URL is the endpoint, whatever config.toml says; its key is CODEX_API_KEY, else OPENAI_API_KEY, else none.
 * - CODEX_API_KEY alone is the key for OpenAI; a provider that config.toml names has its own way to a key.
 */
export function providerSettings(env: Record<string, string>): [string, unknown][] {
  const baseUrl = endpointOf(env)
  if (baseUrl === undefined) return []
  const key = KEYS.find((name) => env[name])
  const provider: [string, unknown][] = [
    ['name', env.OPENAI_BASE_URL ? 'OPENAI_BASE_URL' : 'OpenAI'],
    ['base_url', baseUrl],
    ['wire_api', 'responses'],
    ...(key ? ([['env_key', key]] satisfies [string, unknown][]) : []),
    // The daemon's cache in front of the endpoint asks who calls.
    ...(env.NEKODE_CACHE_KEY
      ? ([['env_http_headers.x-nekode-key', 'NEKODE_CACHE_KEY']] satisfies [string, unknown][])
      : []),
  ]
  return [
    ['model_provider', PROVIDER],
    ...provider.map(([name, value]): [string, unknown] => [`model_providers.${PROVIDER}.${name}`, value]),
  ]
}

/** The endpoint of those settings; undefined when there are none. */
export function endpointOf(env: Readonly<Record<string, string>>): string | undefined {
  const { OPENAI_BASE_URL: given, CODEX_API_KEY: ownKey } = env
  if (given) return given
  if (!ownKey) return undefined
  const file = configFile(env)
  return file.model_provider ? undefined : file.openai_base_url || OPENAI_URL
}

/** Whether the user's configuration names a provider, which has its own way to a key. */
export const hasOwnProvider = (env: Record<string, string>): boolean => configFile(env).model_provider !== undefined

function configFile({ CODEX_HOME, HOME = '/' }: Readonly<Record<string, string>>): z.infer<typeof ConfigFile> {
  try {
    const text = readFileSync(join(CODEX_HOME || join(HOME, '.codex'), 'config.toml'), 'utf8')
    return ConfigFile.parse(Bun.TOML.parse(text))
  } catch {
    // There is none, or Codex itself will say what is wrong with it.
    return {}
  }
}
