import { createAnthropic } from '@ai-sdk/anthropic'
import { createOpenAICompatible } from '@ai-sdk/openai-compatible'
import { AISDKError, generateText, type LanguageModel } from 'ai'
import type { TokenUsage } from '../../../runtimes/events'
import type { Endpoint } from '../../../runtimes/builtin/endpoint'
import { callFailed, type ModelError, usageOf } from '../../../runtimes/builtin/model'
import { RuntimeFailure } from '../../../runtimes/failure'
import type { Request } from '../dialects/dialect'
import type { AgentSettings } from '../settings'
import type { Reply } from '../vision'

export interface Answer {
  reply: Reply
  usage: TokenUsage
  /** `length`: it ran out of tokens. `refused`: it declined. */
  finish: 'done' | 'length' | 'refused'
}

export interface ModelOptions {
  /** Wait before the first retry; it doubles. Default 2000. */
  retryMs?: number
}

/** The longest wait before another try that an endpoint may ask for. */
const LONGEST_WAIT_MS = 60_000
const SLOWEST_RETRY_MS = 10_000

/** One endpoint and model that is shown pictures. */
export class PictureModel {
  readonly #model: LanguageModel
  readonly #endpoint: Endpoint
  readonly #settings: AgentSettings['model']
  readonly #retryMs: number

  constructor(endpoint: Endpoint, settings: AgentSettings['model'], options: ModelOptions = {}) {
    this.#endpoint = endpoint
    this.#settings = settings
    this.#model = languageModel(endpoint, settings)
    this.#retryMs = options.retryMs ?? 2000
  }

  /**
   * One reply, with more tries where these can help, all within the inference timeout.
   *
   * @throws RuntimeFailure with its reason, or an AbortError when the signal fired
   */
  async ask(request: Request, signal: AbortSignal): Promise<Answer> {
    const limit = AbortSignal.timeout(this.#settings.timeoutMs)
    for (let attempt = 0; ; attempt++) {
      try {
        return await this.#once(request, signal, limit)
      } catch (error) {
        signal.throwIfAborted()
        if (limit.aborted) throw this.#late(this.#settings.timeoutMs, error)
        const failure = this.#failed(error)
        if (attempt >= this.#settings.maxRetries || !worthRetry(failure)) throw failure
        await this.#wait(attempt, failure, signal, limit)
      }
    }
  }

  async #once(request: Request, signal: AbortSignal, limit: AbortSignal): Promise<Answer> {
    const { callTimeoutMs, maxTokens, temperature, topP } = this.#settings
    const call = AbortSignal.timeout(callTimeoutMs)
    // Models that reason and those of Anthropic refuse to be told how to draw their words.
    const draws = this.#endpoint.provider === 'openai-compatible' && !reasons(this.#endpoint.model)
    try {
      const { text, reasoningText, toolCalls, usage, finishReason } = await generateText({
        model: this.#model,
        ...(request.system === undefined ? {} : { instructions: request.system }),
        messages: request.messages,
        ...(request.tools ? { tools: request.tools, toolChoice: 'auto' as const } : {}),
        maxOutputTokens: maxTokens,
        ...(draws ? { temperature, topP } : {}),
        maxRetries: 0,
        abortSignal: AbortSignal.any([signal, limit, call]),
      })
      const calls = toolCalls.map(({ toolCallId: id, toolName: name, input }) => ({
        id,
        name,
        input: input as unknown,
      }))
      return {
        reply: { text, calls, ...(reasoningText ? { thought: reasoningText } : {}) },
        usage: usageOf(usage),
        finish: FINISH[finishReason] ?? 'done',
      }
    } catch (error) {
      if (call.aborted && !signal.aborted && !limit.aborted) throw this.#late(callTimeoutMs, error)
      throw error
    }
  }

  #failed(error: unknown): RuntimeFailure | ModelError {
    if (error instanceof RuntimeFailure) return error
    const failure = callFailed(error, this.#endpoint, false)
    const isAnswered = AISDKError.isInstance(error) && (failure.status ?? 200) < 300
    // An answer that is none of this API: a page of a proxy, or of another program.
    return failure.failure.reason === 'internal' && isAnswered
      ? new RuntimeFailure('invalid_output', failure.message, { cause: error })
      : failure
  }

  #late(ms: number, cause: unknown): RuntimeFailure {
    const { model, baseUrl } = this.#endpoint
    const message = `${model} at ${new URL(baseUrl).host} gave no answer within ${Math.round(ms / 1000)} s.`
    return new RuntimeFailure('timeout', message, { cause })
  }

  async #wait(attempt: number, failure: RuntimeFailure | ModelError, signal: AbortSignal, limit: AbortSignal) {
    const asked = 'waitMs' in failure ? failure.waitMs : undefined
    // The endpoint frees itself later than we would wait: that is the answer.
    if (asked !== undefined && asked > LONGEST_WAIT_MS) throw failure
    const ms = Math.max(asked ?? 0, Math.min(SLOWEST_RETRY_MS, this.#retryMs * 2 ** attempt))
    await new Promise<void>((resolve, reject) => {
      const stop = () => {
        clearTimeout(timer)
        if (signal.aborted) reject(signal.reason)
        else reject(failure)
      }
      const timer = setTimeout(() => {
        signal.removeEventListener('abort', stop)
        limit.removeEventListener('abort', stop)
        resolve()
      }, ms)
      signal.addEventListener('abort', stop, { once: true })
      limit.addEventListener('abort', stop, { once: true })
    })
  }
}

const FINISH: Record<string, Answer['finish']> = { length: 'length', 'content-filter': 'refused' }

const worthRetry = (failure: RuntimeFailure | ModelError): boolean =>
  'retryable' in failure ? failure.retryable : failure.failure.reason === 'timeout'

/** Models of OpenAI that take `max_completion_tokens`, and no temperature. */
const reasons = (model: string): boolean => /^(?:openai\/)?(?:gpt-(?:[5-9]|\d\d)|o\d)/i.test(model)

function languageModel(
  { provider, baseUrl, apiKey, model }: Endpoint,
  settings: AgentSettings['model'],
): LanguageModel {
  if (provider === 'anthropic') return createAnthropic({ baseURL: baseUrl, apiKey: apiKey ?? 'none' })(model)
  const { openRouter, reasoning } = settings
  const isRouter = openRouter?.baseUrl === baseUrl
  const headers = isRouter
    ? { ...(openRouter.siteUrl ? { 'HTTP-Referer': openRouter.siteUrl } : {}), 'X-Title': openRouter.appName }
    : {}
  return createOpenAICompatible({
    name: 'endpoint',
    baseURL: baseUrl,
    headers,
    ...(apiKey ? { apiKey } : {}),
    transformRequestBody: (body) => {
      const { max_tokens: most, ...rest } = body
      const tokens = reasons(model) ? { max_completion_tokens: most } : { max_tokens: most }
      const effort = reasoning?.effort
      if (isRouter)
        return {
          ...rest,
          ...tokens,
          ...(reasoning ? { reasoning: { enabled: true, ...(effort ? { effort } : {}) } } : {}),
        }
      return { ...rest, ...tokens, ...(effort ? { reasoning_effort: effort } : {}) }
    },
  })(model)
}
