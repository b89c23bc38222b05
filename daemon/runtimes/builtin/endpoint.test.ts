import { afterAll, describe, expect, test } from 'bun:test'
import { startModelEndpoint } from '../../../test/fixtures/model-endpoint'
import { findEndpoint, probeOllama } from './endpoint'

const NO_OLLAMA = { OLLAMA_HOST: '127.0.0.1:1' }
const endpoint = startModelEndpoint()
const ollama = Bun.serve({
  port: 0,
  hostname: '127.0.0.1',
  async fetch(request) {
    if (request.url.endsWith('/api/tags'))
      return Response.json({ models: [{ name: 'nomic-embed-text' }, { name: 'old:7b' }, { name: 'qwen3:8b' }] })
    const capabilities = (await request.text()).includes('qwen3') ? ['completion', 'tools'] : ['completion']
    return Response.json({ capabilities })
  },
})
afterAll(async () => {
  await endpoint.stop()
  await ollama.stop(true)
})

describe('the model of the built-in agent', () => {
  const cases: [string, Record<string, string>, string | undefined, object][] = [
    [
      'is what the daemon is configured with, and the first model that it lists',
      { NEKODE_MODEL_BASE_URL: `${endpoint.url}/v1`, NEKODE_MODEL_API_KEY: 'k', OPENAI_API_KEY: 'other' },
      undefined,
      {
        provider: 'openai-compatible',
        baseUrl: `${endpoint.url}/v1`,
        apiKey: 'k',
        model: 'scripted',
        contextTokens: 128_000,
      },
    ],
    [
      'is configured for Anthropic, with a model and a context',
      {
        NEKODE_MODEL_BASE_URL: 'http://x/v1',
        NEKODE_MODEL_PROVIDER: 'anthropic',
        NEKODE_MODEL: 'm',
        NEKODE_MODEL_CONTEXT: '9000',
      },
      undefined,
      { provider: 'anthropic', model: 'm', apiKey: undefined, contextTokens: 9000 },
    ],
    [
      'comes from an OpenAI key',
      { OPENAI_API_KEY: 'o', ANTHROPIC_API_KEY: 'a' },
      undefined,
      { provider: 'openai-compatible', baseUrl: 'https://api.openai.com/v1', apiKey: 'o', source: 'OPENAI_API_KEY' },
    ],
    [
      'comes from the Anthropic key for a Claude model',
      { OPENAI_API_KEY: 'o', ANTHROPIC_API_KEY: 'a', ANTHROPIC_BASE_URL: 'https://proxy.example/' },
      'claude-opus-5',
      { provider: 'anthropic', baseUrl: 'https://proxy.example/v1', apiKey: 'a', model: 'claude-opus-5' },
    ],
    [
      'comes from the Anthropic key alone',
      { ANTHROPIC_API_KEY: 'a' },
      undefined,
      { baseUrl: 'https://api.anthropic.com/v1' },
    ],
  ]
  for (const [what, env, model, found] of cases)
    test(what, async () => {
      expect(await findEndpoint({ ...NO_OLLAMA, ...env }, model)).toMatchObject(found)
    })

  test('is the installed model of a local Ollama that can call tools', async () => {
    for (const host of [`127.0.0.1:${ollama.port}`, `0.0.0.0:${ollama.port}`, `http://localhost:${ollama.port}/`]) {
      const found = await findEndpoint({ OLLAMA_HOST: host })
      expect(found).toMatchObject({ provider: 'openai-compatible', model: 'qwen3:8b', apiKey: undefined })
      expect(found.baseUrl).toEndWith(`:${ollama.port}/v1`)
    }
    expect(await findEndpoint({ OLLAMA_HOST: `127.0.0.1:${ollama.port}` }, 'old:7b')).toMatchObject({ model: 'old:7b' })
  })

  test('that is nowhere is said with what to do', async () => {
    expect(await probeOllama(NO_OLLAMA)).toBeNull()
    await expect(findEndpoint(NO_OLLAMA)).rejects.toMatchObject({ failure: { reason: 'runtime_login_required' } })
    const silent = { ...NO_OLLAMA, NEKODE_MODEL_BASE_URL: 'http://127.0.0.1:1/v1' }
    await expect(findEndpoint(silent)).rejects.toMatchObject({
      failure: { reason: 'model_unavailable', message: expect.stringContaining('NEKODE_MODEL') },
    })
  })
})
