import { NekodeError } from '@shared/errors'
import type { TokenUsage } from '../../runtimes/events'

/** US dollars for a million tokens. */
export interface Price {
  input: number
  output: number
  /** What reading from the provider's own cache costs, as a part of `input`. */
  cached: number
}

/** A model's name begins with one of these; the longest that fits counts. Public list prices of late 2025, for estimates only. */
const LIST: Readonly<Record<string, Price>> = {
  'claude-opus-4': { input: 15, output: 75, cached: 0.1 },
  'claude-opus-4-5': { input: 5, output: 25, cached: 0.1 },
  'claude-sonnet-4': { input: 3, output: 15, cached: 0.1 },
  'claude-haiku-4': { input: 1, output: 5, cached: 0.1 },
  'claude-3-7-sonnet': { input: 3, output: 15, cached: 0.1 },
  'claude-3-5-sonnet': { input: 3, output: 15, cached: 0.1 },
  'claude-3-5-haiku': { input: 0.8, output: 4, cached: 0.1 },
  'claude-3-haiku': { input: 0.25, output: 1.25, cached: 0.1 },
  'gpt-5': { input: 1.25, output: 10, cached: 0.1 },
  'gpt-5-mini': { input: 0.25, output: 2, cached: 0.1 },
  'gpt-5-nano': { input: 0.05, output: 0.4, cached: 0.1 },
  'gpt-4.1': { input: 2, output: 8, cached: 0.25 },
  'gpt-4.1-mini': { input: 0.4, output: 1.6, cached: 0.25 },
  'gpt-4.1-nano': { input: 0.1, output: 0.4, cached: 0.25 },
  'gpt-4o': { input: 2.5, output: 10, cached: 0.5 },
  'gpt-4o-mini': { input: 0.15, output: 0.6, cached: 0.5 },
  o3: { input: 2, output: 8, cached: 0.25 },
  'o4-mini': { input: 1.1, output: 4.4, cached: 0.25 },
  'text-embedding-3-small': { input: 0.02, output: 0, cached: 1 },
  'text-embedding-3-large': { input: 0.13, output: 0, cached: 1 },
  'gemini-2.5-pro': { input: 1.25, output: 10, cached: 0.25 },
  'gemini-2.5-flash': { input: 0.3, output: 2.5, cached: 0.25 },
}

/** Writing to the provider's cache costs a quarter more than reading what is new. */
const CACHE_WRITE = 1.25

/** Prices of models: what the settings say, else the public lists. */
export class Prices {
  readonly #own: ReadonlyMap<string, Price>

  /** @param settings `model=input/output`, in dollars for a million tokens. @throws NekodeError precondition `config_invalid` */
  constructor(settings: readonly string[] = []) {
    this.#own = new Map(settings.map(parsePrice))
  }

  /** Of a model; undefined when nobody said. */
  of(model: string): Price | undefined {
    const name = model.slice(model.lastIndexOf('/') + 1)
    const own = this.#own.get(model) ?? this.#own.get(name)
    if (own) return own
    const fits = Object.keys(LIST).filter((known) => name === known || dated(name, known))
    const best = fits.toSorted((a, b) => b.length - a.length)[0]
    return best === undefined ? undefined : LIST[best]
  }

  /** What these tokens cost; undefined when the model's price is not known. */
  costOf(model: string, { input, cacheRead, cacheWrite, output }: TokenUsage): number | undefined {
    const price = this.of(model)
    if (!price) return undefined
    const read = input + cacheRead * price.cached + cacheWrite * CACHE_WRITE
    return (read * price.input + output * price.output) / 1e6
  }
}

/** `gpt-5-2025-08-07` is a `gpt-5`, and `gpt-5.5` or `gpt-5-pro` is not: it may cost ten times as much. */
const dated = (name: string, known: string): boolean =>
  name.startsWith(known) && /^(?:[-@]\d[\d-]*|-latest)$/.test(name.slice(known.length))

function parsePrice(setting: string): [string, Price] {
  const [, model = '', input = '', output = ''] = /^(.+)=(\d+(?:\.\d+)?)\/(\d+(?:\.\d+)?)$/.exec(setting) ?? []
  if (model === '')
    throw new NekodeError('precondition', `“${setting}” is not a price.`, {
      code: 'config_invalid',
      next: 'Write modelPrices as model=input/output, in dollars for a million tokens: my-model=1.25/10',
    })
  return [model, { input: Number(input), output: Number(output), cached: 1 }]
}
