/** Handlers by the name of what they wait for. One that throws stops no other. */
export class Emitter<Events extends object> {
  readonly #handlers: { [E in keyof Events]?: Set<(what: Events[E]) => void> } = {}
  readonly #failed: (event: keyof Events, error: unknown) => void

  constructor(failed: (event: keyof Events, error: unknown) => void) {
    this.#failed = failed
  }

  /** @returns what ends it */
  on<E extends keyof Events>(event: E, handler: (what: Events[E]) => void): () => void {
    const handlers: Set<(what: Events[E]) => void> = this.#handlers[event] ?? new Set()
    this.#handlers[event] = handlers
    // The same function may be there twice, and each is ended by itself.
    const own = (what: Events[E]): void => handler(what)
    handlers.add(own)
    return () => void handlers.delete(own)
  }

  emit<E extends keyof Events>(event: E, what: Events[E]): void {
    // Whoever begins to wait because of it waits for the next one.
    for (const handler of Array.from(this.#handlers[event] ?? [])) {
      try {
        handler(what)
      } catch (error) {
        this.#failed(event, error)
      }
    }
  }
}
