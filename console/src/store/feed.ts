import type { Note, ServerEvent } from '@shared/contract'

/**
 * Live events for the parts of the console that are loaded when somebody goes there: tasks, reminders, endpoints and their like. What the
 * frame itself shows is kept by `apply`.
 */
const handlers = new Set<(event: ServerEvent) => void>()
const starters = new Set<() => void>()
const noteHandlers = new Set<(note: Note) => void>()
const liveHandlers = new Set<() => void>()

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

/** Calls `handler` with what is true for a moment only. */
export function onNote(handler: (note: Note) => void): () => void {
  noteHandlers.add(handler)
  return () => void noteHandlers.delete(handler)
}

/** Calls `handler` whenever the stream is there again: notes of meanwhile are lost. */
export function onLive(handler: () => void): () => void {
  liveHandlers.add(handler)
  return () => void liveHandlers.delete(handler)
}

export function tellNote(note: Note): void {
  for (const handler of noteHandlers) handler(note)
}

export function tellLive(): void {
  for (const handler of liveHandlers) handler()
}
