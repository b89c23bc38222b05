import type { ServerEvent } from '@shared/contract'

/**
 * Live events for the parts of the console that are loaded when somebody goes there: tasks, reminders, endpoints and their like. What the
 * frame itself shows is kept by `apply`.
 */
const handlers = new Set<(event: ServerEvent) => void>()
const starters = new Set<() => void>()

/** Calls `handler` with each event, in order and in the same batch as the rest of the state, until the result is called. */
export function onEvent(handler: (event: ServerEvent) => void): () => void {
  handlers.add(handler)
  return () => void handlers.delete(handler)
}

/** Calls `start` when the state begins anew: what was loaded before may miss events and has to be forgotten. */
export function onRestart(start: () => void): () => void {
  starters.add(start)
  return () => void starters.delete(start)
}

export function tellEvent(event: ServerEvent): void {
  for (const handler of handlers) handler(event)
}

export function tellRestart(): void {
  for (const start of starters) start()
}
