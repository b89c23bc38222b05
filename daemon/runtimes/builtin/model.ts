import { createAnthropic } from '@ai-sdk/anthropic'
import { createOpenAICompatible } from '@ai-sdk/openai-compatible'
import { APICallError, jsonSchema, type LanguageModel, type ModelMessage, streamText, tool, type ToolSet } from 'ai'
import type { SavedCall, TokenUsage } from '../events'
import { type Failure, failureFrom, failureOf, resetFromHeaders, RuntimeFailure } from '../failure'
import type { Endpoint } from './endpoint'
import type { Message, ToolCall } from './history'
import type { Tool } from './tools'

// The library prints hints about model settings to the console, which is the daemon's log.
globalThis.AI_SDK_LOG_WARNINGS = false

/** Calls of the model by way of a cache, which tells when it answered by itself. */
export type CachedFetch = (
  onHit: (saved: SavedCall) => void,
) => (input: string | URL | Request, init?: RequestInit) => Promise<Response>

export interface StepInput {
  system: string
  messages: readonly Message[]
  tools: readonly Tool[]
  signal: AbortSignal
  onText(text: string): void
  onThought(text: string): void
}

export interface StepResult {
  text: string
  calls: ToolCall[]
  usage: TokenUsage
  /** The answer was there already: what it would have taken. `usage` is nothing then. */
  saved?: SavedCall
  /** `length`: the model ran out of output tokens. `refused`: it declined. */
  finish: 'done' | 'length' | 'refused'
}

/** A failed call of the model. */
export class ModelError extends RuntimeFailure {
  constructor(
    failure: Failure,
    /** Worth another try: nothing had been streamed, and the endpoint may answer next time. */
    readonly retryable: boolean,
    readonly status: number | null,
    /** Milliseconds to wait before that, when the endpoint says so. */
    readonly waitMs: number | undefined,
  ) {
    super(failure.reason, failure.message, failure.resetsAt === undefined ? {} : { resetsAt: failure.resetsAt })
  }
}

/** One call of the model at a time; the loop around it is the session's. */
export class Model {
  readonly #model: LanguageModel
  readonly #endpoint: Endpoint
  /** Of the call that is under way. */
  #saved: SavedCall | undefined

  constructor(endpoint: Endpoint, cached?: CachedFetch) {
    this.#endpoint = endpoint
    this.#model = languageModel(
      endpoint,
      cached?.((saved) => {
        this.#saved = saved
      }),
    )
  }

  /** @throws ModelError, or an AbortError when the signal fired */
  async step(input: StepInput): Promise<StepResult> {
    const calls: ToolCall[] = []
    let text = ''
    let usage = NO_USAGE
    this.#saved = undefined
    let finish: StepResult['finish'] = 'done'
    let streamed = false
    const stream = streamText({
      model: this.#model,
      instructions: input.system,
      messages: input.messages.flatMap(toModel),
      tools: toolSet(input.tools),
      maxRetries: 0,
      abortSignal: input.signal,
      // Errors are read from the stream; by default they are written to the console.
      onError: () => undefined,
    })
    for await (const part of stream.fullStream) {
      if (part.type === 'text-delta') {
        streamed = true
        text += part.text
        input.onText(part.text)
      } else if (part.type === 'reasoning-delta') {
        streamed = true
        input.onThought(part.text)
      } else if (part.type === 'tool-call') calls.push({ id: part.toolCallId, name: part.toolName, input: part.input })
      else if (part.type === 'finish-step') {
        usage = usageOf(part.usage)
        if (part.finishReason === 'length') finish = 'length'
        if (part.finishReason === 'content-filter') finish = 'refused'
      } else if (part.type === 'error') throw callFailed(part.error, this.#endpoint, streamed)
      else if (part.type === 'abort') throw new DOMException('The turn was interrupted.', 'AbortError')
    }
    const saved: SavedCall | undefined = this.#saved
    return saved ? { text, calls, usage: NO_USAGE, saved, finish } : { text, calls, usage, finish }
  }
}

/**
 * A failed call with its reason.
 *
 * @param streamed part of the answer had come, which another try would repeat
 */
export function callFailed(error: unknown, endpoint: Endpoint, streamed: boolean): ModelError {
  const where = `${endpoint.model} at ${new URL(endpoint.baseUrl).host}`
  if (!APICallError.isInstance(error)) {
    const failure = failureOf(error)
    return new ModelError({ ...failure, message: `${where}: ${failure.message}` }, false, null, undefined)
  }
  const { statusCode: status, responseHeaders: headers = {}, responseBody = '' } = error
  const resetsAt = resetFromHeaders(headers)
  const classified = failureFrom({
    message: `${error.message} ${responseBody}`,
    status,
    resetsAt,
    fallback: 'model_unavailable',
  })
  const failure = { ...classified, message: `${where}: ${error.message}` }
  const retryable = error.isRetryable && !streamed && failure.reason !== 'quota_exhausted'
  return new ModelError(failure, retryable, status ?? null, resetsAt && resetsAt - Date.now())
}

export const NO_USAGE: TokenUsage = { input: 0, cacheRead: 0, cacheWrite: 0, output: 0, reasoning: 0 }

function languageModel(
  { provider, baseUrl, apiKey, model }: Endpoint,
  cached: ReturnType<CachedFetch> | undefined,
): LanguageModel {
  // The type of `fetch` has Bun's own `preconnect`, which the library does not use.
  const via = cached ? { fetch: Object.assign(cached, { preconnect: fetch.preconnect }) } : {}
  if (provider === 'anthropic') return createAnthropic({ baseURL: baseUrl, apiKey: apiKey ?? 'none', ...via })(model)
  const key = apiKey ? { apiKey } : {}
  return createOpenAICompatible({ name: 'endpoint', baseURL: baseUrl, includeUsage: true, ...key, ...via })(model)
}

/** Schemas without a validator: inputs are checked where the tool runs, so that the model is told in our words. */
const toolSet = (tools: readonly Tool[]): ToolSet =>
  Object.fromEntries(
    tools.map(({ name, description, schema }) => [name, tool({ description, inputSchema: jsonSchema(schema) })]),
  )

function toModel(message: Message): ModelMessage[] {
  if (message.role === 'user') return [{ role: 'user', content: message.text }]
  if (message.role === 'assistant') {
    const text = message.text ? [{ type: 'text' as const, text: message.text }] : []
    const calls = message.calls.map(({ id, name, input }) => ({
      type: 'tool-call' as const,
      toolCallId: id,
      toolName: name,
      input,
    }))
    return text.length + calls.length > 0 ? [{ role: 'assistant', content: [...text, ...calls] }] : []
  }
  const content = message.results.map(({ id, name, output, failed }) => ({
    type: 'tool-result' as const,
    toolCallId: id,
    toolName: name,
    output: { type: failed ? ('error-text' as const) : ('text' as const), value: output },
  }))
  return [{ role: 'tool', content }]
}

/** What a call took, in our terms. */
export function usageOf(usage: {
  inputTokens: number | undefined
  inputTokenDetails: {
    noCacheTokens: number | undefined
    cacheReadTokens: number | undefined
    cacheWriteTokens: number | undefined
  }
  outputTokens: number | undefined
  outputTokenDetails: { reasoningTokens: number | undefined }
}): TokenUsage {
  const { noCacheTokens, cacheReadTokens: cacheRead = 0, cacheWriteTokens: cacheWrite = 0 } = usage.inputTokenDetails
  return {
    input: noCacheTokens ?? Math.max(0, (usage.inputTokens ?? 0) - cacheRead - cacheWrite),
    cacheRead,
    cacheWrite,
    output: usage.outputTokens ?? 0,
    reasoning: usage.outputTokenDetails.reasoningTokens ?? 0,
  }
}
