import { createParser } from 'eventsource-parser'
import { z } from 'zod'
import type { TokenUsage } from '../../runtimes/events'
import type { Api } from './request'

/** What a whole answer took. */
export interface Settled {
  usage: TokenUsage
  /** US dollars, where the endpoint says. */
  cost: number | undefined
}

const NONE: TokenUsage = { input: 0, cacheRead: 0, cacheWrite: 0, output: 0, reasoning: 0 }

/**
 * What an answer took, when it is one to keep: whole, without an error, ended by the model itself.
 * @param body as it was sent, with the status 200
 * @returns undefined for one that is not to be kept
 */
export function settle(api: Api, contentType: string, body: Uint8Array): Settled | undefined {
  const text = decode(body)
  if (text === undefined) return undefined
  if (contentType.startsWith('text/event-stream')) return STREAMS[api](eventsOf(text))
  const value = parse(text)
  return contentType.includes('json') && value !== undefined ? WHOLE[api](value) : undefined
}

function decode(body: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(body)
  } catch {
    // Cut off in the middle of a character, or no text at all.
    return undefined
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    // Cut off, or no JSON: not an answer to keep.
    return undefined
  }
}

/** The events of a stream; undefined when its last one is not whole. */
function eventsOf(text: string): { name: string; data: string }[] {
  const events: { name: string; data: string }[] = []
  const parser = createParser({ onEvent: ({ event, data }) => events.push({ name: event ?? '', data }) })
  parser.feed(text)
  return events
}

type Events = ReturnType<typeof eventsOf>

const Tokens = z.number().nonnegative().catch(0)
const Details = z.looseObject({ cached_tokens: Tokens, reasoning_tokens: Tokens }).nullish().catch(undefined)

const ChatUsage = z
  .looseObject({
    prompt_tokens: Tokens,
    completion_tokens: Tokens,
    prompt_tokens_details: Details,
    completion_tokens_details: Details,
    /** OpenRouter and others say what it cost. */
    cost: z.number().nonnegative().optional().catch(undefined),
  })
  .nullish()

const ResponsesUsage = z
  .looseObject({
    input_tokens: Tokens,
    output_tokens: Tokens,
    input_tokens_details: Details,
    output_tokens_details: Details,
  })
  .nullish()

const MessagesUsage = z.looseObject({
  input_tokens: Tokens.optional(),
  cache_read_input_tokens: z.number().nullish(),
  cache_creation_input_tokens: z.number().nullish(),
  output_tokens: Tokens.optional(),
})

/** An ending by a filter is not the model's last word, and may be another one the next time. */
const Finish = z.string().refine((reason) => reason !== 'content_filter' && reason !== 'error')

const Chat = z.looseObject({
  choices: z.array(z.looseObject({ finish_reason: Finish })).min(1),
  usage: ChatUsage,
  error: z.undefined().nullish(),
})

const Chunk = z.looseObject({
  choices: z.array(z.looseObject({ index: z.number().default(0), finish_reason: Finish.nullish() })).default([]),
  usage: ChatUsage,
  error: z.undefined().nullish(),
})

const Response = z.looseObject({ status: z.literal('completed'), usage: ResponsesUsage, error: z.null().optional() })
const Message = z.looseObject({ type: z.literal('message'), stop_reason: z.string(), usage: MessagesUsage })
const Embeddings = z.looseObject({ data: z.array(z.unknown()).min(1), usage: ChatUsage })

const WHOLE: Record<Api, (value: unknown) => Settled | undefined> = {
  chat: (value) => mapped(Chat.safeParse(value).data, ({ usage }) => ofChat(usage)),
  responses: (value) => mapped(Response.safeParse(value).data, ({ usage }) => ofResponses(usage)),
  messages: (value) => mapped(Message.safeParse(value).data, ({ usage }) => ofMessages([usage])),
  embeddings: (value) => mapped(Embeddings.safeParse(value).data, ({ usage }) => ofChat(usage)),
}

const STREAMS: Record<Api, (events: Events) => Settled | undefined> = {
  chat: chatStream,
  responses: responsesStream,
  messages: messagesStream,
  embeddings: () => undefined,
}

const mapped = <T, R>(value: T | undefined, map: (value: T) => R): R | undefined =>
  value === undefined ? undefined : map(value)

function chatStream(events: Events): Settled | undefined {
  if (events.at(-1)?.data !== '[DONE]') return undefined
  let usage: z.infer<typeof ChatUsage>
  const begun = new Set<number>()
  const ended = new Set<number>()
  for (const { data } of events.slice(0, -1)) {
    const chunk = Chunk.safeParse(parse(data)).data
    if (!chunk) return undefined
    for (const { index, finish_reason } of chunk.choices) {
      begun.add(index)
      if (finish_reason) ended.add(index)
    }
    usage = chunk.usage ?? usage
  }
  return ended.size > 0 && ended.size === begun.size ? ofChat(usage) : undefined
}

const Completed = z.looseObject({ type: z.literal('response.completed'), response: Response })

function responsesStream(events: Events): Settled | undefined {
  const last = events.findLast(({ data }) => data !== '[DONE]')
  return mapped(Completed.safeParse(parse(last?.data ?? '')).data, ({ response }) => ofResponses(response.usage))
}

const MessageEvent = z.looseObject({
  type: z.string(),
  message: z.looseObject({ usage: MessagesUsage.optional() }).optional(),
  delta: z.looseObject({ stop_reason: z.string().nullish() }).optional(),
  usage: MessagesUsage.optional(),
})

function messagesStream(events: Events): Settled | undefined {
  const counts: z.infer<typeof MessagesUsage>[] = []
  let hasReason = false
  let last = ''
  for (const { data } of events) {
    const event = MessageEvent.safeParse(parse(data)).data
    if (!event || event.type === 'error') return undefined
    for (const usage of [event.message?.usage, event.usage]) if (usage) counts.push(usage)
    if (event.type === 'message_delta' && event.delta?.stop_reason) hasReason = true
    last = event.type
  }
  return last === 'message_stop' && hasReason ? ofMessages(counts) : undefined
}

function ofChat(usage: z.infer<typeof ChatUsage>): Settled {
  const cacheRead = usage?.prompt_tokens_details?.cached_tokens ?? 0
  return {
    usage: {
      ...NONE,
      input: Math.max(0, (usage?.prompt_tokens ?? 0) - cacheRead),
      cacheRead,
      output: usage?.completion_tokens ?? 0,
      reasoning: usage?.completion_tokens_details?.reasoning_tokens ?? 0,
    },
    cost: usage?.cost,
  }
}

function ofResponses(usage: z.infer<typeof ResponsesUsage>): Settled {
  const cacheRead = usage?.input_tokens_details?.cached_tokens ?? 0
  return {
    usage: {
      ...NONE,
      input: Math.max(0, (usage?.input_tokens ?? 0) - cacheRead),
      cacheRead,
      output: usage?.output_tokens ?? 0,
      reasoning: usage?.output_tokens_details?.reasoning_tokens ?? 0,
    },
    cost: undefined,
  }
}

/** Later counts are totals of the whole message, and may leave out what has not changed. */
function ofMessages(counts: z.infer<typeof MessagesUsage>[]): Settled {
  const usage = { ...NONE }
  for (const count of counts) {
    usage.input = count.input_tokens ?? usage.input
    usage.cacheRead = count.cache_read_input_tokens ?? usage.cacheRead
    usage.cacheWrite = count.cache_creation_input_tokens ?? usage.cacheWrite
    usage.output = count.output_tokens ?? usage.output
  }
  return { usage, cost: undefined }
}
