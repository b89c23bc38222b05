import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { connect } from 'node:net'
import { LocalClient } from '../../local/client'
import { encodeFrame, FrameReader } from '../../local/frames'
import { socketAddress } from '../../local/place'
import { Prices } from './prices'
import { type Stage, startStage } from './testing'
import { addressOf, parseUpstreams } from './upstreams'

let stage: Stage
let client: LocalClient
beforeEach(async () => {
  stage = await startStage({ prices: ['my-model=2/10'] })
  client = await LocalClient.open({ address: socketAddress(stage.paths) })
})
afterEach(async () => {
  client.close()
  await stage.stop()
})

const as = (agentId: string) =>
  LocalClient.open({ address: socketAddress(stage.paths), token: stage.keys.keyOf(agentId) })

const value = (key: string, response = `value of ${key}`) => ({
  key,
  provider: 'openai',
  model: 'm',
  response,
  tokens_in: 30,
  tokens_out: 12,
  cost: 0.01,
})

describe('the operations', () => {
  test('keep a value, give it back, and count what that saved', async () => {
    expect(await client.call('CacheGet', { key: 'a' })).toEqual({ type: 'CacheMiss' })
    expect(await client.call('CacheSet', value('a', 'Grüße'))).toEqual({ type: 'Ok' })
    for (let i = 0; i < 2; i++)
      expect(await client.call('CacheGet', { key: 'a' })).toEqual({ type: 'CacheHit', response: 'Grüße' })
    expect(await client.call('CacheStats', {})).toMatchObject({
      type: 'CacheStatsResult',
      entries: 1,
      hits: 2,
      misses: 1,
      evictions: 0,
      total_tokens_saved: 84,
      total_cost_saved: 0.02,
      hit_rate: 2 / 3,
    })
    expect(await client.call('CacheClear', {})).toEqual({ type: 'Ok' })
    expect(await client.call('CacheGet', { key: 'a' })).toEqual({ type: 'CacheMiss' })
    expect(stage.events.filter(({ type }) => type.startsWith('Cache'))).toEqual([
      { type: 'CacheMiss', key: 'a', model: '' },
      { type: 'CacheHit', key: 'a', model: 'm' },
      { type: 'CacheHit', key: 'a', model: 'm' },
      { type: 'CacheMiss', key: 'a', model: '' },
    ])
  })

  test('take the requests of the wire as they are tabled, with what may be left out left out', async () => {
    const socket = connect(socketAddress(stage.paths))
    const frames = new FrameReader()
    const replies = (async function* () {
      for await (const piece of socket) if (piece instanceof Uint8Array) yield* frames.push(piece)
    })()
    const ask = async (request: object) => {
      socket.write(encodeFrame(request))
      return (await replies.next()).value
    }
    const set = {
      type: 'CacheSet',
      key: 'k',
      provider: 'p',
      model: 'm',
      response: 'r',
      tokens_in: 1,
      tokens_out: 2,
      cost: 0,
    }
    expect(await ask(set)).toEqual({ type: 'Ok' })
    expect(await ask({ ...set, ttl_secs: 60 })).toEqual({ type: 'Ok' })
    expect(await ask({ type: 'CacheGet', key: 'k' })).toEqual({ type: 'CacheHit', response: 'r' })
    expect(await ask({ type: 'CacheClear' })).toEqual({ type: 'Ok' })
    expect(await ask({ type: 'CacheStats' })).toMatchObject({ type: 'CacheStatsResult', entries: 0, hits: 1 })
    socket.destroy()
  })

  test('refuse a value that is too long, by its bytes, as CACHE-001', async () => {
    await client.call('CacheSet', value('fits', 'x'.repeat(256 * 1024)))
    const tooLong = client.call('CacheSet', value('long', 'ä'.repeat(128 * 1024) + 'x'))
    expect(await tooLong.catch((error: unknown) => error)).toMatchObject({ code: 'CACHE-001' })
  })

  test.each([
    ['an empty key', { ...value('') }],
    ['a key without an end', { ...value('k'.repeat(513)) }],
    ['tokens below nothing', { ...value('k'), tokens_in: -1 }],
    ['half a token', { ...value('k'), tokens_out: 0.5 }],
    ['a time to live of nothing', { ...value('k'), ttl_secs: 0 }],
    ['a time to live without end', { ...value('k'), ttl_secs: 1e9 }],
  ])('refuse %s', async (_, input) => {
    const refused = await client.call('CacheSet', input).catch((error: unknown) => error)
    expect(refused).toMatchObject({ code: 'invalid_request' })
  })

  test('show an agent its own entries only, and let it take out no others', async () => {
    const [ann, bob] = [await as('agent_a'), await as('agent_b')]
    await ann.call('CacheSet', value('k', 'of ann'))
    await bob.call('CacheSet', value('k', 'of bob'))
    await client.call('CacheSet', value('k', 'of the computer'))
    expect(await ann.call('CacheGet', { key: 'k' })).toEqual({ type: 'CacheHit', response: 'of ann' })
    expect((await ann.call('CacheList', {})).entries.map(({ tenant, name }) => [tenant, name])).toEqual([
      ['agent_a', 'k'],
    ])
    expect(await ann.call('CacheList', { tenant: 'agent_b' }).catch((error: unknown) => error)).toMatchObject({
      code: 'not_yours',
    })
    const again = await as('agent_a')
    expect(await again.call('CachePurge', { key: 'k' })).toEqual({ type: 'CachePurged', removed: 1 })
    await again.call('CacheSet', value('k2'))
    await again.call('CacheClear', {})
    expect(await again.call('CacheStats', {}).catch((error: unknown) => error)).toMatchObject({
      code: 'not_for_agents',
    })
    expect((await client.call('CacheList', {})).entries.map(({ tenant }) => tenant).sort()).toEqual([
      'agent_b',
      'computer',
    ])
    for (const one of [ann, bob, again]) one.close()
  })

  test('take out one entry, or those of a model; nothing when it is not said which', async () => {
    for (const key of ['a', 'b', 'c']) await client.call('CacheSet', { ...value(key), model: key === 'c' ? 'n' : 'm' })
    const third = (await client.call('CacheList', {})).entries.find(({ name }) => name === 'c')
    expect(await client.call('CachePurge', { key: third!.key })).toEqual({ type: 'CachePurged', removed: 1 })
    expect(await client.call('CachePurge', { model: 'm', provider: 'openai' })).toMatchObject({ removed: 2 })
    expect(await client.call('CachePurge', {}).catch((error: unknown) => error)).toMatchObject({
      code: 'invalid_request',
    })
  })

  test('say where the proxy is, without anything secret', async () => {
    const told = await client.call('CacheProxy', {})
    expect(told.url).toBe(stage.url)
    expect(told.upstreams).toEqual([
      { name: 'openai', base: 'https://api.openai.com', secret: 'openai' },
      { name: 'anthropic', base: 'https://api.anthropic.com', secret: 'anthropic' },
    ])
  })

  test('estimate what tokens cost, and say COST-001 for a model without a price', async () => {
    const tokens = { provider: 'x', input_tokens: 1_000_000, output_tokens: 100_000 }
    expect(await client.call('EstimateCost', { ...tokens, model: 'my-model' })).toEqual({
      type: 'CostEstimateResult',
      estimate: { provider: 'x', model: 'my-model', input_cost: 2, output_cost: 1, total_cost: 3, currency: 'USD' },
    })
    expect(await client.call('EstimateCost', { ...tokens, model: 'who-knows' }).catch((e: unknown) => e)).toMatchObject(
      {
        code: 'COST-001',
      },
    )
  })
})

describe('prices', () => {
  const prices = new Prices(['gpt-5=9/9', 'local/llama=0/0'])
  test.each([
    ['claude-sonnet-4-5-20250929', 3],
    ['claude-opus-4-5-20251101', 5],
    ['claude-opus-4-1', 15],
    ['anthropic/claude-haiku-4-5', 1],
    ['gpt-4o-mini-2024-07-18', 0.15],
    ['gpt-5', 9],
    ['local/llama', 0],
    ['gpt-5.5', undefined],
    ['gpt-4o-audio-preview', undefined],
    ['something', undefined],
  ])('of %s', (model, input) => {
    expect(prices.of(model)?.input).toBe(input!)
  })

  test('count what the provider had in its own cache as it does', () => {
    const usage = { input: 1e6, cacheRead: 1e6, cacheWrite: 1e6, output: 1e6, reasoning: 5 }
    expect(prices.costOf('claude-sonnet-4-5', usage)).toBeCloseTo(3 + 0.3 + 3.75 + 15)
  })

  test.each(['x', 'x=1', 'x=1/y', '=1/2', 'x=-1/2'])('%p is none, and is refused by its key', (setting) => {
    expect(() => new Prices([setting])).toThrow('is not a price')
  })
})

describe('endpoints', () => {
  test('of the settings take the place of those of their names, or are added', () => {
    const found = parseUpstreams(['openai=http://10.0.0.2:8000/v1/', 'my-vllm=https://llm.example/x,secret:LLM_KEY'])
    expect([...found.values()]).toEqual([
      { name: 'openai', base: 'http://10.0.0.2:8000/v1' },
      { name: 'anthropic', base: 'https://api.anthropic.com', secret: 'anthropic', isOwners: true },
      { name: 'my-vllm', base: 'https://llm.example/x', secret: 'LLM_KEY' },
    ])
  })

  test.each([
    'x',
    'x=',
    'x=file:///etc/passwd',
    'x=ftp://a',
    'X=http://a',
    'a/b=http://a',
    'x=http://user:pw@a',
    'x=http://a?b=c',
  ])('%p is none, and the message does not repeat what may be secret in it', (setting) => {
    const refused = (() => {
      try {
        return parseUpstreams([setting])
      } catch (error) {
        return error
      }
    })()
    expect(refused).toMatchObject({ code: 'config_invalid' })
    expect(String(refused)).not.toContain('pw')
  })

  test.each([
    ['https://a.example', '/v1/models', 'https://a.example/v1/models'],
    ['https://a.example/v1', '/v1/models', 'https://a.example/v1/models'],
    ['https://a.example/v1', '/models', 'https://a.example/v1/models'],
    ['https://a.example/v1beta/openai', '/chat/completions', 'https://a.example/v1beta/openai/chat/completions'],
    ['https://a.example', '/@evil.example/', 'https://a.example/@evil.example/'],
    ['https://a.example', '//evil.example/', 'https://a.example//evil.example/'],
    ['https://a.example', '/:99@evil.example/', 'https://a.example/:99@evil.example/'],
  ])('%p with %p is %p, always on its own host', (base, path, address) => {
    expect(addressOf({ base }, path)).toBe(address)
    expect(new URL(address).host).toBe('a.example')
  })
})
