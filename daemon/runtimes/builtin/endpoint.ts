import { z } from 'zod'
import { RuntimeFailure } from '../failure'

export interface Endpoint {
  provider: 'openai-compatible' | 'anthropic'
  /** With the version part, e.g. `https://api.openai.com/v1`. */
  baseUrl: string
  apiKey: string | undefined
  model: string
  /** Tokens that fit into one request; beyond 80 % of it the conversation is summarised. */
  contextTokens: number
  /** Where it was found, for a person: "NEKODE_MODEL_BASE_URL", "Ollama at …". */
  source: string
}

type Env = Record<string, string | undefined>

const OPENAI = { baseUrl: 'https://api.openai.com/v1', model: 'gpt-5.5', contextTokens: 128_000 }
const ANTHROPIC = { baseUrl: 'https://api.anthropic.com/v1', model: 'claude-sonnet-4-5', contextTokens: 200_000 }
/** Ollama loads a model with a small context unless it is told otherwise, and drops the beginning silently. */
const OLLAMA_CONTEXT = 16_000
const PROBE_MS = 1500

/**
 * The model that the builtin agent talks to: NEKODE_MODEL_BASE_URL (with NEKODE_MODEL_PROVIDER, NEKODE_MODEL_API_KEY), else
 * OPENAI_API_KEY, else ANTHROPIC_API_KEY, else a local Ollama. NEKODE_MODEL and NEKODE_MODEL_CONTEXT are defaults for all of them.
 * @throws RuntimeFailure runtime_login_required when nothing is there, model_unavailable when no model is
 */
export async function findEndpoint(env: Env, chosen?: string): Promise<Endpoint> {
  const model = chosen || env.NEKODE_MODEL || undefined
  const found = await locate(env, model)
  const contextTokens = Number(env.NEKODE_MODEL_CONTEXT) || found.contextTokens
  return { ...found, contextTokens }
}

async function locate(env: Env, model: string | undefined): Promise<Endpoint> {
  if (env.NEKODE_MODEL_BASE_URL) return await configured(env, env.NEKODE_MODEL_BASE_URL, model)
  const anthropic = env.ANTHROPIC_API_KEY
  const openai = env.OPENAI_API_KEY
  if (anthropic && (!openai || model?.startsWith('claude')))
    return {
      provider: 'anthropic',
      baseUrl: env.ANTHROPIC_BASE_URL ? versioned(env.ANTHROPIC_BASE_URL) : ANTHROPIC.baseUrl,
      apiKey: anthropic,
      model: model ?? ANTHROPIC.model,
      contextTokens: ANTHROPIC.contextTokens,
      source: 'ANTHROPIC_API_KEY',
    }
  if (openai)
    return {
      provider: 'openai-compatible',
      baseUrl: env.OPENAI_BASE_URL ?? OPENAI.baseUrl,
      apiKey: openai,
      model: model ?? OPENAI.model,
      contextTokens: OPENAI.contextTokens,
      source: 'OPENAI_API_KEY',
    }
  return await ollama(env, model)
}

async function configured(env: Env, baseUrl: string, model: string | undefined): Promise<Endpoint> {
  const apiKey = env.NEKODE_MODEL_API_KEY || undefined
  const provider = env.NEKODE_MODEL_PROVIDER === 'anthropic' ? 'anthropic' : 'openai-compatible'
  const found = model ?? (await listModels(baseUrl, provider, apiKey))[0]
  if (!found)
    throw new RuntimeFailure(
      'model_unavailable',
      `${baseUrl} lists no model. Choose the agent’s model, or set NEKODE_MODEL for the daemon.`,
    )
  const contextTokens = provider === 'anthropic' ? ANTHROPIC.contextTokens : OPENAI.contextTokens
  return { provider, baseUrl, apiKey, model: found, contextTokens, source: 'NEKODE_MODEL_BASE_URL' }
}

/** The official variable holds the address without /v1, which the model library wants. */
const versioned = (url: string) => (/\/v\d+\/?$/.test(url) ? url : `${url.replace(/\/$/, '')}/v1`)

const ModelList = z.looseObject({ data: z.array(z.looseObject({ id: z.string() })) })

async function listModels(
  baseUrl: string,
  provider: Endpoint['provider'],
  apiKey: string | undefined,
): Promise<string[]> {
  const headers: Record<string, string> = provider === 'anthropic' ? { 'anthropic-version': '2023-06-01' } : {}
  if (apiKey)
    Object.assign(headers, provider === 'anthropic' ? { 'x-api-key': apiKey } : { authorization: `Bearer ${apiKey}` })
  const list = ModelList.safeParse(await getJson(`${baseUrl.replace(/\/$/, '')}/models`, { headers })).data
  return list?.data.map(({ id }) => id) ?? []
}

async function ollama(env: Env, model: string | undefined): Promise<Endpoint> {
  const running = await probeOllama(env)
  if (!running)
    throw new RuntimeFailure(
      'runtime_login_required',
      'No model was found. Set OPENAI_API_KEY or ANTHROPIC_API_KEY or NEKODE_MODEL_BASE_URL for the daemon, or start Ollama.',
    )
  const found = model ?? (await preferred(running))
  if (!found)
    throw new RuntimeFailure(
      'model_unavailable',
      `Ollama at ${running.url} has no model. Run \`ollama pull qwen3\` there.`,
    )
  return {
    provider: 'openai-compatible',
    baseUrl: `${running.url}/v1`,
    apiKey: undefined,
    model: found,
    contextTokens: OLLAMA_CONTEXT,
    source: `Ollama at ${running.url}`,
  }
}

export interface Ollama {
  url: string
  models: string[]
}

const Tags = z.looseObject({ models: z.array(z.looseObject({ name: z.string() })) })
const Shown = z.looseObject({ capabilities: z.array(z.string()).default([]) })

/** A running Ollama at OLLAMA_HOST, by default 127.0.0.1:11434, with its installed models; null when none answers. */
export async function probeOllama(env: Env): Promise<Ollama | null> {
  const url = ollamaUrl(env.OLLAMA_HOST)
  const tags = Tags.safeParse(await getJson(`${url}/api/tags`)).data
  return tags ? { url, models: tags.models.map(({ name }) => name) } : null
}

/** OLLAMA_HOST is a host, host:port or URL; a listen-everywhere address is reached on loopback. */
function ollamaUrl(host: string | undefined): string {
  if (!host) return 'http://127.0.0.1:11434'
  const url = URL.parse(/^https?:\/\//.test(host) ? host : `http://${host}`)
  if (!url) return 'http://127.0.0.1:11434'
  const hostname = url.hostname === '0.0.0.0' || url.hostname === '[::]' ? '127.0.0.1' : url.hostname
  const port = url.port || (url.protocol === 'https:' ? '443' : '11434')
  return `${url.protocol}//${hostname}:${port}`
}

/** The first installed model that can call tools, else the first one that is not for embeddings. */
async function preferred({ url, models }: Ollama): Promise<string | undefined> {
  const usable = models.filter((name) => !/embed|bge-|minilm/i.test(name))
  const shown = await Promise.all(
    usable.slice(0, 8).map(async (model) => {
      const body = JSON.stringify({ model })
      const { capabilities = [] } =
        Shown.safeParse(await getJson(`${url}/api/show`, { method: 'POST', body })).data ?? {}
      return capabilities.includes('tools') ? model : undefined
    }),
  )
  return shown.find((model) => model !== undefined) ?? usable[0]
}

/** The JSON answer, or undefined when nothing usable answered in time. */
async function getJson(url: string, init: RequestInit = {}): Promise<unknown> {
  try {
    const response = await fetch(url, { ...init, signal: AbortSignal.timeout(PROBE_MS) })
    return response.ok ? await response.json() : undefined
  } catch {
    // Nobody listens there, or it is something else: the same as not found.
    return undefined
  }
}
