import type { Logger } from '@shared/log'
import { failureOf, type Failure, type FailureReason } from '../../runtimes/failure'
import type { AgentSettings } from '../agent/settings'
import type { PastStep, Shot, StepInput, StepOutput, Vision } from '../agent/vision'
import type { Metrics } from './metrics'
import { TaskEnd, type TaskEvent } from './outcome'

/** Replies without an action, or calls that failed for a passing reason, in a row. */
const UNPARSED = 3
const FAILED = 2
/** After these the next call may go well: the step is skipped, and the screen looked at anew. */
const PASSING: ReadonlySet<FailureReason> = new Set(['timeout', 'model_unavailable', 'invalid_output'])
/** Beyond what a reply may take with all its tries: then something hangs. */
const SLACK_MS = 10_000

export interface MindOptions {
  vision: Vision
  settings: AgentSettings
  metrics: Metrics
  log: Logger
  emit: (event: TaskEvent) => void
}

/** Asks the model, and decides when its silence or its nonsense ends the task. */
export class Mind {
  readonly #options: MindOptions
  #unparsed = 0
  #failed = 0

  constructor(options: MindOptions) {
    this.#options = options
  }

  /**
   * @returns what the model decided; null when this call failed and another may not
   * @throws TaskEnd model_failed, unparsable; the signal's reason
   */
  async decide(
    step: number,
    asked: { task: string; history: readonly PastStep[]; words: readonly string[]; picture: Shot; signal: AbortSignal },
  ): Promise<StepOutput | null> {
    const { settings, emit, log } = this.#options
    const { signal, words, ...rest } = asked
    const output = await this.#call({
      ...rest,
      mode: settings.mode,
      ...(words.length > 0 ? { words } : {}),
      signal,
    })
    if (!output) return null
    emit({ type: 'usage', step, usage: output.usage })
    const thought = output.thought?.trim()
    if (thought) emit({ type: 'thought', step, text: thought })
    log.debug('the model replied', { step, text: output.text })
    this.#judge(step, output)
    return output
  }

  async #call(input: StepInput): Promise<StepOutput | null> {
    const { vision, settings, log } = this.#options
    const late = AbortSignal.timeout(settings.model.timeoutMs + SLACK_MS)
    try {
      const output = await vision.next({ ...input, signal: AbortSignal.any([input.signal, late]) })
      this.#failed = 0
      return output
    } catch (error) {
      input.signal.throwIfAborted()
      const failure: Failure = late.aborted
        ? { reason: 'timeout', message: `${vision.name} gave no answer.` }
        : failureOf(error)
      log.warn('the model failed', { ...failure })
      if (++this.#failed >= FAILED || !PASSING.has(failure.reason))
        throw new TaskEnd('model_failed', `The vision model ${vision.name} failed: ${failure.message}`, { failure })
      return null
    }
  }

  #judge(step: number, { actions, parseError, text }: StepOutput): void {
    const { metrics, log, vision } = this.#options
    if (actions.length > 0) {
      this.#unparsed = 0
      return
    }
    metrics.parseErrors.add()
    log.warn('the reply holds no action', { step, error: parseError, text: text.slice(0, 500) })
    if (++this.#unparsed < UNPARSED) return
    throw new TaskEnd(
      'unparsable',
      `${UNPARSED} replies of ${vision.name} in a row held no action that could be understood (${parseError ?? 'empty'}). Check that NEKO_AGENT_TYPE fits the model, or use another model.`,
    )
  }
}

/** The same model, whose calls are counted. */
export const metered = (vision: Vision, metrics: Metrics): Vision => ({
  name: vision.name,
  async next(input) {
    const began = performance.now()
    try {
      return await vision.next(input)
    } finally {
      metrics.inference.observe((performance.now() - began) / 1000)
    }
  },
})
