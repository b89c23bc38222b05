import { endpointOf } from '../../runtimes/codex/provider'
import { runtimeSpec } from '../../runtimes/catalog'
import { baseOf, type Upstream } from './upstreams'

/** The header by which a program says who it is, where it has a way to send one besides its key for the endpoint. */
export const KEY_HEADER = 'x-nekode-key'
/** The variable from which Codex takes that header. */
export const KEY_VARIABLE = 'NEKODE_CACHE_KEY'

/** An endpoint of one agent: as its own environment has it. */
export interface Route extends Upstream {
  /** The agent's key for it, where its program holds the agent's own key at this daemon in its place. */
  key?: string | undefined
}

export interface Routed {
  env: Record<string, string>
  routes: Route[]
}

type Env = Readonly<Record<string, string>>

/**
 * The environment by which an agent's program calls the proxy in place of its endpoint; undefined for a program that cannot be told, or
 * logs in by other means.
 * @param url of the proxy
 * @param key of the agent at this daemon
 */
export function routed(kind: string, env: Env, url: string, key: string): Routed | undefined {
  switch (runtimeSpec(kind)?.kind) {
    case 'claude':
      return claude(env, url, key)
    case 'codex':
      return codex(env, url, key)
    case 'qwen':
      return merged(env, [sdk(env, OPENAI, url, key)])
    case 'custom':
    case 'acp':
      return merged(env, [sdk(env, OPENAI, url, key), sdk(env, ANTHROPIC, url, key)])
    default:
      return undefined
  }
}

function claude(env: Env, url: string, key: string): Routed | undefined {
  if (env.CLAUDE_CODE_USE_BEDROCK || env.CLAUDE_CODE_USE_VERTEX) return undefined
  const own = ownBase(env.ANTHROPIC_BASE_URL)
  if (own === 'unusable') return undefined
  const headers = [env.ANTHROPIC_CUSTOM_HEADERS, `${KEY_HEADER}: ${key}`].filter(Boolean).join('\n')
  return {
    env: { ...env, ANTHROPIC_BASE_URL: `${url}/anthropic`, ANTHROPIC_CUSTOM_HEADERS: headers },
    routes: own === undefined ? [] : [{ name: 'anthropic', base: own }],
  }
}

function codex(env: Env, url: string, key: string): Routed | undefined {
  const own = ownBase(endpointOf(env))
  if (own === undefined || own === 'unusable') return undefined
  return {
    env: { ...env, OPENAI_BASE_URL: `${url}/openai/v1`, [KEY_VARIABLE]: key },
    routes: [{ name: 'openai', base: own }],
  }
}

const OPENAI = { name: 'openai', address: 'OPENAI_BASE_URL', key: 'OPENAI_API_KEY', path: '/openai/v1' }
const ANTHROPIC = { name: 'anthropic', address: 'ANTHROPIC_BASE_URL', key: 'ANTHROPIC_API_KEY', path: '/anthropic' }

/** The variables of the vendors' SDKs. The program gets the agent's key here in the place of the one for the endpoint. */
function sdk(env: Env, names: typeof OPENAI, url: string, key: string): Routed | undefined {
  const own = ownBase(env[names.address])
  const ownKey = env[names.key]
  if (own === 'unusable' || ownKey === undefined) return undefined
  return {
    env: { [names.address]: `${url}${names.path}`, [names.key]: key },
    routes: [{ name: names.name, base: own ?? '', key: ownKey }],
  }
}

function merged(env: Env, parts: (Routed | undefined)[]): Routed | undefined {
  const found = parts.filter((part) => part !== undefined)
  if (found.length === 0) return undefined
  return {
    env: Object.assign({}, env, ...found.map((part) => part.env)),
    routes: found.flatMap((part) => part.routes),
  }
}

function ownBase(address: string | undefined): string | undefined {
  if (!address) return undefined
  return baseOf(address) ?? 'unusable'
}
