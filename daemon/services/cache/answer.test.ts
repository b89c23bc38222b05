import { describe, expect, test } from 'bun:test'
import { type Block, script, startModelEndpoint } from '../../../test/fixtures/model-endpoint'
import { settle } from './answer'
import type { Api } from './request'

const BODIES: Record<Exclude<Api, 'embeddings'>, [string, (text: string, stream: boolean) => object]> = {
  chat: ['/v1/chat/completions', (content, stream) => ({ model: 'm', stream, messages: [{ role: 'user', content }] })],
  responses: ['/v1/responses', (content, stream) => ({ model: 'm', stream, input: [{ role: 'user', content }] })],
  messages: ['/v1/messages', (content, stream) => ({ model: 'm', stream, messages: [{ role: 'user', content }] })],
}
const CASES = (['chat', 'responses', 'messages'] as const).flatMap((api) =>
  [true, false].map((stream) => [api, stream] as const),
)
const JSON_TYPE = 'application/json'
const SSE = 'text/event-stream'

async function answerOf(api: keyof typeof BODIES, stream: boolean, blocks: Block[] = [{ say: 'Grüße 😀', chunks: 4 }]) {
  const endpoint = startModelEndpoint({ decide: () => blocks })
  const [path, body] = BODIES[api]
  const response = await fetch(endpoint.url + path, {
    method: 'POST',
    body: JSON.stringify(body(script(blocks), stream)),
  })
  const bytes = new Uint8Array(await response.arrayBuffer())
  await endpoint.stop()
  return { bytes, type: response.headers.get('content-type') ?? '' }
}

describe('an answer', () => {
  test.each(CASES)('of %s (streamed: %p) is kept with what it took when it is whole', async (api, stream) => {
    const { bytes, type } = await answerOf(api, stream)
    expect(settle(api, type, bytes)?.usage).toMatchObject({ output: 20 })
    expect(settle(api, type, bytes)?.usage.input).toBeGreaterThan(0)
  })

  test.each(CASES)('of %s (streamed: %p) is not kept when it was cut off, wherever', async (api, stream) => {
    const { bytes, type } = await answerOf(api, stream)
    // A blank line at the end of the last event more or less does not make an answer another one.
    for (let length = 0; length < bytes.length - 2; length++)
      if (settle(api, type, bytes.subarray(0, length)) !== undefined)
        throw new Error(`kept after ${length} of ${bytes.length} bytes`)
  })

  test.each<[string, Api, string, string]>([
    [
      'an error in the middle of a stream',
      'messages',
      SSE,
      'event: error\ndata: {"type":"error","error":{}}\n\nevent: message_stop\ndata: {"type":"message_stop"}\n\n',
    ],
    ['an error in the chunks', 'chat', SSE, 'data: {"error":{"message":"x"},"choices":[]}\n\ndata: [DONE]\n\n'],
    [
      'a stream without an ending of the model',
      'chat',
      SSE,
      'data: {"choices":[{"index":0,"finish_reason":null}]}\n\ndata: [DONE]\n\n',
    ],
    ['an ending by a filter', 'chat', JSON_TYPE, '{"choices":[{"finish_reason":"content_filter"}]}'],
    ['a response that failed', 'responses', JSON_TYPE, '{"status":"failed","error":{}}'],
    [
      'a response that is not complete',
      'responses',
      SSE,
      'data: {"type":"response.incomplete","response":{"status":"incomplete"}}\n\n',
    ],
    ['a page', 'chat', 'text/html', '{"choices":[{"finish_reason":"stop"}]}'],
    ['an error with the status 200', 'embeddings', JSON_TYPE, '{"error":{"message":"no"}}'],
    ['nothing', 'chat', SSE, ''],
  ])('is not kept when it is %s', (_, api, type, text) => {
    expect(settle(api, type, new TextEncoder().encode(text))).toBeUndefined()
  })

  test('of several choices is kept when each has ended', () => {
    const chunk = (index: number, reason: string | null) =>
      `data: ${JSON.stringify({ choices: [{ index, finish_reason: reason }] })}\n\n`
    const stream = (...chunks: string[]) => new TextEncoder().encode([...chunks, 'data: [DONE]\n\n'].join(''))
    expect(settle('chat', SSE, stream(chunk(0, null), chunk(1, null), chunk(0, 'stop')))).toBeUndefined()
    expect(settle('chat', SSE, stream(chunk(0, null), chunk(1, 'stop'), chunk(0, 'stop')))).toBeDefined()
  })

  test('says what it took in the terms of each API', () => {
    const whole = (api: Api, value: object) => settle(api, JSON_TYPE, new TextEncoder().encode(JSON.stringify(value)))
    const usage = { prompt_tokens: 100, completion_tokens: 20, prompt_tokens_details: { cached_tokens: 40 }, cost: 0.5 }
    expect(whole('chat', { choices: [{ finish_reason: 'stop' }], usage })).toEqual({
      usage: { input: 60, cacheRead: 40, cacheWrite: 0, output: 20, reasoning: 0 },
      cost: 0.5,
    })
    expect(whole('embeddings', { data: [{}], usage: { prompt_tokens: 7 } })?.usage.input).toBe(7)
    const counts = { input_tokens: 3, cache_read_input_tokens: 4, cache_creation_input_tokens: 5, output_tokens: 6 }
    expect(whole('messages', { type: 'message', stop_reason: 'end_turn', usage: counts })?.usage).toEqual({
      input: 3,
      cacheRead: 4,
      cacheWrite: 5,
      output: 6,
      reasoning: 0,
    })
  })
})
