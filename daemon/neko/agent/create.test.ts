import { afterEach, describe, expect, test } from 'bun:test'
import {
  type Block,
  type ModelRequest,
  type Seen,
  startModelEndpoint,
  USAGE,
} from '../../../test/fixtures/model-endpoint'
import { RuntimeFailure } from '../../runtimes/failure'
import { encodePixels } from '../frames/picture'
import type { Action } from './actions'
import { createVision } from './create'
import { agentSettings } from './settings'
import type { PastStep, StepInput, StepOutput, Vision } from './vision'

const ending: (() => unknown)[] = []
afterEach(async () => {
  for (const end of ending.splice(0)) await end()
})

type Decide = (request: ModelRequest, count: number) => Block[] | Promise<Block[]>
interface Stage {
  vision: Vision
  seen: Seen[]
}

/** A vision agent before a scripted endpoint. */
async function stage(decide: Decide | Block[], env: Record<string, string> = {}, options = {}): Promise<Stage> {
  let count = 0
  const endpoint = startModelEndpoint({
    decide: (request) => (Array.isArray(decide) ? decide : decide(request, ++count)),
  })
  ending.push(() => endpoint.stop())
  const all = { OLLAMA_HOST: '127.0.0.1:1', NEKODE_MODEL_BASE_URL: `${endpoint.url}/v1`, ...env }
  // What is empty is as if it were not set.
  const vision = await createVision(agentSettings(all, {}, { connects: false }), all, { retryMs: 1, ...options })
  return { vision, seen: endpoint.seen }
}

const calls = (seen: readonly Seen[]) => seen.filter(({ request }) => request)
const bodyOf = (seen: readonly Seen[], at = 0) => Object(calls(seen).at(at)?.body) as Record<string, unknown>

const picture = async (width = 1280, height = 720) => {
  const rgb = new Uint8Array(width * height * 3).fill(90)
  return { jpeg: await encodePixels({ width, height, rgb }, 'jpeg'), width, height }
}

const step = async (more: Partial<StepInput> = {}): Promise<StepInput> => ({
  task: 'Find the weather',
  mode: 'web',
  history: [],
  picture: await picture(),
  signal: new AbortController().signal,
  ...more,
})

const SHOWUI = { NEKO_AGENT_TYPE: 'showui' }
const CLICK = "{'action': 'CLICK', 'value': None, 'position': [0.5, 0.25]}"
const CLICKED: Action = { action: 'CLICK', button: 'left', position: { x: 0.5, y: 0.25 } }

async function failure(promise: Promise<StepOutput>): Promise<RuntimeFailure> {
  const error: unknown = await promise.then(
    () => new Error('it answered'),
    (reason: unknown) => reason,
  )
  if (error instanceof RuntimeFailure) return error
  throw error
}

describe('one decision', () => {
  test('sends the picture in the size of the dialect, and tells what the model wants and what it took', async () => {
    const sizes: number[] = []
    const { vision, seen } = await stage([{ think: 'It is there.' }, { say: CLICK }], SHOWUI, {
      onResize: (ms: number) => sizes.push(ms),
    })
    const output = await vision.next(await step({ picture: await picture(1920, 1080) }))
    expect(output).toMatchObject({
      actions: [CLICKED],
      text: CLICK,
      calls: 1,
      usage: { input: 60, cacheRead: 40, output: 20, reasoning: 5 },
    })
    expect(output.parseError).toBeUndefined()
    const [image] = calls(seen)[0]!.request!.items.flatMap(({ images = [] }) => images)
    const { width, height, format } = await new Bun.Image(Buffer.from(image!, 'base64')).metadata()
    expect([width, height, format]).toEqual([1344, 756, 'jpeg'])
    expect(bodyOf(seen)).toMatchObject({ model: 'scripted', max_tokens: 2048, temperature: 0, top_p: 1 })
    expect(vision.name).toMatch(/^scripted at 127\.0\.0\.1:\d+ \(showui\)$/)
    expect(sizes).toHaveLength(1)
  })

  test('a picture that fits is sent as it is', async () => {
    const { vision, seen } = await stage([{ say: CLICK }], SHOWUI)
    const input = await step()
    await vision.next(input)
    const [image] = calls(seen)[0]!.request!.items.flatMap(({ images = [] }) => images)
    expect(Buffer.from(image!, 'base64').equals(Buffer.from(input.picture.jpeg))).toBe(true)
  })

  test('a reply that is not understood is answered once, with what was wrong', async () => {
    const { vision, seen } = await stage((_, count) => [{ say: count === 1 ? "{'action': 'JUMP'}" : CLICK }], SHOWUI)
    const output = await vision.next(await step())
    expect(output).toMatchObject({ actions: [CLICKED], calls: 2, usage: { output: 2 * USAGE.output } })
    const items = calls(seen)[1]!.request!.items
    expect(items.map(({ role }) => role)).toEqual(['user', 'assistant', 'user'])
    expect(items[1]?.text).toContain('JUMP')
    expect(items[2]?.text).toContain('JUMP is no action')
  })

  test('a reply that is not understood twice is told as such', async () => {
    const { vision, seen } = await stage([{ say: 'I see a page.' }], SHOWUI)
    const output = await vision.next(await step())
    expect(output).toMatchObject({ actions: [], calls: 2, text: 'I see a page.' })
    expect(output.parseError).toContain('no dictionary')
    expect(calls(seen)).toHaveLength(2)
  })

  test('a closer look is without history, and is not asked for twice', async () => {
    const { vision, seen } = await stage([{ say: 'nothing' }], SHOWUI)
    const past: PastStep = { number: 1, actions: [{ action: 'ENTER' }], reply: { text: '', calls: [] } }
    const crop = {
      box: { x: 0, y: 0, width: 640, height: 360 },
      screen: { width: 1280, height: 720 },
      refines: CLICKED,
    }
    const output = await vision.next(await step({ crop, history: [past], picture: await picture(640, 360) }))
    expect([output.actions, output.calls]).toEqual([[], 1])
    expect(
      calls(seen)[0]!
        .request!.items.map(({ text }) => text)
        .join(),
    ).not.toContain('Action history')
    expect(calls(seen)).toHaveLength(1)
  })

  test('only the last steps are told, and only the last of their pictures are shown again', async () => {
    const { vision, seen } = await stage([{ tool: 'computer', input: { action: 'wait' } }], {
      NEKO_HISTORY_STEPS: '3',
      NEKO_HISTORY_PICTURES: '2',
    })
    const history = await Promise.all(
      Array.from({ length: 6 }, async (_, i): Promise<PastStep> => ({
        number: i + 1,
        actions: [{ action: 'WAIT', seconds: i + 1 }],
        reply: { text: '', calls: [{ id: `call${i}`, name: 'computer', input: { action: 'wait', duration: i + 1 } }] },
        result: `Waited ${i + 1}.`,
        picture: await picture(),
      })),
    )
    expect((await vision.next(await step({ history }))).actions).toEqual([{ action: 'WAIT', seconds: 1 }])
    const { items } = calls(seen)[0]!.request!
    expect(items.flatMap(({ images = [] }) => images)).toHaveLength(3)
    const text = items.map((item) => item.text).join('\n')
    expect(text).not.toContain('Waited 3.')
    for (const told of ['Step 4', 'Waited 5.', 'Waited 6.']) expect(text).toContain(told)
  })
})

describe('a model that fails', () => {
  test.each([500, 503, 529, 429])('is asked again after status %d', async (status) => {
    const { vision, seen } = await stage((_, count) => (count < 3 ? [{ fail: status }] : [{ say: CLICK }]), SHOWUI)
    expect((await vision.next(await step())).actions).toEqual([CLICKED])
    expect(calls(seen)).toHaveLength(3)
  })

  test.each<[Block, string, number]>([
    [{ fail: 500 }, 'model_unavailable', 3],
    [{ fail: 429 }, 'rate_limited', 3],
    [{ fail: 429, headers: { 'retry-after': '3600' } }, 'rate_limited', 1],
    [{ fail: 401, message: 'bad key' }, 'runtime_login_required', 1],
    [{ fail: 402, message: 'no credit' }, 'quota_exhausted', 1],
    [{ fail: 404, message: 'no such model' }, 'model_unavailable', 1],
    [{ fail: 413 }, 'context_overflow', 1],
  ])('%j has the reason %s after %d calls', async (block, reason, times) => {
    const { vision, seen } = await stage([block], { ...SHOWUI, NEKO_MODEL_MAX_RETRIES: '2' })
    const { failure: said, message } = await failure(vision.next(await step()))
    expect(said.reason as string).toBe(reason)
    expect(message).toContain('scripted at 127.0.0.1')
    expect(calls(seen)).toHaveLength(times)
  })

  test('a call that takes too long is made again', async () => {
    const held = Promise.withResolvers<Block[]>()
    ending.push(() => held.resolve([]))
    const { vision, seen } = await stage((_, count) => (count === 1 ? held.promise : [{ say: CLICK }]), {
      ...SHOWUI,
      NEKO_MODEL_TIMEOUT: '1',
    })
    expect((await vision.next(await step())).actions).toEqual([CLICKED])
    expect(calls(seen)).toHaveLength(2)
  })

  test('an answer that does not come in time is a timeout, whatever tries are left', async () => {
    const held = Promise.withResolvers<Block[]>()
    ending.push(() => held.resolve([]))
    const { vision, seen } = await stage(() => held.promise, { ...SHOWUI, NEKO_INFERENCE_TIMEOUT: '1' })
    const { failure: said, message } = await failure(vision.next(await step()))
    expect([said.reason, calls(seen).length]).toEqual(['timeout', 1])
    expect(message).toContain('gave no answer within 1 s')
  })

  test('the time limit ends waiting for another try, with the reason of the last', async () => {
    const { vision } = await stage([{ fail: 429, headers: { 'retry-after': '30' } }], {
      ...SHOWUI,
      NEKO_INFERENCE_TIMEOUT: '1',
    })
    expect((await failure(vision.next(await step()))).failure.reason).toBe('rate_limited')
  })

  test('an endpoint that is not there is named', async () => {
    const { vision } = await stage([{ say: CLICK }], {
      ...SHOWUI,
      NEKODE_MODEL_BASE_URL: 'http://127.0.0.1:1/v1',
      NEKODE_MODEL: 'm',
      NEKO_MODEL_MAX_RETRIES: '1',
    })
    const { failure: said } = await failure(vision.next(await step()))
    expect(said.reason).toBe('model_unavailable')
  })

  test('an answer that is none is told as such', async () => {
    const server = Bun.serve({ port: 0, hostname: '127.0.0.1', fetch: () => new Response('<html>Welcome</html>') })
    ending.push(() => server.stop(true))
    const { vision } = await stage([], {
      ...SHOWUI,
      NEKODE_MODEL_BASE_URL: `http://127.0.0.1:${server.port}/v1`,
      NEKODE_MODEL: 'm',
    })
    expect((await failure(vision.next(await step()))).failure.reason).toBe('invalid_output')
  })

  test('is left alone when the task is stopped, while it answers and while another try is waited for', async () => {
    for (const block of [undefined, [{ fail: 500 }]]) {
      const held = Promise.withResolvers<Block[]>()
      const asked = Promise.withResolvers<void>()
      ending.push(() => held.resolve([]))
      const { vision } = await stage(
        () => {
          asked.resolve()
          return block ?? held.promise
        },
        SHOWUI,
        { retryMs: 60_000 },
      )
      const stop = new AbortController()
      const result = vision.next(await step({ signal: stop.signal }))
      await asked.promise
      stop.abort()
      await expect(result).rejects.toMatchObject({ name: 'AbortError' })
    }
  })
})

describe('Anthropic', () => {
  const ANTHROPIC = {
    NEKODE_MODEL_PROVIDER: 'anthropic',
    NEKODE_MODEL_API_KEY: 'sk-test',
    NEKODE_MODEL: 'claude-sonnet-4-5',
  }

  test('is asked with its computer tool, the header that belongs to it and the size of the picture', async () => {
    const { vision, seen } = await stage(
      [{ say: 'I click.' }, { tool: 'computer', input: { action: 'left_click', coordinate: [640, 180] } }],
      ANTHROPIC,
    )
    const output = await vision.next(await step())
    expect(output).toMatchObject({
      thought: 'I click.',
      actions: [{ action: 'CLICK', position: { x: expect.closeTo(0.5, 2), y: expect.closeTo(0.25, 2) } }],
    })
    const [{ path, headers }] = calls(seen) as [Seen]
    expect(path).toBe('/v1/messages')
    expect(headers).toMatchObject({
      'x-api-key': 'sk-test',
      'anthropic-beta': expect.stringContaining('computer-use-2025-01-24'),
    })
    const { tools, temperature, system, messages } = bodyOf(seen)
    expect(tools).toContainEqual(
      expect.objectContaining({
        type: 'computer_20250124',
        name: 'computer',
        display_width_px: 1280,
        display_height_px: 720,
      }),
    )
    expect([temperature, JSON.stringify(system).includes('ask_person')]).toEqual([undefined, true])
    expect(JSON.stringify(messages)).toContain('"media_type":"image/jpeg"')
  })

  test('is shown what came of a step as the result of its call, with the picture in it', async () => {
    const { vision, seen } = await stage([{ tool: 'finish', input: { answer: 'Rain', success: true } }], ANTHROPIC)
    const history: PastStep[] = [
      {
        number: 1,
        actions: [CLICKED],
        reply: {
          text: 'I click.',
          calls: [{ id: 'toolu_1', name: 'computer', input: { action: 'left_click', coordinate: [640, 180] } }],
        },
        result: 'The screen changed.',
        picture: await picture(),
      },
    ]
    const output = await vision.next(await step({ history, words: ['Be quick.'] }))
    expect(output.actions).toEqual([{ action: 'ANSWER', value: 'Rain' }])
    expect(bodyOf(seen).messages).toMatchObject([
      { role: 'user', content: [{ type: 'text' }, { type: 'image' }] },
      {
        role: 'assistant',
        content: [
          { type: 'text', text: 'I click.' },
          { type: 'tool_use', id: 'toolu_1', name: 'computer' },
        ],
      },
      {
        role: 'user',
        content: [
          {
            type: 'tool_result',
            tool_use_id: 'toolu_1',
            content: [{ type: 'text', text: 'The screen changed.' }, { type: 'image' }],
          },
          { type: 'text', text: expect.stringContaining('Be quick.') },
        ],
      },
    ])
  })

  test('is told what was wrong with a call as its result', async () => {
    const { vision, seen } = await stage(
      (_, count) => [
        {
          tool: 'computer',
          input: count === 1 ? { action: 'left_mouse_down' } : { action: 'wait', duration: 2 },
          id: `toolu_${count}`,
        },
      ],
      ANTHROPIC,
    )
    expect(await vision.next(await step())).toMatchObject({ calls: 2, actions: [{ action: 'WAIT', seconds: 2 }] })
    expect(Object(bodyOf(seen, 1).messages).at(-1)).toMatchObject({
      role: 'user',
      content: [{ type: 'tool_result', tool_use_id: 'toolu_1', is_error: true }],
    })
  })

  test('models of today are asked with the toolset, whose calls come one by one', async () => {
    const bodies: Record<string, unknown>[] = []
    const server = Bun.serve({
      port: 0,
      hostname: '127.0.0.1',
      async fetch(request) {
        bodies.push(Object(await request.json()))
        const call = (id: string, name: string, input: object) => ({
          type: 'tool_use',
          id,
          name,
          toolset_name: 'computer',
          input,
        })
        return Response.json({
          id: 'msg_1',
          type: 'message',
          role: 'assistant',
          model: 'claude-opus-5-5',
          content: [
            call('toolu_1', 'left_click', { coordinate: [640, 180] }),
            call('toolu_2', 'type', { text: 'hello' }),
          ],
          stop_reason: 'tool_use',
          stop_sequence: null,
          usage: { input_tokens: 10, output_tokens: 5 },
        })
      },
    })
    ending.push(() => server.stop(true))
    const env = {
      ...ANTHROPIC,
      NEKODE_MODEL: 'claude-opus-5-5',
      NEKODE_MODEL_BASE_URL: `http://127.0.0.1:${server.port}/v1`,
    }
    const { vision } = await stage([], env)
    const first = await vision.next(await step())
    expect(first.actions.map(({ action }) => action)).toEqual(['CLICK', 'INPUT'])
    expect(bodies[0]?.tools).toContainEqual(expect.objectContaining({ type: 'computer_toolset_20260801' }))
    const past: PastStep = {
      number: 1,
      actions: first.actions,
      reply: first.reply,
      result: 'The screen changed.',
      picture: await picture(),
    }
    await vision.next(await step({ history: [past] }))
    expect(bodies[1]?.messages).toMatchObject([
      { role: 'user' },
      {
        role: 'assistant',
        content: [
          { type: 'tool_use', name: 'left_click', toolset_name: 'computer' },
          { name: 'type', toolset_name: 'computer' },
        ],
      },
      {
        role: 'user',
        content: [
          { type: 'tool_result', tool_use_id: 'toolu_1' },
          { type: 'tool_result', tool_use_id: 'toolu_2' },
        ],
      },
    ])
  })
})

describe('calls of tools that are none', () => {
  const CLAUDE = { NEKODE_MODEL_PROVIDER: 'anthropic', NEKODE_MODEL: 'claude-sonnet-4-5' }
  test.each<[string, Block, Record<string, string>, string]>([
    ['an action that there is not', { tool: 'computer', input: { action: 'teleport' } }, {}, 'TELEPORT is no action'],
    [
      'an action that there is not, of Claude',
      { tool: 'computer', input: { action: 'teleport' } },
      CLAUDE,
      'TELEPORT is no action',
    ],
    [
      'a position of words',
      { tool: 'computer', input: { action: 'left_click', coordinate: ['here', 2, 3] } },
      CLAUDE,
      'two',
    ],
    ['another tool', { tool: 'bash', input: { command: 'ls' } }, {}, '"action" is missing'],
    ['another tool, of Claude', { tool: 'bash', input: { command: 'ls' } }, CLAUDE, '"action" is missing'],
    ['arguments that are no object', { tool: 'computer', input: 'click it' }, {}, 'cannot be read'],
  ])('%s is told, and asked for again', async (_, block, env, problem) => {
    const { vision, seen } = await stage(
      (__, count) => (count === 1 ? [block] : [{ tool: 'computer', input: { action: 'wait', duration: 2 } }]),
      env,
    )
    expect(await vision.next(await step())).toMatchObject({ calls: 2, actions: [{ action: 'WAIT', seconds: 2 }] })
    expect(JSON.stringify(bodyOf(seen, 1).messages)).toContain(JSON.stringify(problem).slice(1, -1))
  })

  test('arguments that were cut off are told as such', async () => {
    const bodies: string[] = []
    const server = Bun.serve({
      port: 0,
      hostname: '127.0.0.1',
      async fetch(request) {
        bodies.push(await request.text())
        const call = {
          id: 'call_1',
          type: 'function',
          function: { name: 'computer', arguments: '{"action": "type", "text": "hel' },
        }
        const message = { role: 'assistant', content: null, tool_calls: [call] }
        return Response.json({
          id: 'x',
          object: 'chat.completion',
          created: 0,
          model: 'm',
          choices: [{ index: 0, message, finish_reason: 'length' }],
        })
      },
    })
    ending.push(() => server.stop(true))
    const { vision } = await stage([], {
      NEKODE_MODEL_BASE_URL: `http://127.0.0.1:${server.port}/v1`,
      NEKODE_MODEL: 'm',
    })
    const { parseError, actions } = await vision.next(await step())
    expect(actions).toEqual([])
    expect(parseError).toContain('cut off at the limit of tokens')
    expect(bodies[1]).toContain('cut off at the limit of tokens')
  })
})

describe('other endpoints', () => {
  test('models that reason are told their tokens in their own way, and no temperature', async () => {
    const { vision, seen } = await stage([{ tool: 'computer', input: { action: 'screenshot' } }], {
      NEKODE_MODEL: 'gpt-5.5',
      NEKO_MODEL_REASONING_EFFORT: 'low',
    })
    expect((await vision.next(await step())).actions).toEqual([{ action: 'LOOK' }])
    const { max_tokens, max_completion_tokens, temperature, reasoning_effort, tool_choice } = bodyOf(seen)
    expect([max_tokens, max_completion_tokens, temperature, reasoning_effort, tool_choice]).toEqual([
      undefined,
      2048,
      undefined,
      'low',
      'auto',
    ])
  })

  test('OpenRouter is told who asks, and whether to reason', async () => {
    const router = startModelEndpoint({
      decide: () => [
        { say: '<tool_call>{"name": "computer_use", "arguments": {"action": "wait", "time": 3}}</tool_call>' },
      ],
    })
    ending.push(() => router.stop())
    const { vision } = await stage([], {
      NEKODE_MODEL_BASE_URL: '',
      OPENROUTER_API_KEY: 'or-key',
      OPENROUTER_BASE_URL: `${router.url}/v1/chat/completions`,
      OPENROUTER_SITE_URL: 'https://site.test',
    })
    expect((await vision.next(await step())).actions).toEqual([{ action: 'WAIT', seconds: 3 }])
    expect(router.seen[0]).toMatchObject({
      path: '/v1/chat/completions',
      headers: { authorization: 'Bearer or-key', 'http-referer': 'https://site.test', 'x-title': 'Neko Agent' },
      body: { model: 'qwen/qwen2.5-vl-72b-instruct', reasoning: { enabled: true } },
    })
  })

  test('of the models that Ollama has, the first that sees is taken', async () => {
    const ollama = Bun.serve({
      port: 0,
      hostname: '127.0.0.1',
      async fetch(request) {
        const { pathname } = new URL(request.url)
        if (pathname === '/api/tags') return Response.json({ models: [{ name: 'qwen3:8b' }, { name: 'qwen3-vl:4b' }] })
        const { model } = Object(await request.json())
        return Response.json({ capabilities: model === 'qwen3-vl:4b' ? ['vision', 'tools'] : ['tools'] })
      },
    })
    ending.push(() => ollama.stop(true))
    const { vision } = await stage([], { NEKODE_MODEL_BASE_URL: '', OLLAMA_HOST: `127.0.0.1:${ollama.port}` })
    expect(vision.name).toBe(`qwen3-vl:4b at 127.0.0.1:${ollama.port} (qwen3vl)`)
  })

  test('without a model it is told what to do', async () => {
    await expect(stage([], { NEKODE_MODEL_BASE_URL: '' })).rejects.toMatchObject({ code: 'runtime_login_required' })
  })
})
