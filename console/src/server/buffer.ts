import type { EventKind, ServerEvent } from '@shared/contract'

/** As many as are worth looking through; older ones make room for new ones. */
export const KEPT = 500

/** Adds what came, the newest first, and drops what is too old. */
export function push(kept: readonly ServerEvent[], events: readonly ServerEvent[], most = KEPT): ServerEvent[] {
  return [...events.toReversed(), ...kept].slice(0, most)
}

export interface EventFilter {
  kind: EventKind | ''
  text: string
}

/** Whether an event is of the kind that is asked for and says the text somewhere. */
export function matches(event: ServerEvent, { kind, text }: EventFilter): boolean {
  if (kind !== '' && event.kind !== kind) return false
  const needle = text.trim().toLowerCase()
  if (needle === '') return true
  const head = `${event.kind} ${event.operation} ${event.target ?? ''} ${event.actor.displayName} ${event.aggregateId}`
  return head.toLowerCase().includes(needle) || JSON.stringify(event.payload).toLowerCase().includes(needle)
}
