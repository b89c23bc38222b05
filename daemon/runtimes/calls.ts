import { RuntimeFailure } from './failure'

interface Call {
  resolve(value: unknown): void
  reject(error: Error): void
}

/** Requests to a child that await their answers, each with a deadline. */
export class Calls<Id> {
  readonly #open = new Map<Id, Call>()

  /**
   * Registers the request, then sends it.
   * @throws RuntimeFailure timeout when no answer came within `ms`
   */
  async call(id: Id, name: string, ms: number, send: () => void): Promise<unknown> {
    const { promise, resolve, reject } = Promise.withResolvers<unknown>()
    this.#open.set(id, { resolve, reject })
    const timer = setTimeout(() => {
      this.fail(id, new RuntimeFailure('timeout', `The runtime gave no answer to ${name} within ${ms / 1000} s.`))
    }, ms)
    try {
      send()
      return await promise
    } finally {
      clearTimeout(timer)
    }
  }

  answer(id: Id, value: unknown): void {
    this.#take(id)?.resolve(value)
  }

  fail(id: Id, error: Error): void {
    this.#take(id)?.reject(error)
  }

  failAll(error: Error): void {
    for (const id of this.#open.keys()) this.fail(id, error)
  }

  #take(id: Id): Call | undefined {
    const call = this.#open.get(id)
    this.#open.delete(id)
    return call
  }
}
