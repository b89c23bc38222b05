import { z } from 'zod'
import { errorText } from '@shared/errors'
import { keyOf } from './key'

/** The calls that can be cached. */
export type Api = 'chat' | 'responses' | 'messages' | 'embeddings'

/** What is cached of a caller: nothing, requests without tools, or those too. */
export type Mode = 'off' | 'on' | 'tools'

export interface Asked {
  tenant: string
  /** Whole address of the call at its endpoint. */
  address: string
  method: string
  headers: Headers
  /** A stream for what is passed on only. */
  body: Uint8Array<ArrayBuffer> | ReadableStream<Uint8Array> | undefined
}

export interface Rules {
  mode: Mode
  /** Answers to requests with a temperature above 0 are cached too. */
  sampled: boolean
}

/** What is to be done with a request. */
export type Plan =
  | { type: 'pass'; why: string }
  | { type: 'look'; key: string; api: Api; model: string; streams: boolean; fresh: boolean }

const PATHS: readonly [string, Api][] = [
  ['/chat/completions', 'chat'],
  ['/responses', 'responses'],
  ['/messages', 'messages'],
  ['/embeddings', 'embeddings'],
]
/** Headers that change an answer. */
const MEANINGFUL = ['anthropic-version', 'anthropic-beta', 'openai-beta']

const List = z.array(z.unknown()).nullish()
const Text = z.unknown().refine((value) => value !== undefined)
const Base = z.looseObject({
  model: z.string().min(1).max(200),
  stream: z.boolean().nullish(),
  temperature: z.number().nullish(),
  tools: List,
})
const Block = z.looseObject({ type: z.string().optional() })
const Message = z.looseObject({ role: z.string(), content: z.unknown().optional() })

const BODIES = {
  chat: Base.extend({
    messages: z.array(Message.extend({ tool_calls: List, function_call: z.unknown().optional() })),
    functions: List,
    web_search_options: z.unknown().optional(),
    store: z.boolean().nullish(),
  }),
  responses: Base.extend({
    input: z.union([z.string(), z.array(Block)]).optional(),
    previous_response_id: z.string().nullish(),
    conversation: z.unknown().optional(),
    background: z.boolean().nullish(),
    prompt: z.unknown().optional(),
  }),
  messages: Base.extend({ messages: z.array(Message), mcp_servers: List, container: z.unknown().optional() }),
  embeddings: Base.extend({ input: Text }),
} as const

/** Which call of a model this is, if it is one. */
export const apiOf = (method: string, path: string): Api | undefined =>
  method === 'POST' ? PATHS.find(([end]) => path.endsWith(end))?.[1] : undefined

/** Decides whether a request is looked up, and under which key. */
export function planOf(asked: Asked, { mode, sampled }: Rules): Plan {
  const api = apiOf(asked.method, new URL(asked.address).pathname)
  if (!api || !(asked.body instanceof Uint8Array)) return pass('it is no call of a model')
  if (mode === 'off') return pass('the cache is off for this caller')
  const control = directives(asked.headers.get('cache-control'))
  if (control.has('no-store')) return pass('the caller wants it so')
  let body: Record<string, unknown>
  try {
    body = z
      .record(z.string(), z.unknown())
      .parse(JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(asked.body)))
  } catch {
    // The endpoint will say what is wrong with it.
    return pass('its body is not JSON')
  }
  const facts = factsOf(api, body)
  if (!facts) return pass('its body is not understood')
  if (facts.remembers) return pass('it goes on with what the endpoint remembers')
  if (facts.hasTools && mode !== 'tools') return pass('it has tools')
  if (facts.isSampled && !sampled) return pass('its temperature is above 0')
  try {
    const key = keyOf({
      tenant: asked.tenant,
      address: asked.address,
      headers: Object.fromEntries(MEANINGFUL.map((name) => [name, asked.headers.get(name) ?? ''])),
      body,
    })
    return { type: 'look', key, api, model: facts.model, streams: facts.streams, fresh: control.has('no-cache') }
  } catch (error) {
    return pass(errorText(error))
  }
}

const pass = (why: string): Plan => ({ type: 'pass', why })

const directives = (header: string | null): Set<string> =>
  new Set((header ?? '').split(',').map((word) => word.trim().toLowerCase()))

interface Facts {
  model: string
  streams: boolean
  hasTools: boolean
  /**
   * Without a temperature nobody asked for variety, and newer models take none at all; with one above 0 somebody did.
   */
  isSampled: boolean
  /** It refers to something that the endpoint keeps, so that the request alone does not say what the answer is. */
  remembers: boolean
}

function factsOf(api: Api, body: unknown): Facts | undefined {
  switch (api) {
    case 'chat': {
      const { data } = BODIES.chat.safeParse(body)
      const called = data?.messages.some(
        ({ role, tool_calls, function_call }) =>
          role === 'tool' || role === 'function' || some(tool_calls) || isGiven(function_call),
      )
      return data && facts(data, called || some(data.functions) || isGiven(data.web_search_options), false)
    }
    case 'responses': {
      const { data } = BODIES.responses.safeParse(body)
      const items = typeof data?.input === 'string' ? [] : (data?.input ?? [])
      const called = items.some(({ type = '' }) => /_call(?:_output)?$|^mcp_/.test(type))
      const remembers =
        isGiven(data?.previous_response_id) ||
        isGiven(data?.conversation) ||
        isGiven(data?.prompt) ||
        data?.background === true ||
        items.some(({ type }) => type === 'item_reference')
      return data && facts(data, called, remembers)
    }
    case 'messages': {
      const { data } = BODIES.messages.safeParse(body)
      const called = data?.messages.some(({ content }) => Array.isArray(content) && content.some(isToolBlock))
      return data && facts(data, called || some(data.mcp_servers), isGiven(data.container))
    }
    case 'embeddings': {
      const { data } = BODIES.embeddings.safeParse(body)
      return data && { ...facts(data, false, false), isSampled: false }
    }
  }
}

const facts = (body: z.infer<typeof Base>, called: boolean | undefined, remembers: boolean): Facts => ({
  model: body.model,
  streams: body.stream === true,
  hasTools: called === true || some(body.tools),
  isSampled: (body.temperature ?? 0) > 0,
  remembers,
})

const some = (list: unknown[] | null | undefined): boolean => (list?.length ?? 0) > 0
const isGiven = (value: unknown): boolean => value !== undefined && value !== null
const isToolBlock = (block: unknown): boolean => /tool_(?:use|result)$/.test(Block.safeParse(block).data?.type ?? '')
