import { z } from 'zod'
import { type Endpoint, findEndpoint, probeOllama } from '../../runtimes/builtin/endpoint'
import { failureOf, RuntimeFailure } from '../../runtimes/failure'
import type { AgentSettings } from './settings'

type Env = Record<string, string | undefined>

/**
 * The model that looks at the screen: NEKODE_MODEL_BASE_URL, else OpenRouter when its key is there, else what the builtin agent
 * would use, where a local Ollama gives a model that sees.
 * @throws RuntimeFailure runtime_login_required when nothing is there, model_unavailable when no model is
 */
export async function locateModel({ model: settings }: AgentSettings, env: Env): Promise<Endpoint> {
  const { openRouter, name } = settings
  if (openRouter && !env.NEKODE_MODEL_BASE_URL) {
    return {
      provider: 'openai-compatible',
      baseUrl: openRouter.baseUrl,
      apiKey: openRouter.apiKey,
      model: openRouter.model,
      contextTokens: 128_000,
      source: 'OPENROUTER_API_KEY',
    }
  }
  const found = await findEndpoint(env, name).catch(explain)
  // Names with the maker before them are those of a router.
  if (found.provider === 'anthropic') return { ...found, model: found.model.replace(/^anthropic\//, '') }
  if (name || env.NEKODE_MODEL || !found.source.startsWith('Ollama')) return found
  const ollama = await probeOllama(env)
  const seeing = ollama && (await withSight(ollama.url, ollama.models))
  return seeing ? { ...found, model: seeing } : found
}

/** Where there is no model, what would be one for this agent, wherever it was started. */
function explain(error: unknown): never {
  if (failureOf(error).reason !== 'runtime_login_required') throw error
  const given = 'NEKODE_MODEL_BASE_URL with NEKODE_MODEL, or OPENROUTER_API_KEY, OPENAI_API_KEY or ANTHROPIC_API_KEY'
  throw new RuntimeFailure(
    'runtime_login_required',
    `No model was found. Set ${given}, or start Ollama with a model that sees pictures.`,
    { cause: error },
  )
}

const Shown = z.looseObject({ capabilities: z.array(z.string()).default([]) })
const PROBE_MS = 1500

/** The first installed model that is told to see pictures. */
async function withSight(url: string, models: readonly string[]): Promise<string | undefined> {
  const sights = await Promise.all(
    models.slice(0, 12).map(async (model) => {
      try {
        const signal = AbortSignal.timeout(PROBE_MS)
        const response = await fetch(`${url}/api/show`, { method: 'POST', body: JSON.stringify({ model }), signal })
        const { capabilities } = Shown.parse(await response.json())
        return capabilities.includes('vision') ? model : undefined
      } catch {
        // It went away meanwhile: the model that was found before is used, and its failure says so.
        return undefined
      }
    }),
  )
  return sights.find((model) => model !== undefined)
}
