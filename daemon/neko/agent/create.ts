import type { ModelMessage } from 'ai'
import type { TokenUsage } from '../../runtimes/events'
import { chooseDialect } from './dialects/choose'
import type { Ask, Dialect, Request, Understood } from './dialects/dialect'
import { locateModel } from './locate'
import { type Answer, type ModelOptions, PictureModel } from './models/model'
import { user, text } from './prompt'
import type { AgentSettings } from './settings'
import { fitShot } from './shots'
import type { PastStep, Reply, Shot, StepInput, StepOutput, Vision } from './vision'

/**
 * The model that the settings and the environment name, asked in its own dialect.
 * @throws RuntimeFailure when there is no model
 */
export async function createVision(
  settings: AgentSettings,
  env: Record<string, string | undefined>,
  options: ModelOptions & { onResize?: (ms: number) => void } = {},
): Promise<Vision> {
  const endpoint = await locateModel(settings, env)
  const dialect = chooseDialect(settings.model.type, endpoint.model, endpoint.provider, settings.picture)
  const model = new PictureModel(endpoint, settings.model, options)
  const name = `${endpoint.model} at ${new URL(endpoint.baseUrl).host} (${dialect.name})`
  return new DialectVision(name, model, dialect, settings.model, options.onResize)
}

class DialectVision implements Vision {
  /** Pictures of past steps in the size that they were sent in. */
  readonly #fitted = new WeakMap<Shot, Shot>()

  constructor(
    readonly name: string,
    readonly model: Pick<PictureModel, 'ask'>,
    readonly dialect: Dialect,
    readonly settings: Pick<AgentSettings['model'], 'historySteps' | 'historyPictures'>,
    readonly onResize?: (ms: number) => void,
  ) {}

  async next({ signal, ...input }: StepInput): Promise<StepOutput> {
    const ask = await this.#prepare(input)
    const request = this.dialect.request(ask)
    const first = await this.model.ask(request, signal)
    const meant = this.#understand(first, ask)
    if (meant.actions) return output(meant, first.reply, first.usage, 1)
    // A closer look is a help only: what was decided before it stands.
    if (ask.crop) return output(meant, first.reply, first.usage, 1)
    const again = { ...ask, isLast: true }
    const second = await this.model.ask(repair(request, first.reply, meant.problem), signal)
    return output(this.#understand(second, again), second.reply, sum(first.usage, second.usage), 2)
  }

  async #prepare(input: Omit<StepInput, 'signal'>): Promise<Ask> {
    const started = performance.now()
    const picture = await this.#fit(input.picture)
    this.onResize?.(performance.now() - started)
    if (input.crop) return { ...input, history: [], picture, isLast: false }
    const { historySteps, historyPictures } = this.settings
    const last = historySteps === 0 ? [] : input.history.slice(-historySteps)
    const history = await Promise.all(
      last.map(async ({ picture: seen, ...step }, index): Promise<PastStep> => {
        const isShown = seen && index >= last.length - historyPictures
        return isShown ? { ...step, picture: await this.#fit(seen) } : step
      }),
    )
    return { ...input, history, picture, isLast: false }
  }

  async #fit(shot: Shot): Promise<Shot> {
    const known = this.#fitted.get(shot)
    if (known) return known
    const fitted = await fitShot(shot, this.dialect.fit(shot))
    this.#fitted.set(shot, fitted)
    return fitted
  }

  #understand({ reply, finish }: Answer, ask: Ask): Understood {
    const understood = this.dialect.read(reply, ask)
    if (understood.actions) return understood
    if (finish === 'length')
      return { ...understood, problem: `it was cut off at the limit of tokens: ${understood.problem}` }
    return finish === 'refused' ? { ...understood, problem: 'the model declined to answer' } : understood
  }
}

/** The request once more, with the reply and what was wrong with it. */
function repair(request: Request, reply: Reply, problem: string): Request {
  const said: ModelMessage = {
    role: 'assistant',
    content: [
      ...(reply.text.trim() === '' && reply.calls.length > 0 ? [] : [text(reply.text.trim() || '(nothing)')]),
      ...reply.calls.map(({ id, name, input }) => ({
        type: 'tool-call' as const,
        toolCallId: id,
        toolName: name,
        input,
      })),
    ],
  }
  const words = `Your reply could not be used: ${problem}. Reply again, in the format that was asked for.`
  if (reply.calls.length === 0) return { ...request, messages: [...request.messages, said, user(text(words))] }
  const refused: ModelMessage = {
    role: 'tool',
    content: reply.calls.map(({ id, name }) => ({
      type: 'tool-result' as const,
      toolCallId: id,
      toolName: name,
      output: { type: 'error-text' as const, value: words },
    })),
  }
  return { ...request, messages: [...request.messages, said, refused] }
}

function output(meant: Understood, reply: Reply, usage: TokenUsage, calls: number): StepOutput {
  const thought = meant.thought ?? reply.thought
  return {
    actions: meant.actions ?? [],
    ...(thought ? { thought } : {}),
    text: whole(reply),
    reply,
    usage,
    calls,
    ...(meant.problem === undefined ? {} : { parseError: meant.problem }),
  }
}

const whole = ({ text: said, calls }: Reply): string =>
  [said.trim(), ...calls.map(({ name, input }) => `${name} ${JSON.stringify(input)}`)]
    .filter((part) => part !== '')
    .join('\n')

/** What two calls took together. */
export const sum = (a: TokenUsage, b: TokenUsage): TokenUsage => ({
  input: a.input + b.input,
  cacheRead: a.cacheRead + b.cacheRead,
  cacheWrite: a.cacheWrite + b.cacheWrite,
  output: a.output + b.output,
  reasoning: a.reasoning + b.reasoning,
})
