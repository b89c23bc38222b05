import type { EventOf, TokenUsage } from '../runtimes/events'

type Used = EventOf<'usage'>

const COUNTS = ['input', 'cacheRead', 'cacheWrite', 'output', 'reasoning'] as const
const NONE: TokenUsage = { input: 0, cacheRead: 0, cacheWrite: 0, output: 0, reasoning: 0 }
/** What a token of each kind costs beside one that is read, about the same for all providers. */
const WEIGHT: TokenUsage = { input: 1, cacheRead: 0.1, cacheWrite: 1.25, output: 5, reasoning: 0 }

/**
 * Answers from the cache say what they took when they were first given, and the program that reads them counts that once more. What nobody
 * was charged for is taken out of its counts again.
 */
export class Savings {
  #left = NONE

  /** An answer came from the cache. */
  add(saved: TokenUsage): void {
    this.#left = mapped((name) => this.#left[name] + saved[name])
  }

  /** What is left of a program's count. Its cost goes down with the tokens. */
  correct(used: Used): Used {
    const saved = mapped((name) => Math.min(this.#left[name], used.usage[name]))
    if (weight(saved) === 0) return used
    this.#left = mapped((name) => this.#left[name] - saved[name])
    const usage = mapped((name) => used.usage[name] - saved[name])
    if (used.costUsd === undefined) return { ...used, usage }
    return { ...used, usage, costUsd: (used.costUsd * weight(usage)) / weight(used.usage) }
  }
}

const mapped = (value: (name: (typeof COUNTS)[number]) => number): TokenUsage => ({
  input: value('input'),
  cacheRead: value('cacheRead'),
  cacheWrite: value('cacheWrite'),
  output: value('output'),
  reasoning: value('reasoning'),
})

const weight = (usage: TokenUsage): number => COUNTS.reduce((sum, name) => sum + usage[name] * WEIGHT[name], 0)
